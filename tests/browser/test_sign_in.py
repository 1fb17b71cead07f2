"""Sign in on the issuer's page, and be signed in in an app on another port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from privy_middleware.development import DevelopmentIssuer
from tests.browser.driving import Page
from tests.browser.serving import App, serve

ADA = "did:privy:dev-ada"
MARKER = "privy-redirects"


@pytest.fixture(scope="module")
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run one issuer for all tests: they change only what is in the browser."""
    with DevelopmentIssuer() as running:
        yield running


@pytest.fixture(scope="module", params=["fastapi", "flask", "django"])
def app(request: pytest.FixtureRequest, chrome: Chrome, issuer: DevelopmentIssuer) -> Iterator[App]:
    """Run an example app under its server, with the issuer's pages as its own."""
    with serve(str(request.param), issuer) as running:
        yield running


def sign_in(page: Page, app: App, user: str = "ada") -> None:
    """Open a page of an app that needs a user, and sign in."""
    page.open(f"{app.url}/me")
    page.press(f"Sign in as {user}")
    page.wait_at(f"{app.url}/me")


def test_sign_in(page: Page, app: App) -> None:
    """The app sends the browser to the issuer, which sends it back with Privy's cookies; every port gets them."""
    page.open(f"{app.url}/me")
    assert page.chrome.title.startswith("Sign in")
    assert f"{app.url}/me" in page.text
    page.press("Sign in as ada")
    page.wait_at(f"{app.url}/me")
    assert page.json["id"] == ADA
    cookies = page.cookies
    for name in ("privy-id-token", "privy-token", "privy-session", "privy-refresh-token"):
        assert (cookies[name]["sameSite"], cookies[name]["path"], cookies[name]["domain"]) == (
            "Strict",
            "/",
            "localhost",
        )
        assert (cookies[name]["secure"], cookies[name]["httpOnly"]) == (False, True)
    for path, part in (("/session", "session_id"), ("/wallet", "address"), ("/admin", "user_id")):
        page.open(app.url + path)
        assert part in page.json
    page.open("/")
    assert "Signed in at localhost as ada." in page.text


def test_another_user(page: Page, app: App) -> None:
    """Another user takes the place of the first; what the app refuses stays refused."""
    sign_in(page, app)
    page.open("/")
    page.press("Sign in as empty")
    page.open(f"{app.url}/me")
    assert page.json["id"] == "did:privy:dev-empty"
    page.open(f"{app.url}/admin")
    assert page.json == {"message": "Forbidden"}


@pytest.mark.parametrize("button", ["Remove the tokens", "Set expired tokens"])
def test_expiry_and_refresh(page: Page, app: App, button: str) -> None:
    """After the tokens have expired, the app sends the browser to the refresh page, which needs no click."""
    sign_in(page, app)
    page.open("/")
    page.press(button)
    assert page.one(".tokens .bad").text
    page.chrome.delete_cookie(MARKER)
    page.open(f"{app.url}/me?again=1")
    page.wait_at(f"{app.url}/me?again=1")
    assert page.json["id"] == ADA


def test_refresh_without_scripts(page: Page, app: App) -> None:
    """Without scripts the refresh page has a button."""
    sign_in(page, app)
    page.open("/")
    page.press("Remove the tokens")
    page.chrome.delete_cookie(MARKER)
    page.chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.open(f"{app.url}/me")
        assert page.chrome.title.startswith("Refresh")
        page.press("Refresh")
        page.wait_at(f"{app.url}/me")
    finally:
        page.chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert page.json["id"] == ADA


def test_sign_out(page: Page, app: App) -> None:
    """After signing out, which needs a click, the app asks to sign in again."""
    sign_in(page, app)
    page.open(f"/logout?redirect_uri={app.url}/optional")
    assert "privy-id-token" in page.cookies
    page.press("Sign out")
    page.wait_at(f"{app.url}/optional")
    assert page.json == {"user_id": None}
    assert not [name for name in page.cookies if name != MARKER]
    page.open(f"{app.url}/me")
    assert page.chrome.title.startswith("Sign in")


def test_app_at_the_other_host_name(page: Page, app: App, issuer: DevelopmentIssuer) -> None:
    """An app that was opened by its address gets the cookies of that address."""
    other = app.url.replace("localhost", "127.0.0.1")
    page.open(f"/login?app={other}&redirect_uri=/me")
    assert page.chrome.current_url.startswith(f"{issuer.url}/login")
    page.press("Sign in as grace")
    page.wait_at(f"{other}/me")
    assert page.json["id"] == "did:privy:dev-grace"


def test_forms_of_other_sites(page: Page, app: App, site: str, issuer: DevelopmentIssuer) -> None:
    """A form of another port, with which the browser sends the cookies, is refused by the app and by the issuer."""
    sign_in(page, app)
    page.submit_from(f"http://localhost:{site}", f"{app.url}/profile")
    assert page.json == {"message": "Forbidden"}
    kid = issuer.kid
    for path in ("/keys/rotate", "/sign-in", "/sign-out", "/users/remove"):
        page.submit_from(f"http://localhost:{site}", page.url + path, user="grace")
        assert "Only the pages of this server may change something here." in page.text
    assert (issuer.kid, "grace" in issuer.users) == (kid, True)
    page.open(f"{app.url}/me")
    assert page.json["id"] == ADA


def test_forms_from_elsewhere(page: Page, app: App, site: str) -> None:
    """With a form of another site the browser sends no cookie, because they are ``SameSite=Strict``."""
    sign_in(page, app)
    page.submit_from(f"http://127.0.0.1:{site}", f"{app.url}/profile")
    assert page.chrome.title.startswith("Sign in")
    page.submit_from(f"http://127.0.0.1:{site}", f"{page.url}/keys/rotate")
    assert "Only the pages of this server" in page.text
