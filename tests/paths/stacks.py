"""The apps inside the middleware or with a plugin, called like servers call them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeAlias

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from django_privy.channels import PrivyMiddlewareStack
from fastapi_privy import Privy
from litestar_privy import Privy as LitestarPrivy
from privy_middleware import PrivyMiddleware, PrivyWSGIMiddleware
from tests.behaviour.clients.asgi import scope_of
from tests.behaviour.clients.wsgi import environ_of
from tests.paths import asgi_apps, django_urls, wsgi_apps
from tests.paths.routes import Rules, Seen, served
from tests.support.connections import connections_left_open
from tests.support.tokens import APP_ID, SIGNER, config

__all__ = ["EVERY_KIND", "Stack", "asgi_stacks", "by_asgi", "wsgi_stacks"]

Call: TypeAlias = Callable[[dict[str, Any], list[bytes]], None]
Fields: TypeAlias = Sequence[tuple[str, str]]
_SECONDS = 5


@dataclass(frozen=True)
class Stack:
    """An app with its protection."""

    name: str
    seen: Seen
    call: Call
    make: Callable[[str, str, Fields], dict[str, Any]]

    def reached(self, request: Mapping[str, Any]) -> list[str]:
        """Return the handlers and files that a request reaches, even if it ends with an error."""
        body: list[bytes] = []
        self.seen.names.clear()
        with suppress(Exception):
            self.call({**request}, body)
        return [*self.seen.names, *served(b"".join(body))]

    def get(self, target: str, fields: Fields = (), method: str = "GET", **more: Any) -> list[str]:
        """Return the handlers and files that a request for a target reaches."""
        return self.reached({**self.make(method, target, fields), **more})


def _scope(method: str, target: str, fields: Fields) -> dict[str, Any]:
    return scope_of("http", target, fields, method=method)


@contextmanager
def wsgi_stacks(rules: Rules, **settings: Any) -> Iterator[list[Stack]]:
    """Yield all WSGI apps."""
    options = {"protect": rules.protect, "exempt": rules.exempt}
    given = config(login_url=rules.login_url, **settings)
    stacks = []
    for name, make in wsgi_apps.APPS.items():
        seen = Seen()
        stacks.append(Stack(name, seen, _by_wsgi(PrivyWSGIMiddleware(make(seen), given, **options)), environ_of))
    with _django(rules, settings):
        yield [*stacks, Stack("django", django_urls.SEEN, _by_wsgi(WSGIHandler()), environ_of)]


@contextmanager
def asgi_stacks(rules: Rules, **settings: Any) -> Iterator[list[Stack]]:
    """Yield all ASGI apps, and those with a plugin also with the plugin."""
    options: dict[str, Any] = {"protect": rules.protect, "exempt": rules.exempt}
    given = config(login_url=rules.login_url, **settings)
    with asyncio.Runner() as runner, _django(rules, settings):
        stacks = []
        for name, make in asgi_apps.APPS.items():
            seen = Seen()
            app = make(seen)
            if name == "sanic":
                runner.run(_start(app))
            stack = PrivyMiddlewareStack(app) if name == "channels" else PrivyMiddleware(app, given, **options)
            stacks.append(Stack(name, seen, by_asgi(stack, runner), _scope))
        for name in ("starlette", "fastapi"):
            seen = Seen()
            app = asgi_apps.APPS[name](seen)
            Privy(app, given, **options)
            stacks.append(Stack(f"{name} with the plugin", seen, by_asgi(app, runner), _scope))
        seen = Seen()
        app = asgi_apps.litestar_app(seen, LitestarPrivy(given, **options))
        stacks.append(Stack("litestar with the plugin", seen, by_asgi(app, runner), _scope))
        yield [*stacks, Stack("django", django_urls.SEEN, _django_by_asgi(), _scope)]


async def _start(app: Any) -> None:
    app.asgi = True
    await app._startup()


@contextmanager
def _django(rules: Rules, settings: Mapping[str, Any]) -> Iterator[None]:
    privy: dict[str, Any] = {"APP_ID": APP_ID, "VERIFICATION_KEY": {"keys": [SIGNER.jwk]}}
    privy |= {"PROTECT": rules.protect, "EXEMPT": rules.exempt, "LOGIN_URL": rules.login_url, **settings}
    middleware = ["django.middleware.common.CommonMiddleware", "django_privy.middleware.PrivyMiddleware"]
    changed = override_settings(PRIVY=privy, ROOT_URLCONF=django_urls.__name__, MIDDLEWARE=middleware)
    with changed, connections_left_open():
        yield


def _by_wsgi(app: Any) -> Call:
    def call(environ: dict[str, Any], body: list[bytes]) -> None:
        parts = app(environ, lambda *_: body.append)
        try:
            body.extend(parts)
        finally:
            getattr(parts, "close", int)()

    return call


def _django_by_asgi() -> Call:
    """Call Django on this thread with the request that it creates from a scope, because other threads are slow."""
    handler = BaseHandler()
    handler.load_middleware()

    def call(scope: dict[str, Any], body: list[bytes]) -> None:
        with closing(handler.get_response(ASGIRequest(scope, BytesIO()))) as response:
            body.extend(response)

    return call


def by_asgi(app: Any, runner: asyncio.Runner) -> Call:
    """Return a function that calls an app as an ASGI server does."""

    async def serve(scope: dict[str, Any], body: list[bytes]) -> None:
        incoming = [{"type": "websocket.connect"} if scope["type"] == "websocket" else {"type": "http.request"}]
        ended = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not incoming:
                await ended.wait()
            return incoming.pop() if incoming else {"type": f"{scope['type']}.disconnect"}

        async def send(message: Any) -> None:
            body.append(message.get("body", b""))
            if message["type"] != "http.response.start" and not message.get("more_body"):
                ended.set()

        async with asyncio.timeout(_SECONDS):
            await app(scope, receive, send)

    return lambda scope, body: runner.run(serve(scope, body))


EVERY_KIND = {"asgi": asgi_stacks, "wsgi": wsgi_stacks}
