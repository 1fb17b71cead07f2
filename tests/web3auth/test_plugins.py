"""Each plugin accepts these settings, or a combined verifier, instead of Privy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fastapi
import flask
import pytest
from django.http import HttpRequest, JsonResponse
from django.test import RequestFactory, override_settings
from fastapi.testclient import TestClient
from litestar import Litestar, get

import fastapi_privy
import flask_privy
import litestar_privy
from django_privy.middleware import PrivyMiddleware as DjangoMiddleware
from privy_middleware.verifiers.combined import CombinedVerifier
from privy_middleware.verifiers.privy import PrivyVerifier
from privy_middleware.web3auth import Web3AuthVerifier
from tests.support.tokens import NOW, bearer
from tests.support.tokens import config as privy_config
from tests.web3auth.support import config, social

HEADERS = dict([bearer(social(iat=NOW - 10**8, exp=NOW * 2))])
USER_ID = "web3auth:user:google:ada@example.com"

every_setting = pytest.mark.parametrize(
    "make",
    [
        config,
        lambda: Web3AuthVerifier(config()),
        lambda: CombinedVerifier(PrivyVerifier(privy_config()), Web3AuthVerifier(config())),
    ],
    ids=["config", "verifier", "combined"],
)


@every_setting
def test_flask(make: Callable[[], Any]) -> None:
    """The user is available, and can be required."""
    app = flask.Flask(__name__)
    flask_privy.Privy(app, make())

    @app.get("/me")
    @flask_privy.require_privy_user
    def me() -> dict[str, Any]:
        return flask_privy.privy_user.to_dict()

    client = app.test_client()
    assert client.get("/me", headers=HEADERS).get_json()["id"] == USER_ID
    assert client.get("/me").status_code == 401


@every_setting
def test_fastapi(make: Callable[[], Any]) -> None:
    """The user is available, and can be required."""
    app = fastapi.FastAPI()
    fastapi_privy.Privy(app, make())

    @app.get("/me")
    def me(user: fastapi_privy.CurrentUser) -> dict[str, Any]:
        return user.to_dict()

    client = TestClient(app)
    assert client.get("/me", headers=HEADERS).json()["id"] == USER_ID
    assert client.get("/me").status_code == 401
    assert client.get("/openapi.json").status_code == 200


@every_setting
def test_litestar(make: Callable[[], Any]) -> None:
    """The user is there, and required."""

    @get("/me")
    async def me(current_user: litestar_privy.CurrentUser) -> dict[str, Any]:
        return current_user.to_dict()

    app: Any = Litestar([me], plugins=[litestar_privy.Privy(make())], logging_config=None)
    client = TestClient(app)
    assert client.get("/me", headers=HEADERS).json()["id"] == USER_ID
    assert client.get("/me").status_code == 401
    assert client.get("/schema/openapi.json").status_code == 200


@every_setting
def test_django(make: Callable[[], Any]) -> None:
    """``settings.PRIVY`` can be any of them."""

    def me(request: HttpRequest) -> JsonResponse:
        user: Any = getattr(request, "privy_user", None)
        return JsonResponse({"id": user and user.id})

    with override_settings(PRIVY=make()):
        middleware = DjangoMiddleware(me)
        found = middleware(RequestFactory().get("/", headers=HEADERS))
        nobody = middleware(RequestFactory().get("/"))
    assert isinstance(found, JsonResponse)
    assert isinstance(nobody, JsonResponse)
    assert (found.content, nobody.content) == (f'{{"id": "{USER_ID}"}}'.encode(), b'{"id": null}')
