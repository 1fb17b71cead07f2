"""Verification keys: read from what the configuration holds, or fetched from where they are published.

``material``, ``jwk``, ``keyset``, ``signatures`` and ``strength`` make keys of text; ``sources`` says what a source of
keys is; ``jwks`` is the source that fetches them: ``state`` holds what it has, ``supply`` brings more, by ``fetch`` or
from ``shared``, one ``flight`` at a time.
"""

from privy_middleware.keys.jwks import JWKSSource, SourceStats
from privy_middleware.keys.keyset import KeySet
from privy_middleware.keys.material import InvalidKeySet, load_key_set, read_jwks
from privy_middleware.keys.policy import check_client_options, check_jwks_url
from privy_middleware.keys.shared import KeyCache
from privy_middleware.keys.signatures import VerificationKey, check_algorithms
from privy_middleware.keys.sources import FixedKeys, KeySource, aready_all, ready_all

__all__ = [
    "FixedKeys",
    "InvalidKeySet",
    "JWKSSource",
    "KeyCache",
    "KeySet",
    "KeySource",
    "SourceStats",
    "VerificationKey",
    "aready_all",
    "check_algorithms",
    "check_client_options",
    "check_jwks_url",
    "load_key_set",
    "read_jwks",
    "ready_all",
]
