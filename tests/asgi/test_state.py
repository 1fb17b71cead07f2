"""The state of a connection, in which the user is found when somebody looks."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import time
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from privy_middleware import PrivyAuth, PrivyMiddleware, PrivyVerifier
from privy_middleware.asgi import Message, Receive, Scope, Send
from tests.asgi.test_middleware import BODY, START, app_of, get, headers_of
from tests.asgi.tokens import ADA, BAD, config, identity
from tests.behaviour.clients.asgi import exchange, scope_of
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio

Look = Callable[[Any], object]
WHOLE: Message = {**START, "headers": [(b"content-length", b"5")]}

# What looks at the user, and what it gives of a state that has one more entry.
LOOKS: dict[str, Look] = {
    "[]": lambda state: state["privy_user"].id,
    "get": lambda state: state.get("privy_user").id,
    "in": lambda state: ADA if "privy_user" in state else None,
    "setdefault": lambda state: state.setdefault("privy_user", "the app's").id,
    "pop": lambda state: state.pop("privy_user").id,
    "copy": lambda state: state.copy()["privy_user"].id,
    "dict": lambda state: dict(state)["privy_user"].id,
    "**": lambda state: {**state}["privy_user"].id,
    "|": lambda state: (state | {})["privy_user"].id,
    "reversed |": lambda state: ({} | state)["privy_user"].id,
    "items": lambda state: dict(state.items())["privy_user"].id,
    "values": lambda state: list(state.values())[1].id,
    "iter": lambda state: ADA if list(state) == ["other", "privy_user", "privy_auth"] else None,
    "reversed": lambda state: ADA if list(reversed(state)) == ["privy_auth", "privy_user", "other"] else None,
    "len": lambda state: ADA if len(state) == 3 else None,
    "==": lambda state: ADA if state == dict(state) else None,
    "!=": lambda state: ADA if state != {"other": 1} else None,
    "repr": lambda state: ADA if ADA in repr(state) else None,
    "popitem": lambda state: state.popitem()[1].user.id,
    "copy.copy": lambda state: copy.copy(state)["privy_user"].id,
    "copy.deepcopy": lambda state: copy.deepcopy(state)["privy_user"].id,
    "pickle": lambda state: pickle.loads(pickle.dumps(state))["privy_user"].id,
    "update": lambda state: _updated(state)["privy_user"].id,
}


def _updated(state: Mapping[str, Any]) -> dict[str, Any]:
    other: dict[str, Any] = {}
    other.update(state)
    return other


def watched(asked: list[str], look: Look, found: list[object]) -> PrivyMiddleware:
    """Return an app that looks, and whose verified tokens are told to ``asked``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(look(scope["state"]))
        await send(WHOLE)
        await send(BODY)

    def is_revoked(claims: Mapping[str, Any]) -> bool:
        asked.append(claims["sub"])
        return False

    return PrivyMiddleware(app, config(is_revoked=is_revoked))


@pytest.mark.parametrize("name", LOOKS)
async def test_every_way_to_look_finds_the_user(name: str) -> None:
    """The state cannot be told from a dict that had the user from the start."""
    asked: list[str] = []
    found: list[object] = []
    app = watched(asked, LOOKS[name], found)
    for _ in range(2):
        start, _body = await get(app, headers=identity(), state={"other": 1})
        assert b"vary" in headers_of(start)
    assert found == [ADA, ADA]
    assert asked == [ADA, ADA]


async def test_who_does_not_look_costs_nothing() -> None:
    """Once the issuer's header is known: no token is verified, and caches may keep what depends on nobody."""
    asked: list[str] = []
    found: list[object] = []
    await get(watched(asked, LOOKS["[]"], found), headers=identity())
    assert asked == [ADA]
    app = watched(asked, lambda state: (state.get("other"), "other" in state, state.setdefault("own", 1)), found)
    await get(app, headers=identity())
    assert asked.pop() == ADA
    for headers in (identity("grace"), BAD, {}):
        start, _ = await get(app, headers=headers, state={"other": 1})
        assert headers_of(start) == {b"content-length": b"5"}
    assert asked == [ADA]
    assert found[-1] == (1, True, 1)


async def test_what_the_app_puts_there_stays() -> None:
    """Whether before it looks, or after."""

    def look(state: Any) -> object:
        state["privy_user"] = "the app's"
        assert isinstance(state["privy_auth"], PrivyAuth)
        del state["privy_auth"]
        assert "privy_auth" not in state
        return state["privy_user"]

    found: list[object] = []
    await get(watched([], look, found), headers=identity())
    assert found == ["the app's"]


async def test_what_is_not_there() -> None:
    """As in a dict."""

    def look(state: Any) -> object:
        with pytest.raises(KeyError, match="nothing"):
            state["nothing"]
        assert state.pop("nothing", 1) == 1
        state.clear()
        with pytest.raises(KeyError, match="privy_user"):
            state["privy_user"]
        with pytest.raises(KeyError, match="empty"):
            state.popitem()
        return len(state)

    found: list[Any] = []
    await get(watched([], look, found), headers=identity())
    assert found == [0]


async def test_all_else_is_kept_where_it_was() -> None:
    """Middleware further out holds the state in its hands, and sees there what apps put in; but never the user."""

    def look(state: Any) -> object:
        state["one"] = 1
        state.update({"two": 2}, three=3)
        state |= {"four": 4, "privy_user": "the app's"}
        del state["other"]
        state.popitem()
        state.popitem()
        state.popitem()
        return sorted(state)

    held: dict[str, Any] = {"other": 1}
    found: list[object] = []
    await get(watched([], look, found), headers=identity(), state=held)
    assert found == [["one", "three", "two"]]
    assert held == {"one": 1, "two": 2, "three": 3}


async def test_many_threads_look_at_once() -> None:
    """All see the user, whole."""

    def look(state: Any) -> object:
        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(state.get, ["privy_auth", "privy_user"] * 8))
        return all(each is not None for each in seen)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        found: list[object] = []
        for _ in range(20):
            await get(watched([], look, found), headers=identity())
    finally:
        sys.setswitchinterval(interval)
    assert found == [True] * 20


async def test_a_stream_may_yet_look() -> None:
    """Where the length is not known, the app may look once its headers are sent: they say so to caches beforehand."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send({**BODY, "body": scope["state"]["privy_user"].id.encode()})

    start, body = await get(PrivyMiddleware(app, config()), headers=identity())
    assert body["body"] == ADA.encode()
    assert headers_of(start)[b"cache-control"] == b"private, no-store"
    start, _ = await get(PrivyMiddleware(app_of(START, BODY), config()))
    assert list(headers_of(start)) == [b"vary"]


async def test_a_token_must_be_valid_when_the_request_arrives() -> None:
    """Not when somebody first looks, which may be late in a long request."""
    # A little ahead, so that no token is from its future.
    clock = Clock(time.time() + 600)
    verifier = PrivyVerifier(config(leeway=0), clock=clock)

    def late(state: Any) -> object:
        clock.advance(7200)
        return state["privy_user"]

    found: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(late(scope["state"]))

    for _ in range(2):
        await exchange(PrivyMiddleware(app, verifier), scope_of("http", "/", [*identity().items()], method="GET"), [])
        clock.time = time.time() + 600
    assert [user.id for user in found] == [ADA, ADA]


async def test_nothing_keeps_a_request_alive() -> None:
    """No cycle of references is left for the garbage collector, whether somebody looked or not."""
    looks: tuple[Look, ...] = (len, lambda state: state.get("other"))
    for look in looks:
        scope = scope_of("http", "/", [*identity().items()], method="GET", held=Held())
        held = weakref.ref(scope["held"])
        await exchange(watched([], look, []), scope, [])
        gc.disable()
        try:
            del scope
            assert held() is None
        finally:
            gc.enable()


class Held:
    """Be held by a request and nobody else."""
