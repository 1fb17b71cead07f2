"""Verification keys, from the configuration or fetched from where they are published.

Reading keys: ``material`` (of the configuration), ``jwks``, ``jwk``, ``pem``, ``algorithms`` and ``strength``;
``keyset`` finds a key by its ``kid``. Fetching keys: ``source`` defines what a source of keys is, and ``jwks_source``
is the one that fetches them. ``fetcher`` makes one fetch, ``cached_keys`` keeps its result, and ``shared_cache``
shares it with other workers, signed by ``cache_signature``.
"""

from privy_middleware.keys.algorithms import VerificationKey, check_algorithms
from privy_middleware.keys.errors import InvalidKeySet
from privy_middleware.keys.jwks import read_jwks
from privy_middleware.keys.jwks_source import JWKSSource, SourceStats
from privy_middleware.keys.keyset import KeySet
from privy_middleware.keys.material import KeyMaterial, load_key_set
from privy_middleware.keys.redis_cache import RedisKeyCache
from privy_middleware.keys.shared_cache import KeyCache
from privy_middleware.keys.source import FixedKeys, KeySource, aready_all, ready_all

__all__ = [
    "FixedKeys",
    "InvalidKeySet",
    "JWKSSource",
    "KeyCache",
    "KeyMaterial",
    "KeySet",
    "KeySource",
    "RedisKeyCache",
    "SourceStats",
    "VerificationKey",
    "aready_all",
    "check_algorithms",
    "load_key_set",
    "read_jwks",
    "ready_all",
]
