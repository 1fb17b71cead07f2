"""Revocations in Redis (extra ``redis``), which reach every process.

Each process has a copy in memory, and follows a stream of entries in a thread: it waits for news, and reads what was
added after the last entry that it knows. So no entry can be missed, however often the connection breaks.

If the last entry that a process knows is no longer in the stream, Redis has lost data, as in a restart without
persistence. The process then reads the whole stream, and adds the entries of its copy that are missing there.
"""

from __future__ import annotations

import logging
import math
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import anyio

from privy_middleware.errors import ConfigurationError, RevocationsUnavailable
from privy_middleware.reporting import Reporter
from privy_middleware.revocation.entries import Entries
from privy_middleware.revocation.follower import Follower, Run
from privy_middleware.revocation.outage import Outage
from privy_middleware.revocation.redis_stream import LARGEST_READ, START, RedisStream
from privy_middleware.revocation.revocations import Revocations, check_seconds
from privy_middleware.revocation.rules import Revocation
from privy_middleware.tokens.claims import Claims

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["RedisRevocations", "WhenUnavailable", "revocations_of"]

WhenUnavailable: TypeAlias = Literal["serve", "refuse"]

_logger = logging.getLogger("privy_middleware.revocation")

# How long revoking waits for Redis, in seconds.
_WRITE_SECONDS = 1.0
_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class _Reading(Run):
    """A run of the thread, and how far it has come.

    Attributes:
        client: the connection.
        read_at: when the last reading began.
        is_current: whether the stream was read to its end.
        present: what is in the stream, while entries of the copy may be missing there.
        may_restore: whether it is this process that adds them.
    """

    client: Redis | None = None
    read_at: float = -math.inf
    is_current: bool = False
    present: Entries | None = None
    may_restore: bool = False


class RedisRevocations(Revocations):
    """Revocations in Redis 6.2 or later, or Valkey, for all processes that use the same stream.

    A request is checked in memory and does not wait for Redis, except for the first one of a process, which waits until
    the copy has been loaded. A process that has never had a copy answers 503.

    Attributes:
        when_unavailable: what happens if the copy is older than ``poll``: ``"serve"`` goes on with it, ``"refuse"``
            answers 503.
        poll: how old the copy may become, in seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        when_unavailable: WhenUnavailable = "serve",
        max_token_age: float = 86_400.0,
        poll: float = 2.0,
        stream: str = "privy-middleware:revocations",
        options: Mapping[str, Any] = _NO_OPTIONS,
        clock: Callable[[], float] = time.time,
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set the URL, such as ``redis://localhost:6379/0``, and the attributes; nothing is connected yet.

        ``stream`` is the key in Redis, ``options`` are passed to redis-py's client, and the clocks are those of
        ``Revocations``.

        Raises:
            ConfigurationError: if redis-py is not installed, or an argument is wrong.
        """
        super().__init__(max_token_age=max_token_age, clock=clock, steady_clock=steady_clock)
        if when_unavailable not in get_args(WhenUnavailable):
            raise ConfigurationError("when_unavailable", 'set "serve" or "refuse"')
        self.when_unavailable: WhenUnavailable = when_unavailable
        self.poll: float = check_seconds("poll", poll, 0.1, 60)
        self._stream = RedisStream(url, stream, self._seconds_kept, options)
        self._writer = self._stream.connect(_WRITE_SECONDS)
        self._position = START
        self._unsent: deque[Revocation] = deque()
        self._read_at = -math.inf
        self._redis_offset = -math.inf
        self._outage = Outage(refusing=when_unavailable == "refuse", clock=steady_clock)
        self._follower = Follower(self, _Reading)

    def check(self, user_id: str, claims: Claims) -> None:
        """Require that a verified token is not revoked; this never waits for anything.

        Raises:
            TokenRevoked: if it is.
            RevocationsUnavailable: if the copy is too old and ``when_unavailable`` is ``"refuse"``, or there is none.
        """
        super().check(user_id, claims)
        if self._steady_clock() > self._read_at + self.poll:
            # Its thread may have been killed, as at the end of a gevent hub.
            self._follower.start(self)
            if self.when_unavailable == "refuse" or self._read_at == -math.inf:
                raise RevocationsUnavailable(retry_after=self.poll)

    @property
    def is_loading(self) -> bool:
        """Return whether this process has not tried to load the copy yet."""
        return self._follower.is_starting

    def fetch(self) -> None:
        """Wait until the copy has been loaded, or could not be."""
        self._follower.start(self).first.wait()

    async def afetch(self) -> None:
        """Wait as ``fetch`` does, without blocking the event loop."""
        await self._follower.start(self).first.wait_async()

    def ready(self) -> None:
        """Check that Redis answers. This starts no thread, because the process may fork its workers later.

        Raises:
            RevocationsUnavailable: if it does not.
        """
        try:
            self._writer.ping()
        except Exception as error:
            raise RevocationsUnavailable(_unreachable(error)) from None

    async def aready(self) -> None:
        """Load the copy.

        Raises:
            RevocationsUnavailable: if Redis does not answer.
        """
        await self.afetch()
        if self._read_at == -math.inf:
            raise RevocationsUnavailable(self._outage.reason)

    def report_to(self, reporter: Reporter) -> None:
        """Send the events of the store to a reporter."""
        self._outage.report_to(reporter)

    def close(self) -> None:
        """End the thread and close the connections; the next check starts them again."""
        self._follower.close(self)
        self._writer.close()

    async def aclose(self) -> None:
        """Do what ``close`` does, without blocking the event loop."""
        await anyio.to_thread.run_sync(self.close)

    def _now(self) -> float:
        # If the clock of this machine is slow, more recent tokens would be accepted elsewhere.
        return max(self._clock(), self._redis_offset + self._steady_clock())

    def _revoke(self, entries: Sequence[Revocation]) -> None:
        super()._revoke(entries)
        try:
            self._stream.add(self._writer, [(entry, self._seconds_kept) for entry in entries])
        except Exception as error:
            self._unsent.extend(entries)
            self._follower.start(self)
            detail = f"{_unreachable(error)}: the revocation is valid in this process, and will be sent to the others."
            raise RevocationsUnavailable(detail) from None

    async def _arevoke(self, entries: Sequence[Revocation]) -> None:
        await anyio.to_thread.run_sync(self._revoke, entries)

    def step(self, run: _Reading) -> float:
        """Read once, waiting for news if all has been read; return after how many seconds to read again."""
        try:
            self._read(run)
        except Exception as error:
            self.disconnect(run)
            run.is_current = False
            if not run.stopped.is_set():
                self.fail(_unreachable(error))
            run.finish_first()
            return self.poll / 4
        if run.is_current:
            self._read_at = run.read_at
            self._outage.end()
            run.finish_first()
        return 0.0

    def fail(self, reason: str) -> None:
        """Note why the stream cannot be read."""
        self._outage.begin(reason)

    def disconnect(self, run: _Reading) -> None:
        """Close the connection of a run, in which its thread may be waiting."""
        client, run.client = run.client, None
        if client is not None:
            client.close()

    def after_fork(self) -> None:
        """Forget the thread of the parent, and replace the lock that it may have held."""
        self._follower.forget()
        self._entries.reset_lock()

    def _read(self, run: _Reading) -> None:
        # A connection that is held but dead fails after half of ``poll``, and leaves time for the next one.
        client = run.client = run.client or self._stream.connect(self.poll / 2)
        if run.is_current:
            self._stream.wait(client, self._position, self.poll / 4)
        run.read_at = self._steady_clock()
        read = self._stream.read(client, self._position)
        self._redis_offset = read.now - self._steady_clock()
        if not read.continues:
            run.present, run.is_current, self._position = Entries(self._steady_clock), False, START
            return
        for entry, seconds in read.found:
            self._entries.add(entry, seconds)
            if run.present is not None:
                run.present.add(entry, seconds)
        self._position = read.position
        run.is_current = read.size < LARGEST_READ
        if run.is_current:
            self._send_unsent(client)
            self._restore(client, run)

    def _send_unsent(self, client: Redis) -> None:
        while self._unsent:
            self._stream.add(client, [(self._unsent[0], self._seconds_kept)])
            self._unsent.popleft()

    def _restore(self, client: Redis, run: _Reading) -> None:
        """Add the entries that Redis has lost, in one process at a time, which first reads what others have added."""
        if run.present is None:
            return
        if not run.may_restore:
            run.may_restore = self._stream.lock(client)
            return
        present, count = run.present, 0
        missing = ((entry, seconds) for entry, seconds in self._entries.remaining() if not present.includes(entry))
        while batch := [*islice(missing, LARGEST_READ)]:
            self._stream.add(client, batch)
            count += len(batch)
        self._stream.unlock(client)
        run.present, run.may_restore = None, False
        # Without any, another process has added them, or they had expired.
        level = logging.WARNING if count else logging.DEBUG
        _logger.log(level, "Redis had lost revocations: %d of them were added again.", count)


_BY_URL: weakref.WeakValueDictionary[str, RedisRevocations] = weakref.WeakValueDictionary()


def revocations_of(setting: Any) -> Revocations | None:
    """Return the store of the setting ``revocations``: an object, or that of a URL, which is the same one for a URL.

    Raises:
        ConfigurationError: if it is anything else.
    """
    if setting is None or isinstance(setting, Revocations):
        return setting
    if not isinstance(setting, str):
        fix = 'give a Revocations() or RedisRevocations("redis://…"), or the URL of a Redis server'
        raise ConfigurationError("revocations", fix)
    store = _BY_URL.get(setting)
    if store is None:
        store = _BY_URL[setting] = RedisRevocations(setting)
    return store


def _unreachable(error: Exception) -> str:
    # The message of the error may contain the address and the name of the user.
    return f"Redis cannot be used ({type(error).__name__})"
