"""A request to a route in each framework, without and with authentication.

The app without authentication has a middleware, dependency or decorator that does nothing, in the place where
authentication would be. Both apps return the same response. Requests are passed directly to the app, without a server
or a client.
"""

from __future__ import annotations

import asyncio
import functools
import io
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import quote, unquote

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import override_settings
from django.urls import path as django_path
from fastapi import Depends, FastAPI
from fastapi.security import APIKeyHeader
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import django_privy
import fastapi_privy
import fastapi_privy.starlette
import flask_privy
from benchmarks.pairing import Timer, awaiting, calling
from benchmarks.tokens import Bench
from privy_middleware import PrivyConfig, PrivyMiddleware, PrivyUser, PrivyWSGIMiddleware
from privy_middleware.asgi import ASGIRequest
from privy_middleware.gate import build_gate

__all__ = ["FRAMEWORKS", "judges", "twins"]

FRAMEWORKS = ("ASGI", "ASGI, looked", "WSGI", "Starlette", "FastAPI", "Flask", "Django")

_OK: dict[str, bool] = {"ok": True}
_BODY = b'{"ok": true}'
_HEADERS = {
    "host": "app.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept": "application/json",
    "accept-language": "en-GB,en;q=0.7",
    "accept-encoding": "gzip, deflate, br, zstd",
    "sec-fetch-site": "same-origin",
    "connection": "keep-alive",
}

App = Callable[..., Any]


def twins(framework: str, bench: Bench, token: str, loop: asyncio.AbstractEventLoop) -> tuple[Timer, Timer]:
    """Return timers for a request with a token in a cookie: to the app without authentication, and with it."""
    without, authenticated = _MAKERS[framework](bench.config())
    if framework in ("WSGI", "Flask", "Django"):
        return _wsgi_timer(without, token, "/page"), _wsgi_timer(authenticated, token, "/page")
    return _asgi_timer(loop, without, token, "/page"), _asgi_timer(loop, authenticated, token, "/page")


# Request targets as clients send them.
_TARGETS = {
    "an ordinary path": "/docs/items/17",
    "8 KB of letters": "/" + "x" * 8_191,
    "8 KB of %25": "/" + "%25" * 2_730,
    "8 KB of escaped Chinese": "/" + quote("文") * 910,
    "1,024 letters": "/" + "x" * 1_023,
    "512 letters of Chinese": "/" + quote("文") * 511,
    "1,024 characters, half of them slashes": "/x" * 512,
    "256 characters, escaped again and again": "/" + "%2525252541/" * 15 + "a/" * 30,
    "256 characters with many empty names": "//a" * 16 + "/a" * 104,
}


def judges(bench: Bench) -> dict[str, Callable[[], bool]]:
    """Return functions that decide by the path whether a request needs a user."""
    gate = build_gate(bench.config(), protect=["/api", "/account/settings", "/static/private"], exempt=["/api/health"])

    def judge(target: str) -> Callable[[], bool]:
        scope = {**_scope(unquote(target)), "headers": []}
        return lambda: gate.guards(ASGIRequest(scope))

    return {name: judge(target) for name, target in _TARGETS.items()}


def _cookie(token: str) -> str:
    return f"theme=dark; privy-id-token={token}; _ga=GA1.1.1234567890.1234567890"


def _asgi_timer(loop: asyncio.AbstractEventLoop, app: App, token: str, path: str) -> Timer:
    fields = {**_HEADERS, "cookie": _cookie(token)}
    scope = {**_scope(path), "headers": [(name.encode(), value.encode()) for name, value in fields.items()]}
    statuses: list[int] = []

    async def send(message: dict[str, Any]) -> None:
        if "status" in message:
            statuses.append(message["status"])

    timer = awaiting(loop, lambda: app(dict(scope), _receive, send))
    timer(1)
    assert statuses == [200]
    return timer


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 443),
        "state": {},
    }


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _wsgi_timer(app: App, token: str, path: str) -> Timer:
    fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in _HEADERS.items()}
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "app.example",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_COOKIE": _cookie(token),
        **fields,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    statuses: list[str] = []

    def request() -> None:
        result = app(dict(environ), lambda status, *_: statuses.append(status))
        list(result)
        getattr(result, "close", int)()

    request()
    assert statuses == ["200 OK"]
    return calling(request)


def _asgi(config: PrivyConfig) -> tuple[App, App]:
    return _answering, PrivyMiddleware(_answering, config)


def _asgi_looked(config: PrivyConfig) -> tuple[App, App]:
    async def looking(scope: Any, receive: Any, send: Any) -> None:
        assert scope["state"]["privy_user"]
        await _answering(scope, receive, send)

    return _answering, PrivyMiddleware(looking, config)


async def _answering(_scope: Any, _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"12")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


def _wsgi(config: PrivyConfig) -> tuple[App, App]:
    def app(_environ: Any, start_response: App) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "12")])
        return [_BODY]

    return app, PrivyWSGIMiddleware(app, config)


class _NoMiddleware:
    """An ASGI middleware that does nothing."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


async def _answer(request: Request) -> JSONResponse:
    return JSONResponse(_OK)


def _starlette(config: PrivyConfig) -> tuple[App, App]:
    without = Starlette(routes=[Route("/page", _undecorated(_answer))])
    without.add_middleware(_NoMiddleware)
    authenticated = Starlette(routes=[Route("/page", fastapi_privy.starlette.require_privy_user(_answer))])
    fastapi_privy.starlette.Privy(authenticated, config)
    return without, authenticated


def _undecorated(view: App) -> App:
    """Wrap a view in a decorator that does nothing."""

    @functools.wraps(view)
    async def wrapper(request: Request) -> Any:
        return await view(request)

    return wrapper


_scheme = APIKeyHeader(name="accept")


async def _nobody(_key: Annotated[str, Depends(_scheme)]) -> str:
    return "nobody"


def _fastapi(config: PrivyConfig) -> tuple[App, App]:
    without, authenticated = FastAPI(), FastAPI()
    without.add_middleware(_NoMiddleware)
    fastapi_privy.Privy(authenticated, config)

    @without.get("/page")
    async def _nobodys(user: Annotated[str, Depends(_nobody)]) -> dict[str, bool]:
        return _OK if user else {}

    @authenticated.get("/page")
    async def _users(user: Annotated[PrivyUser, Depends(fastapi_privy.current_user)]) -> dict[str, bool]:
        return _OK if user.id else {}

    return without, authenticated


def _flask(config: PrivyConfig) -> tuple[App, App]:
    without, authenticated = Flask("without"), Flask("authenticated")
    without.before_request(lambda: None)
    without.after_request(lambda response: response)
    flask_privy.Privy(authenticated, config)
    without.get("/page")(lambda: _OK)
    authenticated.get("/page")(flask_privy.require_privy_user(lambda: _OK))
    return without.wsgi_app, authenticated.wsgi_app


def _page(_: HttpRequest) -> JsonResponse:
    return JsonResponse(_OK)


_URLCONFS = {
    "without": (django_path("page", _page),),
    "authenticated": (django_path("page", django_privy.require_privy_user(_page)),),
}


def without_urls(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that selects the URLconf of the app without authentication."""
    return _choosing("without", get_response)


def authenticated_urls(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that selects the URLconf of the app with authentication."""
    return _choosing("authenticated", get_response)


def _choosing(name: str, get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        vars(request)["urlconf"] = _URLCONFS[name]
        return get_response(request)

    return middleware


def no_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a Django middleware that does nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    return middleware


def _django(config: PrivyConfig) -> tuple[App, App]:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["django_privy"],
        PRIVY=config,
        ROOT_URLCONF=(),
        SECRET_KEY="benchmark" * 6,
    )
    django.setup()
    without = _handler("benchmarks.webapps.without_urls", "benchmarks.webapps.no_middleware")
    return without, _handler("benchmarks.webapps.authenticated_urls", "django_privy.middleware.PrivyMiddleware")


def _handler(*middleware: str) -> App:
    with override_settings(MIDDLEWARE=list(middleware)):
        handler: App = WSGIHandler()
    return handler


_MAKERS: dict[str, Callable[[PrivyConfig], tuple[App, App]]] = {
    "ASGI": _asgi,
    "ASGI, looked": _asgi_looked,
    "WSGI": _wsgi,
    "Starlette": _starlette,
    "FastAPI": _fastapi,
    "Flask": _flask,
    "Django": _django,
}
