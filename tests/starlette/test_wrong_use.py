"""A decorator above the route's has no effect: the app does not start."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

import fastapi_privy
from fastapi_privy import starlette
from fastapi_privy.starlette import optional_privy_user, require_privy_user
from privy_middleware import ConfigurationError
from tests.support.issued import ADA, identity_header, issuer_config

GUARDS: dict[str, Any] = {
    "bare": require_privy_user,
    "called": require_privy_user(),
    "condition": require_privy_user(wallet="ethereum"),
    "optional": optional_privy_user,
    "optional, called": optional_privy_user(on_invalid="anonymous"),
}
every_guard = pytest.mark.parametrize("name", [*GUARDS])


def page_of() -> Callable[..., Any]:
    """Return an endpoint."""

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("secret")

    return page


def in_the_app(endpoint: Any) -> FastAPI:
    """Add a route to an app."""
    app = FastAPI()
    app.get("/")(endpoint)
    return app


def in_a_router(endpoint: Any) -> FastAPI:
    """Add a route to a router in a router in an app."""
    inner, outer, app = APIRouter(), APIRouter(), FastAPI()
    inner.get("/")(endpoint)
    outer.include_router(inner, prefix="/inner")
    app.include_router(outer, prefix="/outer")
    return app


def in_a_mounted_app(endpoint: Any) -> FastAPI:
    """Add a route to a mounted app."""
    app = FastAPI()
    app.mount("/sub", in_the_app(endpoint))
    return app


def in_a_list(endpoint: Any) -> Starlette:
    """Pass the route in a list."""
    return Starlette(routes=[Route("/", endpoint)])


def behind_middleware(endpoint: Any) -> Starlette:
    """Pass the route in a list to an app that is mounted inside middleware, together with another app."""
    deep = Starlette(routes=[Mount("/deep", GZipMiddleware(in_a_list(endpoint)))])
    return Starlette(routes=[Mount("/sub", app=deep, middleware=[Middleware(GZipMiddleware)])])


def with_its_own_middleware(endpoint: Any) -> Starlette:
    """Pass the route in a list, with its own middleware."""
    return Starlette(routes=[Route("/", endpoint, middleware=[Middleware(GZipMiddleware)])])


MAKERS = [in_the_app, in_a_router, in_a_mounted_app, in_a_list, behind_middleware, with_its_own_middleware]


def install(app: Any) -> None:
    """Install the plugin for the app."""
    (fastapi_privy.Privy if isinstance(app, FastAPI) else starlette.Privy)(app, issuer_config())


@every_guard
@pytest.mark.parametrize("make", MAKERS)
def test_a_guard_above_its_route(name: str, make: Callable[[Any], ASGIApp]) -> None:
    """The app does not start, and without a lifespan every request raises the error."""
    endpoint = page_of()
    app: Any = make(endpoint)
    install(app)
    guarded = GUARDS[name](endpoint)
    with pytest.raises(ConfigurationError, match=r"page: .*route's decorator first"), TestClient(app):
        raise AssertionError("the app has started")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"page: .*route's decorator first"):
            TestClient(app).get("/")
    assert callable(guarded)


@pytest.mark.anyio
async def test_the_server_is_told() -> None:
    """The server gets the error, as for other mistakes at startup."""
    endpoint = page_of()
    app = in_the_app(endpoint)
    install(app)
    require_privy_user(endpoint)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    with pytest.raises(ConfigurationError):
        await app({"type": "lifespan", "state": {}}, receive, send)
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "page_of.<locals>.page: is served without the guard" in sent[0]["message"]


def test_on_a_socket() -> None:
    """The route of a WebSocket is checked too."""
    app = FastAPI()

    @require_privy_user
    @app.websocket("/ws")
    async def chat(websocket: WebSocket) -> None:
        await websocket.accept()

    install(app)
    with pytest.raises(ConfigurationError, match=r"chat: "), TestClient(app):
        raise AssertionError("the app has started")


@pytest.mark.parametrize("make", MAKERS)
def test_the_right_order(make: Callable[[Any], ASGIApp]) -> None:
    """The right order works for all routes."""
    app: Any = make(require_privy_user(page_of()))
    install(app)
    paths = {"in_a_router": "/outer/inner/", "in_a_mounted_app": "/sub/", "behind_middleware": "/sub/deep/"}
    path = paths.get(make.__name__, "/")
    with TestClient(app) as client:
        assert client.get(path).status_code == 401
        assert client.get(path, headers=identity_header()).text == "secret"


def test_endpoints_that_are_open_and_guarded() -> None:
    """Under two URLs, in two apps, or under the name in the module."""
    shared = page_of()
    public = Starlette(routes=[Route("/", shared), Route("/module", module_page)])
    internal = Starlette(routes=[Route("/", require_privy_user(shared)), WebSocketRoute("/ws", SOCKET)])
    both = Starlette(routes=[Route("/open", page := page_of()), Route("/closed", require_privy_user(page))])
    for app in (public, internal, both):
        install(app)
    assert callable(GUARDED_MODULE_PAGE)
    assert TestClient(public).get("/").text == "secret"
    assert TestClient(public).get("/module").text == "open"
    assert TestClient(internal).get("/").status_code == 401
    assert TestClient(both).get("/open").text == "secret"
    assert TestClient(both).get("/closed").status_code == 401


async def module_page(request: Request) -> PlainTextResponse:
    """An endpoint that is served without a check under its own name."""
    return PlainTextResponse("open")


GUARDED_MODULE_PAGE = require_privy_user(module_page)


@functools.partial
async def SOCKET(websocket: WebSocket) -> None:
    """Respond to every request."""
    await websocket.accept()


def test_mounted_behind_middleware() -> None:
    """An app that is mounted inside middleware sends the same error responses."""

    @require_privy_user
    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.privy_user.id)

    app = behind_middleware(page)
    install(app)
    client = TestClient(app)
    assert client.get("/sub/deep/").json() == {"message": "Unauthorized"}
    assert client.get("/sub/deep/", headers=identity_header()).text == ADA


@pytest.mark.parametrize("plugin", [starlette.Privy, fastapi_privy.Privy])
def test_options_are_checked_where_the_plugin_is_installed(plugin: Any) -> None:
    """Wrong options raise an error when the plugin is installed, like wrong settings."""
    for options, field in (({"on_expired": print}, "on_expired"), ({"protect": ["api"]}, "protect")):
        with pytest.raises(ConfigurationError, match=f"^{field}: "):
            plugin(FastAPI(), issuer_config(), **options)


def test_mounted_apps_of_other_kinds() -> None:
    """Their ``routes`` can be something else."""

    class Other:
        def routes(self) -> list[str]:
            return ["/"]

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("other")(scope, receive, send)

    app = Starlette(routes=[Mount("/other", Other()), Route("/", page_of())])
    install(app)
    with TestClient(app) as client:
        assert client.get("/other/").text == "other"


@pytest.mark.parametrize("word", ["ignore", "", "Reject"])
def test_optional_takes_one_of_two_words(word: Any) -> None:
    """Any other value raises an error."""
    with pytest.raises(ConfigurationError, match=r"^on_invalid: "):
        optional_privy_user(on_invalid=word)
