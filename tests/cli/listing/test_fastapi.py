"""The routes of FastAPI apps and routers."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from starlette.routing import Mount

from fastapi_privy import (
    AccessClaims,
    CurrentUser,
    OptionalUser,
    Privy,
    current_access,
    current_user,
    optional,
    optional_user,
    require,
)
from fastapi_privy.starlette import require_privy_user
from privy_middleware import ConfigurationError, PrivyUser
from privy_middleware.cli.listing import routes_of
from tests.cli.listing.reading import CONFIG, WALLET, listed

Owner = Annotated[PrivyUser, Depends(require(wallet="ethereum"))]


async def of_owner(user: Owner) -> PrivyUser:
    """Return the owner of a wallet."""
    return user


def app_of(**options: Any) -> FastAPI:
    """Return an app with Privy, without pages of its own."""
    app = FastAPI(openapi_url=None, **options)
    Privy(app, CONFIG)
    return app


def test_dependencies() -> None:
    """A route requires what its dependencies do, and theirs."""
    app = app_of()

    @app.get("/open")
    async def opened() -> None: ...

    @app.get("/user")
    async def user(user: CurrentUser) -> None: ...

    @app.get("/optional")
    async def optionally(user: OptionalUser) -> None: ...

    @app.get("/anonymous", dependencies=[Depends(optional(on_invalid="anonymous"))])
    async def anonymous() -> None: ...

    @app.get("/session")
    async def session(claims: AccessClaims, user: OptionalUser) -> None: ...

    @app.post("/deep", dependencies=[Depends(of_owner)])
    async def deep() -> None: ...

    @app.get("/decorated")
    @require_privy_user
    async def decorated(request: Request) -> None: ...

    @app.websocket("/ws")
    async def socket(websocket: WebSocket, user: CurrentUser) -> None: ...

    assert listed(routes_of(app)) == {
        "GET /open": "nothing",
        "GET /user": "user",
        "GET /optional": "optional user",
        "GET /anonymous": "optional user",
        "GET /session": "access token",
        "POST /deep": f"user; {WALLET}",
        "GET /decorated": "user",
        "WEBSOCKET /ws": "user",
    }


def test_routers() -> None:
    """The dependencies of an app, a router and an inclusion hold for the routes inside."""
    inner, outer = APIRouter(prefix="/inner"), APIRouter(dependencies=[Depends(current_user)])

    @inner.get("/page")
    async def page() -> None: ...

    @inner.websocket("/ws")
    async def socket(websocket: WebSocket) -> None: ...

    outer.include_router(inner, prefix="/outer", dependencies=[Depends(require(wallet="ethereum"))])
    app = app_of()
    app.include_router(outer, prefix="/api")
    app.include_router(inner)
    assert listed(routes_of(app)) == {
        "GET /api/outer/inner/page": f"user; {WALLET}",
        "WEBSOCKET /api/outer/inner/ws": f"user; {WALLET}",
        "GET /inner/page": "nothing",
        "WEBSOCKET /inner/ws": "nothing",
    }
    whole = app_of(dependencies=[Depends(current_access)])
    whole.include_router(inner)
    assert set(listed(routes_of(whole)).values()) == {"access token"}


def test_mounted_apps_and_frontends(tmp_path: Any) -> None:
    """A mounted app has its own dependencies; files that a frontend serves are unknown."""
    app, inner = app_of(), FastAPI(openapi_url=None)

    @inner.get("/me", dependencies=[Depends(current_user)])
    async def me() -> None: ...

    app.mount("/inner", inner)
    app.router.routes.append(Mount("/nothing", routes=[]))
    (tmp_path / "index.html").write_text("")
    app.frontend("/", directory=tmp_path)
    assert listed(routes_of(app)) == {"GET /inner/me": "user", "/**": "unknown"}


def test_a_router_with_a_frontend(tmp_path: Any) -> None:
    """The files of an included router are below its prefix."""
    app, router = app_of(), APIRouter()
    (tmp_path / "index.html").write_text("")
    router.frontend("/", directory=tmp_path)
    app.include_router(router, prefix="/site")
    assert listed(routes_of(app)) == {"/site/**": "unknown"}


@pytest.mark.parametrize(("replacement", "required"), [(optional_user, "optional user"), (lambda: None, "nothing")])
def test_replaced_dependencies(replacement: Any, required: str) -> None:
    """What replaces a dependency decides."""
    app = app_of()

    @app.get("/me")
    async def me(user: CurrentUser) -> None: ...

    app.dependency_overrides[current_user] = replacement
    assert listed(routes_of(app)) == {"GET /me": required}


def test_a_decorator_in_the_wrong_order() -> None:
    """The error is the one at the start of the app."""
    app = app_of()

    @require_privy_user
    @app.get("/")
    async def secret(request: Request) -> None: ...

    with pytest.raises(ConfigurationError, match="secret: is served without the guard"):
        routes_of(app)


def test_its_own_pages() -> None:
    """FastAPI's documentation is open."""
    app = FastAPI()
    Privy(app, CONFIG)
    assert set(listed(routes_of(app)).values()) == {"nothing"}
