"""The same app in each framework: without authentication, with this library, and with others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from benchmarks.apps import django, fastapi, flask, plain, starlette
from benchmarks.apps.contender import Stack
from benchmarks.sending import App, Client, asgi_client, wsgi_client
from benchmarks.tokens import Bench
from privy_middleware import PrivyConfig

__all__ = ["FRAMEWORKS", "client"]

FRAMEWORKS: dict[str, Callable[[Bench, PrivyConfig], Stack]] = {
    "ASGI": plain.asgi,
    "WSGI": plain.wsgi,
    "Starlette": starlette.stack,
    "FastAPI": fastapi.stack,
    "Flask": flask.stack,
    "Django": django.stack,
    "REST framework": django.rest_framework,
}


def client(stack: Stack, app: App, requests: Sequence[Mapping[str, str]], loop: asyncio.AbstractEventLoop) -> Client:
    """Return a client for one of the apps of a framework."""
    return asgi_client(app, requests, loop) if stack.interface == "asgi" else wsgi_client(app, requests)
