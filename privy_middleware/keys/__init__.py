"""Verification keys: read from what the configuration holds, or fetched from where they are published.

``parsing``, ``jwk``, ``keyset``, ``algorithms`` and ``strength`` make keys of text; ``source`` says what a source of
keys is; ``jwks_source`` is the one that fetches them: ``freshness`` is what it holds, ``supply`` brings more, by
download or from what workers have ``shared``.
"""

from privy_middleware.fetching.client import check_client_options, check_jwks_url
from privy_middleware.keys.algorithms import VerificationKey, check_algorithms
from privy_middleware.keys.jwks_source import JWKSSource, SourceStats
from privy_middleware.keys.keyset import KeySet
from privy_middleware.keys.parsing import InvalidKeySet, load_key_set, read_jwks
from privy_middleware.keys.shared import KeyCache
from privy_middleware.keys.source import FixedKeys, KeySource, aready_all, ready_all

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
