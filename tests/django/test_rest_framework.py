"""Django REST framework, and its document by drf-spectacular."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client, modify_settings, override_settings
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from django_privy import signals
from django_privy.principals import PrivyPrincipal
from django_privy.testing import privy_login
from privy_middleware import PrivyUser
from privy_middleware.issuer import DevelopmentIssuer
from privy_middleware.web3auth import Web3AuthConfig, Web3AuthVerifier
from tests.django.test_middleware import ADA, NOBODY, identity

BAD = {"privy-id-token": "garbage"}


@pytest.fixture
def without_accounts() -> Any:
    """Keep no Django users for Privy's."""
    with modify_settings(INSTALLED_APPS={"remove": "django_privy.accounts"}):
        yield


@pytest.mark.django_db
def test_django_user(issuer: DevelopmentIssuer) -> None:
    """REST framework's user is the one that the middleware has found, and its ``auth`` says how."""
    answer = APIClient().get("/drf", headers=identity(issuer))
    user = User.objects.get()
    assert answer.json() == {**ADA, "user": user.username, "source": "header"}
    User.objects.update(is_active=False)
    inactive = APIClient().get("/drf", headers=identity(issuer))
    assert (inactive.status_code, inactive.json()) == (401, {"detail": "User inactive or deleted."})


@pytest.mark.usefixtures("without_accounts")
def test_principal(issuer: DevelopmentIssuer) -> None:
    """Without a table of accounts, REST framework's user stands in for Django's."""
    answer = APIClient().get("/drf", headers=identity(issuer))
    assert answer.json() == {**ADA, "user": ADA["user_id"], "source": "header"}


def test_principal_has_what_others_ask_for() -> None:
    """It is authenticated, has a key to count by, and no permission."""
    principal = PrivyPrincipal(PrivyUser(id="did:privy:x"))
    assert principal.is_authenticated
    assert principal.is_active
    assert principal.pk == principal.id == principal.username == principal.get_username() == str(principal)
    assert [principal.is_anonymous, principal.is_staff, principal.is_superuser] == [False] * 3
    assert [principal.has_perm("x.y"), principal.has_perms(["x.y"]), principal.has_module_perms("x")] == [False] * 3


@pytest.mark.usefixtures("without_accounts")
def test_refusals(issuer: DevelopmentIssuer) -> None:
    """A missing token is REST framework's matter, a bad one has the documented answer; both have a challenge."""
    missing, bad = APIClient().get("/drf"), APIClient().get("/drf", headers=BAD)
    assert (missing.status_code, missing["WWW-Authenticate"]) == (401, "Bearer")
    assert (bad.status_code, bad.json()) == (401, {"message": "Invalid token"})
    assert bad["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    assert bad["Content-Type"] == "application/json"
    assert "no-store" in bad["Cache-Control"]
    assert "privy-id-token" in bad["Vary"]


@pytest.mark.usefixtures("without_accounts")
def test_keys_unavailable() -> None:
    """An outage of ours says when to try again."""
    privy = {
        "APP_ID": "privy-development-app",
        "JWKS_URL": "http://127.0.0.1:9/",
        "CLIENT_OPTIONS": {"trust_env": False},
    }
    with override_settings(PRIVY=privy):
        answer = APIClient().get("/drf/open", headers=identity(DevelopmentIssuer()))
    assert (answer.status_code, answer.json()) == (503, {"message": "Service unavailable"})
    assert int(answer["Retry-After"]) >= 1


@pytest.mark.usefixtures("without_accounts")
def test_open_view(issuer: DevelopmentIssuer) -> None:
    """A view open to all asks for a user if there is one: ``on_invalid`` says what a bad token counts as."""
    assert APIClient().get("/drf/open").json() == NOBODY
    assert APIClient().get("/drf/open", headers=identity(issuer)).json() == ADA
    assert APIClient().get("/drf/open", headers=BAD).status_code == 401
    assert APIClient().get("/drf/lenient", headers=BAD).json() == NOBODY


@pytest.mark.usefixtures("without_accounts")
def test_api_sends_no_page_anywhere(issuer: DevelopmentIssuer) -> None:
    """An API answers 401 even a browser's navigation."""
    value = {"APP_ID": "x", "JWKS_URL": "http://127.0.0.1:9/", "LOGIN_URL": "/login"}
    with override_settings(PRIVY=value):
        for path, headers in (("/drf/open", BAD), ("/drf/required", BAD), ("/drf/required", {})):
            assert (
                APIClient().get(path, headers={**headers, "accept": "text/html, application/json"}).status_code == 401
            )


@pytest.mark.usefixtures("without_accounts")
def test_csrf_check_for_cookie_tokens(issuer: DevelopmentIssuer) -> None:
    """As for sessions: a cookie token needs Django's CSRF token, a header token does not."""
    client = APIClient(enforce_csrf_checks=True)
    assert client.post("/drf", headers=identity(issuer)).status_code == 200
    privy_login(client, issuer)
    assert client.get("/drf").json()["source"] == "cookie"
    failed = client.post("/drf")
    assert failed.status_code == 403
    assert failed.json()["detail"].startswith("CSRF Failed: ")
    token = "a" * 32
    client.cookies["csrftoken"] = token
    assert client.post("/drf", headers={"x-csrftoken": token}).status_code == 200
    cross_site = client.post("/drf", headers={"x-csrftoken": token, "sec-fetch-site": "cross-site"})
    assert (cross_site.status_code, cross_site.json()) == (403, {"message": "Forbidden"})


def test_permission(issuer: DevelopmentIssuer) -> None:
    """The permission has the decorator's answers, its condition too."""
    heard: list[str] = []

    def refused(sender: object, error: Any, **kwargs: Any) -> None:
        heard.append(error.code)

    signals.request_refused.connect(refused)
    try:
        for path in ("/drf/required", "/drf/admins"):
            missing = APIClient().get(path)
            assert (missing.status_code, missing.json()) == (401, {"message": "Unauthorized"})
            assert APIClient().get(path, headers=identity(issuer)).json() == ADA
            assert APIClient().get(path, headers=BAD).json() == {"message": "Invalid token"}
        forbidden = APIClient().get("/drf/admins", headers=identity(issuer, "grace"))
    finally:
        signals.request_refused.disconnect(refused)
    assert (forbidden.status_code, forbidden.json()) == (403, {"message": "Forbidden"})
    assert heard == ["missing_token", "malformed_token"] * 2 + ["condition_not_met"]


@pytest.mark.usefixtures("without_accounts")
def test_decorated_function(issuer: DevelopmentIssuer) -> None:
    """The decorators work below REST framework's, too."""
    assert Client().get("/drf/function", headers=identity(issuer)).json() == ADA
    assert Client().get("/drf/function").json() == {"message": "Unauthorized"}


def schema() -> Any:
    """Return the document of the test's routes."""
    generator: Any = SchemaGenerator
    return generator().get_schema(request=None, public=True)


def test_document(capsys: pytest.CaptureFixture[str]) -> None:
    """The document says every way in which a token may come."""
    document = schema()
    schemes = document["components"]["securitySchemes"]
    assert schemes == {
        "PrivyIdentityHeader": {"type": "apiKey", "in": "header", "name": "privy-id-token"},
        "PrivyAccessBearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "PrivyIdentityCookie": {"type": "apiKey", "in": "cookie", "name": "privy-id-token"},
        "PrivyAccessCookie": {"type": "apiKey", "in": "cookie", "name": "privy-token"},
    }
    names = ["PrivyIdentityHeader", "PrivyAccessBearer", "PrivyIdentityCookie", "PrivyAccessCookie"]
    assert document["paths"]["/drf"]["get"]["security"] == [{name: []} for name in names]
    assert document["paths"]["/drf/lenient"]["get"]["security"] == [*({name: []} for name in names), {}]
    assert "identical names" not in capsys.readouterr().err
    assert {} in document["paths"]["/drf/open"]["get"]["security"]
    with override_settings(PRIVY={"APP_ID": "x", "SOURCES": ["header"], "TOKENS": ["access"]}):
        assert list(schema()["components"]["securitySchemes"]) == ["PrivyAccessBearer"]


def test_plugin_without_drf_spectacular() -> None:
    """A project that has no use for it need not have it."""
    with modify_settings(INSTALLED_APPS={"remove": "drf_spectacular"}):
        assert apps.get_app_config("django_privy").verbose_name == "Privy"


def test_document_of_another_family_of_tokens() -> None:
    """A verifier of other tokens has schemes of its own, and cookies only if these have."""
    verifier = Web3AuthVerifier(Web3AuthConfig(client_id="x", jwks_url="http://127.0.0.1:9/"))
    with override_settings(PRIVY=verifier):
        assert list(schema()["components"]["securitySchemes"]) == ["PrivyWeb3authBearer"]
