"""The views for ``LOGIN_URL``, the admin and signing out."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, modify_settings, override_settings

from django_privy.accounts.models import PrivyAccount
from django_privy.checks import check_privy
from privy_middleware.development import DevelopmentIssuer
from tests.django.test_middleware import NO_KEYS

URLS = "tests.django.sign_in_urls"
ADA = "did:privy:dev-ada"
BROWSER = {"accept": "text/html"}


@pytest.fixture(autouse=True)
def project(issuer: DevelopmentIssuer) -> Iterator[None]:
    """Route the views, and set the pages of the app."""
    pages = {"LOGIN_URL": "/login", "REFRESH_URL": "/refresh", "COOKIE_DOMAIN": "example.com"}
    with override_settings(ROOT_URLCONF=URLS, LOGIN_URL="privy-sign-in", PRIVY={**settings.PRIVY, **pages}):
        yield


def browser_of(issuer: DevelopmentIssuer, persona: str = "ada", *, staff: bool = False, **claims: Any) -> Client:
    """Return a browser that is signed in."""
    client = Client(headers=BROWSER)
    client.cookies["privy-session"] = "t"
    client.cookies["privy-id-token"] = issuer.identity_token(persona, **claims)
    client.get("/members")
    User.objects.update(is_staff=staff, is_superuser=staff)
    return client


def follow(client: Client, path: str) -> tuple[list[str], Any]:
    """Return the addresses that a browser is sent to, until a response is none of our redirects, and that response."""
    places: list[str] = []
    response = client.get(path)
    while response.status_code == 302 and not response["Location"].startswith(("/login", "/refresh")):
        places.append(response["Location"])
        assert len(places) < 10
        response = client.get(response["Location"])
    return places, response


@pytest.mark.parametrize("path", ["/members", "/admin/"])
def test_visitor(path: str) -> None:
    """A visitor is sent to the login page, and from there to the page that was asked for."""
    places, response = follow(Client(headers=BROWSER), f"{path}?a=1%262")
    assert len(places) == 1
    assert response["Location"] == f"/login?redirect_uri={path.replace('/', '%2F')}%3Fa%3D1%25262"
    assert response["Set-Cookie"].startswith("privy-redirects=l; ")
    assert "no-store" in response["Cache-Control"]


def test_session_that_may_be_refreshed(issuer: DevelopmentIssuer) -> None:
    """The browser is sent to the refresh page first, and then to the login page."""
    client = Client(headers=BROWSER)
    for token in (None, issuer.identity_token("ada", exp=1)):
        client.cookies["privy-session"] = "t"
        if token:
            client.cookies["privy-id-token"] = token
        assert follow(client, "/members")[1]["Location"] == "/refresh?redirect_uri=%2Fmembers"
        client.cookies["privy-redirects"] = "r"
        assert follow(client, "/members")[1]["Location"] == "/login?redirect_uri=%2Fmembers"
        client.cookies.clear()


def test_any_client_is_sent_to_sign_in() -> None:
    """The view is for people only, so it does not depend on what the request accepts."""
    assert Client().get("/accounts/sign-in/?next=/members")["Location"] == "/login?redirect_uri=%2Fmembers"
    assert Client().post("/accounts/sign-in/").status_code == 405


def test_bad_cookie_at_the_sign_in_view(issuer: DevelopmentIssuer) -> None:
    """It is sent to sign in once; a bad token in a header is refused."""
    client = Client()
    client.cookies["privy-id-token"] = issuer.identity_token("ada", aud="another-app")
    assert client.get("/accounts/sign-in/?next=/members")["Location"] == "/login?redirect_uri=%2Fmembers"
    client.cookies["privy-redirects"] = "l"
    response = client.get("/accounts/sign-in/?next=/members")
    assert (response.status_code, response["Content-Type"]) == (401, "text/html; charset=utf-8")
    response = Client().get("/accounts/sign-in/", headers={"privy-id-token": "garbage"})
    assert response.json() == {"message": "Invalid token"}


def test_user_who_is_signed_in(issuer: DevelopmentIssuer) -> None:
    """The user is sent to the page at once."""
    client = browser_of(issuer)
    response = client.get("/accounts/sign-in/?next=/members%3Fa%3D1")
    assert (response.status_code, response["Location"]) == (302, "/members?a=1")
    assert "no-store" in response["Cache-Control"]
    assert client.get("/accounts/sign-in/?next=/seen")["Location"] == "/seen"


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/?next=/admin/"])
def test_user_who_is_not_staff(issuer: DevelopmentIssuer, path: str) -> None:
    """The admin sends the user to sign in again and again; the second time is a 403."""
    places, response = follow(browser_of(issuer), path)
    assert len(places) in (2, 3)
    assert (response.status_code, response["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert b"You cannot see this page" in response.content
    assert "WWW-Authenticate" not in response


def test_staff(issuer: DevelopmentIssuer) -> None:
    """The admin is open to them, and signs them out with Privy's cookies."""
    client = browser_of(issuer, staff=True)
    assert b"Log out" in client.get("/admin/").content
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/admin/"
    response = client.post("/admin/logout/")
    assert response.status_code == 200
    assert_cleared(response)
    assert follow(client, "/admin/")[1]["Location"] == "/login?redirect_uri=%2Fadmin%2F"


def test_inactive_account(issuer: DevelopmentIssuer) -> None:
    """The user gets 403 at once, because signing in again would not help."""
    client = browser_of(issuer)
    User.objects.update(is_active=False)
    response = client.get("/accounts/sign-in/?next=/members")
    assert (response.status_code, response["Content-Type"]) == (403, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "given",
    [
        "//evil.example/x",
        "///evil.example",
        "/\\evil.example",
        "/\\\\evil.example",
        "https://evil.example/x",
        "https:evil.example",
        "javascript:alert(1)",
        "http://testserver//evil.example",
        "http://testserver@evil.example/",
        "http://testserver.evil.example/",
        "/\t/evil.example",
        "\x00/evil.example",
        "members",
        "",
    ],
)
def test_next_of_another_host(issuer: DevelopmentIssuer, given: str) -> None:
    """Nobody is sent to an address that is not a path of this host."""
    signed_in, visitor = browser_of(issuer), Client(headers=BROWSER)
    for client in (signed_in, visitor):
        location = client.get("/accounts/sign-in/", {"next": given})["Location"]
        assert location in ("/accounts/profile/", "/login?redirect_uri=%2Faccounts%2Fprofile%2F", "/%09/evil.example")
    location = signed_in.post("/accounts/sign-out/", {"next": given})["Location"]
    assert location in ("/", "/%09/evil.example")


def test_next_of_this_host(issuer: DevelopmentIssuer) -> None:
    """An absolute address of this host becomes a path."""
    location = browser_of(issuer).get("/accounts/sign-in/", {"next": "http://testserver/séance?a=1#b"})["Location"]
    assert location == "/s%C3%A9ance?a=1"


@pytest.mark.parametrize("login_url", [None, "/accounts/sign-in/", "/accounts/sign-in?x=1"])
def test_wrong_login_page(login_url: str | None) -> None:
    """A missing login page, or one that is the view itself, is reported by the check and by the view."""
    with override_settings(PRIVY={**settings.PRIVY, "LOGIN_URL": login_url}):
        assert [message.id for message in check_privy()] == ["django_privy.E013"]
        with pytest.raises(ImproperlyConfigured, match="LOGIN_URL"):
            Client().get("/accounts/sign-in/")


def test_check() -> None:
    """Nothing is wrong with these settings; wrong ones are reported once; other projects have no such view."""
    assert check_privy() == []
    with override_settings(PRIVY={"APP_ID": ""}):
        assert [message.id for message in check_privy()] == ["django_privy.E001"]
    without = {key: value for key, value in settings.PRIVY.items() if key != "LOGIN_URL"}
    with override_settings(PRIVY=without, ROOT_URLCONF="tests.django_urls"):
        assert check_privy() == []
    with override_settings(PRIVY=without):
        del settings.ROOT_URLCONF
        assert check_privy() == []


def test_view_that_is_only_routed_for_the_admin() -> None:
    """The check finds it there, although it has no URL of its own."""
    urls: Any = type("Urls", (), {"urlpatterns": import_module(URLS).urlpatterns[:2]})
    with override_settings(PRIVY={**settings.PRIVY, "LOGIN_URL": None}, ROOT_URLCONF=urls):
        assert [message.id for message in check_privy()] == ["django_privy.E013"]
    namespaced: Any = type("Urls", (), {"urlpatterns": _namespaced()})
    with override_settings(ROOT_URLCONF=namespaced):
        assert check_privy() == []


def _namespaced() -> list[Any]:
    from django.urls import include, path  # noqa: PLC0415 (used by one test)

    return [path("x/", include(("django_privy.urls", "privy"), namespace="mine"))]


def assert_cleared(response: Any) -> None:
    """Check that the response deletes each cookie, on the host and for the domain."""
    cleared = {(cookie.key, cookie["domain"], cookie["max-age"], cookie.value) for cookie in response.cookies.values()}
    for name in ("privy-id-token", "privy-token", "privy-session", "privy-refresh-token"):
        assert {(name, "", "0", ""), (name, "example.com", "0", "")} <= cleared


def test_sign_out(issuer: DevelopmentIssuer) -> None:
    """The session ends, and Privy's cookies are deleted."""
    client = browser_of(issuer)
    client.force_login(User.objects.get(), "django.contrib.auth.backends.ModelBackend")
    assert client.get("/accounts/sign-out/").status_code == 405
    response = client.post("/accounts/sign-out/", {"next": "/seen"})
    assert (response.status_code, response["Location"]) == (302, "/seen")
    assert_cleared(response)
    assert "sessionid" not in client.cookies or not client.cookies["sessionid"].value
    assert client.get("/seen").json() == {"user_id": None}


def test_sign_out_needs_a_csrf_token(issuer: DevelopmentIssuer) -> None:
    """No other site can sign a user out."""
    client = Client(enforce_csrf_checks=True)
    client.cookies["privy-id-token"] = issuer.identity_token("ada")
    response = client.post("/accounts/sign-out/")
    assert response.status_code == 403
    assert "privy-id-token" not in response.cookies


@pytest.mark.parametrize("path", ["/log-out", "/api/log-out"])
def test_django_s_own_logout(issuer: DevelopmentIssuer, path: str) -> None:
    """``logout()`` deletes the cookies too, also with the request of REST framework."""
    response = browser_of(issuer).post(path)
    assert b"signed out" in response.content
    assert_cleared(response)


def test_sign_out_in_an_outage(issuer: DevelopmentIssuer) -> None:
    """The user can sign out although the token cannot be verified."""
    client = Client()
    client.cookies["privy-id-token"] = issuer.identity_token("ada")
    with override_settings(PRIVY={**NO_KEYS, "LOGIN_URL": "/login", "COOKIE_DOMAIN": "example.com"}):
        assert client.get("/accounts/sign-in/").status_code == 503
        response = client.post("/accounts/sign-out/")
    assert response.status_code == 302
    assert_cleared(response)


def test_signal_without_the_middleware(rf: Any) -> None:
    """Other code may send the signal with another request, or with none."""
    for request in (None, rf.get("/")):
        assert user_logged_out.send(User, request=request, user=None)


@modify_settings(MIDDLEWARE={"remove": ["django.contrib.sessions.middleware.SessionMiddleware"]})
def test_sign_out_without_sessions() -> None:
    """A project without Django users signs out by deleting the cookies."""
    names = [name for name in settings.MIDDLEWARE if "contrib" not in name]
    with override_settings(MIDDLEWARE=names):
        response = Client().post("/accounts/sign-out/")
    assert response["Location"] == "/"
    assert_cleared(response)
    assert not PrivyAccount.objects.exists()
