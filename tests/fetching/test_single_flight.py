"""One fetch for any number of waiting threads and tasks, all of which are woken."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio

from privy_middleware.fetching.single_flight import SingleFlight
from privy_middleware.keys import JWKSSource, SourceStats
from privy_middleware.keys.fetcher import KeyFlight
from tests.support.clock import Clock
from tests.support.keyserver import Held, KeyServer, hang_up, jwks, reply
from tests.support.patience import PATIENCE
from tests.support.signers import Signer
from tests.support.ways import Way, call, every_way

_ONE, _TWO = Signer("one"), Signer("two")
_MANY = 1000


@pytest.fixture(name="server")
def a_server() -> Iterator[KeyServer]:
    """Publish the first signer's key."""
    with KeyServer(_ONE) as server:
        yield server


@pytest.fixture(name="held")
def a_held_answer(server: KeyServer) -> Iterator[Held]:
    """Delay the server's response until the test releases it."""
    server.behave = held = Held(server.behave)
    yield held
    held.release()


class _Crowd:
    """Counts requests that need a key, as a verifier does, and those that got it."""

    def __init__(self, source: JWKSSource, kid: str = "one") -> None:
        self.source = source
        self.kid = kid
        self.cold = 0
        self.served = 0
        self._lock = threading.Lock()

    def request(self) -> None:
        if self.source.lookup(self.kid, "ES256") is None:
            self._count(cold=1)
            self.source.fetch()
        self._count(served=bool(self.source.lookup(self.kid, "ES256")))

    async def arequest(self) -> None:
        if self.source.lookup(self.kid, "ES256") is None:
            self._count(cold=1)
            await self.source.afetch()
        self._count(served=bool(self.source.lookup(self.kid, "ES256")))

    def _count(self, cold: int = 0, served: int = 0) -> None:
        with self._lock:
            self.cold += cold
            self.served += served


async def _tasks(crowd: _Crowd, size: int, then: Callable[[], None]) -> None:
    """Start ``size`` tasks that make requests, and call ``then`` when all of them wait."""
    async with anyio.create_task_group() as group:
        for _ in range(size):
            group.start_soon(crowd.arequest)
        while crowd.cold < size:
            await anyio.lowlevel.checkpoint()
        then()


@pytest.mark.anyio
async def test_a_thousand_tasks(server: KeyServer, held: Held) -> None:
    """A thousand concurrent tasks without keys cause one fetch, and all get the keys."""
    crowd = _Crowd(JWKSSource(server.url))
    await _tasks(crowd, _MANY, held.release)
    assert (crowd.cold, crowd.served, server.count) == (_MANY, _MANY, 1)


def test_a_thousand_threads(server: KeyServer, held: Held) -> None:
    """A thousand threads without keys cause one fetch, and all get the keys."""
    crowd = _Crowd(JWKSSource(server.url))
    threads = [threading.Thread(target=crowd.request) for _ in range(_MANY)]
    for thread in threads:
        thread.start()
    assert server.arrived.acquire(timeout=PATIENCE)
    held.release()
    for thread in threads:
        thread.join()
    assert (crowd.served, server.count) == (_MANY, 1)


def test_threads_and_loops_together(server: KeyServer, held: Held) -> None:
    """Threads, asyncio loops and trio loops that use one source share one fetch, whichever starts it."""
    crowd = _Crowd(JWKSSource(server.url))

    async def fifty_tasks() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(crowd.arequest)

    def on_asyncio() -> None:
        asyncio.run(fifty_tasks())

    targets: list[Callable[[], object]] = [crowd.request, crowd.request, on_asyncio, on_asyncio]
    targets += [partial(trio.run, fifty_tasks), partial(trio.run, fifty_tasks)]
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    while crowd.cold < 202:
        time.sleep(0.001)
    assert server.count <= 1
    held.release()
    for thread in threads:
        thread.join()
    assert (crowd.served, server.count) == (202, 1)


@pytest.mark.anyio
async def test_tasks_after_an_idle_night(server: KeyServer) -> None:
    """Tasks that find keys too old to be used wait for one fetch together."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock)
    await source.aready()
    clock.advance(3600 + 60)
    held = Held(reply(jwks(_TWO)))
    server.behave = held
    crowd = _Crowd(source, "two")
    await _tasks(crowd, 50, held.release)
    assert (crowd.cold, crowd.served, server.count) == (50, 50, 2)


def test_threads_after_an_idle_night(server: KeyServer) -> None:
    """Threads wait for one fetch too, and get the old keys if it fails."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock)
    source.ready()
    clock.advance(3600 + 60)
    held = Held(hang_up)
    server.behave = held
    crowd = _Crowd(source)
    threads = [threading.Thread(target=crowd.request) for _ in range(50)]
    for thread in threads:
        thread.start()
    while crowd.cold < 50:
        assert server.count <= 2
    held.release()
    for thread in threads:
        thread.join()
    assert (crowd.served, server.count) == (50, 2)


@pytest.mark.anyio
async def test_unknown_kids_share_a_fetch(server: KeyServer) -> None:
    """A thousand requests with a new ``kid`` cause one fetch, and all get the key."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock)
    await source.aready()
    clock.advance(60)
    held = Held(reply(jwks(_ONE, _TWO)))
    server.behave = held
    crowd = _Crowd(source, "two")
    await _tasks(crowd, _MANY, held.release)
    assert (crowd.served, server.count) == (_MANY, 2)


@pytest.mark.anyio
async def test_the_loop_runs_on(server: KeyServer) -> None:
    """During a fetch the event loop continues, and a known key verifies without waiting."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock)
    await source.aready()
    clock.advance(60)
    held = Held(reply(jwks(_ONE, _TWO)))
    server.behave = held
    crowd = _Crowd(source, "two")
    turns = 0
    async with anyio.create_task_group() as group:
        group.start_soon(crowd.arequest)
        while turns < 2000 or server.count < 2:
            await anyio.lowlevel.checkpoint()
            turns += 1
            assert crowd.served == 0
            assert source.lookup("one", "ES256")
        held.release()
    assert crowd.served == 1


@pytest.mark.anyio
async def test_refresh_behind_on_a_loop(server: KeyServer) -> None:
    """On an event loop, stale keys are also used during a refresh."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock)
    await source.aready()
    clock.advance(3600)
    held = Held(reply(jwks(_TWO)))
    server.behave = held
    for _ in range(1000):
        assert source.lookup("one", "ES256")
        await anyio.lowlevel.checkpoint()
    held.release()
    await source.afetch()
    assert source.lookup("two", "ES256")
    assert server.count == 2


@pytest.mark.anyio
async def test_cancelled_leader(server: KeyServer, held: Held) -> None:
    """A leader that is cancelled ends immediately, and its fetch continues."""
    source = JWKSSource(server.url)
    crowd = _Crowd(source)
    async with anyio.create_task_group() as followers:
        async with anyio.create_task_group() as leader:
            leader.start_soon(crowd.arequest)
            while crowd.cold < 1 or server.count < 1:
                await anyio.lowlevel.checkpoint()
            for _ in range(20):
                followers.start_soon(crowd.arequest)
            while crowd.cold < 21:
                await anyio.lowlevel.checkpoint()
            leader.cancel_scope.cancel()
        assert crowd.served == 0
        held.release()
    assert crowd.served == 20
    assert source.stats() == SourceStats(fetches=1)


@pytest.mark.anyio
async def test_cancelled_followers(server: KeyServer, held: Held) -> None:
    """Cancelled followers do not affect the others."""
    crowd = _Crowd(JWKSSource(server.url))
    async with anyio.create_task_group() as leader:
        leader.start_soon(crowd.arequest)
        async with anyio.create_task_group() as followers:
            for _ in range(20):
                followers.start_soon(crowd.arequest)
            while crowd.cold < 21:
                await anyio.lowlevel.checkpoint()
            followers.cancel_scope.cancel()
        held.release()
    assert crowd.served == 1
    assert server.count == 1


class _Once:
    """Interrupt the first request of a client."""

    def __init__(self, error: type[BaseException]) -> None:
        self._errors = [error]

    def __call__(self, request: Any) -> Any:
        if self._errors:
            raise self._errors.pop()
        return request


@every_way
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interrupted_leader(error: type[BaseException], way: Way, server: KeyServer) -> None:
    """A leader that is interrupted ends, and its fetch continues."""
    source = JWKSSource(server.url, client_options={"auth": _Once(error)})
    with pytest.raises(error):
        call(way, source.fetch, source.afetch)
    source.fetch()
    assert source.lookup("one", "ES256")
    assert source.stats() == SourceStats(fetches=1)


def test_broken_off_refresh(server: KeyServer) -> None:
    """A refresh that is interrupted counts as failed, and nothing waits for it."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock)
    source.ready()
    source._fetcher._downloader._settings["auth"] = _Once(SystemExit)
    clock.advance(3600)
    assert source.lookup("one", "ES256")
    source.fetch()
    assert source.stats() == SourceStats(fetches=2, failures=1, stale_lookups=1)
    assert source.lookup("one", "ES256")


def test_no_thread_to_be_had(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """If no thread can be started, stale keys are used, and a request that must wait fetches itself."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock)
    source.ready()
    clock.advance(3600)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError(f"can't start new thread {thread.name}")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert source.lookup("one", "ES256")
    assert source.stats().failures == 1
    assert server.count == 1
    clock.advance(1)
    source.fetch()
    assert source.fresh_until == clock() + 3600


@every_way
def test_dead_leader(way: Way, server: KeyServer) -> None:
    """If the leader has died, a follower takes over when the fetch is overdue."""
    source = JWKSSource(server.url)
    source._flight = KeyFlight(0.05)
    call(way, source.fetch, source.afetch)
    assert source.lookup("one", "ES256")
    assert server.count == 1


def test_dead_leader_of_a_refresh(server: KeyServer) -> None:
    """If the thread of a refresh has died, another refresh is started in the background."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock)
    source.ready()
    server.publish(_TWO)
    clock.advance(3600)
    source._flight = KeyFlight(0)
    assert source.lookup("one", "ES256")
    assert source.stats().fetches == 2
    source.fetch()
    assert source.lookup("two", "ES256")


def test_leader_back_from_the_dead(server: KeyServer, held: Held) -> None:
    """If another leader has taken over, a late response does not replace its result."""
    source = JWKSSource(server.url)
    source._flight_seconds = 0.0
    late = threading.Thread(target=source.fetch)
    late.start()
    assert server.arrived.acquire(timeout=PATIENCE)
    server.publish(_TWO)
    source._flight_seconds = PATIENCE
    source.fetch()
    held.release()
    late.join()
    assert source.lookup("two", "ES256")
    assert source.generation == 1


def test_one_source_on_many_loops(server: KeyServer) -> None:
    """A source outlives its event loops, and belongs to none of them."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock)
    ways: list[Way] = ["asyncio", "trio", "blocking", "asyncio", "trio"]
    for way in ways:
        call(way, source.ready, source.aready)
        clock.advance(3600)
    assert server.count == len(ways)


@pytest.mark.parametrize("run", [asyncio.run, trio.run])
def test_loop_closed_while_waiting(run: Callable[..., object]) -> None:
    """An event loop that ends before the fetch causes no error."""
    flight = SingleFlight(PATIENCE)

    async def give_up() -> None:
        with anyio.move_on_after(0.01):
            await flight.wait_async()

    async def main() -> None:
        await give_up()

    run(main()) if run is asyncio.run else run(main)
    flight.finish()
    assert flight.wait()


@pytest.mark.anyio
async def test_finished_flight() -> None:
    """No wait is needed for a fetch that has ended."""
    flight = SingleFlight(PATIENCE)
    assert not flight.is_overdue()
    flight.finish()
    assert flight.wait()
    assert await flight.wait_async()


@pytest.mark.anyio
async def test_overdue_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait ends when a fetch must have ended, unless another leader has taken over."""
    clock = Clock()
    monkeypatch.setattr("privy_middleware.fetching.single_flight.time", SimpleNamespace(monotonic=clock))
    flight = SingleFlight(30)
    clock.advance(29.75)
    assert not flight.is_overdue()
    clock.advance(0.25)
    assert flight.is_overdue()
    assert not flight.wait()
    assert not await flight.wait_async()
    flight.extend(30)
    assert not flight.is_overdue()


_FORK = """
import os, sys, threading, time, warnings
from privy_middleware.keys import JWKSSource

warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads is what this is about
warm, cold = (JWKSSource(url, timeout=float(sys.argv[3])) for url in sys.argv[1:3])
warm.ready()
leader = threading.Thread(target=cold.fetch)
leader.start()
while cold._flight is None:
    time.sleep(0.001)
with warm._lock, cold._lock:
    child = os.fork()
if child == 0:
    assert warm.lookup("one", "ES256")
    warm._clock = lambda: time.monotonic() + 7200
    assert warm.lookup("one", "ES256") is None
    warm.fetch()
    assert warm.fresh_until > warm.now()
    assert cold.lookup("one", "ES256") is None
    cold.fetch()
    assert cold.lookup("one", "ES256")
    print("child verified", flush=True)
    os._exit(0)
_, status = os.waitpid(child, 0)
leader.join()
assert cold.lookup("one", "ES256")
print("parent verified, child ended with", status)
"""


def test_fork(server: KeyServer) -> None:
    """A forked child verifies and refreshes, whatever the threads of its parent were doing."""
    answer = reply(jwks(_ONE))
    until_the_second = Held(answer)

    def behave(connection: Any) -> None:
        if slow.count > 1:
            until_the_second.release()
        until_the_second(connection)

    with KeyServer() as slow:
        slow.behave = behave
        command = [sys.executable, "-c", _FORK, server.url, slow.url, str(PATIENCE)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stderr == ""
    assert done.stdout == "child verified\nparent verified, child ended with 0\n"
    assert server.count == 2
    assert slow.count == 2


def test_fifty_requests_to_a_server_that_is_down(server: KeyServer) -> None:
    """Fifty threads that find the server failing share the failure: at most three fetches are made."""
    server.behave = hang_up
    crowd = _Crowd(JWKSSource(server.url, clock=Clock()))
    threads = [threading.Thread(target=crowd.request) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert crowd.served == 0
    assert crowd.source.unavailable() is not None
    assert server.count == 1
