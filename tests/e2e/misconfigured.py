"""An app with wrong settings from the environment, installed in the way that ``INSTALLED`` names."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from fastapi import FastAPI
from litestar import Litestar
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from fastapi_privy import Privy
from fastapi_privy import starlette as starlette_privy
from litestar_privy import Privy as LitestarPrivy
from privy_middleware import PrivyMiddleware
from privy_middleware.asgi import ASGIApp

__all__ = ["INSTALLED", "app"]


async def hello(request: Request) -> PlainTextResponse:
    """Return a response."""
    return PlainTextResponse("hello")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """The app's own lifespan, which must not begin."""
    print("the app has started", flush=True)  # noqa: T201 (for the server's log)
    yield


def in_a_list() -> ASGIApp:
    """Use the middleware in Starlette's list."""
    return Starlette(routes=[Route("/", hello)], middleware=[Middleware(PrivyMiddleware)])


def with_lifespan() -> ASGIApp:
    """Use the middleware in an app with its own lifespan."""
    middleware = [Middleware(PrivyMiddleware, protect=["/api"])]
    return Starlette(routes=[Route("/", hello)], middleware=middleware, lifespan=lifespan)


def added() -> ASGIApp:
    """Use ``add_middleware`` of a FastAPI app."""
    made = FastAPI()
    made.add_middleware(PrivyMiddleware)
    made.add_route("/", hello)
    return made


def plugin() -> ASGIApp:
    """Use the plugin in a FastAPI app."""
    made = FastAPI()
    Privy(made)
    return made


def starlette_plugin() -> ASGIApp:
    """Use the plugin in a Starlette app."""
    made = Starlette(routes=[Route("/", hello)])
    starlette_privy.Privy(made)
    return made


def litestar_plugin() -> ASGIApp:
    """Use the plugin in a Litestar app."""
    made: Any = Litestar(plugins=[LitestarPrivy()])
    return cast(ASGIApp, made)


def wrapped() -> ASGIApp:
    """Wrap an app."""
    return PrivyMiddleware(Starlette(routes=[Route("/", hello)]))


INSTALLED: dict[str, Callable[[], ASGIApp]] = {
    each.__name__: each
    for each in (in_a_list, with_lifespan, added, plugin, starlette_plugin, litestar_plugin, wrapped)
}
app = INSTALLED[os.environ.get("INSTALLED", "in_a_list")]()
