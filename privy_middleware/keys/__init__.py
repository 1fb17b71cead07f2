"""Verification keys, from the configuration or fetched from where they are published.

Reading keys: ``material`` (of the configuration), ``jwks``, ``jwk``, ``pem``, ``algorithms``, ``strength``; ``keyset``
finds one by ``kid``. Fetching keys: ``source`` defines what a source of keys is, ``jwks_source`` fetches them,
``freshness`` is its state, ``supply`` makes one fetch, and ``shared`` is the cache that workers share.
"""

from privy_middleware.keys.algorithms import VerificationKey, check_algorithms
from privy_middleware.keys.errors import InvalidKeySet
from privy_middleware.keys.jwks import read_jwks
from privy_middleware.keys.jwks_source import JWKSSource, SourceStats
from privy_middleware.keys.keyset import KeySet
from privy_middleware.keys.material import KeyMaterial, load_key_set
from privy_middleware.keys.shared import KeyCache
from privy_middleware.keys.source import FixedKeys, KeySource, aready_all, ready_all

__all__ = [
    "FixedKeys",
    "InvalidKeySet",
    "JWKSSource",
    "KeyCache",
    "KeyMaterial",
    "KeySet",
    "KeySource",
    "SourceStats",
    "VerificationKey",
    "aready_all",
    "check_algorithms",
    "load_key_set",
    "read_jwks",
    "ready_all",
]
