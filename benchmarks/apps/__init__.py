"""The same app in each framework: without authentication, with this library, and with others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from benchmarks.apps import django, fastapi, flask, plain, starlette
from benchmarks.apps.contender import Contender, Stack
from benchmarks.sending import PATH, ASGIClient, Client, WSGIClient
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


def client(
    stack: Stack, contender: Contender, tokens: Sequence[str], loop: asyncio.AbstractEventLoop, path: str = PATH
) -> Client:
    """Return a client that sends requests with these tokens to an app."""
    if stack.interface == "asgi":
        return ASGIClient(contender.app, contender.fields, tokens, path, loop)
    return WSGIClient(contender.app, contender.fields, tokens, path)
