"""A cache of verified tokens: limited in number and in bytes, and read without a lock."""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from collections import OrderedDict
from typing import Any, Generic, TypeVar

__all__ = ["TokenCache"]

_T = TypeVar("_T")

# The memory of an entry, in bytes: a fixed part, and a part for each character of the token that covers its accounts
# as objects. docs/performance.md has the measurements.
_ENTRY_BYTES = 1280
_BYTES_PER_CHARACTER = 2.25


class _Slot(Generic[_T]):
    __slots__ = ("cost", "used", "value")

    def __init__(self, value: _T, cost: float) -> None:
        self.value = value
        self.cost = cost
        self.used = False


class TokenCache(Generic[_T]):
    """Map tokens to the results of verifying them; the least recently used are evicted first.

    Keys are SHA-256 of the whole token, so that no part of a token stays in memory. Reading takes no lock: it looks up
    one dict and marks the entry as used. Writing takes one, and skips marked entries once before it evicts them (the
    clock algorithm, an approximation of LRU).
    """

    __slots__ = ("__weakref__", "_bytes", "_lock", "_max_bytes", "_size", "_slots", "enabled")

    def __init__(self, size: int, max_bytes: int) -> None:
        """Create a cache of at most ``size`` entries and about ``max_bytes``; with size 0 it is not ``enabled``."""
        self._size = size
        self._max_bytes = max_bytes
        self._bytes = 0.0
        self.enabled: bool = size > 0
        self._slots: OrderedDict[bytes, _Slot[_T]] = OrderedDict()
        self._lock = threading.Lock()
        _CACHES.add(self)

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._slots)

    @staticmethod
    def key_of(token: str) -> bytes:
        """Return the key of a token; any text has one."""
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()

    @staticmethod
    def cost_of(length: int) -> float:
        """Return an estimate of the bytes that an entry takes, by the length of its token."""
        return _ENTRY_BYTES + _BYTES_PER_CHARACTER * length

    def get(self, key: bytes) -> _T | None:
        """Return the value of a key, ``None`` without one."""
        slot = self._slots.get(key)
        if slot is None:
            return None
        slot.used = True
        return slot.value

    def put(self, key: bytes, value: _T, length: int) -> None:
        """Add the result for a token of this length, and evict the least recently used entries to make room.

        An entry that exceeds the limit in bytes by itself is not added.
        """
        slot = _Slot(value, self.cost_of(length))
        with self._lock:
            self._drop(key)
            if slot.cost > self._max_bytes:
                return
            while len(self._slots) >= self._size or self._bytes + slot.cost > self._max_bytes:
                self._evict()
            self._slots[key] = slot
            self._bytes += slot.cost

    def _evict(self) -> None:
        while True:
            key, slot = self._slots.popitem(last=False)
            if not slot.used:
                self._bytes -= slot.cost
                return
            slot.used = False
            self._slots[key] = slot

    def _drop(self, key: bytes) -> None:
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._bytes -= slot.cost

    def discard(self, key: bytes) -> None:
        """Remove a key."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Remove everything."""
        with self._lock:
            self._slots.clear()
            self._bytes = 0.0

    def _after_fork(self) -> None:
        """Create a new lock and count the bytes again: a thread of the parent may have been changing the cache."""
        self._lock = threading.Lock()
        self._bytes = sum(slot.cost for slot in self._slots.values())


_CACHES: weakref.WeakSet[TokenCache[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for cache in _CACHES:
        cache._after_fork()


# Windows has no fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_after_fork)
