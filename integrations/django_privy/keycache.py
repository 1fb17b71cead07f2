"""A key cache that uses Django's cache framework, for sharing keys between workers."""

from __future__ import annotations

from django.core.cache import DEFAULT_CACHE_ALIAS, caches

__all__ = ["DjangoKeyCache"]


class DjangoKeyCache:
    """A key cache in one of ``settings.CACHES``: ``PRIVY = {"KEY_CACHE": DjangoKeyCache()}``.

    Workers share the keys if the cache backend is a database, Redis or Memcached, but not if it is ``locmem``.
    """

    def __init__(self, alias: str = DEFAULT_CACHE_ALIAS) -> None:
        """Create the key cache; ``alias`` is the name of the cache in ``settings.CACHES``."""
        self._alias = alias

    def get(self, key: str) -> bytes | None:
        """Return the bytes that are stored under ``key``, or ``None``; values of other types are ignored."""
        value = caches[self._alias].get(key)
        return value if isinstance(value, bytes) else None

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Store ``value`` under ``key`` for ``seconds``."""
        caches[self._alias].set(key, value, timeout=seconds)
