"""The state of a connection, in which the user is found when somebody looks."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from privy_middleware import PrivyAuth, PrivyMiddleware
from privy_middleware.asgi import Receive, Scope, Send
from tests.asgi.test_middleware import BODY, START, app_of, get, headers_of
from tests.asgi.tokens import ADA, BAD, GRACE, config, identity

pytestmark = pytest.mark.anyio

Look = Callable[[Any], object]

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
        await send(START)
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
        assert headers_of(start) == {}
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
        return state.get("privy_user")

    found: list[Any] = []
    await get(watched([], look, found), headers=identity())
    assert found[0].id == ADA


async def test_an_inner_middleware_does_not_look_for_an_outer_one() -> None:
    """Each has a user of its own, and the inner one's counts inside."""
    asked: list[str] = []
    seen: list[Scope] = []

    def is_revoked(claims: Mapping[str, Any]) -> bool:
        asked.append(claims["sub"])
        return False

    inner = PrivyMiddleware(app_of(START, BODY, seen=seen), config())
    app = PrivyMiddleware(inner, config(is_revoked=is_revoked))
    await get(app, headers=identity())
    asked.clear()
    await get(app, headers=identity("grace"))
    assert seen[1]["state"]["privy_user"].id == GRACE
    assert asked == []
