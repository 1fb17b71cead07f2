"""The handshake of a WebSocket in WSGI, which servers pass on as a ``GET``, follows the rule for cookies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.test import modify_settings, override_settings
from django.urls import path

from privy_middleware import PrivyWSGIMiddleware
from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.clients.wsgi import call, environ_of
from tests.support.connections import connections_left_open

Connect: TypeAlias = Callable[..., int]
HANDSHAKE = [("Host", "app.example"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
FOREIGN, OWN = ("Origin", "https://evil.example"), ("Origin", "http://app.example")


def socket(request: HttpRequest) -> JsonResponse:
    """The place where an app would use the connection."""
    return JsonResponse({})


urlpatterns = [path("ws", socket)]


def plain(environ: Any, start_response: Any) -> list[bytes]:
    """The place where an app would use the connection."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b""]


@pytest.fixture(params=["plain", "django"])
def connect(request: pytest.FixtureRequest, issuer: DevelopmentIssuer) -> Iterator[Connect]:
    """Return the status of a handshake, in both frameworks."""
    privy = {"APP_ID": issuer.app_id, "JWKS_URL": issuer.jwks_url, "PROTECT": ["/ws"]}
    middleware = ["django_privy.middleware.PrivyMiddleware"]
    no_accounts = modify_settings(INSTALLED_APPS={"remove": ["django_privy.accounts"]})
    changed = override_settings(PRIVY=privy, MIDDLEWARE=middleware, ROOT_URLCONF=__name__)
    with no_accounts, changed, connections_left_open():
        app: Any = WSGIHandler() if request.param == "django" else None
        app = app or PrivyWSGIMiddleware(plain, issuer.config(), protect=["/ws"])
        yield lambda *fields: call(app, environ_of("GET", "/ws", [*HANDSHAKE, *fields])).status


def test_handshakes(connect: Connect, issuer: DevelopmentIssuer) -> None:
    """The app's own pages and clients that are not browsers can connect; with a cookie, pages of other sites cannot."""
    header = ("privy-id-token", issuer.identity_token("ada"))
    cookie = ("Cookie", "=".join(header))
    for fields, status in (
        ((cookie, FOREIGN), 403),
        ((cookie, ("Sec-Fetch-Site", "cross-site")), 403),
        ((cookie, ("Origin", "null")), 403),
        ((cookie, OWN), 200),
        ((cookie,), 200),
        ((header, FOREIGN), 200),
        ((header,), 200),
        ((FOREIGN,), 401),
    ):
        assert connect(*fields) == status
