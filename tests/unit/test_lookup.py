"""The lookup for a request: once, when it is needed, and without waiting if the code cannot wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from privy_middleware import KeysUnavailable, PrivyVerifier
from privy_middleware.custom_keys import CustomKeyConfig, CustomKeyVerifier
from privy_middleware.events import Authenticated, Event
from privy_middleware.gate import Gate
from privy_middleware.lookup import Lookup
from privy_middleware.verifiers.combined import CombinedVerifier
from tests.support.clock import Clock
from tests.support.keyserver import Held, KeyServer, hang_up
from tests.support.signers import Signer
from tests.support.tokens import (
    HEADER,
    IDENTITY,
    NOW,
    SIGNER,
    SUBJECT,
    Request,
    changed,
    config,
    cookies,
    id_header,
    identity,
    sign,
    verifier,
)

LOCAL = {"trust_env": False}


def gate_of(server: KeyServer, key_clock: Clock | None = None, **settings: Any) -> Gate:
    """Return a gate with the keys of a key server."""
    given = config(verification_key=None, jwks_url=server.url, client_options=LOCAL, **settings)
    return Gate(PrivyVerifier(given, clock=Clock(NOW), key_clock=key_clock or Clock()))


def test_once() -> None:
    """The token is verified once, however often and in which way the result is read."""
    asked: list[object] = []

    def is_revoked(claims: Mapping[str, Any]) -> bool:
        asked.append(claims["sub"])
        return False

    gate, request = Gate(verifier(is_revoked=is_revoked)), Request(id_header(identity()))
    for times in (1, 2):
        lookup = Lookup(gate, request)
        auth = lookup.find()
        assert auth.require().id == SUBJECT
        assert lookup.find() is lookup.find_now() is auth
        assert asked == [SUBJECT] * times


def test_settled_without_tokens() -> None:
    """No wait is needed without tokens, or if they are rejected in any case."""
    gate = Gate(verifier())
    assert Lookup(gate, Request()).settled()
    conflict = Lookup(gate, Request(id_header("a"), id_header("b")))
    assert conflict.settled()
    assert conflict.find_now().error == "conflicting_tokens"


def test_a_verifier_is_asked_about_tokens_only() -> None:
    """Without a token, no verifier of several families is called."""
    own = CustomKeyConfig(public_key=SIGNER.pem, algorithms=("ES256",), issuer="me", audience="you")
    lookup = Lookup(Gate(CombinedVerifier(verifier(), CustomKeyVerifier(own))), Request())
    assert lookup.settled()
    assert lookup.find_now().user is None


def test_settled_by_a_known_header() -> None:
    """Before the first token a wait is needed, and then no longer for tokens of the same key."""
    with KeyServer(SIGNER) as server:
        gate = gate_of(server)
        first = Lookup(gate, Request(id_header(identity())))
        assert not first.settled()
        assert first.find().require().id == SUBJECT
        for fields in ((id_header(identity(sub="another")),), (cookies(("privy-id-token", identity(sub="another"))),)):
            later = Lookup(gate, Request(*fields))
            assert later.settled()
            assert later.find_now().require().id == "another"
        assert not Lookup(gate, Request(id_header(identity({"kid": "another"})))).settled()
        assert not Lookup(gate, Request(id_header("garbage"))).settled()
        assert server.count == 1


def test_not_settled_once_the_keys_are_old() -> None:
    """With old keys, a lookup may have to wait."""
    key_clock = Clock(0)
    with KeyServer(SIGNER) as server:
        gate = gate_of(server, key_clock, key_lifetime=3600.0)
        Lookup(gate, Request(id_header(identity()))).find()
        assert Lookup(gate, Request(id_header(identity()))).settled()
        key_clock.advance(3600)
        assert not Lookup(gate, Request(id_header(identity()))).settled()


def test_keys_that_vanish_before_the_look() -> None:
    """A lookup that cannot wait gets 503 with ``Retry-After``, and the keys are fetched in the background."""
    key_clock = Clock(0)
    with KeyServer(SIGNER) as server:
        gate = gate_of(server, key_clock, key_grace=0.0, token_cache_size=0)
        Lookup(gate, Request(id_header(identity()))).find()
        lookup = Lookup(gate, Request(id_header(identity())))
        assert lookup.settled()
        key_clock.advance(100_000)
        auth = lookup.find_now()
        assert auth.error == "keys_unavailable"
        with pytest.raises(KeysUnavailable):
            auth.require()
        assert Lookup(gate, Request(id_header(identity()))).find().require().id == SUBJECT
        assert server.count == 2


def test_keys_that_grow_old_before_the_look() -> None:
    """A lookup that cannot wait for the fetch gets 503, for cached tokens too, until the fetch has ended."""
    key_clock = Clock(0)
    with KeyServer(SIGNER) as server:
        gate = gate_of(server, key_clock)
        Lookup(gate, Request(id_header(identity()))).find()
        lookups = [Lookup(gate, Request(id_header(identity(marker=number)))) for number in (1, 2)]
        lookups.append(Lookup(gate, Request(id_header(identity()))))
        assert all(lookup.settled() for lookup in lookups)
        server.behave = answer = Held(server.behave)
        key_clock.advance(3600 + 60)
        assert [lookup.find_now().error for lookup in lookups] == ["keys_unavailable"] * 3
        answer.release()
        assert Lookup(gate, Request(id_header(identity()))).find().require().id == SUBJECT
        assert Lookup(gate, Request(id_header(identity()))).find_now().require().id == SUBJECT
        assert server.count == 2


@pytest.mark.anyio
async def test_old_keys_are_waited_for_before_the_app() -> None:
    """An async lookup waits for the fetch without blocking the event loop."""
    key_clock = Clock(0)
    with KeyServer(SIGNER) as server:
        gate = gate_of(server, key_clock)
        await Lookup(gate, Request(id_header(identity()))).afind()
        server.behave = answer = Held(server.behave)
        key_clock.advance(3600 + 60)
        lookup = Lookup(gate, Request(id_header(identity())))
        assert not lookup.settled()
        turns = 0
        async with anyio.create_task_group() as group:
            group.start_soon(lookup.afind)
            while turns < 500 or server.count < 2:
                await anyio.lowlevel.checkpoint()
                turns += 1
            assert lookup.auth is None
            answer.release()
        assert lookup.find_now().require().id == SUBJECT


def test_old_keys_in_an_outage_are_not_waited_for() -> None:
    """During the back-off old keys are used immediately, also by a lookup that cannot wait."""
    key_clock = Clock(0)
    with KeyServer(SIGNER) as server:
        gate = gate_of(server, key_clock)
        Lookup(gate, Request(id_header(identity()))).find()
        server.behave = hang_up
        key_clock.advance(3600 + 60)
        assert Lookup(gate, Request(id_header(identity()))).find().require().id == SUBJECT
        for number in range(3):
            assert Lookup(gate, Request(id_header(identity(marker=number)))).find_now().require().id == SUBJECT
        stranger = Lookup(gate, Request(id_header(identity({"kid": "unknown"})))).find_now()
        assert stranger.error == "keys_unavailable"
        assert server.count == 2


def test_a_rotation_is_waited_for() -> None:
    """A token of a new key is not settled, so it is verified by code that can wait."""
    second = Signer("second")
    key_clock = Clock(0)
    with KeyServer(SIGNER) as server:
        gate = gate_of(server, key_clock)
        Lookup(gate, Request(id_header(identity()))).find()
        server.publish(SIGNER, second)
        key_clock.advance(60)
        lookup = Lookup(gate, Request(id_header(signed_by(second))))
        assert not lookup.settled()
        assert lookup.find().require().id == SUBJECT


def test_a_rotation_that_cannot_be_waited_for() -> None:
    """A token of a new key gets 503 and not 401, because the key may be valid but is not known yet."""
    second = Signer("second")
    key_clock = Clock(0)
    with KeyServer(SIGNER) as server:
        gate = gate_of(server, key_clock)
        Lookup(gate, Request(id_header(identity()))).find()
        server.publish(SIGNER, second)
        key_clock.advance(60)
        request = Request(id_header(signed_by(second)))
        assert Lookup(gate, request).find_now().error == "keys_unavailable"
        assert Lookup(gate, request).find().require().id == SUBJECT
        assert server.count == 2


def signed_by(signer: Signer) -> str:
    """Return an identity token of another key."""
    return sign(changed(HEADER, {"kid": signer.kid}), IDENTITY, signer.private)


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["find", "afind", "find_now"])
async def test_a_look_after_the_response_is_reported(way: str) -> None:
    """Nothing is reported while nothing has asked for the user; a stream may ask after its response has begun."""
    events: list[Event] = []
    lookup = Lookup(Gate(verifier(on_event=events.append)), Request(id_header(identity())))
    lookup.report()
    assert events == []
    found: Any = getattr(lookup, way)()
    auth = await found if way == "afind" else found
    assert auth.user is not None
    lookup.report()
    assert [type(event) for event in events] == [Authenticated]
