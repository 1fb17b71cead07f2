"""Starlette: this library, and the framework's ``AuthenticationMiddleware`` with joserfc."""

from __future__ import annotations

import functools
from typing import Any

from starlette.applications import Starlette
from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    BaseUser,
    SimpleUser,
    requires,
)
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import fastapi_privy.starlette
from benchmarks.apps.contender import Contender, Stack, bare, nothing, ours, peer
from benchmarks.apps.verifying import Failed, Verify, joserfc_jwt
from benchmarks.sending import LOOKING, PATH, App
from benchmarks.tokens import USER, Bench
from privy_middleware import PrivyConfig

__all__ = ["NoMiddleware", "stack"]


class NoMiddleware:
    """An ASGI middleware that does nothing."""

    def __init__(self, app: App) -> None:
        """Wrap an app."""
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on."""
        await self.app(scope, receive, send)


def stack(bench: Bench, config: PrivyConfig) -> Stack:
    """Return the apps."""
    return Stack(bare(_app(_nobody)), [_ours(config), _nothing(), _joserfc(bench)], "asgi")


def _app(view: App) -> Starlette:
    return Starlette(routes=[Route(PATH, view)])


async def _nobody(_request: Request) -> JSONResponse:
    return JSONResponse({"user": USER})


def _ours(config: PrivyConfig) -> Contender:
    @fastapi_privy.starlette.require_privy_user
    async def page(request: Request) -> JSONResponse:
        return JSONResponse({"user": request.state.privy_user.id})

    @fastapi_privy.starlette.require_privy_user
    async def accounts(request: Request) -> JSONResponse:
        assert request.state.privy_user.linked_accounts
        return JSONResponse({"user": request.state.privy_user.id})

    app = _app(page)
    app.routes.append(Route(LOOKING, accounts))
    fastapi_privy.starlette.Privy(app, config)
    return ours(app)


def _nothing() -> Contender:
    @functools.wraps(_nobody)
    async def page(request: Request) -> Any:
        return await _nobody(request)

    app = _app(page)
    app.add_middleware(NoMiddleware)
    return nothing(app)


class _Backend(AuthenticationBackend):
    """The backend as in Starlette's documents, with joserfc instead of a password."""

    def __init__(self, verify: Verify) -> None:
        self._verify = verify

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        if "Authorization" not in conn.headers:
            return None
        scheme, _, token = conn.headers["Authorization"].partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = self._verify(token)
        except Failed as error:
            raise AuthenticationError("Invalid token") from error
        return AuthCredentials(["authenticated"]), SimpleUser(claims["sub"])


def _joserfc(bench: Bench) -> Contender:
    @requires("authenticated", status_code=401)
    async def page(request: Request) -> JSONResponse:
        return JSONResponse({"user": request.user.display_name})

    def refuse(_connection: HTTPConnection, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=401, headers={"WWW-Authenticate": "Bearer"})

    app = _app(page)
    app.add_middleware(AuthenticationMiddleware, backend=_Backend(joserfc_jwt(bench)), on_error=refuse)
    return peer("AuthenticationMiddleware and joserfc", app)
