"""Verifiers, one for each token family, with a cache of verified tokens."""

from privy_middleware.verifiers.base import Verifier
from privy_middleware.verifiers.bearer import BearerSettings, user_of
from privy_middleware.verifiers.combined import CombinedVerifier
from privy_middleware.verifiers.privy import PrivyVerifier

__all__ = ["BearerSettings", "CombinedVerifier", "PrivyVerifier", "Verifier", "user_of"]
