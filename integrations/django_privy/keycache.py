"""Django's cache framework as the key cache that workers share."""

from __future__ import annotations

from django.core.cache import DEFAULT_CACHE_ALIAS, caches

__all__ = ["DjangoKeyCache"]


class DjangoKeyCache:
    """Keep fetched key sets in one of ``settings.CACHES``: ``PRIVY = {"KEY_CACHE": DjangoKeyCache()}``.

    A backend of one process (``locmem``) shares nothing between workers; a database, Redis or memcached does.
    """

    def __init__(self, alias: str = DEFAULT_CACHE_ALIAS) -> None:
        """Take the cache's name in ``settings.CACHES``."""
        self._alias = alias

    def get(self, key: str) -> bytes | None:
        """Return what was kept under ``key``; anything that is not bytes counts as nothing."""
        value = caches[self._alias].get(key)
        return value if isinstance(value, bytes) else None

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep ``value`` under ``key`` for ``seconds``."""
        caches[self._alias].set(key, value, timeout=seconds)
