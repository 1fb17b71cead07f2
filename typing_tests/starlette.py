"""Starlette: the plugin, its decorators and the authentication backend, without FastAPI."""

from __future__ import annotations

from typing import TypedDict, assert_type

from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from fastapi_privy.starlette import (
    Privy,
    PrivyBackend,
    SignedInUser,
    clear_privy_cookies,
    optional_privy_user,
    privy_auth,
    refusal_response,
    require_privy_user,
    sign_out,
)
from privy_middleware import PrivyAuth, PrivyConfig, PrivyError, PrivyMiddleware, PrivyUser
from privy_middleware.conditions import has_linked
from privy_middleware.gate import Gate


class State(TypedDict):
    """The attributes that the middleware sets, for projects that type ``request.state``."""

    privy_user: PrivyUser | None
    privy_auth: PrivyAuth


def is_ada(user: PrivyUser) -> bool:
    return user.id == "did:privy:ada"


@require_privy_user
async def bare(request: Request) -> JSONResponse:
    assert_type(privy_auth(request), PrivyAuth)
    assert_type(privy_auth(request).require(), PrivyUser)
    return JSONResponse({})


async def leave(request: Request) -> JSONResponse:
    assert_type(await sign_out(Response(), request), Response)
    assert_type(clear_privy_cookies(Response(), request), Response)
    return clear_privy_cookies(JSONResponse({}), request)


@require_privy_user
def sync(request: Request) -> JSONResponse:
    user: PrivyUser = request.state.privy_user
    return JSONResponse({"id": user.id})


@require_privy_user()
async def called(request: Request) -> Response:
    return Response()


@require_privy_user(
    is_ada, wallet="ethereum", linked="email", metadata={"a": 1}, guest=False, verified_within=60, owns_wallet="address"
)
async def worded(request: Request) -> JSONResponse:
    return JSONResponse({})


@require_privy_user(has_linked("email") | is_ada)
def predicated(request: Request) -> JSONResponse:
    return JSONResponse({})


@optional_privy_user
async def optional(request: Request[State]) -> JSONResponse:
    assert_type(request.state["privy_user"], PrivyUser | None)
    assert_type(request.state["privy_auth"], PrivyAuth)
    assert_type(privy_auth(request).user, PrivyUser | None)
    return JSONResponse({})


@require_privy_user(lambda user: user.complete, guest=False)
def by_lambda(request: Request) -> JSONResponse:
    return JSONResponse({})


@require_privy_user(lambda user: user.is_guest)
def by_bare_lambda(request: Request) -> JSONResponse:
    return JSONResponse({})


@optional_privy_user(on_invalid="anonymous")
def lenient(request: Request) -> JSONResponse:
    return JSONResponse({})


@require_privy_user(linked="email")
async def socket(websocket: WebSocket) -> None:
    assert_type(privy_auth(websocket).session_id, str | None)
    await websocket.accept()


class Endpoint(HTTPEndpoint):
    @require_privy_user
    async def get(self, request: Request) -> JSONResponse:
        return JSONResponse({})

    @require_privy_user(wallet="ethereum")
    def post(self, request: Request) -> Response:
        return Response()


async def signatures_are_kept(request: Request, typed: Request[State], websocket: WebSocket, pages: Endpoint) -> None:
    assert_type(await bare(request), JSONResponse)
    assert_type(sync(request), JSONResponse)
    assert_type(await called(request=request), Response)
    assert_type(await worded(request), JSONResponse)
    assert_type(predicated(request), JSONResponse)
    assert_type(await optional(typed), JSONResponse)
    assert_type(by_lambda(request), JSONResponse)
    # mypy cannot distinguish a lambda that tests a user from one that is a view, so the result is only a callable.
    response: JSONResponse = by_bare_lambda(request)
    assert_type(response, JSONResponse)
    assert_type(lenient(request), JSONResponse)
    await socket(websocket)
    assert_type(await pages.get(request), JSONResponse)
    assert_type(pages.post(request), Response)


async def with_user(request: Request) -> JSONResponse:
    assert isinstance(request.user, SignedInUser)
    assert_type(request.user.privy_user, PrivyUser)
    assert_type(request.user.is_authenticated, bool)
    assert_type(request.user.display_name, str)
    assert_type(request.user.identity, str)
    return JSONResponse({})


def scopes(user: PrivyUser) -> list[str]:
    return ["admin"] if user.custom_metadata else []


def set_up(config: PrivyConfig) -> Starlette:
    app = Starlette(
        routes=[
            Route("/", bare),
            Route("/sync", sync),
            Route("/endpoint", Endpoint),
            Route("/user", requires("authenticated")(with_user)),
            WebSocketRoute("/ws", socket),
        ],
        exception_handlers={PrivyError: refusal_response},
        middleware=[
            Middleware(PrivyMiddleware, config, protect=["/api"]),
            Middleware(AuthenticationMiddleware, backend=PrivyBackend(scopes)),
        ],
    )
    assert_type(Privy(app), Privy)
    privy = Privy(app, config, protect=["/api"], exempt=["/api/health"], close_expired=True, on_expired=print)
    assert_type(privy.gate, Gate)
    assert_type(PrivyBackend(), PrivyBackend)
    assert_type(PrivyBackend(lambda user: [user.id]), PrivyBackend)
    return app


async def answered(connection: HTTPConnection, error: PrivyError) -> None:
    assert_type(await refusal_response(connection, error), Response)


def refused(request: Request, config: PrivyConfig) -> None:
    """Mistakes that a type checker must report."""
    sync()  # type: ignore[call-arg]
    sync("request")  # type: ignore[arg-type]
    require_privy_user(walet="ethereum")  # type: ignore[call-overload]
    optional_privy_user(on_invalid="ignore")  # type: ignore[call-overload]
    privy_auth(request).user.id  # type: ignore[union-attr]
    Privy(config)  # type: ignore[arg-type]
    PrivyBackend(is_ada)  # type: ignore[arg-type]
