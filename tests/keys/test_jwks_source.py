"""Fetched keys: missing, fresh, stale but used, and too old; with a clock that the test sets."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from privy_middleware.errors import ConfigurationError, KeysUnavailable
from privy_middleware.fetching.download import Document
from privy_middleware.fetching.urls import check_fetch_url
from privy_middleware.keys import JWKSSource, KeySet, KeySource, SourceStats
from privy_middleware.keys.cached_keys import CachedKeys, CachePolicy, FetchedKeys, FetchFailure, Outcome
from privy_middleware.keys.shared_cache import StoredJWKS
from tests.support.certificates import Authority
from tests.support.clock import Clock
from tests.support.keyserver import Behaviour, KeyServer, bomb, hang_up, jwks, reply, reset_mid_body
from tests.support.keyserver import Held as Answering
from tests.support.patience import PATIENCE
from tests.support.signers import MESSAGE, Signer
from tests.support.ways import Way, call, every_way

_ONE, _TWO = Signer("one"), Signer("two")


@pytest.fixture(name="server")
def a_server() -> Iterator[KeyServer]:
    """Publish the first signer's key."""
    with KeyServer(_ONE) as server:
        yield server


@pytest.fixture(name="clock")
def a_clock() -> Clock:
    """Return a clock that does not move."""
    return Clock()


@pytest.fixture(name="source")
def a_source(server: KeyServer, clock: Clock) -> JWKSSource:
    """Return a source for the server that has not fetched yet."""
    return JWKSSource(server.url, clock=clock)


def _kids(source: JWKSSource, kid: str | None) -> list[str | None] | None:
    keys = source.lookup(kid, "ES256")
    return None if keys is None else [key.kid for key in keys]


def _asked(source: JWKSSource, kid: str | None) -> list[str | None] | None:
    """Look up as a verifier does, and wait for a fetch if that could help."""
    kids = _kids(source, kid)
    if kids is None:
        source.fetch()
        kids = _kids(source, kid)
    return kids


def _wait(source: JWKSSource) -> None:
    """Wait for the refresh that a lookup has started in the background, including its thread."""
    source.fetch()
    for thread in threading.enumerate():
        if thread.name == "privy-keys":
            thread.join(PATIENCE)


@every_way
def test_cold(way: Way, server: KeyServer, source: JWKSSource) -> None:
    """The first lookup says that waiting helps, and after one fetch there are keys that verify."""
    assert source.lookup("one", "ES256") is None
    call(way, source.fetch, source.afetch)
    found = source.lookup("one", "ES256")
    assert found is not None
    assert found[0].verifies("ES256", MESSAGE, _ONE.signature)
    assert source.unavailable() is None
    assert source.stats() == SourceStats(fetches=1)
    assert server.count == 1


@every_way
def test_ready(way: Way, server: KeyServer, source: JWKSSource) -> None:
    """Keys can be fetched before the first request, and fresh keys are not fetched again."""
    for _ in range(2):
        call(way, source.ready, source.aready)
    assert _kids(source, "one") == ["one"]
    assert server.count == 1


@every_way
@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (reply(b"", 500), "it answers with status 500"),
        (reply(b"<html></html>"), "its answer is not a key set: it is not JSON"),
        (reply(b'{"keys": []}'), "its answer is not a key set: it contains no usable key"),
        (reply(jwks(_ONE)[:40]), "its answer is not a key set"),
        (reply(b"[1, 2"), "its answer is not a key set"),
        (hang_up, "the connection failed"),
        (reset_mid_body, "the connection failed"),
        (bomb(8), "the answer is longer than 262144 bytes"),
    ],
)
def test_not_ready(behave: Behaviour, reason: str, way: Way, server: KeyServer, source: JWKSSource) -> None:
    """Without keys, the error contains the address, the reason, and when to try again."""
    server.behave = behave
    with pytest.raises(KeysUnavailable) as caught:
        call(way, source.ready, source.aready)
    assert server.url in str(caught.value)
    assert reason in str(caught.value)
    assert caught.value.retry_after == 1.0
    assert source.stats() == SourceStats(fetches=1, failures=1)


@every_way
def test_unreachable_host(way: Way, server: KeyServer, source: JWKSSource) -> None:
    """If the server is down, the error contains the reason."""
    server.stop()
    with pytest.raises(KeysUnavailable, match=r"http://127\.0\.0\.1:.*no connection"):
        call(way, source.ready, source.aready)


def test_wrong_certificate(tmp_path: Path) -> None:
    """If the certificate is not trusted, the error contains the reason."""
    authority = Authority(tmp_path)
    with KeyServer(_ONE, tls=authority.server_context()) as server:
        with pytest.raises(KeysUnavailable, match="certificate verify failed"):
            JWKSSource(server.url).ready()
        JWKSSource(server.url, client_options={"verify": authority.bundle}).ready()


@every_way
def test_context_weakened_later(way: Way, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No keys are fetched with it; the log contains the reason, and the last valid keys are used."""
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=authority.bundle)
    with KeyServer(_ONE, tls=authority.server_context()) as server:
        source = JWKSSource(server.url, clock=clock, client_options={"verify": context})
        call(way, source.ready, source.aready)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        server.publish(_TWO)
        clock.advance(3600)
        call(way, source.ready, source.aready)
        assert _kids(source, "one") == ["one"]
        assert server.count == 1
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "the SSLContext in client_options no longer checks certificates and host names" in record.getMessage()


def test_before_the_first_fetch(source: JWKSSource) -> None:
    """A source that has never fetched reports that."""
    error = source.unavailable()
    assert error is not None
    assert "not been fetched yet" in str(error)
    assert source.fresh_until == -math.inf


def test_is_a_key_source(source: JWKSSource) -> None:
    """A verifier accepts it as a key source."""
    as_source: KeySource = source
    assert not as_source.is_current(0)
    assert not as_source.holds(None, "ES256")


@every_way
def test_down_when_cold(way: Way, server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """Fifty requests to a server that is down cause one fetch, and each pause is twice as long up to 30 s."""
    server.stop()
    pauses = []
    for _ in range(8):
        for _ in range(50):
            assert source.lookup("one", "ES256") is None
            call(way, source.fetch, source.afetch)
        error = source.unavailable()
        assert error is not None
        pauses.append(error.retry_after)
        clock.advance(error.retry_after)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    assert source.stats() == SourceStats(fetches=8, failures=8)
    server.start()
    source.fetch()
    assert _kids(source, "one") == ["one"]
    assert source.unavailable() is None


@pytest.mark.parametrize(("status", "wish", "pause"), [(429, 17, 17), (503, 9999, 300), (429, 0, 1), (500, 17, 1)])
def test_retry_after(status: int, wish: int, pause: float, server: KeyServer, source: JWKSSource) -> None:
    """The server's own value is used, within limits."""
    server.behave = reply(b"", status, {"Retry-After": wish})
    source.fetch()
    error = source.unavailable()
    assert error is not None
    assert error.retry_after == pause


def test_back_off_starts_anew(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """After a success the first pause is short again."""
    server.behave = hang_up
    for _ in range(3):
        source.fetch()
        clock.advance(10)
    server.publish(_ONE)
    source.fetch()
    clock.advance(3600 + 86400)
    server.behave = hang_up
    source.fetch()
    error = source.unavailable()
    assert error is not None
    assert error.retry_after == 1.0


@pytest.mark.parametrize(
    ("cache_control", "lifetime"),
    [("max-age=600", 600), ("max-age=5", 60), ("max-age=31536000", 86400), ("max-age=0", 3600), ("no-store", 3600)],
)
def test_lifetime(cache_control: str, lifetime: float, server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """Keys are fresh for as long as the response says, within limits, or else for the configured time."""
    server.behave = reply(jwks(_ONE), headers={"Cache-Control": cache_control})
    source.ready()
    assert source.fresh_until == clock() + lifetime


def test_refresh_behind(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """Stale keys are used immediately while one refresh fetches the new ones."""
    source.ready()
    server.publish(_ONE, _TWO)
    clock.advance(3600)
    for _ in range(100):
        assert _kids(source, "one") == ["one"]
    _wait(source)
    assert _kids(source, "two") == ["two"]
    assert source.fresh_until == clock() + 3600
    assert server.count == 2
    assert source.stats().fetches == 2
    assert source.stats().stale_lookups >= 1


def test_no_thread_is_left(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """The thread of a refresh ends with it, whether or not it succeeds."""
    source.ready()
    for behave in (server.behave, hang_up):
        server.behave = behave
        clock.advance(3600)
        assert _kids(source, "one") == ["one"]
        _wait(source)
        assert not [thread for thread in threading.enumerate() if thread.name == "privy-keys"]


def test_grace(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """While refreshes fail, the last keys are used for the grace period, then there is an error, then recovery."""
    source.ready()
    server.stop()
    clock.advance(3600)
    for _ in range(24):
        assert _asked(source, "one") == ["one"]
        _wait(source)
        assert source.unavailable() is None
        clock.advance(3600 - 1e-6)
    assert _asked(source, "one") == ["one"]
    _wait(source)
    assert source.stats().stale_lookups == 25
    assert source.stats().failures == 25
    clock.advance(30)
    assert _kids(source, "one") is None
    source.fetch()
    error = source.unavailable()
    assert error is not None
    assert error.status == 503
    server.start()
    clock.advance(error.retry_after)
    source.fetch()
    assert _kids(source, "one") == ["one"]
    assert source.generation == 1


def test_no_grace(server: KeyServer, clock: Clock) -> None:
    """Without a grace period, stale keys are not used, and requests wait for the new ones."""
    source = JWKSSource(server.url, grace=0, clock=clock)
    source.ready()
    clock.advance(3600)
    assert _kids(source, "one") is None
    source.ready()
    assert _kids(source, "one") == ["one"]


@every_way
def test_idle_for_long(way: Way, server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """If keys have been stale for more than a minute, they are not used before a fetch has been tried."""
    source.ready()
    server.publish(_TWO)
    clock.advance(3600 + 60)
    assert source.lookup("one", "ES256") is None
    assert server.count == 1
    call(way, source.fetch, source.afetch)
    assert _kids(source, "one") == []
    assert _kids(source, "two") == ["two"]
    assert source.stats() == SourceStats(fetches=2)


def test_idle_for_less_than_a_minute(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """Until then they are used immediately, and the refresh runs in the background."""
    source.ready()
    server.publish(_TWO)
    clock.advance(3600 + 59.75)
    assert _kids(source, "one") == ["one"]
    _wait(source)
    assert _kids(source, "one") == []
    assert server.count == 2


def test_idle_for_long_while_the_server_fails(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """After the fetch has failed, stale keys are used without waiting, and retries run in the background."""
    source.ready()
    server.behave = hang_up
    clock.advance(3600 + 60)
    assert _asked(source, "one") == ["one"]
    assert server.count == 2
    for fetches, pause in enumerate((1, 2, 4, 8), 2):
        for _ in range(100):
            assert _kids(source, "one") == ["one"]
        assert server.count == fetches
        clock.advance(pause + 59.75)
        assert _kids(source, "one") == ["one"]
        _wait(source)
        assert server.count == fetches + 1


def test_idle_after_a_failure(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """A failed fetch allows stale keys for a minute after its back-off, not for the rest of the grace period."""
    source.ready()
    server.behave = hang_up
    clock.advance(3600)
    source.fetch()
    server.publish(_TWO)
    clock.advance(1 + 59.75)
    assert _kids(source, "one") == ["one"]
    _wait(source)
    server.publish(_ONE)
    clock.advance(3600)
    source.fetch()
    server.behave = hang_up
    clock.advance(3600)
    source.fetch()
    server.publish(_TWO)
    clock.advance(1 + 60)
    assert _kids(source, "one") is None
    assert _asked(source, "two") == ["two"]


def test_refresh_that_takes_long(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """Requests after the minute wait for a refresh that was started within it."""
    source.ready()
    server.behave = held = Answering(reply(jwks(_TWO)))
    clock.advance(3600)
    assert _kids(source, "one") == ["one"]
    clock.advance(60)
    assert _kids(source, "one") is None
    held.release()
    source.fetch()
    assert _kids(source, "two") == ["two"]
    assert server.count == 2


@every_way
def test_new_key_while_the_server_fails(way: Way, server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """An unknown ``kid`` is uncertain from a failed fetch until one succeeds, and the error says when to try again."""
    source.ready()
    assert source.uncertain("two", 1) is None
    server.behave = hang_up
    clock.advance(100)
    assert source.lookup("two", "ES256") is None
    call(way, source.fetch, source.afetch)
    assert _kids(source, "two") == []
    for moved, wait in ((0, 30.0), (12.5, 17.5), (17, 1.0), (3000, 1.0)):
        clock.advance(moved)
        error = source.uncertain("two", 1)
        assert error is not None
        assert error.retry_after == wait
        assert server.url in str(error)
        assert "the connection failed" in str(error)
    server.publish(_ONE)
    assert _asked(source, "two") == []
    assert source.uncertain("two", 1) is None
    assert server.count == 3


def test_which_keys_are_uncertain(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """The ``kid`` of a known key is never uncertain; an unknown or missing one is."""
    source.ready()
    server.behave = reply(b"", 503, {"Retry-After": 45})
    clock.advance(3600)
    source.fetch()
    assert source.uncertain("one", 1) is None
    for kid in ("two", "", None):
        error = source.uncertain(kid, 1)
        assert error is not None
        assert error.retry_after == 45


def test_uncertain_of_a_nameless_key(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """A single key without a ``kid`` is tried for every token, and so may be its successor."""
    server.publish(Signer())
    source.ready()
    server.behave = hang_up
    clock.advance(3600)
    source.fetch()
    for kid in ("any", None):
        assert _kids(source, kid) == [None]
        assert source.uncertain(kid, 1) is not None


def test_keys_that_change_under_a_verification(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """If the keys were replaced after the lookup, the token's key may be among the new ones."""
    source.ready()
    server.publish(_ONE, _TWO)
    clock.advance(3600)
    source.ready()
    assert source.uncertain("three", 1) is not None
    assert source.uncertain("one", 1) is None
    assert source.uncertain("three", 2) is None


@pytest.mark.parametrize("body", [b"<html>", b'{"keys": []}', b"null", b"\xff"])
def test_bad_answers_keep_good_keys(body: bytes, server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """A response without a usable key is a failed fetch, so the old keys are kept."""
    source.ready()
    server.behave = reply(body)
    clock.advance(3600)
    assert _kids(source, "one") == ["one"]
    _wait(source)
    assert _kids(source, "one") == ["one"]
    assert source.stats().failures == 1
    assert source.generation == 1


def test_ready_while_stale(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """If a fetch fails, stale keys are enough for ``ready``."""
    source.ready()
    server.stop()
    clock.advance(3600)
    source.ready()
    assert source.stats().failures == 1


def test_generation(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """The generation changes with the keys, and not with their order or age."""
    generations = [source.generation]
    for published in [(_ONE,), (_ONE,), (_ONE, _TWO), (_TWO, _ONE), (_TWO,)]:
        server.publish(*published)
        clock.advance(3600)
        source.ready()
        generations.append(source.generation)
    assert generations == [0, 1, 1, 2, 2, 3]


def test_current_generation(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """Cached results stay valid without another lookup for as long as the keys are fresh."""
    source.ready()
    assert source.is_current(1)
    assert not source.is_current(0)
    assert source.holds("one", "ES256")
    assert not source.holds("two", "ES256")
    clock.advance(3600)
    assert not source.is_current(1)
    assert not source.holds("one", "ES256")
    server.publish(_TWO)
    source.ready()
    assert source.is_current(2)
    assert not source.is_current(1)


def test_removed_key(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """The next refresh removes a key that is no longer published, and a new key with its name is a different key."""
    server.publish(_ONE, _TWO)
    source.ready()
    server.publish(_TWO, impostor := Signer("one"))
    clock.advance(3600)
    source.ready()
    found = source.lookup("one", "ES256")
    assert found is not None
    assert not found[0].verifies("ES256", MESSAGE, _ONE.signature)
    assert found[0].verifies("ES256", MESSAGE, impostor.signature)
    server.publish(_TWO)
    clock.advance(3600)
    source.ready()
    assert not _kids(source, "one")


@every_way
def test_rotation(way: Way, server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """A new key is fetched as soon as a token needs it."""
    source.ready()
    server.publish(_ONE, _TWO)
    clock.advance(5)
    assert _kids(source, "two") is None
    call(way, source.fetch, source.afetch)
    assert _kids(source, "two") == ["two"]
    assert _kids(source, "one") == ["one"]
    assert source.stats() == SourceStats(fetches=2, unknown_kid_fetches=1)


def test_unknown_kids(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """Twenty thousand unknown IDs in ten seconds cause one fetch, and one in each cooldown after that."""
    source.ready()
    clock.advance(5)
    for number in range(20_000):
        if _kids(source, f"invented-{number}") is None:
            source.fetch()
            assert _kids(source, f"invented-{number}") == []
        clock.advance(10 / 20_000)
    assert server.count == 2
    for number in range(120):
        if _kids(source, f"later-{number}") is None:
            source.fetch()
        clock.advance(1)
    assert server.count == 2 + 4


def test_rotation_during_a_flood(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """With many unknown IDs, a real new key is found within the cooldown."""
    source.ready()
    published_at = math.inf
    for second in range(120):
        clock.advance(1)
        if second == 40:
            server.publish(_ONE, _TWO)
            published_at = clock()
        for number in range(20):
            if _kids(source, f"invented-{second}-{number}") is None:
                source.fetch()
        keys = _kids(source, "two")
        if keys is None:
            source.fetch()
            keys = _kids(source, "two")
        assert _kids(source, "one") == ["one"]
        if keys:
            break
    assert 0 <= clock() - published_at <= 30
    assert server.count <= 4


def test_tokens_that_never_cause_a_fetch(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """If there are keys, neither a token without ``kid`` nor one with another algorithm causes a fetch."""
    source.ready()
    clock.advance(100)
    assert _kids(source, None) == ["one"]
    assert source.lookup(None, "ES384") == ()
    assert source.lookup("one", "ES384") == ()
    source.fetch()
    assert server.count == 1


def test_set_just_obtained(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """An unknown ``kid`` is settled by a set that was just fetched."""
    source.ready()
    assert _kids(source, "invented") == []
    clock.advance(1)
    assert _kids(source, "invented") is None


def test_wish_that_has_been_granted(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """A request that arrives during a fetch does not start another one after it."""
    source.ready()
    clock.advance(100)
    assert _kids(source, "invented") is None
    assert _kids(source, "another") is None
    source.fetch()
    clock.advance(100)
    source.fetch()
    assert server.count == 2


def test_unknown_kid_while_the_server_fails(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """Failed fetches for an unknown ``kid`` respect the cooldown and the back-off, and keep the valid keys."""
    source.ready()
    server.behave = reply(b"", 429, {"Retry-After": 45})
    clock.advance(100)
    for _ in range(44):
        if _kids(source, "invented") is None:
            source.fetch()
        assert _kids(source, "one") == ["one"]
        clock.advance(1)
    assert server.count == 2
    server.publish(_ONE, _TWO)
    clock.advance(1)
    assert _kids(source, "two") is None
    source.fetch()
    assert _kids(source, "two") == ["two"]


def test_unknown_kid_while_stale(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """An unknown ``kid`` with stale keys waits for the refresh that its lookup has started."""
    source.ready()
    server.publish(_ONE, _TWO)
    clock.advance(3600)
    assert _kids(source, "two") in (None, ["two"], [])
    source.fetch()
    assert _kids(source, "two") == ["two"]
    assert server.count == 2


def test_unknown_kid_while_stale_and_failing(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """During the back-off of a failing refresh an unknown ``kid`` is settled."""
    source.ready()
    server.stop()
    clock.advance(3600)
    source.fetch()
    assert _kids(source, "two") == []
    assert _kids(source, "one") == ["one"]


def test_stale_answers(server: KeyServer, clock: Clock, source: JWKSSource) -> None:
    """If a server returns an older set again, that set is used."""
    server.publish(_ONE, _TWO)
    source.ready()
    server.publish(_ONE)
    clock.advance(3600)
    source.ready()
    assert _kids(source, "one") == ["one"]
    assert not _kids(source, "two")


def test_log_of_an_outage(
    server: KeyServer, clock: Clock, source: JWKSSource, caplog: pytest.LogCaptureFixture
) -> None:
    """An outage is logged as a warning at its start and every five minutes, its end is logged, and nothing else is."""
    caplog.set_level(logging.INFO, "privy_middleware")
    source.ready()
    server.behave = reply(b"", 500)
    clock.advance(3600)
    for _ in range(60):
        source.fetch()
        clock.advance(10)
    server.publish(_ONE)
    for moved in (30, 3600):
        clock.advance(moved)
        source.fetch()
    ours = [record for record in caplog.records if record.name.startswith("privy_middleware")]
    warned = [record.getMessage() for record in ours]
    head = f"Keys cannot be fetched from {server.url}: it answers with status 500; the last keys are used for up to "
    assert warned[0] == head + "86400 s more."
    assert [text for text in warned[:-1] if not text.startswith(head)] == []
    assert 2 <= len(warned[:-1]) <= 3
    assert warned[-1] == f"Keys can be fetched from {server.url} again."


@pytest.mark.parametrize(("seconds", "warnings"), [(299.75, 1), (300, 2)])
def test_log_of_an_outage_that_goes_on(
    seconds: float, warnings: int, server: KeyServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The second warning is logged five minutes after the first."""
    source = JWKSSource(server.url, clock=clock)
    server.behave = hang_up
    source.fetch()
    clock.advance(seconds)
    source.fetch()
    assert source.stats().failures == 2
    assert len(caplog.records) == warnings


def test_log_of_a_cold_outage(server: KeyServer, source: JWKSSource, caplog: pytest.LogCaptureFixture) -> None:
    """Without keys, the log says that tokens cannot be verified."""
    server.stop()
    source.fetch()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith("there are no usable keys: requests that need them get 503.")


def test_log_at_the_end_of_the_grace(
    server: KeyServer, clock: Clock, source: JWKSSource, caplog: pytest.LogCaptureFixture
) -> None:
    """Keys are removed exactly when their grace period ends."""
    source.ready()
    server.behave = hang_up
    clock.advance(3600 + 86400)
    source.fetch()
    (record,) = caplog.records
    assert record.getMessage().endswith("there are no usable keys: requests that need them get 503.")


def test_log_of_useless_keys(
    server: KeyServer, clock: Clock, source: JWKSSource, caplog: pytest.LogCaptureFixture
) -> None:
    """Unusable keys are logged once, not at each refresh, and again if they change."""
    caplog.set_level(logging.WARNING)
    useless: list[dict[str, Any]] = [{"kty": "EC", "kid": "SECRET-KID"}, {**_TWO.jwk, "use": "enc"}]
    for entries in ([useless[0]], [useless[0]], useless, [], [useless[0]]):
        body = jwks(_ONE)[:-2] + b"".join(b", " + _json(entry) for entry in entries) + b"]}"
        server.behave = reply(body)
        clock.advance(3600)
        source.ready()
        assert _kids(source, "one") == ["one"]
    texts = [record.getMessage() for record in caplog.records]
    assert len(texts) == 3
    assert all(text.startswith(f"Some keys of {server.url} are skipped: 1: a member is missing") for text in texts)
    assert "SECRET-KID" not in caplog.text


def _json(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry).encode()


def test_answers_of_one_instant() -> None:
    """Of two sets of the same age the later one is used; an older one changes nothing."""
    policy = CachePolicy(lifetime=60, grace=60)
    first, second = (KeySet((), name) for name in ("first", "second"))
    held = (
        CachedKeys()
        .after(Outcome(FetchedKeys(first, 5, 60)), 100, policy)
        .after(Outcome(FetchedKeys(second, 5, 60)), 100, policy)
    )
    assert held.keys is second
    assert held.after(Outcome(FetchedKeys(first, 6, 60)), 100, policy).keys is second


@pytest.mark.parametrize(
    "record",
    [
        Document(b"", None),
        FetchedKeys(KeySet(()), 0, 60),
        FetchFailure("down"),
        CachedKeys(),
        Outcome(),
        CachePolicy(60, 60),
        SourceStats(),
        StoredJWKS(b"", 0, 60),
    ],
    ids=lambda record: type(record).__name__,
)
def test_records_are_replaced_as_a_whole(record: Any) -> None:
    """Objects that threads share are never changed, because readers take no lock."""
    for field in dataclasses.fields(record):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field.name, None)


def test_repr(source: JWKSSource, server: KeyServer) -> None:
    """The repr shows the address and the number of keys."""
    assert repr(source) == f"<JWKSSource {server.url} <KeySet of 0>>"


def _setting(name: str, value: Any) -> dict[str, Any]:
    return {name: value}


@pytest.mark.parametrize("name", ["lifetime", "grace", "cooldown", "timeout", "max_bytes"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "5", True])
def test_numbers_that_are_refused(name: str, value: Any) -> None:
    """Times and sizes must be positive numbers."""
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        JWKSSource("http://127.0.0.1/", **_setting(name, value))


@pytest.mark.parametrize("name", ["lifetime", "cooldown", "timeout", "max_bytes"])
def test_zero_is_refused(name: str) -> None:
    """Only the grace period may be zero."""
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        JWKSSource("http://127.0.0.1/", **_setting(name, 0))


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: JWKSSource("http://example.com/"), "jwks_url"),
        (lambda: JWKSSource("http://127.0.0.1/", algorithms=("none",)), "algorithms"),
        (lambda: JWKSSource("http://127.0.0.1/", client_options={"timeout": 1}), "client_options"),
        (lambda: check_fetch_url("", "elsewhere"), "elsewhere"),
    ],
)
def test_settings_that_are_refused(build: Callable[[], object], field: str) -> None:
    """A wrong address, algorithm or option is rejected when the source is created."""
    with pytest.raises(ConfigurationError, match=f"^{field}: "):
        build()
