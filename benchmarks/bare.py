"""The example apps' ``/me`` without authentication: the same response, always for the same user.

The response has the same caching headers, because an app without this library would need them too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from fastapi import FastAPI, Response
from flask import Flask
from flask.typing import ResponseReturnValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.tokens import Bench
from privy_middleware import PrivyUser, PrivyVerifier

_bench = Bench()
USER = PrivyVerifier(_bench.config()).verify_identity_token(_bench.token())

CACHING = {"Vary": "Cookie, privy-id-token, Authorization", "Cache-Control": "private, no-store"}

fastapi = FastAPI()
flask = Flask(__name__)


@fastapi.get("/me")
async def _fastapi_me(response: Response) -> PrivyUser:
    response.headers.update(CACHING)
    return USER


@flask.get("/me")
def _flask_me() -> ResponseReturnValue:
    return USER.to_dict(), CACHING


async def _starlette_me(_request: Request) -> JSONResponse:
    return JSONResponse(USER.to_dict(), headers=CACHING)


starlette = Starlette(routes=[Route("/me", _starlette_me)])


def _django_me(_request: HttpRequest) -> JsonResponse:
    return JsonResponse(USER.to_dict(), headers=CACHING)


settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    ROOT_URLCONF=(path("me", _django_me),),
    SECRET_KEY="benchmark" * 6,
)
django = get_asgi_application()
django_wsgi = get_wsgi_application()


async def asgi(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[dict[str, Any]], Any]) -> None:
    """Respond over ASGI without a framework."""
    await _answer(scope, receive, send, CACHING)


async def asgi_without_caching_fields(
    scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[dict[str, Any]], Any]
) -> None:
    """Respond over ASGI without caching headers."""
    await _answer(scope, receive, send, {})


async def _answer(
    scope: dict[str, Any],
    receive: Callable[[], Any],
    send: Callable[[dict[str, Any]], Any],
    more: Mapping[str, str],
) -> None:
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    body = json.dumps(USER.to_dict()).encode()
    fields = {"content-type": "application/json", "content-length": str(len(body)), **more}
    headers = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def wsgi(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Respond over WSGI without a framework."""
    body = json.dumps(USER.to_dict()).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), **CACHING}
    start_response("200 OK", list(fields.items()))
    return [body]
