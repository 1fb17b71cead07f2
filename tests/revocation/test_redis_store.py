"""Revocations in a real Redis: they reach every process, and none is lost, whatever happens to the connection."""

from __future__ import annotations

import functools
import gc
import logging
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis import Redis

from privy_middleware import ConfigurationError, PrivyError, PrivyMiddleware, PrivyVerifier
from privy_middleware.errors import RevocationsUnavailable, TokenRevoked
from privy_middleware.events import Event, RevocationsFailed, RevocationsRecovered
from privy_middleware.gate import Gate
from privy_middleware.revocation import RedisRevocations
from privy_middleware.revocation.redis_stream import START, RedisStream
from privy_middleware.revocation.rules import Revocation
from privy_middleware.verifiers.combined import CombinedVerifier
from tests.custom_keys.test_verifier import verifier as custom_verifier
from tests.revocation.conftest import MakeStore
from tests.support.clock import Clock
from tests.support.issued import ADA, ISSUER, issuer_config
from tests.support.patience import PATIENCE, eventually
from tests.support.ports import free_port
from tests.support.redisserver import RedisServer
from tests.support.ways import Way, call, every_way

STREAM = "privy-middleware:revocations"
ACCESS = {"sid": "phone"}


def refused(store: RedisRevocations, claims: dict[str, Any], user_id: str = ADA) -> bool:
    """Return whether a store that has been loaded refuses a token."""
    try:
        store.check(user_id, claims)
    except TokenRevoked:
        return True
    return False


def loaded(store: RedisRevocations) -> RedisRevocations:
    """Return a store after its copy has been loaded."""
    store.fetch()
    eventually(lambda: not raises(RevocationsUnavailable, lambda: store.check("did:privy:nobody", {"sid": "none"})))
    return store


def raises(kind: type[Exception], function: Callable[[], object]) -> bool:
    """Return whether a function raises an error."""
    try:
        function()
    except kind:
        return True
    return False


def thread_of(store: RedisRevocations) -> threading.Thread:
    """Return the thread that follows the stream for a store."""
    thread = store._follower._thread
    assert thread is not None
    return thread


class Worker:
    """Another process that verifies tokens."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def code(self, token: str) -> str:
        """Return the code of the error for an access token, or ``ok``."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(token + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def running(url: str, *mode: str) -> Iterator[Worker]:
    """Run a worker; closing its input ends it."""
    arguments = [url, ISSUER.app_id, ISSUER.public_key_pem, *mode]
    command = [sys.executable, "-m", "tests.revocation.worker", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Worker(process)
        assert process.stdin
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_processes(server: RedisServer, make_store: MakeStore) -> None:
    """A revocation reaches processes that are running, and those that start later."""
    token, other = ISSUER.access_token("ada"), ISSUER.access_token("grace")
    with running(server.url) as first, running(server.url) as second:
        assert [worker.code(token) for worker in (first, second)] == ["ok", "ok"]
        make_store().revoke_session("dev-session-ada", ADA)
        eventually(lambda: first.code(token) == "token_revoked")
        eventually(lambda: second.code(token) == "token_revoked")
        assert [worker.code(other) for worker in (first, second)] == ["ok", "ok"]
    with running(server.url) as third:
        assert [third.code(token), third.code(other)] == ["token_revoked", "ok"]


@pytest.mark.parametrize("mode", ["fork", "gevent"])
def test_forks_and_greenlets(server: RedisServer, make_store: MakeStore, mode: str) -> None:
    """A child whose parent had a thread follows the stream with one of its own; a greenlet follows it too."""
    token = ISSUER.access_token("ada")
    with running(server.url, mode) as worker:
        assert [worker.code(token), worker.code(token)] == ["ok", "ok"]
        make_store().revoke_session("dev-session-ada", ADA)
        eventually(lambda: worker.code(token) == "token_revoked")


@every_way
def test_every_way(make_store: MakeStore, way: Way) -> None:
    """All revocations reach another process, from code with and without an event loop."""
    mine, other = make_store(), loaded(make_store())
    claims = {"iss": "privy.io", "exp": 2e9, "iat": 1e9, "sid": "tablet"}
    call(way, lambda: mine.revoke_session("phone", ADA), lambda: mine.arevoke_session("phone", ADA))
    call(way, lambda: mine.revoke_token(claims), lambda: mine.arevoke_token(claims))
    call(way, lambda: mine.revoke_user("did:privy:x"), lambda: mine.arevoke_user("did:privy:x"))
    eventually(lambda: refused(other, {"sid": "any", "iat": 1e9}, "did:privy:x"))
    for store in (other, loaded(mine)):
        assert refused(store, ACCESS)
        assert refused(store, {"iat": 1e9})
        assert refused(store, claims)
        assert not refused(store, claims | {"exp": 3e9})
        assert not refused(store, {"iat": 1e10})
        assert len(store) == 4


@every_way
def test_the_first_request_waits_for_the_copy(make_store: MakeStore, way: Way) -> None:
    """It does not see a user whom another process has signed out."""
    make_store().revoke_session("dev-session-ada", ADA)
    verifier = PrivyVerifier(issuer_config(revocations=make_store(poll=60)))
    token = ISSUER.access_token("ada")
    for _ in range(2):
        with pytest.raises(TokenRevoked):
            call(way, lambda: verifier.verify_access_token(token), lambda: verifier.averify_access_token(token))


def test_it_is_settled_when_it_is_loaded(make_store: MakeStore) -> None:
    """Before that, code on an event loop that cannot wait must not decide."""
    store = make_store(poll=60)
    verifier = PrivyVerifier(issuer_config(revocations=store))
    token = ISSUER.access_token("ada")
    verifier.verify_access_token(token)
    assert verifier._access.settled(token)
    store.close()
    assert not verifier._access.settled(token)


def test_connections_that_break(make_store: MakeStore, redis: Redis) -> None:
    """What is revoked while a process is disconnected is read afterwards."""
    mine, other = make_store(), loaded(make_store(poll=0.5))
    for number in range(20):
        redis.client_kill_filter(_type="normal", skipme=True)
        revoke = functools.partial(mine.revoke_session, f"s{number}", ADA)
        while raises(RevocationsUnavailable, revoke):
            pass
    eventually(lambda: all(refused(other, {"sid": f"s{number}"}) for number in range(20)))


def test_a_message_that_is_lost(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """If Redis never tells the process that there is news, it reads nevertheless."""
    waits = threading.Event()

    def wait(*_: object) -> None:
        waits.wait(0.01)

    monkeypatch.setattr(RedisStream, "wait", wait)
    mine, other = make_store(), loaded(make_store())
    mine.revoke_session("phone", ADA)
    eventually(lambda: refused(other, ACCESS))


def test_many(make_store: MakeStore, redis: Redis) -> None:
    """A long stream is read in several parts."""
    writer = make_store()
    entries = [(Revocation("session", f"s{number}"), 600.0) for number in range(2500)]
    writer._stream.add(redis, entries)
    store = loaded(make_store())
    assert len(store) == 2500
    assert refused(store, {"sid": "s0"})
    assert refused(store, {"sid": "s2499"})


@pytest.mark.parametrize("lose", ["restart", "flush"])
def test_redis_that_loses_its_data(
    server: RedisServer, redis: Redis, make_store: MakeStore, caplog: pytest.LogCaptureFixture, lose: str
) -> None:
    """The processes that run add their entries again, each only once, so that new processes know them."""
    mine, other = make_store(poll=0.5), loaded(make_store(poll=0.5))
    mine.revoke_session("phone", ADA)
    mine.revoke_user("did:privy:x")
    eventually(lambda: len(other) == 3)
    loaded(mine)
    with caplog.at_level(logging.DEBUG, "privy_middleware.revocation"):
        if lose == "restart":
            server.stop()
            assert refused(other, ACCESS)
            server.start()
        else:
            redis.flushall()
        eventually(lambda: caplog.text.count("of them were added again") == 2)
    counts = [int(line.split(": ")[1].split()[0]) for line in caplog.messages if "added again" in line]
    assert sum(counts) == 3
    assert redis.xlen(STREAM) == 3
    new = loaded(make_store())
    assert len(new) == 3
    assert refused(new, ACCESS)


def test_one_process_restores_at_a_time(make_store: MakeStore, redis: Redis) -> None:
    """The others wait for it, and then add what is still missing."""
    store = loaded(make_store(poll=0.5))
    store.revoke_session("phone", ADA)
    eventually(lambda: store._position != START)
    redis.set(f"{STREAM}:restoring", b"1")
    redis.delete(STREAM)
    eventually(lambda: store._position == START)
    assert redis.xlen(STREAM) == 0
    redis.delete(f"{STREAM}:restoring")
    eventually(lambda: redis.xlen(STREAM) == 2)
    eventually(lambda: not redis.exists(f"{STREAM}:restoring"))


def test_redis_that_holds_connections(server: RedisServer, make_store: MakeStore) -> None:
    """Requests go on with the last copy, and nothing that is revoked then is lost."""
    events: list[Event] = []
    store = make_store(poll=0.5)
    verifier = PrivyVerifier(issuer_config(revocations=store, on_event=events.append))
    loaded(store).revoke_session("phone", ADA)
    token = ISSUER.access_token("grace")
    server.freeze()
    for _ in range(1000):
        verifier.verify_access_token(token)
    eventually(lambda: [type(event) for event in events] == [RevocationsFailed])
    for _ in range(1000):
        verifier.verify_access_token(token)
    assert refused(store, ACCESS)
    with pytest.raises(RevocationsUnavailable, match="will be sent to the others"):
        store.revoke_session("tablet", ADA)
    assert refused(store, {"sid": "tablet"})
    server.thaw()
    eventually(lambda: [type(event) for event in events] == [RevocationsFailed, RevocationsRecovered])
    assert refused(loaded(make_store()), {"sid": "tablet"})
    failed, recovered = events
    assert isinstance(failed, RevocationsFailed)
    assert isinstance(recovered, RevocationsRecovered)
    assert (failed.reason, failed.refusing) == ("Redis cannot be used (TimeoutError)", False)
    assert recovered.after > 0


def test_refusing(server: RedisServer, make_store: MakeStore) -> None:
    """With ``"refuse"`` there is a 503 while Redis does not answer, and revoked tokens get 401."""
    store = make_store(poll=0.5, when_unavailable="refuse")
    verifier = PrivyVerifier(issuer_config(revocations=store))
    loaded(store).revoke_session("dev-session-ada", ADA)
    ada, grace = ISSUER.access_token("ada"), ISSUER.access_token("grace")
    seen: list[str] = []

    def status() -> int:
        try:
            verifier.verify_access_token(grace)
        except PrivyError as error:
            seen.append(error.code)
            return error.status
        return 200

    eventually(lambda: status() == 200)
    server.freeze()
    eventually(lambda: status() == 503)
    with pytest.raises(TokenRevoked):
        verifier.verify_access_token(ada)
    server.thaw()
    eventually(lambda: status() == 200)
    assert set(seen) == {"revocations_unavailable"}


def test_without_redis_at_the_start(make_store: MakeStore, server: RedisServer) -> None:
    """A process without a copy refuses to guess, until Redis answers."""
    server.stop()
    store = make_store(poll=0.5)
    verifier = PrivyVerifier(issuer_config(revocations=store))
    token = ISSUER.access_token("grace")
    with pytest.raises(RevocationsUnavailable) as caught:
        verifier.verify_access_token(token)
    assert dict(caught.value.challenge) == {"Retry-After": "1"}
    with pytest.raises(RevocationsUnavailable):
        store.revoke_session("phone", ADA)
    server.start()
    eventually(lambda: not raises(RevocationsUnavailable, lambda: verifier.verify_access_token(token)))
    eventually(lambda: not store._unsent)
    assert refused(loaded(make_store()), ACCESS)


def test_clocks_that_are_wrong(make_store: MakeStore) -> None:
    """Neither the clock of the process that revokes nor that of the one that checks matters for a session."""
    future, past = make_store(clock=Clock(9e9)), loaded(make_store(clock=Clock(9.0)))
    future.revoke_session("phone", ADA)
    eventually(lambda: refused(past, ACCESS))
    past.revoke_session("tablet", ADA)
    assert refused(loaded(future), {"sid": "tablet"})


def test_a_clock_that_is_slow(make_store: MakeStore) -> None:
    """The clock of Redis is used too, so that the tokens of the last hour are reached."""
    now = time.time()
    slow, other = loaded(make_store(clock=Clock(now - 3600))), loaded(make_store())
    slow.revoke_user(ADA)
    eventually(lambda: refused(other, {"sid": "any", "iat": int(now)}))


def test_entries_expire(make_store: MakeStore, redis: Redis) -> None:
    """Redis removes old entries and at last the stream; expired entries are not loaded."""
    store = make_store(max_token_age=60)
    fields: dict[Any, Any] = {"e": "session inf 1 old"}
    for number in range(1, 301):
        redis.xadd(STREAM, fields, id=f"{number}-0")
    assert len(loaded(store)) == 0
    store.revoke_session("phone", ADA)
    assert redis.xlen(STREAM) < 300
    milliseconds = redis.pttl(STREAM)
    assert isinstance(milliseconds, int)
    assert 300_000 < milliseconds <= 360_000
    assert refused(loaded(make_store()), ACCESS)


def test_the_age_of_an_entry_counts(make_store: MakeStore, redis: Redis) -> None:
    """A process that loads an entry later forgets it at the same time, and no later than its own entries."""
    steady = Clock()
    store = make_store(max_token_age=60, steady_clock=steady)
    entries = [(Revocation("session", "young"), 1e9), (Revocation("session", "old"), 100.0)]
    store._stream.add(redis, entries)
    store.fetch()
    eventually(lambda: len(store) == 2)
    steady.advance(101)
    assert [store._entries.revoked_by(ADA, {"sid": sid}) for sid in ("young", "old")] == ["session", None]
    steady.advance(260)
    assert store._entries.revoked_by(ADA, {"sid": "young"}) is None


def test_entries_that_are_not_entries(make_store: MakeStore, redis: Redis) -> None:
    """They are ignored."""
    good = b"session inf 9999999999999 phone"
    changes = [(b"session", b"other"), (b"phone", b"\xff"), (b"inf", b"nan"), (b"inf", b"?"), (b"9 phone", b"9.5 x")]
    changes += [(b"9999999999999", sign + b"9" * digits) for sign, digits in [(b"-", 400), (b"-", 5000), (b"", 5000)]]
    for field, value in [("other", good), ("e", b""), *(("e", good.replace(*change)) for change in changes)]:
        redis.xadd(STREAM, {field: value})
    redis.xadd(STREAM, {"e": good})
    store = loaded(make_store())
    assert len(store) == 1
    assert refused(store, ACCESS)


def test_the_last_possible_entry(make_store: MakeStore, redis: Redis) -> None:
    """No entry can be added after it; when the stream has been deleted, new entries are read again."""
    store = loaded(make_store())
    redis.xadd(STREAM, {"e": "session inf 9999999999999 tablet"}, id=f"{2**64 - 1}-{2**64 - 1}")
    eventually(lambda: refused(store, {"sid": "tablet"}))
    redis.delete(STREAM)
    make_store().revoke_session("phone", ADA)
    eventually(lambda: refused(store, ACCESS))


@pytest.mark.parametrize("options", ["decode_responses=True", "encoding=utf-16", "protocol=3", "socket_timeout=60"])
def test_options_in_the_url(server: RedisServer, make_store: MakeStore, options: str) -> None:
    """None of them changes how entries are written and read, or how long revoking waits."""
    store = loaded(RedisRevocations(f"{server.url}?{options}"))
    make_store().revoke_session("phone", ADA)
    eventually(lambda: refused(store, ACCESS))
    store.revoke_session("tablet", ADA)
    assert refused(loaded(make_store()), {"sid": "tablet"})
    assert store._writer.get_connection_kwargs()["socket_timeout"] == 1
    store.close()


def test_no_thread_outlives_its_store(make_store: MakeStore, server: RedisServer) -> None:
    """It ends with ``close``, and when the store is no longer used; a later check starts it again."""
    store = loaded(make_store())
    first = thread_of(store)
    assert first.daemon
    assert first.is_alive()
    store.close()
    store.close()
    assert not first.is_alive()
    store.revoke_session("phone", ADA)
    assert refused(loaded(store), ACCESS)
    second = thread_of(store)
    assert second is not first
    assert second.is_alive()
    forgotten = loaded(RedisRevocations(server.url, poll=0.5))
    forgotten._writer.close()
    third, reference = thread_of(forgotten), weakref.ref(forgotten)
    del forgotten
    eventually(lambda: [gc.collect()] and reference() is None)
    third.join(PATIENCE)
    assert not third.is_alive()


def test_a_thread_that_was_killed(make_store: MakeStore) -> None:
    """The next check after ``poll`` starts another one."""
    steady = Clock()
    store = loaded(make_store(steady_clock=steady))
    thread = thread_of(store)
    store._follower.start(store).stopped.set()
    thread.join(PATIENCE)
    steady.advance(3)
    assert not refused(store, ACCESS)
    make_store().revoke_session("phone", ADA)
    eventually(lambda: refused(store, ACCESS))
    assert thread_of(store) is not thread


def test_a_thread_that_cannot_be_started(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has no copy, which is an outage; it is tried again."""
    store = make_store()

    def start(_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        store.fetch()
        with pytest.raises(RevocationsUnavailable):
            store.check(ADA, ACCESS)
    assert not store.is_loading
    eventually(lambda: not raises(RevocationsUnavailable, lambda: store.check(ADA, ACCESS)))


@pytest.mark.anyio
async def test_the_lifespan(make_store: MakeStore) -> None:
    """The thread starts with the app, before the first request, and ends with it."""
    store = make_store()
    seen: list[bool] = []
    threads: list[threading.Thread] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for word in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{word}"
            seen.append(store.is_loading)
            threads.extend([thread_of(store)] if word == "startup" else [])
            await send({"type": f"lifespan.{word}.complete"})

    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(messages)

    async def send(_: Any) -> None:
        pass

    middleware: Any = PrivyMiddleware(app, issuer_config(revocations=store))
    await middleware({"type": "lifespan", "state": {}}, receive, send)
    assert seen == [False, True]
    assert not threads[0].is_alive()


@every_way
def test_at_the_start_of_an_app(
    make_store: MakeStore, server: RedisServer, caplog: pytest.LogCaptureFixture, way: Way
) -> None:
    """With ``fail_fast`` an app does not start without Redis; otherwise the log says so."""
    gates = [Gate(PrivyVerifier(issuer_config(revocations=make_store(), fail_fast=fast))) for fast in (True, False)]
    for gate in gates:
        call(way, gate.ready, gate.aready)
    server.stop()
    gates = [Gate(PrivyVerifier(issuer_config(revocations=make_store(), fail_fast=fast))) for fast in (True, False)]
    with pytest.raises(RevocationsUnavailable, match="Redis cannot be used"):
        call(way, gates[0].ready, gates[0].aready)
    call(way, gates[1].ready, gates[1].aready)
    assert "revocations could not be loaded at start-up" in caplog.text


def test_combined_verifiers_report_an_outage_once(make_store: MakeStore, server: RedisServer) -> None:
    """Their hooks are the same."""
    server.stop()
    events: list[Event] = []
    store = make_store()
    privy = PrivyVerifier(issuer_config(revocations=store, on_event=events.append))
    combined = CombinedVerifier(privy, custom_verifier(revocations=store))
    with pytest.raises(RevocationsUnavailable):
        privy.verify_access_token(ISSUER.access_token("ada"))
    assert combined.settings.revocations is store
    assert [type(event) for event in events] == [RevocationsFailed]


WRONG: dict[str, Callable[[], object]] = {
    "revocations: give the URL": lambda: RedisRevocations("localhost:6379"),
    "revocations: give the URL of a Redis": lambda: issuer_config(revocations="http://localhost"),
    "when_unavailable: set": lambda: RedisRevocations("redis://localhost", when_unavailable="ignore"),  # type: ignore[arg-type]
    "poll: set a number": lambda: RedisRevocations("redis://localhost", poll=0),
    "stream: give the name": lambda: RedisRevocations("redis://localhost", stream=""),
    "stream: give the name of": lambda: RedisRevocations("redis://localhost", stream=None),  # type: ignore[arg-type]
    "revocations: give the URL of a Redis server, such as .*, and options of redis-py": lambda: RedisRevocations(
        "redis://localhost", options={"sockettimeout": 1}
    ),
    "revocations: give the URL of a Redis server, such": lambda: RedisRevocations("redis://localhost?sockettimeout=1"),
}


@pytest.mark.parametrize("message", WRONG)
def test_wrong_arguments(message: str) -> None:
    """The error names the argument and says what to do."""
    with pytest.raises(ConfigurationError, match=message):
        WRONG[message]()


def test_without_redis_py(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"revocations: install privy-middleware\[redis\]"):
        RedisRevocations(f"redis://127.0.0.1:{free_port()}/0")
