"""Verified users of Web3Auth, which is now MetaMask Embedded Wallets."""

from privy_middleware.verifiers.bearer import user_of
from privy_middleware.web3auth.addresses import derive_address
from privy_middleware.web3auth.config import Web3AuthConfig
from privy_middleware.web3auth.users import Web3AuthUser, Web3AuthWallet
from privy_middleware.web3auth.verifier import Web3AuthVerifier

__all__ = ["Web3AuthConfig", "Web3AuthUser", "Web3AuthVerifier", "Web3AuthWallet", "derive_address", "user_of"]
