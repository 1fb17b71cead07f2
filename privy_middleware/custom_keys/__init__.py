"""Access tokens that a server signs for its own users: Privy's earlier custom authentication keys."""

from privy_middleware.custom_keys.config import CustomKeyConfig
from privy_middleware.custom_keys.signer import AccessTokenSigner
from privy_middleware.custom_keys.signing import PEMSigner
from privy_middleware.custom_keys.verifier import CustomKeyUser, CustomKeyVerifier
from privy_middleware.verifiers.bearer import user_of

__all__ = ["AccessTokenSigner", "CustomKeyConfig", "CustomKeyUser", "CustomKeyVerifier", "PEMSigner", "user_of"]
