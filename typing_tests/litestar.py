"""Litestar: the plugin, its guards, and what handlers take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, assert_type

from litestar import Controller, Litestar, Request, Response, Router, WebSocket, get, post, websocket
from litestar.datastructures import State

from litestar_privy import (
    CurrentUser,
    OptionalUser,
    Privy,
    clear_privy_cookies,
    refusal_response,
    requires_privy_user,
    sign_out,
)
from privy_middleware import PrivyAuth, PrivyConfig, PrivyError, PrivyUser
from privy_middleware.asgi import Scope
from privy_middleware.conditions import has_linked
from privy_middleware.gate import Gate

PrivyRequest = Request[PrivyUser | None, PrivyAuth, State]


def is_ada(user: PrivyUser) -> bool:
    return user.id == "did:privy:ada"


@get("/me")
async def me(current_user: CurrentUser) -> dict[str, Any]:
    assert_type(current_user, PrivyUser)
    return current_user.to_dict()


def handler(request: PrivyRequest, error: PrivyError) -> Response[bytes]:
    assert_type(refusal_response(request, error), Response[bytes])
    return refusal_response(request, error)


@post("/sign-out")
async def leave(request: PrivyRequest) -> Response[None]:
    return await sign_out(Response(None), request)


@post("/forget")
async def forget(request: PrivyRequest) -> Response[None]:
    return clear_privy_cookies(Response(None), request)


@get("/hello")
async def hello(optional_user: OptionalUser, request: PrivyRequest) -> str:
    assert_type(optional_user, PrivyUser | None)
    assert_type(request.user, PrivyUser | None)
    assert_type(request.auth, PrivyAuth)
    return optional_user.id if optional_user else "stranger"


@get(
    "/worded",
    guards=[
        requires_privy_user(
            is_ada,
            has_linked("email") | is_ada,
            wallet="ethereum",
            linked="email",
            metadata={"a": 1},
            guest=False,
            verified_within=60,
            owns_wallet="address",
        )
    ],
)
async def worded() -> None: ...


@get("/predicated", guards=[requires_privy_user(lambda user: user.complete), requires_privy_user()])
async def predicated(request: Request[PrivyUser, PrivyAuth, State]) -> None:
    assert_type(request.user, PrivyUser)


@websocket("/ws", guards=[requires_privy_user(linked="email")])
async def socket(socket: WebSocket[PrivyUser, PrivyAuth, State], current_user: CurrentUser) -> None:
    assert_type(socket.user, PrivyUser)
    assert_type(socket.auth.session_id, str | None)


class Pages(Controller):
    guards = (requires_privy_user(),)


def tell(scope: Scope) -> None:
    assert_type(scope["path"], Any)


async def atell(scope: Scope) -> None:
    tell(scope)


def set_up(config: PrivyConfig) -> Litestar:
    assert_type(requires_privy_user(), Callable[[Any, Any], Awaitable[None]])
    assert_type(Privy(), Privy)
    assert_type(Privy(config).gate, Gate)
    Privy({"APP_ID": "app"}, on_expired=atell, close_expired=True)
    privy = Privy(config, protect=["/api"], exempt=("/api/health",), close_expired=True, on_expired=tell)
    router = Router("/", route_handlers=[], guards=[requires_privy_user()])
    return Litestar(
        [me, hello, worded, predicated, socket, Pages, router], plugins=[privy], guards=[requires_privy_user()]
    )


def refused(config: PrivyConfig, request: PrivyRequest) -> None:
    """What a checker must complain about."""
    Litestar([me], guards=[requires_privy_user])  # type: ignore[list-item]
    requires_privy_user(walet="ethereum")  # type: ignore[call-arg]
    requires_privy_user("ethereum")  # type: ignore[arg-type]
    request.user.id  # type: ignore[union-attr]
    Privy("app")  # type: ignore[arg-type]
    Privy(config, protected=["/api"])  # type: ignore[call-arg]
    Privy(config, protect=1)  # type: ignore[arg-type]
