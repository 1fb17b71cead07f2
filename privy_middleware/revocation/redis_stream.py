"""The stream in Redis that contains revocations: how they are written, and read again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

from privy_middleware.errors import ConfigurationError
from privy_middleware.revocation.rules import Kind, Revocation
from privy_middleware.tokens.claims import is_text

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["LARGEST_READ", "Read", "RedisStream", "START"]

START = b"0-0"
"""The position before the first entry."""
LARGEST_READ = 1000
"""How many entries are read or written at once."""

_URL = 'give the URL of a Redis server, such as "redis://localhost:6379/0", and options of redis-py\'s client'
# How entries are written and read; another encoding would make all of them unreadable.
_FORMAT = {"decode_responses": False, "encoding": "utf-8", "encoding_errors": "strict"}
_LOCKED_MILLISECONDS = 30_000
_KINDS = get_args(Kind)


class Read(NamedTuple):
    """What was read.

    Attributes:
        now: the time by the clock of Redis, in Unix seconds.
        continues: whether the entry at the position is still in the stream; if not, the stream has lost entries.
        position: the position after what was read.
        size: how many entries were read.
        found: those that have not expired, and for how many seconds each is kept.
    """

    now: float
    continues: bool
    position: bytes
    size: int
    found: list[tuple[Revocation, float]]


class RedisStream:
    """A stream of entries, which are removed after some time by the clock of Redis."""

    def __init__(self, url: str, name: str, seconds_kept: float, options: Mapping[str, Any]) -> None:
        """Set the server, the key of the stream, for how long entries are kept, and options for redis-py's client.

        Raises:
            ConfigurationError: if the key is empty, or not a string.
        """
        if not is_text(name):
            raise ConfigurationError("stream", "give the name of a key in Redis")
        self._url = url
        self._name = name
        self._milliseconds_kept = int(1000 * seconds_kept)
        self._options = options

    def connect(self, seconds: float) -> Redis:
        """Return a client, which connects when it is first used; connecting and each command take at most ``seconds``.

        Raises:
            ConfigurationError: if redis-py is not installed, or the URL or an option is wrong.
        """
        try:
            from redis import Redis, RedisError  # noqa: PLC0415 (an extra)
        except ImportError:
            raise ConfigurationError("revocations", "install privy-middleware[redis]") from None
        fixed = {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": None, **_FORMAT}
        try:
            client = Redis.from_url(self._url, **{**self._options, **fixed, "single_connection_client": False})
            # For redis-py the options in a URL have precedence.
            pool = client.connection_pool
            pool.connection_kwargs.update(fixed)
            # This connects to nothing, and raises TypeError for an unknown option.
            pool.connection_class(**pool.connection_kwargs)
        except (AttributeError, TypeError, ValueError, RedisError):
            raise ConfigurationError("revocations", _URL) from None
        return client

    def add(self, client: Redis, entries: Iterable[tuple[Revocation, float]]) -> None:
        """Add entries, each with the seconds for which it is kept, and remove the oldest ones of the stream."""
        now = _now(client.time())
        pipeline = client.pipeline(transaction=False)
        for entry, seconds in entries:
            until = now + int(1000 * seconds)
            # One field: a process reads all entries when it starts, and time and memory depend on the number of fields.
            fields: dict[Any, Any] = {"e": f"{entry.kind} {entry.issued_before!r} {until} {entry.key}"}
            pipeline.xadd(self._name, fields, minid=now - self._milliseconds_kept, approximate=True)
        pipeline.pexpire(self._name, self._milliseconds_kept)
        pipeline.execute()

    def wait(self, client: Redis, position: bytes, seconds: float) -> None:
        """Wait until there are entries after a position, but not longer than ``seconds``."""
        client.xread({self._name: position}, count=1, block=int(1000 * seconds))

    def read(self, client: Redis, position: bytes) -> Read:
        """Return the entries after a position, ``LARGEST_READ`` at most."""
        pipeline = client.pipeline(transaction=False)
        pipeline.time()
        pipeline.xrange(self._name, position, count=LARGEST_READ + 1)
        time, added = cast(Any, pipeline.execute())
        known = [each for each, _ in added[:1]] == [position]
        now, added = _now(time), added[known : known + LARGEST_READ]
        entries = (self._read_entry(fields, now) for _, fields in added)
        found = [(entry, seconds) for entry, seconds in entries if entry is not None and seconds > 0]
        last = added[-1][0] if added else position
        return Read(now / 1000, position == START or known, last, len(added), found)

    def lock(self, client: Redis) -> bool:
        """Return whether this process, and no other one, may restore entries for some time."""
        return bool(client.set(f"{self._name}:restoring", b"1", nx=True, px=_LOCKED_MILLISECONDS))

    def unlock(self, client: Redis) -> None:
        """Let other processes restore entries."""
        client.delete(f"{self._name}:restoring")

    def _read_entry(self, fields: Mapping[bytes, bytes], now: int) -> tuple[Revocation | None, float]:
        try:
            kind, time, until, key = fields[b"e"].decode().split(" ", 3)
            issued_before, milliseconds = float(time), max(0, min(int(until) - now, self._milliseconds_kept))
        except (KeyError, ValueError):
            return None, 0.0
        if kind not in _KINDS or math.isnan(issued_before):
            return None, 0.0
        return Revocation(cast(Kind, kind), key, issued_before), milliseconds / 1000


def _now(time: Any) -> int:
    """Return the answer of ``TIME`` in milliseconds."""
    seconds, microseconds = time
    return int(1000 * seconds + microseconds // 1000)
