"""``Privy(app)`` in FastAPI apps: mounts, the app's own handlers, startup, and imports."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

import fastapi_privy
from fastapi_privy import CurrentUser, OptionalUser, Privy, privy_auth
from privy_middleware import AuthenticationError, ConfigurationError, KeysUnavailable, PrivyConfig, PrivyVerifier
from tests.support.clock import Clock
from tests.support.issued import ADA, INVALID_HEADER, identity_header, issuer_config

UNAUTHORIZED = {"message": "Unauthorized"}


async def me(user: CurrentUser) -> str:
    """Return the user's ID."""
    return user.id


def app_of() -> FastAPI:
    """Return an app with one route."""
    app = FastAPI()
    app.get("/me")(me)
    return app


def test_mounted_apps() -> None:
    """Apps that are mounted in the app, in one another, or in a router send the same error responses."""
    deep, shallow, routed, main = app_of(), app_of(), app_of(), app_of()
    shallow.mount("/deep", deep)
    router = APIRouter()
    router.mount("/app", routed)
    main.include_router(router, prefix="/router")
    main.mount("/sub", shallow)
    Privy(main, issuer_config())
    client = TestClient(main)
    # Older versions of FastAPI omit mounts when they include a router.
    included = client.get("/router/app/openapi.json").status_code == 200
    for path in ("/me", "/sub/me", "/sub/deep/me", *(["/router/app/me"] if included else [])):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED), path
        assert client.get(path, headers=identity_header()).json() == ADA


def test_starlette_app_mounted() -> None:
    """An app without an OpenAPI document is prepared too."""

    async def page(request: Request) -> Response:
        return JSONResponse(privy_auth(request).require().id)

    main = app_of()
    main.mount("/sub", Starlette(routes=[Route("/page", page)]))
    Privy(main, issuer_config())
    client = TestClient(main)
    assert client.get("/sub/page").json() == UNAUTHORIZED
    assert client.get("/sub/page", headers=identity_header()).json() == ADA


def test_app_mounted_in_a_starlette_app() -> None:
    """If the plugin is installed only in a mounted app, it works in that app."""
    inner = app_of()
    Privy(inner, issuer_config())
    outer = FastAPI()
    outer.mount("/sub", inner)
    client = TestClient(outer)
    assert client.get("/sub/me").json() == UNAUTHORIZED
    assert client.get("/sub/me", headers=identity_header()).json() == ADA


@pytest.mark.parametrize("protect", [[], ["/"]])
def test_handlers_of_the_app(protect: list[str]) -> None:
    """The app's own exception handlers are used, also for protected paths."""
    app = app_of()
    Privy(app, issuer_config(), protect=protect)

    @app.exception_handler(AuthenticationError)
    async def sign_in(request: Request, error: AuthenticationError) -> Response:
        return JSONResponse({"login": error.code}, 401)

    client = TestClient(app)
    assert client.get("/me").json() == {"login": "missing_token"}
    assert client.get("/me", headers=INVALID_HEADER).json() == {"login": "malformed_token"}
    assert client.get("/me", headers=identity_header()).json() == ADA


def test_root_path() -> None:
    """With the prefix of a proxy, the same paths are protected."""
    app = app_of()
    Privy(app, issuer_config(), protect=["/me"], exempt=["/docs"])
    client = TestClient(app, root_path="/api")
    for path in ("/me", "/api/me"):
        assert client.get(path).json() == UNAUTHORIZED
        assert client.get(path, headers=identity_header()).json() == ADA


def test_cors() -> None:
    """With ``CORSMiddleware`` outside, error responses have CORS headers and preflights get a response."""
    for protect in ([], ["/me"]):
        app = app_of()
        Privy(app, issuer_config(), protect=protect)
        app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"])
        client = TestClient(app)
        answer = client.get("/me", headers={"Origin": "https://a.example"})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "https://a.example")
        preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
        assert client.options("/me", headers=preflight).status_code == 200


def test_lifespan_state() -> None:
    """The app's own lifespan state is available in addition to the user."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        yield {"database": "open"}

    app = FastAPI(lifespan=lifespan)
    Privy(app, issuer_config())

    @app.get("/state")
    async def state(request: Request, user: OptionalUser) -> list[str]:
        return [request.state.database, str(user)]

    with TestClient(app) as client:
        assert client.get("/state").json() == ["open", "None"]
        assert [*client.app_state] == ["database"]


def test_fail_fast() -> None:
    """With ``fail_fast``, the app does not start without keys."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/jwks.json"
        app = app_of()
        Privy(app, PrivyConfig(app_id="app", jwks_url=url, fail_fast=True, client_options={"trust_env": False}))
        with pytest.raises(KeysUnavailable), TestClient(app):
            pass


def test_sockets_end_with_their_token() -> None:
    """The plugin accepts the options of the middleware."""
    app = FastAPI()
    told: list[Any] = []
    # The clock does not move, so the token is valid when the request arrives, however late that is.
    clock = Clock(time.time())
    Privy(app, PrivyVerifier(issuer_config(leeway=0), clock=clock), close_expired=True, on_expired=told.append)

    @app.websocket("/ws")
    async def listen(websocket: WebSocket, user: CurrentUser) -> None:
        await websocket.accept()
        async for _ in websocket.iter_text():
            """Send nothing."""

    soon = identity_header(iat=clock(), exp=clock() + 0.25)
    with TestClient(app).websocket_connect("/ws", headers=soon) as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert closed.value.code == 1008
    assert [scope["path"] for scope in told] == ["/ws"]


def test_wrong_settings() -> None:
    """They raise an error when the plugin is installed, and so does a second installation."""
    with pytest.raises(ConfigurationError):
        Privy(FastAPI(), {"APP_ID": ""})
    app = FastAPI()
    Privy(app, issuer_config())
    with pytest.raises(ConfigurationError, match="twice"):
        Privy(app, issuer_config())


def test_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """``Privy(app)`` without a configuration reads ``PRIVY_*``."""
    monkeypatch.setenv("PRIVY_APP_ID", issuer_config().app_ids[0])
    monkeypatch.setenv("PRIVY_VERIFICATION_KEY", str(issuer_config().verification_key))
    app = app_of()
    Privy(app)
    assert TestClient(app).get("/me", headers=identity_header()).json() == ADA


def test_public_names() -> None:
    """The list is sorted and complete."""
    assert fastapi_privy.__all__ == sorted(fastapi_privy.__all__)
    for name in fastapi_privy.__all__:
        assert getattr(fastapi_privy, name) is getattr(fastapi_privy, name)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = fastapi_privy.nonsense  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", ["fastapi_privy", "fastapi_privy.starlette"])
def test_starlette_needs_no_fastapi(module: str) -> None:
    """The plugin for Starlette can be imported without FastAPI, and does not import it."""
    program = f"import sys; sys.modules['fastapi'] = None; import {module}"
    subprocess.run([sys.executable, "-c", program], check=True)
