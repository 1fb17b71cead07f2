"""The cache in which workers share a fetched key set, so that not every worker has to fetch it.

An entry is checked like a response of the key server, and so are its URL, age and digest. With a secret its signature
is checked first. An entry with any fault is ignored, as if it were not there.
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
from privy_middleware.events import SharedKeysRejected
from privy_middleware.keys.cache_signature import SIGNATURE_BYTES, CacheSigner
from privy_middleware.reporting import Reporter
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes

__all__ = ["KeyCache", "SharedJWKS", "StoredJWKS"]

_logger = logging.getLogger("privy_middleware.keys")

_VERSION = 1
_MAX_ENVELOPE = 8192
# How far the clocks of two machines may differ before an entry counts as from the future, in seconds.
_MAX_SKEW = 10.0
# The end of the year 9999 in Unix time.
_END_OF_TIME = 253_402_300_800
_SECONDS_BETWEEN_WARNINGS = 300.0


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

    def __init__(
        self,
        cache: KeyCache,
        url: str,
        *,
        max_bytes: int,
        clock: Callable[[], float] = time.time,
        signer: CacheSigner | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        """Set the cache, the URL, the longest key set, and a clock that all workers have in common.

        With a signer, only signed entries are used. The reporter gets an event for each entry that is not.
        """
        self._cache = cache
        self._url = url
        self._max_bytes = max_bytes
        self._clock = clock
        self._signer = signer
        self._reporter = reporter or Reporter()
        self._warned_at = -math.inf
        self._key = f"privy-middleware:keys:{hashlib.sha256(url.encode()).hexdigest()}"

    def read(self) -> StoredJWKS | None:
        """Return the entry, or ``None`` if there is none or it has a fault."""
        try:
            value = returned(self._cache.get(self._key), "key_cache")
        except Exception as error:
            _logger.warning("The key cache cannot be read: %s.", type(error).__name__)
            return None
        if not isinstance(value, bytes):
            return None
        # The rest of a longer value is not looked at: it has a fault in any case.
        entry = self._verified(value[: SIGNATURE_BYTES + _MAX_ENVELOPE + self._max_bytes])
        return self._open(entry) if entry is not None else None

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
            entry = json.dumps(envelope).encode() + b"\n" + body
            returned(put(self._key, self._signer.sign(entry) if self._signer else entry, seconds), "key_cache")
        except Exception as error:
            _logger.warning("The key cache cannot be written: %s.", type(error).__name__)

    def _verified(self, value: bytes) -> bytes | None:
        """Return the entry without its signature; the signature is verified before anything is parsed."""
        if self._signer is None:
            return value
        entry = self._signer.verify(value)
        if entry is None:
            self._reject("it is not signed with key_cache_secret")
        return entry

    def _reject(self, reason: str) -> None:
        """Report an entry that another program, or a worker with other settings, has written."""
        self._reporter.report(SharedKeysRejected(url=self._url, reason=reason))
        now = time.monotonic()
        if now >= self._warned_at + _SECONDS_BETWEEN_WARNINGS:
            self._warned_at = now
            _logger.warning("The entry of the key cache for %s is ignored: %s.", self._url, reason)

    def _open(self, entry: bytes) -> StoredJWKS | None:
        envelope, _, body = entry.partition(b"\n")
        try:
            fields = decode_bytes(envelope)
        except NotStrictJSON:
            return None
        if not isinstance(fields, dict) or len(body) > self._max_bytes or not self._matches(fields, body):
            if self._signer is not None:
                self._reject("it was signed for something else, such as another URL")
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
