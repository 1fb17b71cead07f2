"""With a secret, only entries of the shared cache that a worker has signed are used: all others are as if absent."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from privy_middleware import ConfigurationError
from privy_middleware.events import Event, KeysFetched, SharedKeysRejected
from privy_middleware.keys import JWKSSource
from privy_middleware.keys.cache_signature import CacheSigner, check_cache_secrets
from privy_middleware.reporting import Reporter
from tests.support.clock import Clock
from tests.support.keycache import SharedInMemory
from tests.support.keyserver import KeyServer, hang_up, jwks
from tests.support.signers import Signer
from tests.support.ways import Way, call, every_way

ONE, EVIL = Signer("one"), Signer("evil")
SECRET, OTHER, NEW = "a-secret-of-the-fleet-to-hide-" + "1" * 10, "b" * 31 + "B", "n" * 64
NOW = 1_800_000_000.0


@pytest.fixture(name="server")
def a_server() -> Iterator[KeyServer]:
    """Publish the first signer's key."""
    with KeyServer(ONE) as server:
        yield server


@pytest.fixture(name="fleet")
def a_fleet(server: KeyServer) -> Fleet:
    """Return workers with a secret, and their cache."""
    return Fleet(server)


class Fleet:
    """Workers of which each starts with no keys, with a cache that an attacker can write to."""

    def __init__(self, server: KeyServer) -> None:
        self.server = server
        self.cache = SharedInMemory()
        self.wall = Clock(NOW)
        self.events: list[Event] = []

    def worker(self, *secrets: str, url: str | None = None, clock: Clock | None = None) -> JWKSSource:
        """Return a worker with these secrets."""
        reporter = Reporter([self.events.append])
        return JWKSSource(
            url or self.server.url,
            cache=self.cache,
            cache_secrets=secrets,
            clock=clock or Clock(),
            wall_clock=self.wall,
            reporter=reporter,
        )

    @property
    def entry(self) -> bytes:
        """Return the only entry of the cache."""
        (value,) = self.cache.values.values()
        return value

    @entry.setter
    def entry(self, value: bytes) -> None:
        (key,) = self.cache.values
        self.cache.values[key] = value

    @property
    def rejected(self) -> list[str]:
        """Return the reasons of the entries that were rejected."""
        return [event.reason for event in self.events if isinstance(event, SharedKeysRejected)]


def forged(url: str, *, body: bytes = jwks(EVIL), **changes: Any) -> bytes:
    """Return an unsigned entry with the attacker's key, correct in every other way."""
    digest = hashlib.sha256(body).hexdigest()
    envelope = {"version": 1, "url": url, "fetched_at": NOW, "lifetime": 3600.0, "sha256": digest, **changes}
    return json.dumps(envelope).encode() + b"\n" + body


@every_way
@pytest.mark.parametrize("secrets", [[SECRET], [SECRET, OTHER], [NEW, SECRET]])
def test_one_fetch_for_a_fleet(way: Way, secrets: Sequence[str], fleet: Fleet) -> None:
    """Workers that have the signer's secret, as the first or another of several, use its keys."""
    fleet.worker(SECRET).ready()
    fleet.wall.advance(600)
    for _ in range(3):
        worker = fleet.worker(*secrets)
        call(way, worker.ready, worker.aready)
        assert worker.lookup("one", "ES256")
        assert worker.fresh_until == worker.now() + 3000
    assert fleet.server.count == 1
    assert fleet.rejected == []


@every_way
@pytest.mark.parametrize("make", ["unsigned", "another secret", "the secret itself", "empty", "no digest", "a digest"])
def test_chosen_keys(way: Way, make: str, fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    """Keys that someone without the secret has written are not used: they are fetched, and the entry is replaced."""
    fleet.worker(SECRET).ready()
    entry = forged(fleet.server.url)
    itself = hmac.digest(SECRET.encode(), entry, "sha256").hex().encode()
    fleet.entry = {
        "unsigned": entry,
        "another secret": CacheSigner([OTHER]).sign(entry),
        "the secret itself": b"hmac-sha256 " + itself + b"\n" + entry,
        "empty": b"",
        "no digest": b"hmac-sha256 \n" + entry,
        "a digest": b"hmac-sha256 " + hashlib.sha256(entry).hexdigest().encode() + b"\n" + entry,
    }[make]
    worker = fleet.worker(SECRET)
    call(way, worker.ready, worker.aready)
    assert worker.lookup("one", "ES256")
    assert not worker.lookup("evil", "ES256")
    assert fleet.server.count == 2
    assert fleet.rejected == ["it is not signed with key_cache_secret"]
    fleet.worker(SECRET).ready()
    assert fleet.server.count == 2
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert (
        line == f"The entry of the key cache for {fleet.server.url} is ignored: it is not signed with key_cache_secret."
    )


def test_chosen_keys_in_an_outage(fleet: Fleet) -> None:
    """Without the key server there are no keys then: an entry without a signature is not the last resort."""
    fleet.worker(SECRET).ready()
    fleet.entry = forged(fleet.server.url)
    fleet.server.behave = hang_up
    worker = fleet.worker(SECRET)
    worker.fetch()
    assert worker.unavailable() is not None


def test_every_byte_is_signed(fleet: Fleet) -> None:
    """An entry of which any bit was changed is not used, including its signature, times and keys."""
    fleet.worker(SECRET).ready()
    good, key = fleet.entry, next(iter(fleet.cache.values))
    signer = CacheSigner([SECRET])
    assert signer.verify(good) is not None
    for position in range(len(good)):
        assert signer.verify(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :]) is None
        assert signer.verify(good[:position]) is None
    assert signer.verify(good + b"\n") is None
    fleet.cache.values[key] = good.replace(b"3600.0", b"9600.0")
    fleet.worker(SECRET).ready()
    assert fleet.server.count == 2


def test_entry_of_another_url(fleet: Fleet) -> None:
    """A signed entry is not used under the name of another URL, and this is reported."""
    with KeyServer(EVIL) as other:
        fleet.worker(SECRET, url=other.url).ready()
        stolen = fleet.entry
        fleet.cache.values.clear()
        fleet.worker(SECRET).ready()
        fleet.entry = stolen
        worker = fleet.worker(SECRET)
        worker.ready()
        assert not worker.lookup("evil", "ES256")
        assert worker.lookup("one", "ES256")
    assert fleet.server.count == 2
    assert fleet.rejected == ["it was signed for something else, such as another URL"]


def test_replay_of_an_old_entry(fleet: Fleet) -> None:
    """An old signed entry brings no withdrawn key back to a worker with newer keys, and none after its lifetime."""
    fleet.worker(SECRET).ready()
    old = CacheSigner([SECRET]).sign(forged(fleet.server.url, body=jwks(ONE), lifetime=86_400.0))
    fleet.server.publish(EVIL)
    fleet.wall.advance(3000)
    fleet.entry = b""
    clock = Clock()
    current = fleet.worker(SECRET, clock=clock)
    current.ready()
    fleet.entry = old
    clock.advance(3600)
    fleet.wall.advance(3600)
    current.fetch()
    assert not current.lookup("one", "ES256")
    assert current.lookup("evil", "ES256")
    fleet.entry = old
    started = fleet.worker(SECRET)
    started.ready()
    # A worker that starts within the lifetime of the old entry uses it for the rest of that.
    assert started.lookup("one", "ES256")
    assert started.fresh_until == started.now() + 86_400 - 6600
    fleet.wall.advance(86_400 - 6600)
    later = fleet.worker(SECRET)
    later.ready()
    assert not later.lookup("one", "ES256")
    assert fleet.rejected == ["it is not signed with key_cache_secret"]


def test_worker_without_the_secret(fleet: Fleet) -> None:
    """It fetches for itself, because a signed entry is not in its format; so no worker trusts it by mistake."""
    fleet.worker(SECRET).ready()
    fleet.worker().ready()
    assert fleet.server.count == 2
    fleet.worker(SECRET).ready()
    assert fleet.server.count == 3
    assert fleet.rejected == ["it is not signed with key_cache_secret"]


def test_rotation_of_the_secret(fleet: Fleet) -> None:
    """The first secret signs, so the old one can be removed after an entry's time, without an additional fetch."""
    fleet.worker(SECRET).ready()
    fleet.worker(NEW, SECRET).ready()
    assert fleet.server.count == 1
    fleet.wall.advance(3600)
    fleet.worker(NEW, SECRET).ready()
    fleet.worker(NEW).ready()
    assert fleet.server.count == 2
    fleet.worker(SECRET).ready()
    assert fleet.server.count == 3
    assert len(fleet.rejected) == 1


def test_entry_without_keys(fleet: Fleet) -> None:
    """A signature does not replace the other checks."""
    signer = CacheSigner([SECRET])
    fleet.worker(SECRET).ready()
    for entry in (b"", b"null\n{}", forged(fleet.server.url, fetched_at=NOW + 60), forged(fleet.server.url, body=b"")):
        fleet.entry = signer.sign(entry)
        worker = fleet.worker(SECRET)
        worker.ready()
        assert worker.lookup("one", "ES256")
    assert fleet.server.count == 5


def test_very_long_value(fleet: Fleet) -> None:
    """A value that no entry can have is rejected, although it is signed."""
    fleet.worker(SECRET).ready()
    body = jwks(ONE) + b" " * 300_000
    fleet.entry = CacheSigner([SECRET]).sign(forged(fleet.server.url, body=body))
    fleet.worker(SECRET).ready()
    assert fleet.server.count == 2
    assert len(fleet.rejected) == 1


def test_the_log_is_not_flooded(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    """Each rejected entry has an event, and the log one line in five minutes."""
    clock = Clock()
    worker = fleet.worker(SECRET, clock=clock)
    worker.ready()
    for _ in range(3):
        fleet.entry = forged(fleet.server.url)
        clock.advance(3600)
        worker.fetch()
    assert len(fleet.rejected) == 3
    assert sum("is ignored" in record.getMessage() for record in caplog.records) == 1
    assert sum(isinstance(event, KeysFetched) for event in fleet.events) == 4


def test_the_secret_is_shown_nowhere(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    """It is in no text of the objects that use it, in no log line, and not in the cache."""
    caplog.set_level(logging.DEBUG)
    worker = fleet.worker(SECRET)
    worker.ready()
    fleet.entry = forged(fleet.server.url)
    worker = fleet.worker(SECRET)
    worker.ready()
    shown = [repr(CacheSigner([SECRET])), repr(worker), repr(fleet.events), caplog.text, fleet.entry.decode()]
    assert "to-hide" not in "".join(shown)


@pytest.mark.parametrize(
    "secrets",
    ["", "short-to-hide", "a" * 31, "a" * 1025, "ä" * 32, "a" * 31 + " ", "a" * 31 + ",", (), [""], 7, b"a" * 32],
)
def test_unusable_secrets(secrets: Any) -> None:
    """They are rejected when the app starts, with what to do and without the secret."""
    with pytest.raises(ConfigurationError, match=r"^key_cache_secret: set at least 32 characters") as caught:
        check_cache_secrets(secrets)
    assert "to-hide" not in str(caught.value)
    for given in ([SECRET, secrets], [secrets, SECRET]):
        with pytest.raises(ConfigurationError, match=r"^key_cache_secret: "):
            check_cache_secrets(given)


def test_placeholders() -> None:
    """A text of an example is not a secret, although it is long enough."""
    with pytest.raises(ConfigurationError, match=r"^key_cache_secret: is a placeholder"):
        check_cache_secrets("your-secret-of-at-least-32-characters-here")


def test_usable_secrets() -> None:
    """One or several texts of 32 characters and more are secrets."""
    assert check_cache_secrets(OTHER) == (OTHER,)
    assert check_cache_secrets([SECRET, OTHER]) == (SECRET, OTHER)
    assert check_cache_secrets("~!+-/=_." * 128) == ("~!+-/=_." * 128,)


def test_purpose() -> None:
    """The key of the signature is derived from the secret, so that its other uses cannot sign an entry."""
    derived = hmac.digest(SECRET.encode(), b"privy-middleware: entries of the shared key cache, 1", "sha256")
    entry = b"{}\n{}"
    expected = b"hmac-sha256 " + hmac.digest(derived, entry, "sha256").hex().encode() + b"\n" + entry
    assert CacheSigner([SECRET, OTHER]).sign(entry) == expected
