"""The routes in ASGI frameworks."""

from __future__ import annotations

from itertools import count
from typing import Any

import falcon.asgi
from channels.routing import URLRouter
from django.urls import path as django_path
from django.urls import re_path
from fastapi import APIRouter, FastAPI
from litestar import Litestar, asgi, route
from litestar.static_files import create_static_files_router
from quart import Quart
from sanic import Sanic
from sanic.response import raw
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from tests.paths.routes import DIRECTORY, PAGES, REST, START, SUB_PAGES, Seen

__all__ = ["APPS"]

METHODS = ["GET", "HEAD", "POST", "OPTIONS"]
FLAT = (*PAGES, *(f"/sub{path}" for path in SUB_PAGES))
_numbers = count()


def plain(seen: Seen, name: str) -> Any:
    """Return an ASGI app with a single handler."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = seen.run(name)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})
        else:
            await send({"type": "websocket.close"})

    return app


def starlette_app(seen: Seen) -> Any:
    """Return an app in Starlette."""

    def routes(paths: Any, prefix: str = "") -> list[Any]:
        pages = [Route(path, _endpoint(seen, prefix + path), methods=METHODS) for path in paths]
        return [*pages, *(WebSocketRoute(path, plain(seen, prefix + path)) for path in paths)]

    return Starlette(
        routes=[
            *routes(PAGES),
            Route(f"{REST}/{{rest:path}}", _endpoint(seen, REST), methods=METHODS),
            Mount("/sub", routes=routes(SUB_PAGES, "/sub")),
            Mount("/static", StaticFiles(directory=DIRECTORY)),
        ]
    )


def _endpoint(seen: Seen, name: str) -> Any:
    async def endpoint(request: Request) -> Response:
        return Response(seen.run(name))

    return endpoint


def fastapi_app(seen: Seen) -> Any:
    """Return an app in FastAPI with its own root path, a router and an inner app."""
    app, sub, router = FastAPI(), FastAPI(), APIRouter()
    app.root_path = "/v1"
    for path in PAGES:
        router.add_api_route(path, _endpoint(seen, path), methods=METHODS)
    router.add_api_route(f"{REST}/{{rest:path}}", _endpoint(seen, REST), methods=METHODS)
    for path in SUB_PAGES:
        sub.add_api_route(path, _endpoint(seen, f"/sub{path}"), methods=METHODS)
    app.include_router(router)
    app.mount("/sub", sub)
    app.mount("/static", StaticFiles(directory=DIRECTORY))
    return app


def quart_app(seen: Seen) -> Any:
    """Return an app in Quart."""
    app = Quart(__name__, static_folder=str(DIRECTORY), static_url_path="/static")

    def add(path: str, name: str) -> None:
        async def view(rest: str = "") -> bytes:
            return seen.run(name)

        app.add_url_rule(path, name, view, methods=METHODS, provide_automatic_options=False)

    for path in FLAT:
        add(path, path)
    add(f"{REST}/<path:rest>", REST)
    return app


def litestar_app(seen: Seen, *plugins: Any) -> Any:
    """Return an app in Litestar."""

    def handler(path: str, name: str) -> Any:
        @route(path, http_method=METHODS, name=name)  # type: ignore[arg-type]
        async def view() -> bytes:
            return seen.run(name)

        return view

    files = create_static_files_router("/static", [DIRECTORY])
    mounted = asgi(START, is_mount=True, copy_scope=True)(plain(seen, START))
    handlers = [handler(path, path) for path in FLAT]
    handlers += [handler(f"{REST}/{{rest:path}}", REST), mounted, files]
    return Litestar(handlers, plugins=plugins, openapi_config=None, logging_config=None)


def falcon_app(seen: Seen) -> Any:
    """Return an app in Falcon."""

    class Resource:
        def __init__(self, name: str) -> None:
            self._name = name

        async def on_get(self, request: Any, response: Any, rest: str = "") -> None:
            response.data = seen.run(self._name)

        on_post = on_options = on_head = on_get

    app = falcon.asgi.App()
    for path in FLAT:
        app.add_route(path, Resource(path))
    app.add_route(f"{REST}/{{rest:path}}", Resource(REST))
    sink: Any = Resource(START).on_get
    app.add_sink(sink, START)
    app.add_static_route("/static", DIRECTORY)
    return app


def sanic_app(seen: Seen) -> Any:
    """Return an app in Sanic, which routes ``raw_path``."""
    app: Any = Sanic(f"paths-{next(_numbers)}", configure_logging=False)
    # Sanic rewrites its own code for the first app of a process.
    app.config.TOUCHUP = False

    def add(path: str, name: str) -> None:
        async def view(request: Any, rest: str = "") -> Any:
            return raw(seen.run(name))

        app.add_route(view, path, methods=METHODS, name=f"view-{next(_numbers)}")

    for path in FLAT:
        add(path, path)
    add(f"{REST}/<rest:path>", REST)
    app.static("/static", DIRECTORY, name="files")
    return app


def channels_app(seen: Seen) -> Any:
    """Return an app in Channels, which serves no files."""

    def routes(paths: Any, prefix: str = "") -> list[Any]:
        return [django_path(path.lstrip("/"), plain(seen, prefix + path)) for path in paths]

    rest: Any = re_path(f"(?i)^{REST[1:]}/(?P<rest>.+)$", plain(seen, REST))
    sub: Any = URLRouter(routes(SUB_PAGES, "/sub"))
    mounted: Any = django_path("sub/", sub)
    return URLRouter([*routes(PAGES), rest, mounted])


APPS = {
    "starlette": starlette_app,
    "fastapi": fastapi_app,
    "quart": quart_app,
    "litestar": litestar_app,
    "falcon": falcon_app,
    "sanic": sanic_app,
    "channels": channels_app,
}
