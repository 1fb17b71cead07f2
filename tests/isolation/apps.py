"""Small apps, one in each framework, that report the user three times: first, after other requests ran, and later."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from anyio.lowlevel import checkpoint
from fastapi import BackgroundTasks, FastAPI
from fastapi import Request as FastAPIRequest
from flask import Flask, Response, copy_current_request_context, jsonify, request, stream_with_context
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

import fastapi_privy
import flask_privy
from fastapi_privy import starlette as starlette_privy
from flask_privy import privy_auth, privy_user
from privy_middleware import PrivyMiddleware, PrivyWSGIMiddleware
from privy_middleware.asgi import ASGIApp, Receive, Scope, Send
from tests.isolation.traffic import CONFIG

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["LATER", "asgi_app", "fastapi_app", "flask_app", "id_of", "starlette_app", "wsgi_app"]

LATER: list[tuple[str, str | None]] = []
"""The request's marker and its user, as seen by tasks that run after or in parallel with the response."""


def id_of(user: Any) -> str | None:
    """Return the user's ID, or ``None``."""
    return user.id if user else None


def wsgi_app(*, double: bool = False) -> WSGIApplication:
    """Return an app without a framework."""
    app: WSGIApplication = PrivyWSGIMiddleware(_wsgi, CONFIG)
    return PrivyWSGIMiddleware(app, CONFIG) if double else app


def _wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/crash":
        raise LookupError(environ["privy_middleware.user"])
    if path == "/me":
        environ["privy_middleware.auth"].require()
    start_response("200 OK", [("Content-Type", "application/json")])
    return _ThenLater(environ) if path == "/later" else _thrice(environ)


def _thrice(environ: WSGIEnvironment) -> Iterator[bytes]:
    yield f"[{json.dumps(id_of(environ['privy_middleware.user']))},".encode()
    time.sleep(0)
    yield f"{json.dumps(id_of(environ['privy_middleware.user']))},".encode()
    yield f"{json.dumps(id_of(environ['privy_middleware.auth'].user))}]".encode()


class _ThenLater:
    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ

    def __iter__(self) -> Iterator[bytes]:
        return _thrice(self._environ)

    def close(self) -> None:
        LATER.append((self._environ["HTTP_X_MARKER"], id_of(self._environ["privy_middleware.user"])))


def flask_app(*, double: bool = False) -> WSGIApplication:
    """Return a Flask app."""
    app = Flask(__name__)
    flask_privy.Privy(app, CONFIG)

    def who() -> list[str | None]:
        first = id_of(privy_user)
        time.sleep(0)
        return [first, id_of(privy_user), id_of(privy_auth.user)]

    @app.get("/me")
    @flask_privy.require_privy_user
    def me() -> list[str | None]:
        return who()

    @app.get("/stream")
    def stream() -> Response:
        def parts() -> Iterator[str]:
            yield "["
            for end in (",", ",", "]"):
                yield json.dumps(id_of(privy_user)) + end

        return Response(stream_with_context(parts()))

    @app.get("/later")
    def later() -> Response:
        @copy_current_request_context
        def remember() -> None:
            LATER.append((request.headers["X-Marker"], id_of(privy_user)))

        response = jsonify(who())
        response.call_on_close(remember)
        return response

    @app.get("/crash")
    def crash() -> Response:
        raise LookupError(id_of(privy_user))

    for path in ("/who", "/thread"):
        app.add_url_rule(path, path, who)
    return PrivyWSGIMiddleware(app, CONFIG) if double else app


def asgi_app(*, double: bool = False) -> ASGIApp:
    """Return an app without a framework."""
    app: ASGIApp = PrivyMiddleware(_asgi, CONFIG)
    return PrivyMiddleware(app, CONFIG) if double else app


async def _asgi(scope: Scope, receive: Receive, send: Send) -> None:
    def who() -> str:
        return json.dumps(id_of(scope["state"]["privy_user"]))

    if scope["path"] == "/crash":
        raise LookupError(who())
    if scope["path"] == "/me":
        scope["state"]["privy_auth"].require()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for start in ("[", ",", ","):
        told = await to_thread.run_sync(who) if scope["path"] == "/thread" else who()
        await send({"type": "http.response.body", "body": (start + told).encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b"]"})
    if scope["path"] == "/later":
        marker = dict(scope["headers"])[b"x-marker"].decode()
        LATER.append((marker, id_of(scope["state"]["privy_user"])))


async def _who(request: Request) -> list[str | None]:
    first = id_of(request.state.privy_user)
    await checkpoint()
    return [first, id_of(request.state.privy_user), id_of(starlette_privy.privy_auth(request).user)]


def _who_at_once(request: Request) -> list[str | None]:
    return [id_of(request.state.privy_user)] * 3


async def _remember(request: Request) -> None:
    await checkpoint()
    LATER.append((request.headers["x-marker"], id_of(request.state.privy_user)))


async def _parts(request: Request) -> AsyncIterator[str]:
    yield "["
    for end in (",", ",", "]"):
        await checkpoint()
        yield json.dumps(id_of(request.state.privy_user)) + end


async def _stream(request: Request) -> StreamingResponse:
    return StreamingResponse(_parts(request))


async def _crash(request: Request) -> None:
    raise LookupError(id_of(request.state.privy_user))


def starlette_app(*, double: bool = False) -> ASGIApp:
    """Return a Starlette app."""

    async def who(request: Request) -> JSONResponse:
        return JSONResponse(await _who(request))

    def thread(request: Request) -> JSONResponse:
        return JSONResponse(_who_at_once(request))

    async def later(request: Request) -> JSONResponse:
        return JSONResponse(await _who(request), background=BackgroundTask(_remember, request))

    async def crash(request: Request) -> JSONResponse:
        await _crash(request)
        raise AssertionError

    pages = {"/who": who, "/thread": thread, "/later": later, "/crash": crash, "/stream": _stream}
    pages["/me"] = starlette_privy.require_privy_user(who)
    app = Starlette(routes=[Route(path, page) for path, page in pages.items()])
    starlette_privy.Privy(app, CONFIG)
    if double:
        app.add_middleware(PrivyMiddleware, CONFIG)
    return app


def fastapi_app(*, double: bool = False) -> ASGIApp:
    """Return a FastAPI app."""
    app = FastAPI()
    fastapi_privy.Privy(app, CONFIG)

    @app.get("/who")
    async def who(request: FastAPIRequest) -> list[str | None]:
        return await _who(request)

    @app.get("/me")
    async def me(request: FastAPIRequest, user: fastapi_privy.CurrentUser) -> list[str | None]:
        return [*(await _who(request))[:2], user.id]

    @app.get("/thread")
    def thread(request: FastAPIRequest) -> list[str | None]:
        return _who_at_once(request)

    @app.get("/later")
    async def later(request: FastAPIRequest, tasks: BackgroundTasks) -> list[str | None]:
        tasks.add_task(_remember, request)
        return await _who(request)

    @app.get("/stream")
    async def stream(request: FastAPIRequest) -> StreamingResponse:
        return await _stream(request)

    @app.get("/crash")
    async def crash(request: FastAPIRequest) -> None:
        await _crash(request)

    if double:
        app.add_middleware(PrivyMiddleware, CONFIG)
    return app
