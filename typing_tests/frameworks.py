"""The ASGI and WSGI middleware around the apps of frameworks, and in what they and servers want as an app."""

# mypy refuses every assignment to a method, with this code of its own, and checks the type as well.
# mypy: disable-error-code="method-assign"

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from fastapi import FastAPI
from flask import Flask
from litestar import Litestar, asgi
from quart import Quart
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp as StarletteApp

from django_privy.channels import PrivyMiddlewareStack
from privy_middleware import PrivyConfig, PrivyMiddleware, PrivyWSGIMiddleware
from privy_middleware.asgi import ASGIApp

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from asgiref.typing import ASGI3Application
    from litestar.types import ASGIApp as LitestarApp


def asgi_apps(config: PrivyConfig, quart: Quart) -> list[PrivyMiddleware]:
    wrapped = PrivyMiddleware(Starlette(), config)
    return [
        PrivyMiddleware(FastAPI(), config),
        PrivyMiddleware(Litestar(), config),
        PrivyMiddleware(quart, config),
        PrivyMiddleware(quart.asgi_app, config),
        PrivyMiddleware(get_asgi_application(), config),
        PrivyMiddleware(ProtocolTypeRouter({}), config),
        PrivyMiddleware(URLRouter([]), config),
        PrivyMiddleware(wrapped, config),
    ]


def as_an_asgi_app(wrapped: PrivyMiddleware, quart: Quart) -> None:
    quart.asgi_app = PrivyMiddleware(quart.asgi_app)
    uvicorn.run(wrapped)
    uvicorn.Config(PrivyMiddleware(Litestar()))
    Starlette(routes=[Mount("/api", wrapped)], middleware=[Middleware(PrivyMiddleware, protect=["/api"])])
    FastAPI().mount("/api", wrapped)
    FastAPI().add_middleware(PrivyMiddleware, protect=["/api"])
    asgi("/api", is_mount=True)(wrapped)
    TestClient(wrapped)
    ProtocolTypeRouter({"http": PrivyMiddleware(get_asgi_application())})
    starlette: StarletteApp = wrapped
    litestar: LitestarApp = wrapped
    asgiref: ASGI3Application = wrapped
    apps: list[ASGIApp] = [starlette, litestar, asgiref]
    PrivyMiddleware(apps[0])


def channels() -> ProtocolTypeRouter:
    router = PrivyMiddlewareStack(URLRouter([]))
    PrivyMiddlewareStack(AsyncWebsocketConsumer.as_asgi())
    return ProtocolTypeRouter({"http": get_asgi_application(), "websocket": router})


def wsgi_apps(config: PrivyConfig, flask: Flask) -> None:
    flask.wsgi_app = PrivyWSGIMiddleware(flask.wsgi_app, config)
    PrivyWSGIMiddleware(flask)
    wrapped: WSGIApplication = PrivyWSGIMiddleware(get_wsgi_application(), config)
    PrivyWSGIMiddleware(wrapped)
