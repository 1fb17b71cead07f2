"""The cache in which workers share a fetched key set, so that not every worker has to fetch it.

An entry is checked like a response of the key server, and so are its URL, age and digest. An entry with any fault is
ignored, as if it were not there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from privy_middleware.callbacks import returned
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes

__all__ = ["KeyCache", "SharedJWKS", "StoredJWKS"]

_logger = logging.getLogger("privy_middleware.keys")

_VERSION = 1
_MAX_ENVELOPE = 8192
# How far the clocks of two machines may differ before an entry counts as from the future, in seconds.
_MAX_SKEW = 10.0
# The end of the year 9999 in Unix time.
_END_OF_TIME = 253_402_300_800


class KeyCache(Protocol):
    """A cache of bytes that several workers use; both methods should return quickly, and may raise any exception."""

    def get(self, key: str) -> bytes | None:
        """Return the value of ``key``, or ``None`` if there is none."""
        ...

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Store the value of ``key`` for about ``seconds``."""
        ...


@dataclass(frozen=True, slots=True)
class StoredJWKS:
    """The text of a key set, its age, and how long it was fresh when it was fetched, both in seconds."""

    body: bytes
    age: float
    lifetime: float


class SharedJWKS:
    """The key set of one URL in a `KeyCache`; errors of the cache are logged, never raised."""

    def __init__(self, cache: KeyCache, url: str, *, max_bytes: int, clock: Callable[[], float] = time.time) -> None:
        """Set the cache, the URL, the longest key set, and a clock that all workers have in common."""
        self._cache = cache
        self._url = url
        self._max_bytes = max_bytes
        self._clock = clock
        self._key = f"privy-middleware:keys:{hashlib.sha256(url.encode()).hexdigest()}"

    def read(self) -> StoredJWKS | None:
        """Return the entry, or ``None`` if there is none or it has a fault."""
        try:
            value = returned(self._cache.get(self._key), "key_cache")
        except Exception as error:
            _logger.warning("The key cache cannot be read: %s.", type(error).__name__)
            return None
        return self._open(value) if isinstance(value, bytes) else None

    def write(self, body: bytes, lifetime: float, seconds: float) -> None:
        """Store a key set that is fresh for ``lifetime``, and keep it for ``seconds``."""
        envelope = {
            "version": _VERSION,
            "url": self._url,
            "fetched_at": self._clock(),
            "lifetime": lifetime,
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        try:
            put: Callable[..., object] = self._cache.set
            returned(put(self._key, json.dumps(envelope).encode() + b"\n" + body, seconds), "key_cache")
        except Exception as error:
            _logger.warning("The key cache cannot be written: %s.", type(error).__name__)

    def _open(self, value: bytes) -> StoredJWKS | None:
        envelope, _, body = value[: _MAX_ENVELOPE + self._max_bytes].partition(b"\n")
        try:
            fields = decode_bytes(envelope)
        except NotStrictJSON:
            return None
        if not isinstance(fields, dict) or len(body) > self._max_bytes or not self._matches(fields, body):
            return None
        fetched_at, lifetime = _seconds(fields, "fetched_at"), _seconds(fields, "lifetime")
        age = self._clock() - fetched_at
        return StoredJWKS(body, max(0.0, age), lifetime) if age > -_MAX_SKEW and lifetime < math.inf else None

    def _matches(self, fields: dict[str, Any], body: bytes) -> bool:
        expected = (_VERSION, self._url, hashlib.sha256(body).hexdigest())
        return (fields.get("version"), fields.get("url"), fields.get("sha256")) == expected


def _seconds(fields: dict[str, Any], name: str) -> float:
    """Return a member as seconds, or infinity if it is not a plausible time, which makes the entry invalid."""
    value: Any = fields.get(name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 < value < _END_OF_TIME else math.inf
