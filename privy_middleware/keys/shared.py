"""A key set shared between workers, so that a fleet makes one fetch where each worker would make its own.

What is read back is checked as a fetched answer is, and its address, age and digest as well: whatever is wrong
with it counts as nothing having been there.
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

__all__ = ["KeyCache", "SharedAnswers", "Stored"]

_logger = logging.getLogger("privy_middleware.keys")

_VERSION = 1
_MAX_ENVELOPE = 8192
# How far the clocks of two workers' machines may differ before an entry counts as from the future.
_SKEW = 10.0
# The end of the year 9999 in Unix time.
_END_OF_TIME = 253_402_300_800


class KeyCache(Protocol):
    """Keep bytes where other workers find them; both calls should return promptly, failure being an exception."""

    def get(self, key: str) -> bytes | None:
        """Return what was kept under ``key``, if it is still there."""
        ...

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep ``value`` under ``key`` for about ``seconds``."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """Hold a key set's text, its age, and for how long it was fresh when it was fetched, both in seconds."""

    body: bytes
    age: float
    lifetime: float


class SharedAnswers:
    """Read and write the answers of one address in a `KeyCache`; never raise."""

    def __init__(self, cache: KeyCache, url: str, *, max_bytes: int, clock: Callable[[], float] = time.time) -> None:
        """Take the cache, the address, the size limit, and the clock that all workers share."""
        self._cache = cache
        self._url = url
        self._max_bytes = max_bytes
        self._clock = clock
        self._key = f"privy-middleware:keys:{hashlib.sha256(url.encode()).hexdigest()}"

    def read(self) -> Stored | None:
        """Return the entry, if there is one and nothing is wrong with it."""
        try:
            value = returned(self._cache.get(self._key), "key_cache")
        except Exception as error:
            _logger.warning("The key cache cannot be read: %s.", type(error).__name__)
            return None
        return self._open(value) if isinstance(value, bytes) else None

    def write(self, body: bytes, lifetime: float, seconds: float) -> None:
        """Keep an answer that was fresh for ``lifetime``, for ``seconds``."""
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

    def _open(self, value: bytes) -> Stored | None:
        envelope, _, body = value[: _MAX_ENVELOPE + self._max_bytes].partition(b"\n")
        try:
            fields = decode_bytes(envelope)
        except NotStrictJSON:
            return None
        if not isinstance(fields, dict) or len(body) > self._max_bytes or not self._is_ours(fields, body):
            return None
        fetched_at, lifetime = _time(fields, "fetched_at"), _time(fields, "lifetime")
        age = self._clock() - fetched_at
        return Stored(body, max(0.0, age), lifetime) if age > -_SKEW and lifetime < math.inf else None

    def _is_ours(self, fields: dict[str, Any], body: bytes) -> bool:
        digest = hashlib.sha256(body).hexdigest()
        return (fields.get("version"), fields.get("url"), fields.get("sha256")) == (
            _VERSION,
            self._url,
            digest,
        )


def _time(fields: dict[str, Any], name: str) -> float:
    """Return a member as seconds, or infinity, which no clock agrees with."""
    value: Any = fields.get(name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 < value < _END_OF_TIME else math.inf
