"""The routes of Starlette apps, routers and mounts."""

from __future__ import annotations

import functools
from typing import Any

from flask import Flask
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Mount, Route, Router, WebSocketRoute
from starlette.websockets import WebSocket

import flask_privy
from fastapi_privy.starlette import Privy, optional_privy_user, require_privy_user
from privy_middleware import PrivyMiddleware
from privy_middleware.cli.listing import routes_of
from tests.cli.listing.reading import CONFIG, WALLET, listed


async def page(request: Request) -> Response:
    """Answer a request."""
    return PlainTextResponse("")


def plain(request: Request) -> Response:
    """Answer a request in a thread."""
    return PlainTextResponse("")


async def socket(websocket: WebSocket) -> None:
    """Do nothing."""


async def raw(scope: Any, receive: Any, send: Any) -> None:
    """Do nothing, as an app of unknown make."""


class Adapter:
    """An ASGI app that serves a WSGI app, as a2wsgi's."""

    def __init__(self, app: object) -> None:
        """Wrap an app."""
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Do nothing."""


class Endpoint(HTTPEndpoint):
    """An endpoint with a guard on one method."""

    async def get(self, request: Request) -> Response:
        """Answer anybody."""
        return PlainTextResponse("")

    @require_privy_user
    async def post(self, request: Request) -> Response:
        """Answer a user."""
        return PlainTextResponse("")


class Socket(WebSocketEndpoint):
    """A WebSocket for users."""

    @require_privy_user
    async def on_connect(self, websocket: WebSocket) -> None:
        """Do nothing."""


class Raw:
    """An app of unknown make, which Starlette creates for each request."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        """Do nothing."""


def app_of(*routes: BaseRoute, **options: Any) -> Starlette:
    """Return an app with Privy."""
    app = Starlette(routes=routes)
    Privy(app, CONFIG, **options)
    return app


def test_endpoints() -> None:
    """A route requires what the decorators of its function, its partial or its class do."""
    app = app_of(
        Route("/open", page),
        Route("/user", require_privy_user(page)),
        Route("/thread", require_privy_user(wallet="ethereum")(plain), methods=["POST", "GET"]),
        Route("/partial", functools.partial(optional_privy_user(page))),
        Route("/class", Endpoint),
        Route("/raw", Raw),
        WebSocketRoute("/ws", require_privy_user(socket)),
        WebSocketRoute("/open-ws", socket),
        WebSocketRoute("/class-ws", Socket),
    )
    assert listed(routes_of(app)) == {
        "GET /open": "nothing",
        "GET /user": "user",
        "GET POST /thread": f"user; {WALLET}",
        "GET /partial": "optional user",
        "GET /class": "nothing",
        "POST /class": "user",
        "/raw": "unknown",
        "WEBSOCKET /ws": "user",
        "WEBSOCKET /open-ws": "nothing",
        "WEBSOCKET /class-ws": "user",
    }


def test_mounts() -> None:
    """Mounted routes, apps, hosts and Flask apps are listed; another app is unknown."""
    flask = Flask("flask", static_folder=None)
    flask_privy.Privy(flask, CONFIG)
    flask.get("/me")(flask_privy.require_privy_user(lambda: ""))
    app = app_of(
        Mount("/routes", routes=[Route("/me", require_privy_user(page))]),
        Mount("/app", Starlette(routes=[Route("/{id}", page)])),
        Mount("/router", Router([Mount("/deep", routes=[Route("/", page)])])),
        Host("other.example.com", Router([Route("/host", require_privy_user(page))])),
        Mount("/flask", Adapter(flask)),
        Mount("/raw", raw),
    )
    assert listed(routes_of(app)) == {
        "GET /routes/me": "user",
        "GET /app/{id}": "nothing",
        "GET /router/deep/": "nothing",
        "GET /host": "user",
        "GET /flask/me": "user",
        "/raw/**": "unknown",
    }


def test_protected_prefixes() -> None:
    """A prefix protects what is below it, also a mounted app; a route that may serve an exempt path stays open."""
    app = app_of(
        Route("/api/health", page),
        Route("/api/{name}", page),
        Route("/api/{name}/details", page),
        Route("/files/{rest:path}", page),
        Mount("/api/raw", raw),
        protect=["/api", "/files"],
        exempt=["/api/health", "/files/public"],
    )
    routes = routes_of(app)
    assert listed(routes) == {
        "GET /api/health": "nothing",
        "GET /api/{name}": "user",
        "GET /api/{name}/details": "user",
        "GET /files/{rest:path}": "nothing",
        "/api/raw/**": "user",
    }
    assert {route.path: route.exempt for route in routes if route.exempt} == {"/files/{rest:path}": ("/files/public",)}


def test_an_exempt_path_of_an_earlier_route() -> None:
    """A parameter that comes before the exempt route serves its path."""
    app = app_of(Route("/api/{name}", page), Route("/api/health", page), protect=["/api"], exempt=["/api/health"])
    assert listed(routes_of(app)) == {"GET /api/{name}": "nothing", "GET /api/health": "nothing"}


def test_middleware_around_parts() -> None:
    """Middleware of a route, of a mount and around an app protects what is inside, by either way to read a path."""
    guard = Middleware(PrivyMiddleware, CONFIG, protect=["/inside"])
    app = Starlette(
        routes=[
            Route("/inside/route", page, middleware=[guard]),
            Mount("/outside", routes=[Route("/inside", page), Route("/other", page)], middleware=[guard]),
            Mount("/inside", raw),
        ]
    )
    assert listed(routes_of(app)) == {
        "GET /inside/route": "user",
        "GET /outside/inside": "user",
        "GET /outside/other": "nothing",
        "/inside/**": "unknown",
    }
    assert listed(routes_of(PrivyMiddleware(app, CONFIG, protect=["/"]))).keys() == listed(routes_of(app)).keys()
    assert set(listed(routes_of(PrivyMiddleware(app, CONFIG, protect=["/"]))).values()) == {"user"}


def test_an_app_of_unknown_make() -> None:
    """All that is known of it are the prefixes around it."""
    assert listed(routes_of(PrivyMiddleware(raw, CONFIG, protect=["/api"]))) == {"/**": "unknown"}
    assert listed(routes_of(raw)) == {"/**": "unknown"}
