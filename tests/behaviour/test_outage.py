"""Keys that are fetched, fail, change and disappear, in every framework; the test sets the time."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from privy_middleware import PrivyConfig, PrivyVerifier
from tests.behaviour.client import Answer, Client
from tests.behaviour.conftest import MakeClient
from tests.behaviour.watching import MintingIssuer
from tests.support.clock import Clock
from tests.support.keycache import SharedInMemory
from tests.support.keyserver import KeyServer, hang_up, reply

FRESH = 3600
GRACE = 86_400
INVALID = (401, {"message": "Invalid token"})
UNAVAILABLE = (503, {"message": "Service unavailable"})


class World:
    """An issuer, the key server with its keys, and the clocks of the app."""

    def __init__(self, *app_ids: str) -> None:
        self.time = Clock(time.time())
        self.issuers = {app_id: MintingIssuer(app_id, clock=self.time) for app_id in app_ids}
        self.servers = {app_id: KeyServer() for app_id in app_ids}
        self.issuer = self.issuers[app_ids[0]]
        self.server = self.servers[app_ids[0]]
        self.age = Clock()

    def publish(self) -> None:
        """Publish the current keys of the issuers."""
        for app_id, server in self.servers.items():
            server.behave = reply(json.dumps(self.issuers[app_id].jwks()).encode())

    def verifier(self, **settings: Any) -> PrivyVerifier:
        """Return a verifier for all apps, which uses the clocks of this object."""
        urls = {app_id: server.url for app_id, server in self.servers.items()}
        config = PrivyConfig(app_id=tuple(urls), jwks_url=urls, client_options={"trust_env": False}, **settings)
        self.judge = PrivyVerifier(config, clock=self.time, key_clock=self.age)
        return self.judge

    def settle(self) -> None:
        """Wait until a refresh in the background has ended."""
        self.judge.ready()


@pytest.fixture
def world() -> Iterator[World]:
    """Run the key server of one app."""
    world = World("test-app")
    world.publish()
    with world.server:
        yield world


@pytest.fixture
def two() -> Iterator[World]:
    """Run the key servers of two apps."""
    two = World("first-app", "second-app")
    two.publish()
    with two.servers["first-app"], two.servers["second-app"]:
        yield two


def get(client: Client, path: str, *tokens: str) -> Answer:
    """Send a request with an identity token, and with an access token if there is a second."""
    names = ("privy-id-token", "Authorization")
    values = tokens[:1] + tuple(f"Bearer {token}" for token in tokens[1:])
    return client.request("GET", path, list(zip(names, values, strict=False)))


def shown(answer: Answer) -> tuple[int, Any]:
    """Return status and body."""
    return answer.status, answer.json()


def expect_outage(answer: Answer) -> int:
    """Check the complete response in an outage, and return its ``Retry-After`` in seconds."""
    assert shown(answer) == UNAVAILABLE
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("www-authenticate") is None
    return int(answer.header("retry-after") or 0)


def test_outage_and_recovery(world: World, make_client: MakeClient) -> None:
    """An outage signs no user out, open pages stay open, and afterwards everything works again."""
    world.server.stop()
    client, token = make_client(world.verifier()), world.issuer.identity_token("ada")
    for path in ("/me", "/optional", "/wallet"):
        wait = expect_outage(get(client, path, token))
        assert 1 <= wait <= 30
    assert shown(get(client, "/", token)) == (200, {"user_id": None, "error": "keys_unavailable"})
    assert get(client, "/me").status == 401

    world.server.start()
    assert shown(get(client, "/me", token)) == UNAVAILABLE
    assert world.server.count == 0
    world.age.advance(wait)
    for path in ("/me", "/optional", "/wallet"):
        assert get(client, path, token).status == 200
    assert shown(get(client, "/", token)) == (200, {"user_id": "did:privy:dev-ada", "error": None})
    assert world.server.count == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_key_server_that_answers_with_an_error(world: World, make_client: MakeClient, status: int) -> None:
    """It is asked again after the back-off, or after its own ``Retry-After``."""
    world.server.behave = reply(b"busy", status, {"Retry-After": "120"})
    client, token = make_client(world.verifier()), world.issuer.identity_token("ada")
    answer = get(client, "/me", token)
    assert shown(answer) == UNAVAILABLE
    wait = int(answer.header("retry-after") or 0)
    assert wait == (1 if status == 500 else 120)
    world.publish()
    world.age.advance(wait)
    assert get(client, "/me", token).status == 200


def test_stale_keys_serve_on(world: World, make_client: MakeClient, caplog: pytest.LogCaptureFixture) -> None:
    """During the grace period, cached and new tokens are accepted, with a warning; afterwards the response is 503."""
    client, token = make_client(world.verifier()), world.issuer.identity_token("ada")
    assert get(client, "/me", token).status == 200
    world.server.stop()
    with caplog.at_level(logging.WARNING, "privy_middleware"):
        for seconds in (FRESH, GRACE / 2, GRACE / 2 - 1):
            world.age.advance(seconds)
            assert get(client, "/me", token).status == 200
            assert get(client, "/me", world.issuer.identity_token("grace")).status == 200
            world.settle()
    assert world.server.url in caplog.text
    world.age.advance(1)
    answer = get(client, "/me", token)
    assert shown(answer) == UNAVAILABLE
    world.server.start()
    world.age.advance(int(answer.header("retry-after") or 0))
    assert get(client, "/me", token).status == 200


@pytest.mark.parametrize("idle", [60, FRESH, FRESH + 59, FRESH + 60, FRESH + GRACE - 60])
def test_new_key_while_the_key_server_fails(world: World, make_client: MakeClient, idle: float) -> None:
    """A token of an unknown key gets 503 and not 401, whatever the age of the keys; known keys are still used."""
    client, known, old_kid = make_client(world.verifier()), world.issuer.identity_token("ada"), world.issuer.kid
    assert get(client, "/me", known).status == 200
    world.issuer.rotate()
    new = world.issuer.identity_token("grace")
    world.server.behave = hang_up
    world.age.advance(idle)
    for path in ("/me", "/optional", "/wallet", "/me"):
        wait = expect_outage(get(client, path, new))
        assert 1 <= wait <= 30
    assert shown(get(client, "/", new)) == (200, {"user_id": None, "error": "keys_unavailable"})
    assert get(client, "/me", known).status == 200
    expect_outage(get(client, "/me", world.issuer.identity_token("ada", headers={"kid": None})))
    assert shown(get(client, "/me", world.issuer.identity_token("ada", headers={"kid": old_kid}))) == INVALID
    assert world.server.count == 2
    world.publish()
    world.age.advance(wait)
    for token in (new, known):
        assert get(client, "/me", token).status == 200


def test_withdrawn_key_after_an_idle_night(world: World, make_client: MakeClient) -> None:
    """No request with it is accepted, not even the first, cached or not, although the grace period is not over."""
    client = make_client(world.verifier())
    cached, unseen = world.issuer.identity_token("ada"), world.issuer.identity_token("grace")
    assert get(client, "/me", cached).status == 200
    world.issuer.rotate()
    world.issuer.withdraw_old()
    world.publish()
    world.age.advance(FRESH + 60)
    for token in (cached, unseen, cached):
        assert shown(get(client, "/me", token)) == INVALID
    assert get(client, "/me", world.issuer.identity_token("ada")).status == 200
    assert world.server.count == 2


def test_idle_night_and_outage(world: World, make_client: MakeClient) -> None:
    """The first request waits for the fetch, which fails, and is served with the old keys like the following ones."""
    client, cached = make_client(world.verifier()), world.issuer.identity_token("ada")
    assert get(client, "/me", cached).status == 200
    world.server.behave = hang_up
    world.age.advance(FRESH + 60)
    for token in (cached, world.issuer.identity_token("grace"), cached):
        assert get(client, "/me", token).status == 200
    assert world.server.count == 2


def test_invented_keys_while_the_key_server_fails(world: World, make_client: MakeClient) -> None:
    """Requests with unknown key IDs get 503, and cause no more fetches than other requests."""
    client = make_client(world.verifier())
    assert get(client, "/me", world.issuer.identity_token("ada")).status == 200
    world.server.behave = hang_up
    for idle, fetches in ((60, 2), (FRESH + 60, 3)):
        world.age.advance(idle)
        for number in range(20):
            invented = world.issuer.identity_token("ada", headers={"kid": f"invented-{number}"})
            expect_outage(get(client, "/me", invented))
        assert world.server.count == fetches


def test_shared_keys_while_the_key_server_fails(world: World, make_client: MakeClient) -> None:
    """A worker that has its keys from the shared cache also responds with 503 if its own fetch fails."""
    cache = SharedInMemory()
    world.verifier(key_cache=cache).ready()
    known = world.issuer.identity_token("ada")
    world.issuer.rotate()
    new = world.issuer.identity_token("grace")
    world.server.behave = hang_up
    client = make_client(world.verifier(key_cache=cache))
    assert get(client, "/me", known).status == 200
    world.age.advance(2)
    expect_outage(get(client, "/me", new))
    assert get(client, "/me", known).status == 200
    assert world.server.count == 2


def test_rotation_is_picked_up(world: World, make_client: MakeClient) -> None:
    """A token of a new key is accepted immediately, with one fetch, and one of the old key still is."""
    client, old = make_client(world.verifier()), world.issuer.identity_token("ada")
    assert get(client, "/me", old).status == 200
    world.issuer.rotate()
    world.publish()
    world.age.advance(60)
    new = world.issuer.identity_token("ada")
    for token in (new, old, new):
        assert get(client, "/me", token).status == 200
    assert world.server.count == 2


def test_invented_keys_cause_one_fetch(world: World, make_client: MakeClient) -> None:
    """Unknown key IDs get 401 and do not load the key server, and a real new key is still found."""
    client = make_client(world.verifier())
    assert get(client, "/me", world.issuer.identity_token("ada")).status == 200
    world.age.advance(60)
    for number in range(20):
        invented = world.issuer.identity_token("ada", headers={"kid": f"invented-{number}"})
        assert shown(get(client, "/me", invented)) == INVALID
    assert world.server.count == 2
    world.issuer.rotate()
    world.publish()
    token = world.issuer.identity_token("ada")
    assert shown(get(client, "/me", token)) == INVALID
    world.age.advance(30)
    assert get(client, "/me", token).status == 200
    assert world.server.count == 3


def test_withdrawn_key_takes_cached_users_with_it(world: World, make_client: MakeClient) -> None:
    """After the next refresh its tokens are rejected, whether or not they were verified before."""
    client = make_client(world.verifier())
    cached, unseen = world.issuer.identity_token("ada"), world.issuer.identity_token("grace")
    assert get(client, "/me", cached).status == 200
    world.issuer.rotate()
    world.issuer.withdraw_old()
    world.publish()
    assert get(client, "/me", cached).status == 200
    world.age.advance(FRESH)
    assert get(client, "/me", cached).status == 200
    world.settle()
    for token in (cached, unseen, cached):
        assert shown(get(client, "/me", token)) == INVALID
    assert shown(get(client, "/", cached)) == (200, {"user_id": None, "error": "unknown_key"})
    assert get(client, "/me", world.issuer.identity_token("ada")).status == 200


def test_cached_users_expire(world: World, make_client: MakeClient) -> None:
    """A cached token is rejected after it has expired, plus leeway."""
    client = make_client(world.verifier())
    token = world.issuer.identity_token("ada", exp=int(world.time()) + 60)
    assert get(client, "/me", token).status == 200
    world.time.advance(69)
    assert get(client, "/me", token).status == 200
    world.time.advance(1)
    assert shown(get(client, "/me", token)) == INVALID


def test_several_apps(two: World, make_client: MakeClient) -> None:
    """Tokens of each app need its own keys, and tokens of another app cause no fetch."""
    client = make_client(two.verifier())
    first, second = two.issuers.values()
    stranger = MintingIssuer("third-app")
    two.settle()
    assert [server.count for server in two.servers.values()] == [1, 1]
    assert get(client, "/me", first.identity_token("ada")).json()["id"] == "did:privy:dev-ada"
    assert get(client, "/me", second.identity_token("grace")).json()["id"] == "did:privy:dev-grace"
    for token in (
        first.identity_token("ada", aud=second.app_id),
        second.identity_token("ada", aud=first.app_id),
        second.identity_token("ada", aud=first.app_id, headers={"kid": first.kid}),
        stranger.identity_token("ada"),
    ):
        assert shown(get(client, "/me", token)) == INVALID
    assert shown(get(client, "/me", first.identity_token("ada"), second.access_token("ada"))) == INVALID
    assert get(client, "/me", first.identity_token("ada"), first.access_token("ada")).status == 200
    assert [server.count for server in two.servers.values()] == [1, 1]


def test_outage_of_one_app_of_several(two: World, make_client: MakeClient) -> None:
    """The other app's users are not affected."""
    two.servers["first-app"].stop()
    client = make_client(two.verifier())
    first, second = (issuer.identity_token("ada") for issuer in two.issuers.values())
    answer = get(client, "/me", first)
    assert shown(answer) == UNAVAILABLE
    assert get(client, "/me", second).status == 200
    assert shown(get(client, "/me", first)) == UNAVAILABLE
    two.servers["first-app"].start()
    two.age.advance(int(answer.header("retry-after") or 0))
    assert get(client, "/me", first).status == 200
