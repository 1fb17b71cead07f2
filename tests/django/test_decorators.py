"""The decorators and the mixin, on all kinds of views."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client, RequestFactory
from django.test.client import MULTIPART_CONTENT

from django_privy import optional_privy_user, require_privy_user
from django_privy.middleware import PrivyMiddleware
from privy_middleware import ConfigurationError
from privy_middleware.development import DevelopmentIssuer
from tests import django_urls
from tests.django.conftest import Get
from tests.django.test_middleware import ADA, NOBODY, identity

GUARDED = [
    "/required/1",
    "/arequired",
    "/by-predicate",
    "/by-condition",
    "/class",
    "/admins",
    "/decorated",
    "/decorated-methods",
]


@pytest.mark.parametrize("path", GUARDED)
def test_view_runs_for_its_user_alone(get: Get, issuer: DevelopmentIssuer, path: str) -> None:
    """All kinds of views get the user, and do not run without one."""
    missing, bad = get(path), get(path, headers={"privy-id-token": "garbage"})
    assert (missing.status_code, missing.json()) == (401, {"message": "Unauthorized"})
    assert (bad.status_code, bad.json()) == (401, {"message": "Invalid token"})
    assert "no-store" in bad["Cache-Control"]
    assert get(path, headers=identity(issuer)).json()["user_id"] == ADA["user_id"]


@pytest.mark.parametrize("path", ["/by-predicate", "/admins", "/decorated"])
def test_condition_not_met(get: Get, issuer: DevelopmentIssuer, path: str) -> None:
    """A user who does not meet the condition gets 403."""
    response = get(path, headers=identity(issuer, "grace"))
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize("path", GUARDED)
def test_preflight_gets_by_without_running_the_view(issuer: DevelopmentIssuer, path: str) -> None:
    """A CORS middleware can add its headers to the empty response."""
    headers = {"access-control-request-method": "GET", "origin": "https://app.example"}
    for options in (Client().options, async_to_sync(AsyncClient().options)):
        response: Any = options(path, headers=headers)
        # If only ``get`` is decorated, Django's own ``options`` responds.
        assert (response.status_code, response.content) == (200 if path == "/decorated-methods" else 204, b"")


def test_optional(get: Get, issuer: DevelopmentIssuer) -> None:
    """An invalid token is rejected, or counts as no token."""
    assert get("/lenient", headers={"privy-id-token": "garbage"}).json() == NOBODY
    assert get("/strict", headers={"privy-id-token": "garbage"}).status_code == 401
    assert get("/strict", headers=identity(issuer)).json() == ADA


def test_signatures_are_kept() -> None:
    """Attributes that Django and other decorators read are those of the view."""
    assert list(inspect.signature(django_urls.required).parameters) == ["request", "number"]
    assert django_urls.required.__doc__ == "Require a user, in a view with an argument."
    assert inspect.iscoroutinefunction(django_urls.by_predicate)
    assert not inspect.iscoroutinefunction(django_urls.by_condition)


def test_misuse() -> None:
    """Wrong use raises an error with an explanation."""
    with pytest.raises(ConfigurationError, match="on_invalid"):
        optional_privy_user(on_invalid="whatever")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="without a request"):
        require_privy_user(lambda: None)()


def test_view_called_by_hand(issuer: DevelopmentIssuer) -> None:
    """Views with and without keyword arguments are distinguished from predicates."""
    by_hand: Any = django_urls.required
    request = RequestFactory().get("/", headers=identity(issuer))
    middleware: Any = PrivyMiddleware(lambda request: by_hand(request, number=7))
    assert b'"number": 7' in middleware(request).content


ADDRESS = "0x72d916C83baF0730bbe2BeC6FF8c522C13bC0aEF"
OTHER = "0x0000000000000000000000000000000000000001"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (f"/owners/{ADDRESS}", True),
        (f"/owners/{ADDRESS.lower()}", True),
        (f"/owners?address={ADDRESS}", True),
        (f"/owners?address={ADDRESS}&address={ADDRESS}", True),
        (f"/owners?address={ADDRESS}&address={OTHER}", False),
        (f"/owners/{ADDRESS}?address={OTHER}", False),
        (f"/owners/{OTHER}", False),
        ("/owners", False),
        (f"/aowners?address={ADDRESS}", True),
    ],
)
def test_owner_of_the_wallet_in_the_url(get: Get, issuer: DevelopmentIssuer, path: str, allowed: bool) -> None:
    """The address in the path or the query must belong to the user, and must be the only one."""
    assert get(path).status_code == 401
    assert get(path, headers=identity(issuer)).status_code == (200 if allowed else 403)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"address": ADDRESS}, 200),
        ({"address": OTHER}, 403),
        ({"address": [ADDRESS]}, 403),
        ([ADDRESS], 403),
        ("", 403),
    ],
)
def test_owner_of_the_wallet_in_a_json_body(issuer: DevelopmentIssuer, body: Any, status: int) -> None:
    """An address in the body is used too, and the view can read the body again."""
    for post in (Client().post, async_to_sync(AsyncClient().post)):
        answer: Any = post("/aowners", body, content_type="application/json", headers=identity(issuer))
        assert answer.status_code == status
        assert status != 200 or answer.content == json.dumps(body).encode()


def test_owner_of_the_wallet_in_a_form(issuer: DevelopmentIssuer) -> None:
    """An address in a form is used too, and other bodies contain none."""
    for content_type in ("application/x-www-form-urlencoded", MULTIPART_CONTENT):
        data = {"address": ADDRESS} if content_type == MULTIPART_CONTENT else f"address={ADDRESS}"
        answer = Client().post("/owners", data, content_type=content_type, headers=identity(issuer))
        assert answer.json()["form"] == {"address": ADDRESS}
    deep = Client().post("/owners", "[" * 100_000, content_type="text/plain", headers=identity(issuer))
    assert deep.status_code == 403


def test_owner_without_a_resolved_view(issuer: DevelopmentIssuer) -> None:
    """A view that is called directly has no path parameters."""
    request = RequestFactory().get("/", {"address": ADDRESS}, headers=identity(issuer))
    by_hand: Any = django_urls.owners
    middleware: Any = PrivyMiddleware(by_hand)
    assert middleware(request).status_code == 200
