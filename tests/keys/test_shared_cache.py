"""A shared key cache saves fetches, and no mistake or failure of it rejects a request."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from privy_middleware.errors import KeysUnavailable
from privy_middleware.keys import JWKSSource, KeyCache, SourceStats
from tests.support.callables import coroutine_function
from tests.support.clock import Clock
from tests.support.keyserver import KeyServer, hang_up, jwks
from tests.support.patience import PATIENCE
from tests.support.signers import Signer
from tests.support.tokens import SIGNER, SUBJECT, identity, verifier
from tests.support.ways import Way, call, every_way

_ONE, _TWO = Signer("one"), Signer("two")


class _Cache:
    """A key cache in memory, which records what it is asked to store."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.seconds: list[float] = []

    def get(self, key: str) -> Any:
        """Return the stored value."""
        return self.values.get(key)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Store a value."""
        self.values[key] = value
        self.seconds.append(seconds)


class _Broken:
    """A key cache that fails at every call."""

    def get(self, key: str) -> bytes | None:
        """Raise an error."""
        raise ConnectionError(key)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Raise an error."""
        raise ConnectionError(key)


@pytest.fixture(name="server")
def a_server() -> Iterator[KeyServer]:
    """Publish the first signer's key."""
    with KeyServer(_ONE) as server:
        yield server


@pytest.fixture(name="fleet")
def a_fleet(server: KeyServer) -> _Fleet:
    """Return a cache that workers share."""
    return _Fleet(server)


class _Fleet:
    """Return a function that creates workers, each with its own monotonic clock, as on different machines."""

    def __init__(self, server: KeyServer) -> None:
        self.server = server
        self.cache = _Cache()
        self.wall = Clock(1_800_000_000.0)

    def worker(self, *, clock: Clock | None = None, cache: KeyCache | None = None, **settings: Any) -> JWKSSource:
        chosen = self.cache if cache is None else cache
        return JWKSSource(self.server.url, cache=chosen, clock=clock or Clock(), wall_clock=self.wall, **settings)

    @property
    def entry(self) -> bytes:
        (value,) = self.cache.values.values()
        assert isinstance(value, bytes)
        return value

    @entry.setter
    def entry(self, value: Any) -> None:
        (key,) = self.cache.values
        self.cache.values[key] = value

    def forge(self, **changes: Any) -> None:
        """Change members of the entry's envelope; ``None`` removes one."""
        envelope, _, body = self.entry.partition(b"\n")
        fields = {**json.loads(envelope), **changes}
        kept = {name: value for name, value in fields.items() if value is not None}
        self.entry = json.dumps(kept).encode() + b"\n" + body


@every_way
def test_one_fetch_for_a_fleet(way: Way, fleet: _Fleet) -> None:
    """The first worker fetches, and the others use its keys and their freshness."""
    first = fleet.worker()
    call(way, first.ready, first.aready)
    fleet.wall.advance(600)
    for _ in range(10):
        worker = fleet.worker()
        call(way, worker.ready, worker.aready)
        assert worker.lookup("one", "ES256")
        assert worker.fresh_until == worker.now() + 3000
    assert fleet.server.count == 1
    assert fleet.cache.seconds == [3600 + 86400]


@every_way
def test_one_refresh_for_a_fleet(way: Way, fleet: _Fleet) -> None:
    """If the keys are stale, one worker fetches them, and the others use the result."""
    clocks = [Clock() for _ in range(3)]
    workers = [fleet.worker(clock=clock) for clock in clocks]
    for worker in workers:
        call(way, worker.ready, worker.aready)
    fleet.server.publish(_TWO)
    for moved in (*clocks, fleet.wall):
        moved.advance(3600)
    for worker in workers:
        call(way, worker.ready, worker.aready)
        assert worker.lookup("two", "ES256")
        assert not worker.lookup("one", "ES256")
        assert worker.generation == 2
    assert fleet.server.count == 2


@every_way
def test_unknown_kid_goes_to_the_server(way: Way, fleet: _Fleet) -> None:
    """A new key is fetched from the key server itself, and then shared."""
    clock = Clock()
    worker = fleet.worker(clock=clock)
    worker.ready()
    fleet.server.publish(_ONE, _TWO)
    clock.advance(10)
    assert worker.lookup("two", "ES256") is None
    call(way, worker.fetch, worker.afetch)
    assert worker.lookup("two", "ES256")
    assert fleet.server.count == 2
    other = fleet.worker()
    other.ready()
    assert other.lookup("two", "ES256")
    assert fleet.server.count == 2


def test_unknown_kid_after_a_start_from_the_cache(fleet: _Fleet) -> None:
    """A worker that has started with an older set fetches for a new ``kid`` immediately."""
    fleet.worker().ready()
    fleet.wall.advance(600)
    fleet.server.publish(_ONE, _TWO)
    worker = fleet.worker()
    worker.ready()
    assert worker.lookup("two", "ES256") is None
    worker.fetch()
    assert worker.lookup("two", "ES256")


@every_way
def test_start_in_an_outage(way: Way, fleet: _Fleet) -> None:
    """A worker that starts while the server is down uses the shared keys for their grace period."""
    fleet.worker().ready()
    fleet.server.behave = hang_up
    fleet.wall.advance(3600 + 86399)
    clock = Clock()
    worker = fleet.worker(clock=clock)
    call(way, worker.ready, worker.aready)
    assert worker.lookup("one", "ES256")
    assert worker.stats().failures == 1
    assert worker.lookup("two", "ES256") == ()
    assert worker.uncertain("two", worker.generation) is not None
    clock.advance(1)
    assert worker.lookup("one", "ES256") is None
    fleet.wall.advance(1)
    with pytest.raises(KeysUnavailable):
        fleet.worker().ready()


@every_way
def test_shared_keys_that_are_older_than_a_failure(way: Way, fleet: _Fleet) -> None:
    """If the set was fetched before this worker's fetch failed, unknown keys are uncertain."""
    clock = Clock()
    worker = fleet.worker(clock=clock)
    worker.ready()
    fleet.server.behave = hang_up
    clock.advance(3599)
    assert worker.lookup("two", "ES256") is None
    call(way, worker.fetch, worker.afetch)
    fleet.forge(fetched_at=fleet.wall() + 3599 - 600)
    fleet.wall.advance(3600)
    clock.advance(1)
    call(way, worker.ready, worker.aready)
    assert worker.fresh_until == clock() + 3600 - 601
    assert worker.lookup("two", "ES256") == ()
    error = worker.uncertain("two", worker.generation)
    assert error is not None
    assert error.retry_after == 29
    fleet.server.publish(_TWO)
    clock.advance(29)
    assert worker.lookup("three", "ES256") is None
    call(way, worker.fetch, worker.afetch)
    assert worker.uncertain("three", worker.generation) is None
    assert worker.lookup("two", "ES256")


@every_way
def test_first_token_of_a_new_key(way: Way, fleet: _Fleet) -> None:
    """A token of a key that is newer than the shared set is accepted, even as the worker's first token."""
    fleet.worker().ready()
    fleet.forge(fetched_at=time.time() - 600)
    fleet.server.publish(_ONE, SIGNER)
    judge = verifier(verification_key=None, jwks_url=fleet.server.url, key_cache=fleet.cache)
    token = identity()
    user = call(way, lambda: judge.verify_identity_token(token), lambda: judge.averify_identity_token(token))
    assert user.id == SUBJECT
    assert fleet.server.count == 2


def test_stale_entry_does_not_replace_newer_keys(fleet: _Fleet) -> None:
    """In an outage, an entry older than the current keys changes nothing."""
    fleet.worker().ready()
    old = fleet.entry
    fleet.server.publish(_TWO)
    fleet.wall.advance(3600)
    clock = Clock()
    worker = fleet.worker(clock=clock)
    worker.ready()
    fleet.entry = old
    fleet.server.behave = hang_up
    fleet.wall.advance(3600)
    clock.advance(3600)
    worker.fetch()
    assert worker.lookup("two", "ES256")
    assert not worker.lookup("one", "ES256")
    assert worker.stats() == SourceStats(fetches=2, failures=1, stale_lookups=2)


@every_way
def test_fresh_entry_that_is_older_than_the_keys_held(way: Way, fleet: _Fleet) -> None:
    """An older entry does not count as a refresh, however long it is fresh: the server is asked."""
    clock = Clock()
    worker = fleet.worker(clock=clock)
    worker.ready()
    fleet.forge(fetched_at=fleet.wall() - 5, lifetime=86_400)
    fleet.server.publish(_TWO)
    clock.advance(3600 + 60)
    fleet.wall.advance(3600 + 60)
    assert worker.lookup("one", "ES256") is None
    call(way, worker.fetch, worker.afetch)
    assert worker.lookup("two", "ES256")
    assert fleet.server.count == 2


@every_way
@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"garbage",
        b"\n",
        b"null\n{}",
        b"[]\n{}",
        b"{}\n{}",
        b"\xff\n{}",
        b"[" * 100_000,
        b"x" * 1_000_000,
        "text",
        7,
        {"keys": []},
    ],
)
def test_garbage(garbage: Any, way: Way, fleet: _Fleet) -> None:
    """If the cache contains another value, the worker fetches the keys itself and replaces the value."""
    fleet.worker().ready()
    good = fleet.entry
    fleet.entry = garbage
    worker = fleet.worker()
    call(way, worker.ready, worker.aready)
    assert worker.lookup("one", "ES256")
    assert fleet.server.count == 2
    assert fleet.entry == good


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": None},
        {"url": "https://elsewhere.example/jwks.json"},
        {"url": None},
        {"sha256": "0" * 64},
        {"sha256": None},
        {"fetched_at": None},
        {"fetched_at": "1800000000"},
        {"fetched_at": True},
        {"fetched_at": -1},
        {"fetched_at": 10**400},
        {"fetched_at": 1_800_000_000.0 - 3600},
        {"fetched_at": 1_800_000_000.0 + 10},
        {"fetched_at": 1_800_000_000.0 + 11},
        {"lifetime": None},
        {"lifetime": 0},
        {"lifetime": "600"},
        {"lifetime": True},
        {"lifetime": []},
        {"padding": "x" * 300_000},
    ],
)
def test_forged_envelope(changes: dict[str, Any], fleet: _Fleet) -> None:
    """An entry of another address, of the wrong age or size, from the future, or incomplete is ignored."""
    fleet.worker().ready()
    fleet.forge(**changes)
    worker = fleet.worker()
    worker.ready()
    assert worker.lookup("one", "ES256")
    assert fleet.server.count == 2


def test_lifetime_is_bounded(fleet: _Fleet) -> None:
    """The freshness of an entry is limited to a day."""
    fleet.worker().ready()
    fleet.forge(lifetime=10**9)
    worker = fleet.worker()
    worker.ready()
    assert worker.fresh_until == worker.now() + 86400


def test_a_short_lifetime_is_one(fleet: _Fleet) -> None:
    """An entry that is fresh for half a second is used for that long."""
    fleet.worker().ready()
    fleet.forge(lifetime=0.5)
    for moved, fetches in ((0, 1), (0.25, 1), (0.25, 2)):
        fleet.wall.advance(moved)
        fleet.worker().ready()
        assert fleet.server.count == fetches


def test_clocks_that_differ_a_little(fleet: _Fleet) -> None:
    """An entry from a worker whose clock is some seconds ahead is treated as new."""
    fleet.worker().ready()
    fleet.forge(fetched_at=fleet.wall() + 9)
    worker = fleet.worker()
    worker.ready()
    assert worker.fresh_until == worker.now() + 3600
    assert fleet.server.count == 1


@pytest.mark.parametrize("body", [jwks(), b"<html>", b'{"keys": [{"kty": "oct", "k": "AAAA"}]}', b" " * 300_000])
def test_entry_without_usable_keys(body: bytes, fleet: _Fleet) -> None:
    """The content of an entry is checked like a response, including its size."""
    fleet.worker().ready()
    fleet.entry = fleet.entry.partition(b"\n")[0] + b"\n" + body
    fleet.forge(sha256=hashlib.sha256(body).hexdigest())
    worker = fleet.worker()
    worker.ready()
    assert worker.lookup("one", "ES256")
    assert fleet.server.count == 2


def test_damaged_entry(fleet: _Fleet) -> None:
    """An entry with a changed bit never provides another key than the published one."""
    first = fleet.worker()
    first.ready()
    published = first.lookup("one", "ES256")
    assert published is not None
    good = fleet.entry
    for position in range(0, len(good), 7):
        fleet.entry = good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :]
        worker = fleet.worker()
        worker.ready()
        found = worker.lookup(None, "ES256")
        assert found is not None
        assert [(key.kid, key.fingerprint) for key in found] == [("one", published[0].fingerprint)]


@every_way
def test_broken_cache(way: Way, fleet: _Fleet, caplog: pytest.LogCaptureFixture) -> None:
    """If a cache is down, this is logged, and the keys are fetched without it."""
    caplog.set_level(logging.WARNING)
    worker = fleet.worker(cache=_Broken())
    call(way, worker.ready, worker.aready)
    assert worker.lookup("one", "ES256")
    assert [record.getMessage() for record in caplog.records] == [
        "The key cache cannot be read: ConnectionError.",
        "The key cache cannot be written: ConnectionError.",
    ]


class _Asynchronous:
    """A cache whose plain methods return awaitables."""

    def get(self, key: str) -> Any:
        """Return a coroutine."""
        return coroutine_function(key)

    def set(self, key: str, value: bytes, seconds: float) -> Any:
        """Return a coroutine."""
        return coroutine_function(key)


@every_way
def test_cache_that_must_be_awaited(way: Way, fleet: _Fleet, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is shared, and the log says that the cache is set up wrongly."""
    caplog.set_level(logging.WARNING)
    worker = fleet.worker(cache=_Asynchronous())
    call(way, worker.ready, worker.aready)
    assert worker.lookup("one", "ES256")
    assert [record.getMessage() for record in caplog.records] == [
        "The key cache cannot be read: ConfigurationError.",
        "The key cache cannot be written: ConfigurationError.",
    ]


class _Hanging(_Cache):
    """A cache that takes as long as the test."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def get(self, key: str) -> Any:
        """Block."""
        self.over.wait(PATIENCE)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Block."""
        self.over.wait(PATIENCE)


@pytest.mark.anyio
async def test_hanging_cache(fleet: _Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """On an event loop, a cache that blocks is waited for only briefly."""
    monkeypatch.setattr("privy_middleware.keys.fetcher._CACHE_SECONDS", 0.05)
    cache = _Hanging()
    worker = fleet.worker(cache=cache)
    await worker.aready()
    assert worker.lookup("one", "ES256")
    cache.over.set()


def test_addresses_do_not_mix(fleet: _Fleet) -> None:
    """Key sets of different addresses have separate entries."""
    with KeyServer(_TWO) as other:
        fleet.worker().ready()
        stranger = JWKSSource(other.url, cache=fleet.cache, wall_clock=fleet.wall)
        stranger.ready()
        assert not stranger.lookup("one", "ES256")
        assert stranger.lookup("two", "ES256")
    assert len(fleet.cache.values) == 2
