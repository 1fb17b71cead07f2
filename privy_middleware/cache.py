"""Verified tokens, kept for a while: bounded, and read without a lock."""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from collections import OrderedDict
from typing import Any, Generic, TypeVar

__all__ = ["TokenCache"]

_T = TypeVar("_T")


class _Slot(Generic[_T]):
    __slots__ = ("used", "value")

    def __init__(self, value: _T) -> None:
        self.value = value
        self.used = False


class TokenCache(Generic[_T]):
    """Map whole tokens to what was verified of them; the least recently used go first.

    Keys are SHA-256 of the whole token, so that nothing of a token stays in memory. Reading takes no lock: it looks up
    one dict and marks the entry as used. Writing takes one, and passes over marked entries once before it drops
    any (the clock, or second-chance, form of LRU).
    """

    __slots__ = ("__weakref__", "_lock", "_size", "_slots", "enabled")

    def __init__(self, size: int) -> None:
        """Keep ``size`` entries at the most; 0 keeps none, and then it is not ``enabled``."""
        self._size = size
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

    def get(self, key: bytes) -> _T | None:
        """Return what is kept under a key."""
        slot = self._slots.get(key)
        if slot is None:
            return None
        slot.used = True
        return slot.value

    def put(self, key: bytes, value: _T) -> None:
        """Keep a value, and drop the least recently used ones beyond the size."""
        with self._lock:
            self._slots.pop(key, None)
            while len(self._slots) >= self._size:
                self._evict()
            self._slots[key] = _Slot(value)

    def _evict(self) -> None:
        while True:
            key, slot = self._slots.popitem(last=False)
            if not slot.used:
                return
            slot.used = False
            self._slots[key] = slot

    def discard(self, key: bytes) -> None:
        """Drop what is kept under a key, if anything is."""
        with self._lock:
            self._slots.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._slots.clear()

    def _after_fork(self) -> None:
        """Take a lock of its own: a thread of the parent may have held the old one, and is not here to let go."""
        self._lock = threading.Lock()


_CACHES: weakref.WeakSet[TokenCache[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for cache in _CACHES:
        cache._after_fork()


# Where there is no fork there is nothing to register with.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_after_fork)
