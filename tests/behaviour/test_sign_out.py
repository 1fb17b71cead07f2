"""``clear_privy_cookies`` deletes Privy's cookies, in every framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from fastapi import FastAPI
from flask import Flask
from flask import Response as FlaskResponse
from litestar import Litestar, get
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
from privy_middleware import ConfigurationError, PrivyConfig

CONFIG = PrivyConfig(
    app_id="app", jwks_url="http://127.0.0.1:9/", cookie_domain="example.com", access_cookie="__Host-t"
)
NAMES = ("privy-id-token", "__Host-t", "privy-session", "privy-refresh-token")


def by_starlette(app: Any) -> list[str]:
    """Return the cookies that an ASGI app sets."""
    return TestClient(app).get("/").headers.get_list("set-cookie")


def starlette() -> list[str]:
    """Sign out in Starlette."""

    async def sign_out(request: Request) -> Response:
        response = PlainTextResponse("bye")
        response.set_cookie("mine", "kept")
        return fastapi_privy.starlette.clear_privy_cookies(response, request)

    app = Starlette(routes=[Route("/", sign_out)])
    fastapi_privy.starlette.Privy(app, CONFIG)
    return by_starlette(app)


def fastapi() -> list[str]:
    """Sign out in FastAPI, with the response that it gives to an endpoint."""
    app = FastAPI()
    fastapi_privy.Privy(app, CONFIG)

    @app.get("/")
    def sign_out(request: Request, response: Response) -> str:
        response.set_cookie("mine", "kept")
        fastapi_privy.clear_privy_cookies(response, request)
        return "bye"

    return by_starlette(app)


def litestar() -> list[str]:
    """Sign out in Litestar."""

    @get("/")
    async def sign_out(request: LitestarRequest[Any, Any, Any]) -> LitestarResponse[str]:
        response = LitestarResponse("bye")
        response.set_cookie("mine", "kept")
        return litestar_privy.clear_privy_cookies(response, request)

    return by_starlette(Litestar([sign_out], plugins=[litestar_privy.Privy(CONFIG)], openapi_config=None))


def flask() -> list[str]:
    """Sign out in Flask."""
    app = Flask("app")
    flask_privy.Privy(app, CONFIG)

    @app.get("/")
    def sign_out() -> FlaskResponse:
        response = app.make_response("bye")
        response.set_cookie("mine", "kept")
        return flask_privy.clear_privy_cookies(response)

    return app.test_client().get("/").headers.getlist("set-cookie")


def django_sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out in Django."""
    response = HttpResponse("bye")
    response.set_cookie("mine", "kept")
    return django_privy.clear_privy_cookies(response, request)


urlpatterns = [path("", django_sign_out)]
DJANGO = {"ROOT_URLCONF": __name__, "PRIVY": CONFIG, "MIDDLEWARE": ["django_privy.middleware.PrivyMiddleware"]}


def django() -> list[str]:
    """Sign out in Django, over WSGI."""
    with override_settings(**DJANGO):
        return [cookie.OutputString() for cookie in Client().get("/").cookies.values()]


def django_async() -> list[str]:
    """Sign out in Django, over ASGI."""
    with override_settings(**DJANGO):
        return [cookie.OutputString() for cookie in async_to_sync(AsyncClient().get)("/").cookies.values()]


WAYS: list[Callable[[], list[str]]] = [starlette, fastapi, litestar, flask, django, django_async]


@pytest.mark.parametrize("sign_out", WAYS)
def test_cookies_are_deleted(sign_out: Callable[[], list[str]]) -> None:
    """Each cookie is deleted on the host and for the domain; others stay."""
    cookies = sign_out()
    assert len(cookies) == 2 * len(NAMES) + 1
    assert [cookie for cookie in cookies if cookie.startswith("mine=kept")]
    for name in NAMES:
        found = [cookie.lower() for cookie in cookies if cookie.startswith(f"{name}=")]
        assert sorted("domain=example.com" in cookie for cookie in found) == [False, True]
        for cookie in found:
            assert cookie.partition("=")[2].startswith((";", '"";'))
            assert {"max-age=0", "path=/", "samesite=lax"} <= {part.strip() for part in cookie.split(";")}
            assert ("; secure" in cookie) == name.startswith("__Host-")


def test_without_privy() -> None:
    """The error says that Privy is not installed in the app."""
    with pytest.raises(ConfigurationError, match=r"call Privy\(app\)"):
        fastapi_privy.clear_privy_cookies(Response(), Request({"type": "http", "headers": []}))
    scope: Any = {"type": "http", "headers": [], "path": "/", "query_string": b""}
    with pytest.raises(ConfigurationError, match="plugins="):
        litestar_privy.clear_privy_cookies(LitestarResponse("bye"), LitestarRequest(scope))
    with Flask("app").test_request_context(), pytest.raises(RuntimeError, match=r"call Privy\(app\)"):
        flask_privy.clear_privy_cookies(FlaskResponse())
