"""django-ninja."""

from __future__ import annotations

from django.test import Client

from django_privy.testing import privy_login
from privy_middleware.development import DevelopmentIssuer
from tests.django.conftest import Get
from tests.django.test_middleware import ADA, identity


def test_auth(get: Get, issuer: DevelopmentIssuer) -> None:
    """``request.auth`` is the user, and rejected requests get the documented responses."""
    missing, bad = get("/ninja/me"), get("/ninja/me", headers={"privy-id-token": "garbage"})
    assert (missing.status_code, missing.json()) == (401, {"message": "Unauthorized"})
    assert (bad.status_code, bad.json()) == (401, {"message": "Invalid token"})
    assert get("/ninja/me", headers=identity(issuer)).json() == ADA


def test_condition(get: Get, issuer: DevelopmentIssuer) -> None:
    """A condition of an operation applies, for async functions too."""
    assert get("/ninja/admin", headers=identity(issuer)).json() == ADA
    assert get("/ninja/admin", headers=identity(issuer, "grace")).status_code == 403


def test_csrf_check_for_cookie_tokens(issuer: DevelopmentIssuer) -> None:
    """The CSRF check applies as in ninja's own cookie authentication, unless it is turned off."""
    client = Client(enforce_csrf_checks=True)
    assert client.post("/ninja/me", headers=identity(issuer)).json() == ADA
    privy_login(client, issuer)
    assert client.get("/ninja/me").json() == ADA
    assert client.post("/ninja/me").json() == {"message": "Forbidden"}
    assert client.post("/ninja/exempt").json() == ADA
    client.cookies["csrftoken"] = "a" * 32
    assert client.post("/ninja/me", headers={"x-csrftoken": "a" * 32}).json() == ADA


def test_document(issuer: DevelopmentIssuer) -> None:
    """The OpenAPI document lists every header and cookie."""
    document = Client().get("/ninja/openapi.json").json()
    names = ["PrivyIdentityHeader", "PrivyAccessBearer", "PrivyIdentityCookie", "PrivyAccessCookie"]
    assert list(document["components"]["securitySchemes"]) == names
    assert document["paths"]["/ninja/me"]["get"]["security"] == [{name: []} for name in names]
