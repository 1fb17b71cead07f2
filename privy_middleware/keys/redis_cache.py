"""Redis as the key cache that workers share (extra ``redis``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

from privy_middleware.callbacks import is_async
from privy_middleware.errors import ConfigurationError

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["RedisKeyCache"]

# A shared cache that is slow is of no use: each worker can ask the key server itself.
_TIMEOUT = 0.5


class RedisKeyCache:
    """Keep fetched key sets in Redis, so that a fleet makes one fetch an hour instead of one a worker.

    Redis holds public keys and their age, nothing of a user. Whoever can write there decides which keys count, as
    whoever can write to the app's own configuration does: keep it as private as that.
    """

    def __init__(self, client: Redis) -> None:
        """Take a client of redis-py, with its time-outs as short as a worker may wait.

        Raises:
            ConfigurationError: when it is one of ``redis.asyncio``.
        """
        if is_async(getattr(client, "execute_command", None)):
            raise ConfigurationError("key_cache", "give a redis.Redis: the client of redis.asyncio is not awaited here")
        self._client = client

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Connect to an address such as ``redis://localhost:6379/0``, when the cache is first used.

        Raises:
            ConfigurationError: when redis-py is not installed, or the address is not one.
        """
        try:
            from redis import Redis  # noqa: PLC0415 (an extra)
        except ImportError:
            raise ConfigurationError("key_cache", "install privy-middleware[redis]") from None
        try:
            # Whether redis-py tries again by itself has changed from one release to the next.
            client = Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=None)
        except ValueError:
            raise ConfigurationError("key_cache", 'give an address such as "redis://localhost:6379/0"') from None
        return cls(client)

    def get(self, key: str) -> bytes | None:
        """Return what was kept under ``key``; anything that is not bytes counts as nothing."""
        value = self._client.get(key)
        return value if isinstance(value, bytes) else None

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep ``value`` under ``key`` for ``seconds``."""
        self._client.set(key, value, ex=max(1, math.ceil(seconds)))
