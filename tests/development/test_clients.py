"""The test client of every framework can be signed in and out."""

from __future__ import annotations

import asyncio
import inspect
import json
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import Any

import fastapi.testclient
import httpx
import httpx2
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from fastapi import FastAPI
from flask import Flask
from litestar import Litestar, get
from litestar import Request as LitestarRequest
from litestar import Response as LitestarResponse
from litestar.testing import AsyncTestClient
from litestar.testing import TestClient as LitestarClient
from quart import Quart
from quart.testing import QuartClient
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.request import Request as RestRequest
from rest_framework.response import Response as RestResponse
from rest_framework.test import APIClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket
from werkzeug.test import Client as WSGIClient

import django_privy
import fastapi_privy
import fastapi_privy.starlette
import flask_privy
import litestar_privy
from django_privy.rest_framework import PrivyAuthentication, PrivyUserRequired
from privy_middleware import ConfigurationError, PrivyConfig, PrivyWSGIMiddleware
from privy_middleware.development import DevelopmentIssuer, Persona
from privy_middleware.development.clients import sign_in, sign_out, token_headers
from tests.docs.pages import own_logging
from tests.support.connections import connections_left_open

ISSUER = DevelopmentIssuer()
CONFIG = PrivyConfig(app_id=ISSUER.app_id, verification_key=ISSUER.public_key_pem)
ADA, GRACE = "did:privy:dev-ada", "did:privy:dev-grace"
BASIC = "Basic YWRhOmFkYQ=="

Check = Callable[[Any, str], Awaitable[None]]


def flask_app(**settings: Any) -> Flask:
    """Return an app with the two routes of every app here: who is signed in, and sign-out."""
    app = Flask(__name__)
    app.config.update(settings)
    flask_privy.Privy(app, CONFIG)

    @app.get("/me")
    @flask_privy.require_privy_user
    def me() -> dict[str, str]:
        return {"id": flask_privy.privy_user.id}

    @app.get("/sign-out")
    def leave() -> Any:
        return flask_privy.clear_privy_cookies(app.make_response("{}"))

    return app


def fastapi_app() -> FastAPI:
    """Return a FastAPI app."""
    app = FastAPI()
    fastapi_privy.Privy(app, CONFIG)

    @app.get("/me")
    async def me(user: fastapi_privy.CurrentUser) -> dict[str, str]:
        return {"id": user.id}

    @app.get("/sign-out")
    async def leave(request: Request) -> Response:
        return fastapi_privy.clear_privy_cookies(JSONResponse({}), request)

    return app


def starlette_app() -> Starlette:
    """Return a Starlette app."""

    @fastapi_privy.starlette.require_privy_user
    async def me(request: Request) -> Response:
        return JSONResponse({"id": request.state.privy_user.id})

    async def leave(request: Request) -> Response:
        return fastapi_privy.starlette.clear_privy_cookies(JSONResponse({}), request)

    app = Starlette(routes=[Route("/me", me), Route("/sign-out", leave)])
    fastapi_privy.starlette.Privy(app, CONFIG)
    return app


def litestar_app() -> Litestar:
    """Return a Litestar app."""

    @get("/me")
    async def me(current_user: litestar_privy.CurrentUser) -> dict[str, str]:
        return {"id": current_user.id}

    @get("/sign-out")
    async def leave(request: LitestarRequest[Any, Any, Any]) -> LitestarResponse[dict[str, str]]:
        return litestar_privy.clear_privy_cookies(LitestarResponse({}), request)

    return Litestar([me, leave], plugins=[litestar_privy.Privy(CONFIG)], logging_config=None)


def wsgi_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Return who is signed in, and delete the cookies at ``/sign-out``."""
    leaving = environ["PATH_INFO"] == "/sign-out"
    start_response("200 OK", [("Set-Cookie", each) for each in CONFIG.cleared_cookies] if leaving else [])
    return [b"{}" if leaving else f'{{"id": "{environ["privy_middleware.user"].id}"}}'.encode()]


@django_privy.require_privy_user
def django_me(request: django_privy.AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Return who is signed in."""
    return HttpResponse(f'{{"id": "{request.privy_user.id}"}}')


@api_view(["GET"])
@authentication_classes([PrivyAuthentication])
@permission_classes([PrivyUserRequired])
def rest_me(request: RestRequest) -> RestResponse:
    """Return who is signed in, by Django REST framework."""
    return RestResponse({"id": request.auth.user.id})


def django_sign_out(request: HttpRequest) -> HttpResponse:
    """Delete the cookies."""
    return django_privy.clear_privy_cookies(HttpResponse("{}"), request)


@pytest.fixture
def django_project() -> Iterator[None]:
    """Serve the Django views, with the issuer's configuration."""
    urls: Any = types.ModuleType("urls")
    urls.urlpatterns = [path("me", django_me), path("rest/me", rest_me), path("sign-out", django_sign_out)]
    settings = {
        "PRIVY": CONFIG,
        "INSTALLED_APPS": ["django_privy"],
        "MIDDLEWARE": ["django_privy.middleware.PrivyMiddleware"],
    }
    with override_settings(ROOT_URLCONF=urls, AUTHENTICATION_BACKENDS=[], **settings):
        yield


def over(transport: Any, client: Any) -> Any:
    """Return a client of httpx or httpx2 for an app."""
    return client(transport=transport(app=starlette_app()), base_url="http://testserver")


CLIENTS: dict[str, Callable[[], Any]] = {
    "flask": lambda: flask_app().test_client(),
    "flask with a host name": lambda: flask_app(SERVER_NAME="app.example:5000").test_client(),
    "django": Client,
    "django async": AsyncClient,
    "rest framework": APIClient,
    "starlette": lambda: TestClient(starlette_app()),
    "starlette at another address": lambda: TestClient(starlette_app(), base_url="https://[::1]:8000"),
    "fastapi": lambda: fastapi.testclient.TestClient(fastapi_app()),
    "litestar": lambda: LitestarClient(litestar_app()),
    "litestar async": lambda: AsyncTestClient(litestar_app()),
    "httpx async": lambda: over(httpx.ASGITransport, httpx.AsyncClient),
    "httpx2 async": lambda: over(httpx2.ASGITransport, httpx2.AsyncClient),
    "httpx": lambda: httpx.Client(transport=httpx.WSGITransport(app=flask_app()), base_url="http://localhost"),
    "httpx2": lambda: httpx2.Client(transport=httpx2.WSGITransport(app=flask_app()), base_url="http://127.0.0.1"),
}


async def ask(client: Any, where: str = "/me") -> str | int:
    """Send a ``GET``, and return the user's ID, or the status of a refusal."""
    sent = client.get(where)
    answer: Any = await sent if inspect.isawaitable(sent) else sent
    if answer.status_code != 200:
        return int(answer.status_code)
    body = answer.text if isinstance(answer.text, str) else answer.content.decode()
    return str(json.loads(body).get("id"))


@asynccontextmanager
async def opened(client: Any) -> AsyncIterator[Any]:
    """Open a client if it must be opened before its first request."""
    async with client if isinstance(client, AsyncTestClient) else nullcontext():
        yield client


async def check_cookies(client: Any, where: str) -> None:
    """The cookies are those of the last call, until they are removed."""
    assert await ask(client, where) == 401
    sign_in(ISSUER, client)
    assert await ask(client, where) == ADA
    sign_in(ISSUER, client, "grace", kind="access")
    assert await ask(client, where) == GRACE
    sign_in(ISSUER, client, "ada", exp=1)
    assert await ask(client, where) == 401
    sign_in(ISSUER, client, Persona("mary", "did:privy:mary"))
    assert await ask(client, where) == "did:privy:mary"
    sign_out(client)
    sign_out(client)
    assert await ask(client, where) == 401


async def check_headers(client: Any, where: str) -> None:
    """The headers are those of the last call, until they are removed."""
    sign_in(ISSUER, client, "ada")
    sign_in(ISSUER, client, "grace", header=True)
    assert await ask(client, where) == GRACE
    sign_in(ISSUER, client, "ada", kind="access", header=True)
    assert await ask(client, where) == ADA
    sign_in(ISSUER, client, "collector", header=True)
    assert await ask(client, where) == "did:privy:dev-collector"
    sign_in(ISSUER, client, "grace")
    assert await ask(client, where) == GRACE
    sign_in(ISSUER, client, "grace", kind="access", header=True)
    sign_out(client)
    assert await ask(client, where) == 401


async def check_unknown(client: Any, where: str) -> None:
    """An unknown persona or kind is named, with the known ones, and the client stays signed in."""
    sign_in(ISSUER, client, "ada")
    for wrong in ({"header": True}, {}):
        with pytest.raises(ConfigurationError, match="persona: no such persona; choose one of ada, grace"):
            sign_in(ISSUER, client, "bob", **wrong)  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match='kind: give "identity" or "access"'):
            sign_in(ISSUER, client, kind="refresh", **wrong)  # type: ignore[arg-type]
    assert await ask(client, where) == ADA


async def check_sign_out_of_the_app(client: Any, where: str) -> None:
    """The app can delete the cookies."""
    for kind in ("identity", "access"):
        sign_in(ISSUER, client, "ada", kind=kind)
        assert await ask(client, where) == ADA
        assert await ask(client, "/sign-out") == "None"
        assert await ask(client, where) == 401


CHECKS = [check_cookies, check_headers, check_unknown, check_sign_out_of_the_app]


@pytest.mark.usefixtures("django_project")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("name", CLIENTS)
def test_client(name: str, check: Check) -> None:
    """Each client can be signed in and out, by cookies and headers."""

    async def main() -> None:
        async with opened(CLIENTS[name]()) as client:
            await check(client, "/rest/me" if name == "rest framework" else "/me")

    with connections_left_open(), own_logging():
        asyncio.run(main())


def test_client_of_any_wsgi_app() -> None:
    """Werkzeug's own client has cookies, and no headers of its own."""
    client = WSGIClient(PrivyWSGIMiddleware(wsgi_app, CONFIG, protect=["/"]))
    sign_in(ISSUER, client, "ada")
    with pytest.raises(ConfigurationError, match="header: this client has no headers of its own"):
        sign_in(ISSUER, client, "grace", header=True)
    assert client.get("/me").text == f'{{"id": "{ADA}"}}'
    assert client.get("/me", headers=token_headers(ISSUER, "grace")).text == f'{{"id": "{GRACE}"}}'
    sign_out(client)
    assert client.get("/me").status_code == 401


def test_websocket() -> None:
    """A WebSocket has the token too."""
    app = starlette_app()

    @fastapi_privy.starlette.require_privy_user
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.state.privy_user.id)
        await websocket.close()

    app.router.routes.append(WebSocketRoute("/talk", talk))
    client = TestClient(app)
    sign_in(ISSUER, client)
    with client.websocket_connect("/talk") as connection:
        assert connection.receive_text() == ADA


def test_no_other_host_gets_the_token() -> None:
    """A cookie is sent to the host of the client only, unless it has none."""
    with httpx2.Client(transport=httpx2.WSGITransport(app=flask_app()), base_url="http://localhost") as client:
        sign_in(ISSUER, client)
        assert client.get("/me").status_code == 200
        assert client.get("http://other.example/me").status_code == 401
    with httpx2.Client(transport=httpx2.WSGITransport(app=flask_app())) as client:
        sign_in(ISSUER, client)
        assert client.get("http://localhost/me").status_code == 200


def test_other_schemes_are_kept() -> None:
    """Signing out keeps an ``Authorization`` that is no token."""
    client = TestClient(starlette_app(), headers={"Authorization": BASIC})
    sign_in(ISSUER, client, header=True)
    sign_out(client)
    assert client.headers["Authorization"] == BASIC


@pytest.mark.parametrize(
    "client", [object(), None, QuartClient(Quart(__name__))], ids=lambda client: type(client).__name__
)
def test_unknown_client(client: object) -> None:
    """The error names the type, the known clients, and what to do with others."""
    for act in (partial(sign_in, ISSUER), sign_out):
        with pytest.raises(ConfigurationError) as caught:
            act(client)
        assert type(client).__qualname__ in str(caught.value)
        assert "Flask, Django, Django REST framework, Starlette, FastAPI, Litestar, httpx and httpx2" in str(
            caught.value
        )
        assert "privy_headers()" in str(caught.value)


def test_headers_and_cookies(
    privy_headers: Callable[..., dict[str, str]], privy_cookies: Callable[..., dict[str, str]]
) -> None:
    """They have the names that Privy's clients use."""
    assert [*privy_headers(), *privy_headers(kind="access")] == ["privy-id-token", "authorization"]
    assert [*privy_cookies(), *privy_cookies(kind="access")] == ["privy-id-token", "privy-token"]
    assert privy_headers("grace", kind="access")["authorization"].startswith("Bearer ey")
