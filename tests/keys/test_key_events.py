"""Events about keys: fetched, changed, stale, failed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from privy_middleware import PrivyConfig, PrivyVerifier
from privy_middleware.custom_keys import CustomKeyConfig, CustomKeyVerifier
from privy_middleware.events import Event, KeysChanged, KeysEvent, KeysFailed, KeysFetched, KeysStale
from privy_middleware.keys import JWKSSource
from privy_middleware.reporting import Reporter
from privy_middleware.verifiers import CombinedVerifier
from tests.support.clock import Clock
from tests.support.keyserver import KeyServer, reply
from tests.support.signers import Signer

ONE, TWO = Signer("one"), Signer("two")


@pytest.fixture
def server() -> Iterator[KeyServer]:
    """Publish one key."""
    with KeyServer(ONE) as running:
        yield running


@pytest.fixture
def events() -> list[Event]:
    """Return the list that collects the events."""
    return []


def taken(events: list[Event]) -> list[Event]:
    """Return the events since the last call, without their times."""
    found: list[Event] = [event for event in events if isinstance(event, KeysEvent)]
    events.clear()
    return found


def test_a_rotation_and_an_outage(server: KeyServer, events: list[Event]) -> None:
    """Each fetch has an event, so has each change of the keys, and the first use of stale keys."""
    clock = Clock()
    source = JWKSSource(server.url, clock=clock, reporter=Reporter([events.append]))
    source.ready()
    (fetched,) = taken(events)
    assert isinstance(fetched, KeysFetched)
    assert (fetched.url, fetched.count, fetched.fresh_for) == (server.url, 1, 3600.0)

    clock.advance(3600)
    server.publish(TWO)
    source.fetch()
    fetched, changed = taken(events)
    assert isinstance(fetched, KeysFetched)
    assert isinstance(changed, KeysChanged)
    assert (changed.added, changed.removed) == (1, 1)

    clock.advance(3600)
    server.behave = reply(b"", 500)
    source.fetch()
    (failed,) = taken(events)
    assert isinstance(failed, KeysFailed)
    assert failed.reason == "it answers with status 500"
    assert failed.usable_for == 86400.0
    assert failed.retry_in > 0

    for _ in range(3):
        assert source.lookup("two", "ES256")
    (stale,) = taken(events)
    assert isinstance(stale, KeysStale)
    assert stale.usable_for == 86400.0


def test_no_keys_at_all(server: KeyServer, events: list[Event]) -> None:
    """The last keys can be used for 0 seconds."""
    server.stop()
    JWKSSource(server.url, reporter=Reporter([events.append])).fetch()
    (failed,) = taken(events)
    assert isinstance(failed, KeysFailed)
    assert failed.usable_for == 0.0


def test_on_event_of_the_settings(server: KeyServer, events: list[Event]) -> None:
    """The keys of a verifier are reported to the hooks of its settings."""
    PrivyVerifier(PrivyConfig(app_id="app", jwks_url=server.url, on_event=events.append)).ready()
    assert [type(event) for event in taken(events)] == [KeysFetched]


def test_several_families(server: KeyServer, events: list[Event]) -> None:
    """Whatever listens to the combined verifier gets the events of all, and each hook gets them once."""
    privy = PrivyVerifier(PrivyConfig(app_id="app", jwks_url=server.url, on_event=events.append))
    custom = CustomKeyVerifier(
        CustomKeyConfig(public_key=ONE.jwk, algorithms=["ES256"], issuer="own", audience="own", on_event=events.append)
    )
    combined = CombinedVerifier(privy, custom)
    combined.ready()
    assert [type(event) for event in taken(events)] == [KeysFetched]
    custom.settings.reporter.report(KeysStale(url="own", usable_for=1.0))
    combined.settings.reporter.report(KeysStale(url="all", usable_for=1.0))
    assert [event.url for event in taken(events) if isinstance(event, KeysEvent)] == ["own", "all"]
