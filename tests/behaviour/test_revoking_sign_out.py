"""``sign_out`` revokes the session and deletes Privy's cookies, in every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path
from fastapi import FastAPI
from flask import Flask
from flask import Response as FlaskResponse
from litestar import Litestar, post
from litestar import Request as LitestarRequest
from litestar import Response as LitestarResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

import django_privy
import fastapi_privy
import fastapi_privy.starlette
import flask_privy
import litestar_privy
from privy_middleware import ConfigurationError, PrivyConfig, PrivyVerifier
from privy_middleware.errors import TokenRevoked
from privy_middleware.revocation import RedisRevocations, Revocations
from privy_middleware.verifiers.combined import CombinedVerifier
from tests.custom_keys.test_verifier import verifier as custom_verifier
from tests.support.issued import INVALID_HEADER, ISSUER, access_header, identity_header, issuer_config
from tests.support.keyserver import KeyServer, hang_up
from tests.support.ports import free_port

Headers = dict[str, str]
Send = Callable[[Headers], tuple[int, list[str]]]


def by_starlette(app: Any) -> Send:
    """Return what sends a request to an ASGI app."""
    client = TestClient(app)

    def send(headers: Headers) -> tuple[int, list[str]]:
        answer = client.post("/", headers=headers)
        return answer.status_code, answer.headers.get_list("set-cookie")

    return send


@contextmanager
def starlette(config: PrivyConfig) -> Iterator[Send]:
    """Sign out in Starlette."""

    async def sign_out(request: Request) -> Response:
        return await fastapi_privy.starlette.sign_out(PlainTextResponse("bye"), request)

    app = Starlette(routes=[Route("/", sign_out, methods=["POST"])])
    fastapi_privy.starlette.Privy(app, config)
    yield by_starlette(app)


@contextmanager
def fastapi(config: PrivyConfig) -> Iterator[Send]:
    """Sign out in FastAPI, with the response that it gives to an endpoint."""
    app = FastAPI()
    fastapi_privy.Privy(app, config)

    @app.post("/")
    async def sign_out(request: Request, response: Response) -> str:
        await fastapi_privy.sign_out(response, request)
        return "bye"

    yield by_starlette(app)


@contextmanager
def fastapi_in_a_thread(config: PrivyConfig) -> Iterator[Send]:
    """Sign out in FastAPI, in an endpoint that is not async."""
    app = FastAPI()
    fastapi_privy.Privy(app, config)

    @app.post("/")
    def sign_out(request: Request, response: Response) -> str:
        anyio.from_thread.run(fastapi_privy.sign_out, response, request)
        return "bye"

    yield by_starlette(app)


@contextmanager
def litestar(config: PrivyConfig) -> Iterator[Send]:
    """Sign out in Litestar."""

    @post("/", status_code=200)
    async def sign_out(request: LitestarRequest[Any, Any, Any]) -> LitestarResponse[str]:
        return await litestar_privy.sign_out(LitestarResponse("bye"), request)

    yield by_starlette(Litestar([sign_out], plugins=[litestar_privy.Privy(config)], openapi_config=None))


@contextmanager
def flask(config: PrivyConfig) -> Iterator[Send]:
    """Sign out in Flask."""
    app = Flask("app")
    flask_privy.Privy(app, config)

    @app.post("/")
    def sign_out() -> FlaskResponse:
        return flask_privy.sign_out(app.make_response("bye"))

    def send(headers: Headers) -> tuple[int, list[str]]:
        answer = app.test_client(use_cookies=False).post("/", headers=headers)
        return answer.status_code, answer.headers.getlist("set-cookie")

    yield send


def django_view(request: HttpRequest) -> HttpResponse:
    """Sign out in Django."""
    return django_privy.sign_out(HttpResponse("bye"), request)


async def django_async_view(request: HttpRequest) -> HttpResponse:
    """Sign out in Django, in an async view."""
    return await django_privy.asign_out(HttpResponse("bye"), request)


urlpatterns = [
    path("", django_view),
    path("async", django_async_view),
    path("privy/", include("django_privy.urls")),
]


def from_django(answer: HttpResponseBase) -> tuple[int, list[str]]:
    """Return the status and the cookies of a response."""
    return answer.status_code, [cookie.OutputString() for cookie in answer.cookies.values()]


@contextmanager
def configured(config: PrivyConfig) -> Iterator[None]:
    """Run Django with a configuration."""
    middleware = ["django_privy.middleware.PrivyMiddleware"]
    with override_settings(ROOT_URLCONF=__name__, PRIVY=config, MIDDLEWARE=middleware):
        yield


@contextmanager
def django(config: PrivyConfig) -> Iterator[Send]:
    """Sign out in Django, over WSGI."""
    with configured(config):
        yield lambda headers: from_django(Client().post("/", headers=headers))


@contextmanager
def django_async(config: PrivyConfig) -> Iterator[Send]:
    """Sign out in Django, over ASGI."""
    with configured(config):
        yield lambda headers: from_django(async_to_sync(AsyncClient().post)("/async", headers=headers))


@contextmanager
def django_own_view(config: PrivyConfig) -> Iterator[Send]:
    """Sign out in Django, with the plugin's view."""
    with configured(config):
        yield lambda headers: from_django(Client().post("/privy/sign-out/", headers=headers))


APPS = [starlette, fastapi, fastapi_in_a_thread, litestar, flask, django, django_async, django_own_view]
every_app = pytest.mark.parametrize("app", APPS)
App = Callable[[PrivyConfig], Any]


def cleared(cookies: list[str]) -> set[str]:
    """Return the names of the cookies that a response deletes."""
    return {cookie.partition("=")[0] for cookie in cookies if "max-age=0" in cookie.lower()}


@every_app
def test_with_an_access_token(app: App) -> None:
    """The session's tokens are refused, and those of the user's other sessions are not."""
    store = Revocations()
    config = issuer_config(revocations=store)
    mine, laptop = access_header(), ISSUER.access_token("ada", sid="laptop")
    identity = ISSUER.identity_token("ada")
    with app(config) as send:
        status, cookies = send(mine | {"privy-id-token": identity})
        assert status in (200, 302)
        assert cleared(cookies) >= {"privy-token", "privy-id-token", "privy-session", "privy-refresh-token"}
    verifier = PrivyVerifier(config)
    with pytest.raises(TokenRevoked):
        verifier.verify_access_token(mine["Authorization"].removeprefix("Bearer "))
    with pytest.raises(TokenRevoked):
        verifier.verify_identity_token(identity)
    assert verifier.verify_access_token(laptop).session_id == "laptop"


@every_app
def test_with_an_identity_token(app: App) -> None:
    """It names no session, so all tokens of the user are refused."""
    config = issuer_config(revocations=Revocations())
    access = ISSUER.access_token("ada")
    with app(config) as send:
        assert send(identity_header())[0] in (200, 302)
    with pytest.raises(TokenRevoked):
        PrivyVerifier(config).verify_access_token(access)


@every_app
@pytest.mark.parametrize("headers", [{}, INVALID_HEADER])
def test_without_a_user(app: App, headers: Headers) -> None:
    """There is nothing to revoke, and the cookies are deleted."""
    store = Revocations()
    with app(issuer_config(revocations=store)) as send:
        status, cookies = send(headers)
    assert status in (200, 302)
    assert "privy-token" in cleared(cookies)
    assert len(store) == 0


@every_app
def test_from_another_site(app: App) -> None:
    """It signs nobody out: the response is 403, nothing is revoked, and the cookies stay."""
    store = Revocations()
    with app(issuer_config(revocations=store)) as send:
        cookie = f"privy-token={ISSUER.access_token('ada')}"
        status, cookies = send({"cookie": cookie, "sec-fetch-site": "cross-site"})
    assert status == 403
    assert cleared(cookies) == set()
    assert len(store) == 0


@every_app
def test_a_store_that_cannot_be_reached(app: App) -> None:
    """The response is 503, so the client knows that it has to try again."""
    store = RedisRevocations(f"redis://127.0.0.1:{free_port()}/0")
    store._read_at = float("inf")
    with app(issuer_config(revocations=store)) as send:
        assert send(access_header())[0] == 503
    store.close()


@every_app
def test_a_token_that_cannot_be_verified_now(app: App) -> None:
    """It is not known whose session to revoke: the response is 503."""
    with KeyServer() as server:
        server.behave = hang_up
        config = PrivyConfig(app_id=ISSUER.app_id, jwks_url=server.url, revocations=Revocations())
        with app(config) as send:
            assert send(access_header())[0] == 503


def test_without_the_setting() -> None:
    """The error names it."""
    with starlette(issuer_config()) as send, pytest.raises(ConfigurationError, match=r"^revocations: set it"):
        send(access_header())


def test_verifiers_with_different_stores() -> None:
    """A user signs out of all families of tokens, so they must have one store."""
    privy = PrivyVerifier(issuer_config(revocations=Revocations()))
    for other in (custom_verifier(), custom_verifier(revocations=Revocations())):
        with pytest.raises(ConfigurationError, match="revocations: give every verifier the same store"):
            CombinedVerifier(privy, other)
