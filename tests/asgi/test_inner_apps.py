"""Warnings about the apps inside the middleware: CORS middleware, and prefixes that match no route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from litestar import Litestar, asgi, get
from litestar.config.cors import CORSConfig
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

import fastapi_privy
import litestar_privy
from fastapi_privy import starlette as starlette_privy
from privy_middleware import PrivyMiddleware
from privy_middleware.settings import hints
from tests.support.issued import issuer_config


@pytest.fixture(autouse=True)
def nothing_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test log each warning anew."""
    monkeypatch.setattr(hints, "_warned", set())


async def page(request: Request) -> PlainTextResponse:
    """Return a text."""
    return PlainTextResponse("page")


async def socket(websocket: WebSocket) -> None:
    """Accept a connection."""
    await websocket.accept()


async def foreign(scope: Any, receive: Any, send: Any) -> None:
    """An app without routes."""
    await PlainTextResponse("foreign")(scope, receive, send)


class Bare:
    """An app without routes, with a lifespan."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Start and stop."""
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})


def with_routes(*routes: Any, **options: Any) -> Any:
    """Return a Starlette app with the plugin."""
    app = Starlette(routes=list(routes))
    starlette_privy.Privy(app, issuer_config(), **options)
    return app


def in_fastapi(**options: Any) -> Any:
    """Return a FastAPI app with included routers, a mounted app, and the plugin."""
    app, outer, inner = FastAPI(), APIRouter(prefix="/outer"), APIRouter(prefix="/inner")
    fastapi_privy.Privy(app, issuer_config(), **options)
    inner.get("/{number}")(lambda number: number)
    outer.include_router(inner)
    outer.mount("/mounted", foreign)
    app.include_router(outer, prefix="/v1")
    app.mount("/sub", Starlette(routes=[Route("/page", page)]))
    return app


def in_litestar(**options: Any) -> Any:
    """Return a Litestar app with the plugin."""

    @get("/users/{number:int}")
    async def user(number: int) -> int:
        return number

    @asgi("/mounted", is_mount=True, copy_scope=True)
    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        """Answer nothing."""

    plugins = [litestar_privy.Privy(issuer_config(), **options)]
    return Litestar([user, mounted], plugins=plugins, logging_config=None)


def messages(app: Any, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Start an app and return the warnings about its settings."""
    with TestClient(app):
        return [each.getMessage() for each in caplog.records if each.name == "privy_middleware.settings"]


@pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
@pytest.mark.parametrize(
    ("make", "known"),
    [
        (lambda **options: with_routes(Route("/api/{id}", page), **options), ["/api", "/api/7"]),
        (lambda **options: with_routes(WebSocketRoute("/ws", socket), **options), ["/ws"]),
        (lambda **options: with_routes(Mount("/sub", routes=[Route("/api", page)]), **options), ["/sub", "/sub/api"]),
        (lambda **options: with_routes(Mount("/sub", foreign), **options), ["/sub/anything"]),
        (lambda **options: with_routes(Mount("/", foreign), **options), ["/anything", "/nowhere", "/elsewhere"]),
        (lambda **options: with_routes(Host("a.example", Router([Route("/api", page)])), **options), ["/api"]),
        (lambda **options: with_routes(Route("/{rest:path}", page), **options), ["/nowhere", "/elsewhere"]),
        (in_fastapi, ["/v1/outer/inner", "/v1/outer/inner/7", "/v1/mounted/x", "/sub/page", "/docs"]),
        (in_litestar, ["/users", "/users/7", "/mounted/x", "/schema"]),
        (
            lambda **options: PrivyMiddleware(Starlette(routes=[Route("/api", page)]), issuer_config(), **options),
            ["/api"],
        ),
        (lambda **options: PrivyMiddleware(Bare(), issuer_config(), **options), ["/nowhere", "/elsewhere"]),
    ],
)
def test_prefixes(make: Callable[..., Any], known: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """A prefix that matches no route is named; mounted apps, routers and catch-all routes count."""
    wrong = [each for each in ("/nowhere", "/elsewhere") if each not in known]
    logged = messages(make(protect=["/", "/nowhere", *known], exempt=["/elsewhere", *known]), caplog)
    assert [each.partition(":")[0] for each in logged] == [
        f'{option}=["{each}"]' for option, each in (("protect", "/nowhere"), ("exempt", "/elsewhere")) if each in wrong
    ]


def test_root_paths(caplog: pytest.LogCaptureFixture) -> None:
    """A prefix may begin with the root path of the app, or with that of the middleware."""
    app = FastAPI()
    app.root_path = "/v1"
    app.get("/api")(lambda: "hello")
    wrapped = PrivyMiddleware(app, issuer_config(), protect=["/v1/api", "/v2/api", "/api"], root_path="/v2")
    assert messages(wrapped, caplog) == []


@pytest.mark.parametrize("included", [False, True])
def test_frontends(included: bool, caplog: pytest.LogCaptureFixture, tmp_path: Any) -> None:
    """An app that serves a frontend, which may be at any path, has no wrong prefix."""
    (tmp_path / "index.html").write_text("hello")
    app, router = FastAPI(), APIRouter()
    target: Any = router if included else app
    # Earlier versions can only mount such an app.
    target.frontend("/", directory=tmp_path) if hasattr(target, "frontend") else target.mount("/", foreign)
    app.include_router(router)
    fastapi_privy.Privy(app, issuer_config(), protect=["/nowhere"])
    assert messages(app, caplog) == []


CORS = Middleware(CORSMiddleware, allow_origins=["https://app.example"])


def listed(*middleware: Any) -> Any:
    """Return a Starlette app with a list of middleware."""
    return Starlette(routes=[Route("/", page)], middleware=list(middleware))


def added(plugin_first: bool, make: Callable[[], Any], install: Callable[[Any], object]) -> Any:
    """Return an app to which our middleware and CORS middleware are added one after the other."""
    app = make()
    steps: list[Callable[[Any], object]] = [
        install,
        lambda app: app.add_middleware(CORSMiddleware, allow_origins=["https://app.example"]),
    ]
    for step in steps if plugin_first else reversed(steps):
        step(app)
    return app


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("make", [FastAPI, Starlette])
@pytest.mark.parametrize(
    "install",
    [
        lambda app: (fastapi_privy.Privy if isinstance(app, FastAPI) else starlette_privy.Privy)(app, issuer_config()),
        lambda app: app.add_middleware(PrivyMiddleware, issuer_config()),
    ],
)
def test_cors_that_is_added(
    inside: bool, make: Callable[[], Any], install: Callable[[Any], object], caplog: pytest.LogCaptureFixture
) -> None:
    """Middleware that is added later runs outside, where it adds its headers to our responses."""
    logged = messages(added(not inside, make, install), caplog)
    assert [each.partition(":")[0] for each in logged] == (["CORSMiddleware"] if inside else [])


@pytest.mark.parametrize("inside", [False, True])
def test_cors_in_other_places(inside: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The same in a list of middleware, and around an app."""
    ours = Middleware(PrivyMiddleware, issuer_config())
    in_list = listed(ours, CORS) if inside else listed(CORS, ours)
    assert len(messages(in_list, caplog)) == inside
    hints._warned.clear()
    caplog.clear()
    outer: Any = CORSMiddleware
    PrivyMiddleware(outer(foreign), issuer_config()) if inside else outer(PrivyMiddleware(foreign, issuer_config()))
    assert len(caplog.records) == inside


def test_cors_inside_on_purpose(caplog: pytest.LogCaptureFixture) -> None:
    """With ``preflight="pass"``, the app handles CORS itself."""
    inner: Any = CORSMiddleware(foreign)
    PrivyMiddleware(inner, issuer_config(preflight="pass"))
    assert caplog.records == []


def test_litestar_s_own_cors(caplog: pytest.LogCaptureFixture) -> None:
    """Litestar's own CORS middleware always runs outside."""
    app = Litestar([], plugins=[litestar_privy.Privy(issuer_config())], cors_config=CORSConfig(), logging_config=None)
    assert messages(app, caplog) == []
