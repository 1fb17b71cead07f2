"""The state of a connection: a plain dict for each request, with the user in it."""

from __future__ import annotations

import copy
import gc
import pickle
import random
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from privy_middleware import PrivyAuth, PrivyMiddleware, PrivyUser, PrivyVerifier
from privy_middleware.asgi import ASGIApp, ASGIRequest, Message, Receive, Scope, Send, auth_in
from privy_middleware.asgi.state import RequestState
from privy_middleware.errors import MissingToken
from privy_middleware.gate import build_gate
from privy_middleware.lookup import Lookup
from tests.asgi.test_middleware import BODY, START, get
from tests.behaviour.clients.asgi import exchange, scope_of
from tests.support.clock import Clock
from tests.support.issued import ADA, INVALID_HEADER, ISSUER, identity_header, issuer_config

pytestmark = pytest.mark.anyio

State = dict[str, Any]


def doing(work: Callable[[Any], object]) -> PrivyMiddleware:
    """Return an app that changes its state and responds."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        work(scope["state"])
        await send(START)
        await send(BODY)

    return PrivyMiddleware(app, issuer_config())


async def test_state_is_a_plain_dict() -> None:
    """Code written in C finds the entries too, because it reads the dict directly."""
    seen: list[State] = []
    scopes: list[dict[str, Any]] = [{"state": {"other": 1}}, {"state": None}, {}]
    for before in scopes:
        await get(doing(seen.append), headers=identity_header(), **before)
        state = seen.pop()
        assert type(state) is dict
        assert {"privy_user", "privy_auth"} <= {key for key, _ in dict.items(state)}
        made: Any = type("Made", (), state)
        assert made.privy_user.id == ADA
        assert made.privy_user is made.privy_auth.user
        assert state.get("other") == (1 if before.get("state") else None)


async def test_a_token_is_verified_before_the_app() -> None:
    """The token is verified once, whether or not the app uses the user."""
    asked: list[str] = []

    def is_revoked(claims: Any) -> bool:
        asked.append(claims["sub"])
        return False

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert asked == [ADA]
        assert scope["state"]["privy_user"].id == ADA

    await exchange(
        PrivyMiddleware(app, issuer_config(is_revoked=is_revoked)),
        scope_of("http", "/", [*identity_header().items()]),
        [],
    )
    assert asked == [ADA]


async def test_a_token_must_be_valid_when_the_request_arrives() -> None:
    """A long request keeps its user after the token has expired."""
    # Slightly in the future, so that no token was issued later than this.
    clock = Clock(time.time() + 600)
    found: list[PrivyUser] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        clock.advance(7200)
        found.append(scope["state"]["privy_user"])

    middleware = PrivyMiddleware(app, PrivyVerifier(issuer_config(leeway=0), clock=clock))
    await exchange(middleware, scope_of("http", "/", [*identity_header().items()], method="GET"), [])
    assert [user.id for user in found] == [ADA]


async def test_middleware_further_out_sees_what_the_app_does_to_its_state() -> None:
    """Changes at the start of the response are visible outside then, and later changes when the app ends."""
    moments: list[State] = []
    held: State = {"kept": 1, "replaced": 1, "deleted": 1, "popped": 1}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        state = scope["state"]
        state.update(new=None, replaced=2)
        del state["deleted"]
        await send(START)
        state["late"] = state.pop("popped") + 1
        await send(BODY)

    async def send(message: Message) -> None:
        moments.append(dict(held))

    async def receive() -> Message:
        raise AssertionError

    scope = scope_of("http", "/", [*identity_header().items()], method="GET", state=held)
    await PrivyMiddleware(app, issuer_config())(scope, receive, send)
    started = {"kept": 1, "new": None, "replaced": 2, "popped": 1}
    assert moments == [started, started]
    assert held == {"kept": 1, "new": None, "replaced": 2, "late": 2}


@pytest.mark.parametrize("message", [{"type": "websocket.accept"}, {"type": "websocket.close"}])
async def test_middleware_around_a_socket_sees_it_with_the_handshake(message: Message) -> None:
    """Changes are visible outside when the handshake is answered."""
    held: State = {}
    seen: list[State] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["room"] = 1
        await send(message)

    async def send(message: Message) -> None:
        seen.append(dict(held))

    async def receive() -> Message:
        raise AssertionError

    await PrivyMiddleware(app, issuer_config())(scope_of("websocket", "/", state=held), receive, send)
    assert seen == [{"room": 1}]


async def test_middleware_further_out_sees_it_when_the_app_fails() -> None:
    """A handler of errors can log the entries of the app."""

    def fail(state: State) -> None:
        state["reason"] = "because"
        raise LookupError

    held: State = {}
    with pytest.raises(LookupError):
        await get(doing(fail), state=held)
    assert held == {"reason": "because"}


async def test_the_user_stays_in_the_request() -> None:
    """Neither our entries nor values that replace them are copied into the outer state, or from it."""

    def replace(state: State) -> None:
        state["privy_user"] = "the app's own"
        del state["privy_auth"]

    for held in ({}, {"privy_user": "of another middleware", "privy_auth": "too"}):
        before = dict(held)
        await get(doing(replace), headers=identity_header(), state=held)
        await get(doing(lambda _: None), headers=identity_header(), state=held)
        assert held == before


async def test_inner_settings_hold_inside() -> None:
    """The state of an outer middleware keeps its own user."""
    states: list[State] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["inner"] = True
        states.append(scope["state"])

    async def between(scope: Scope, receive: Receive, send: Send) -> None:
        states.append(scope["state"])
        await PrivyMiddleware(inner, issuer_config(identity_header="x-inner"))(scope, receive, send)

    held: State = {}
    await get(PrivyMiddleware(between, issuer_config()), headers=identity_header(), state=held)
    outer_state, inner_state = states
    assert (outer_state["privy_user"].id, inner_state["privy_user"]) == (ADA, None)
    assert outer_state["inner"] is held["inner"] is True


def test_a_thread_may_write_while_the_state_is_passed_on() -> None:
    """A thread of the app can change the state while it is copied for the response."""
    outer: State = {}
    lookup = Lookup(build_gate(issuer_config()), ASGIRequest({"type": "http"}))
    state = RequestState({"state": outer}, PrivyAuth(), lookup)
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number = (number + 1) % 100
            state.own[str(number)] = state.own.pop(str((number + 50) % 100), number)

    thread = threading.Thread(target=write)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        for _ in range(2000):
            state.pass_on()
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()
    state.pass_on()
    assert outer == {key: value for key, value in state.own.items() if key.isdecimal()}


# Ways to read the user in the tests of concurrent requests: as Python code and as C code read the state.
READS: list[Callable[[State], Any]] = [
    lambda state: state["privy_user"],
    lambda state: dict(dict.items(state))["privy_user"],
    lambda state: type("Made", (), state).privy_user,  # type: ignore[attr-defined]
    lambda state: state["privy_auth"].user,
]


async def ask_in_turns(app: ASGIApp, persona: str | None, state: MutableMapping[str, Any], number: int) -> None:
    """Make a request with or without a persona, whose app must always see the same user."""
    headers = [] if persona is None else [*identity_header(persona).items()]

    async def receive() -> Message:
        await checkpoint()
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        await checkpoint()

    expected = None if persona is None else f"did:privy:dev-{persona}"
    scope = scope_of("http", "/", headers, method="GET", state=state, expected=expected, number=number)
    await app(scope, receive, send)


async def test_requests_that_take_turns_keep_their_users() -> None:
    """Concurrent requests keep their users on a server that passes one state to all, as in one HTTP/2 connection."""
    chance = random.Random(1)
    shared: State = {"database": "open"}
    wrong: list[object] = []
    served: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for step in range(12):
            for read in READS:
                user = read(scope["state"])
                if (user and user.id) != scope["expected"]:
                    wrong.append((scope["number"], step, user))
            if step == 6:
                await send(START)
            await checkpoint()
        scope["state"][f"request {scope['number']}"] = scope["expected"]
        await send(BODY)
        served.append(scope["number"])

    middleware = PrivyMiddleware(PrivyMiddleware(app, issuer_config()), issuer_config(token_cache_size=2))
    async with anyio.create_task_group() as group:
        for number in range(200):
            persona = chance.choice(["ada", "grace", "alan", None])
            group.start_soon(ask_in_turns, middleware, persona, shared, number)
    assert wrong == []
    assert len(served) == 200
    assert shared.keys() == {"database", *(f"request {number}" for number in range(200))}


async def test_stale_values_do_not_overwrite_newer_ones() -> None:
    """Only the entries that a request changed itself are copied back into a shared state."""
    shared: State = {"counter": 0}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        shared["counter"] = 1
        scope["state"]["other"] = True

    await exchange(PrivyMiddleware(app, issuer_config()), scope_of("http", "/", method="GET", state=shared), [])
    assert shared == {"counter": 1, "other": True}


def auth_of(headers: dict[str, str], **more: Any) -> PrivyAuth:
    """Return the ``PrivyAuth`` of a request."""
    found: list[PrivyAuth] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope["state"]["privy_auth"])

    settings = issuer_config(login_url="/login", tokens=("identity", "access"))
    scope = scope_of("http", "/", [*headers.items()], **{"method": "GET", **more})
    anyio.run(exchange, PrivyMiddleware(app, settings), scope, [])
    return found[0]


CASES: dict[str, dict[str, Any]] = {
    "user": {"headers": identity_header()},
    "both tokens": {"headers": {**identity_header(), "Authorization": f"Bearer {ISSUER.access_token('ada')}"}},
    "nobody": {"headers": {}},
    "bad token": {"headers": INVALID_HEADER},
    "expired": {"headers": {**identity_header(exp=1), "Accept": "text/html"}},
    "cross-site": {
        "headers": {"Cookie": f"privy-id-token={ISSUER.identity_token()}", "Origin": "https://evil.example"}
    },
}


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
@pytest.mark.parametrize("case", CASES)
def test_state_can_be_copied_and_pickled(case: str, duplicate: Callable[[Any], Any]) -> None:
    """Both work for every result, including errors."""
    auth = auth_of(**CASES[case], method="POST" if case == "cross-site" else "GET")
    copied = duplicate({"privy_user": auth.user, "privy_auth": auth})
    assert copied["privy_user"] == auth.user
    found: PrivyAuth = copied["privy_auth"]
    assert (found.user, found.access, found.tokens, found.error) == (auth.user, auth.access, auth.tokens, auth.error)
    for mine, theirs in ((found.refusal, auth.refusal), (found.redirect, auth.redirect)):
        assert type(mine) is type(theirs)
        if mine is not None and theirs is not None:
            assert (mine.headers, mine.body) == (theirs.headers, theirs.body)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Run without the garbage collector, so that only reference counts free objects."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Held:
    """An object that only a request refers to."""


@pytest.mark.parametrize("answer", [START, MissingToken()])
async def test_nothing_keeps_a_request_alive(answer: Message | Exception) -> None:
    """No reference cycle remains for the garbage collector."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert auth_in(scope) is not None
        scope["state"]["own"] = scope["held"]
        if isinstance(answer, Exception):
            raise answer
        await send(answer)

    scope = scope_of("http", "/", [*identity_header().items()], method="GET", held=Held(), state={})
    held = weakref.ref(scope["held"])
    await exchange(PrivyMiddleware(app, issuer_config()), scope, [])
    with no_garbage_collection():
        del scope
        assert held() is None
