"""The project's own templates for error responses: ``401.html``, ``403.html`` and ``503.html``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.test import AsyncClient, Client, override_settings

from privy_middleware.development import DevelopmentIssuer
from tests.django.conftest import Get
from tests.django.test_middleware import NO_KEYS, identity

BROWSER = {"accept": "text/html"}
PAGE = "<h1>{{ error.code }}: {{ error.message }}</h1>{{ request.path }} {{ user.username }} {{ login_url }}"


def templates(**sources: str) -> list[dict[str, Any]]:
    """Return the setting with these templates."""
    loaded = {f"{name.removeprefix('page_')}.html": source for name, source in sources.items()}
    options = {**settings.TEMPLATES[0]["OPTIONS"], "loaders": [("django.template.loaders.locmem.Loader", loaded)]}
    return [{"BACKEND": settings.TEMPLATES[0]["BACKEND"], "OPTIONS": options}]


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    """Give the project a page for each status."""
    with override_settings(TEMPLATES=templates(page_401=PAGE, page_403=PAGE, page_503=PAGE, page_302="never")):
        yield


def assert_page(response: Any, status: int, start: str) -> None:
    """Check that a response is the project's page, with the status and the headers of the error response."""
    assert (response.status_code, response["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert response.content.decode().startswith(f"<h1>{start}</h1>")
    assert "no-store" in response["Cache-Control"]
    assert "Content-Security-Policy" not in response
    assert ("WWW-Authenticate" in response) == (status == 401)


@pytest.mark.parametrize("path", ["/required/1", "/arequired", "/class", "/admins", "/decorated", "/araising"])
def test_user_is_required(get: Get, path: str) -> None:
    """The page is rendered for a person in every kind of view; an API call gets JSON."""
    assert_page(get(path, headers=BROWSER), 401, "missing_token: Unauthorized")
    assert get(path).json() == {"message": "Unauthorized"}
    invalid = get(path, headers={**BROWSER, "privy-id-token": "garbage"})
    assert_page(invalid, 401, "malformed_token: Invalid token")


def test_protected_path(get: Get) -> None:
    """The middleware renders the page itself where no view runs."""
    with override_settings(PRIVY={**settings.PRIVY, "PROTECT": ["/"]}):
        response = get("/unseen", headers=BROWSER)
    assert_page(response, 401, "missing_token: Unauthorized")
    assert b"/unseen" in response.content


def test_user_who_is_not_allowed(get: Get, issuer: DevelopmentIssuer) -> None:
    """A template can use the Django user, which is looked up in the database, also in async views."""
    for path in ("/admins", "/raising"):
        response = get(path, headers={**BROWSER, **identity(issuer, "grace")})
        assert_page(response, 403, "condition_not_met: Forbidden")
        assert b"privy_" in response.content


@pytest.mark.parametrize("path", ["/required/1", "/arequired", "/login-required", "/permitted"])
def test_outage(get: Get, path: str) -> None:
    """The page is rendered without the request, whose user is not known, and says when to try again."""
    token = DevelopmentIssuer().identity_token("ada")
    with override_settings(PRIVY=NO_KEYS):
        response = get(path, headers={**BROWSER, "privy-id-token": token})
        assert_page(response, 503, "keys_unavailable: Service unavailable")
        assert int(response["Retry-After"]) >= 1
        assert path.encode() not in response.content


def test_redirects_have_no_template(get: Get) -> None:
    """A redirect stays one; the page that ends a circle is replaced, and knows the login page."""
    with override_settings(PRIVY={**settings.PRIVY, "LOGIN_URL": "/login"}):
        response = get("/required/1", headers=BROWSER)
        assert (response.status_code, response["Location"]) == (302, "/login?redirect_uri=%2Frequired%2F1")
        response = get("/required/1", headers={**BROWSER, "cookie": "privy-redirects=lll"})
    assert_page(response, 401, "missing_token: Unauthorized")
    assert response.content.endswith(b" /login")


def test_without_templates(get: Get) -> None:
    """A project without the template gets the usual response, also one that uses no templates at all."""
    for value in (templates(), []):
        with override_settings(TEMPLATES=value):
            assert get("/required/1", headers=BROWSER).json() == {"message": "Unauthorized"}


def test_form() -> None:
    """A form is sent by a person too."""
    response: Any = Client().post("/required/1", {"a": "b"}, headers=BROWSER)
    assert_page(response, 401, "missing_token: Unauthorized")
    assert async_to_sync(AsyncClient().post)("/required/1", {"a": "b"}, headers=BROWSER).content == response.content
