"""The routes of Litestar apps."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Litestar, Request, Router, WebSocket, asgi, delete, get, post, websocket
from litestar.di import NamedDependency, Provide
from litestar.types import Receive, Scope, Send

from litestar_privy import CurrentUser, OptionalUser, Privy, requires_privy_user
from privy_middleware import PrivyUser
from privy_middleware.cli.listing import routes_of
from tests.cli.listing.reading import CONFIG, WALLET, listed


@get("/open")
async def opened() -> None:
    """Return nothing."""


@get("/user")
async def user(current_user: CurrentUser) -> None:
    """Return nothing to a user."""


@get("/optional")
async def optionally(optional_user: OptionalUser) -> None:
    """Return nothing."""


@post("/guard", guards=[requires_privy_user(wallet="ethereum")])
async def guard() -> None:
    """Return nothing to the owner of a wallet."""


@websocket("/ws", guards=[requires_privy_user()])
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    """Do nothing."""


@asgi("/raw", is_mount=True, copy_scope=True)
async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
    """Do nothing."""


@asgi("/raw-guarded", guards=[requires_privy_user()], copy_scope=True)
async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    """Do nothing."""


async def provide_name(current_user: CurrentUser) -> str:
    """Return the id of the user."""
    return current_user.id


@get("/deep", dependencies={"name": Provide(provide_name)})
async def deep(name: NamedDependency[str], request: Request[Any, Any, Any]) -> None:
    """Return nothing to a user."""


class Things(Controller):
    """Handlers with a guard on one of them."""

    path = "/things"

    @get()
    async def read(self) -> None:
        """Return nothing."""

    @delete(guards=[requires_privy_user()])
    async def remove(self) -> None:
        """Return nothing to a user."""


def app_of(*handlers: Any, **options: Any) -> Litestar:
    """Return an app with Privy, without an OpenAPI document."""
    return Litestar([*handlers], plugins=[Privy(CONFIG, **options)], openapi_config=None)


def test_guards_and_dependencies() -> None:
    """A route requires what its guards and its dependencies do."""
    app = app_of(opened, user, optionally, guard, socket, mounted, raw, deep, Things)
    assert listed(routes_of(app)) == {
        "GET /open": "nothing",
        "GET /user": "user",
        "GET /optional": "optional user",
        "POST /guard": f"user; {WALLET}",
        "WEBSOCKET /ws": "user",
        "/raw/**": "unknown",
        "/raw-guarded": "user",
        "GET /deep": "user",
        "GET /things": "nothing",
        "DELETE /things": "user",
    }


def test_routers_and_prefixes() -> None:
    """The guard of a router holds for its handlers, and a protected prefix for all below it."""
    app = app_of(Router("/api", guards=[requires_privy_user()], route_handlers=[opened]), opened)
    assert listed(routes_of(app)) == {"GET /api/open": "user", "GET /open": "nothing"}
    app = app_of(Router("/api", route_handlers=[opened]), opened, protect=["/api"])
    assert listed(routes_of(app)) == {"GET /api/open": "user", "GET /open": "nothing"}


def test_replaced_dependencies() -> None:
    """What replaces a dependency decides."""

    async def somebody() -> PrivyUser:
        return PrivyUser(id="did:privy:somebody")

    app = Litestar(
        [user], plugins=[Privy(CONFIG)], openapi_config=None, dependencies={"current_user": Provide(somebody)}
    )
    assert listed(routes_of(app)) == {"GET /user": "nothing"}
