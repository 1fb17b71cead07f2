"""A key cache in Redis (extra ``redis``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

from privy_middleware.callbacks import is_async
from privy_middleware.errors import ConfigurationError

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["RedisKeyCache"]

# Each worker can ask the key server instead, so it does not wait longer than this, in seconds.
_TIMEOUT = 0.5


class RedisKeyCache:
    """A cache of fetched key sets in Redis, so that all workers together make one fetch an hour.

    Redis contains public keys and their age, and nothing about users. Without the setting ``key_cache_secret``, anyone
    who can write to it decides which keys are trusted.
    """

    def __init__(self, client: Redis) -> None:
        """Set a client of redis-py; its time-outs should be short, because a fetch waits for it.

        Raises:
            ConfigurationError: if it is a client of ``redis.asyncio``.
        """
        if is_async(getattr(client, "execute_command", None)):
            raise ConfigurationError("key_cache", "give a redis.Redis: the client of redis.asyncio is not awaited here")
        self._client = client

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return a cache at a URL such as ``redis://localhost:6379/0``; it connects when it is first used.

        Raises:
            ConfigurationError: if redis-py is not installed, or the URL is wrong.
        """
        try:
            from redis import Redis  # noqa: PLC0415 (an extra)
        except ImportError:
            raise ConfigurationError("key_cache", "install privy-middleware[redis]") from None
        try:
            # The default for retries differs between releases of redis-py.
            client = Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=None)
        except ValueError:
            raise ConfigurationError("key_cache", 'give an address such as "redis://localhost:6379/0"') from None
        return cls(client)

    def get(self, key: str) -> bytes | None:
        """Return the value of ``key``, or ``None`` if there is none or it is not bytes."""
        value = self._client.get(key)
        return value if isinstance(value, bytes) else None

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Store the value of ``key`` for ``seconds``."""
        self._client.set(key, value, ex=max(1, math.ceil(seconds)))
