"""Navigation in a browser is redirected to the refresh page or the login page, and other requests never are."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.client import Answer, Client
from tests.behaviour.conftest import MakeClient

PAGE = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
API = ("Accept", "application/json")
SESSION = ("Cookie", "privy-session=t")


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    """Return a client of an app with a refresh page, in which every path requires a user."""
    return make_client(refresh_url="/refresh", on_missing="reject")


def expired(issuer: DevelopmentIssuer) -> tuple[str, str]:
    """Return the cookies of a browser whose token has expired."""
    return ("Cookie", f"privy-session=t; privy-id-token={issuer.identity_token('ada', exp=1)}")


def test_a_sign_in_page_opens_nothing_else(make_client: MakeClient) -> None:
    """Neither paths below it nor unsafe methods are open; these apps do not have such a page."""
    client = make_client(login_url="/login", on_missing="reject")
    assert [client.request(method, "/login").status for method in ("GET", "HEAD")] == [404, 404]
    for method, path in (("POST", "/login"), ("GET", "/login/"), ("GET", "/login/x"), ("GET", "//login")):
        assert client.request(method, path).status == 401


def sent_to(answer: Answer) -> str:
    """Return the location of a redirect, after a check of the rest of the response."""
    assert answer.status == 302
    assert "no-store" in (answer.header("cache-control") or "")
    assert "cookie" in (answer.header("vary") or "").lower()
    return answer.header("location") or ""


def stays(answer: Answer, status: int = 401) -> bool:
    """Return whether a response is an error response without a redirect."""
    return answer.status == status and answer.header("location") is None


def test_page_without_token(client: Client) -> None:
    """The browser returns to the same path and query."""
    answer = client.request("GET", "/me?tab=a%20b&next=%2Fx", [PAGE, SESSION])
    assert sent_to(answer) == "/refresh?redirect_uri=%2Fme%3Ftab%3Da%2520b%26next%3D%252Fx"


def test_page_with_an_expired_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """It is redirected in the same way, also on a route where the user is optional."""
    for path in ("/me", "/optional", "/session"):
        answer = client.request("GET", path, [PAGE, expired(issuer)])
        assert sent_to(answer) == f"/refresh?redirect_uri=%2F{path[1:]}"


def test_page_with_a_good_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """A valid token is not redirected."""
    cookies = ("Cookie", f"privy-session=t; privy-id-token={issuer.identity_token('ada')}")
    assert client.request("GET", "/me", [PAGE, cookies]).status == 200


def test_page_with_a_forged_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """Only an expired token is redirected."""
    forged = issuer.identity_token("ada", aud="another-app")
    assert stays(client.request("GET", "/me", [PAGE, ("Cookie", f"privy-session=t; privy-id-token={forged}")]))


def test_page_that_anybody_may_see(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """The page is served without a redirect."""
    open_app = make_client(refresh_url="/refresh")
    assert open_app.request("GET", "/", [PAGE, SESSION]).json() == {"user_id": None, "error": None}
    assert open_app.request("GET", "/", [PAGE, expired(issuer)]).json()["error"] == "token_expired"


def test_no_session_to_refresh(client: Client) -> None:
    """Without the session cookie, the refresh page could not get a token."""
    assert stays(client.request("GET", "/me", [PAGE]))
    assert stays(client.request("GET", "/me", [PAGE, ("Cookie", "xprivy-session=t")]))


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/me", [API]),
        ("GET", "/me", []),
        ("GET", "/me", [("Accept", "*/*")]),
        ("GET", "/me", [PAGE, ("Sec-Fetch-Mode", "cors")]),
        ("POST", "/profile", [PAGE]),
    ],
)
def test_api_calls_get_their_401(
    client: Client, issuer: DevelopmentIssuer, method: str, path: str, headers: list[tuple[str, str]]
) -> None:
    """Scripts cannot use a redirect to a page."""
    assert stays(client.request(method, path, [*headers, SESSION]))
    assert stays(client.request(method, path, [*headers, expired(issuer)]))


@pytest.mark.parametrize("path", ["/refresh", "/refresh?redirect_uri=%2Fme"])
def test_the_refresh_page_itself_is_left_to_the_app(client: Client, issuer: DevelopmentIssuer, path: str) -> None:
    """It is neither redirected nor rejected, even if every path requires a user; this app has no such page."""
    for headers in ([PAGE, SESSION], [PAGE, expired(issuer)]):
        answer = client.request("GET", path, headers)
        assert answer.status == 404
        assert answer.header("location") is None


@pytest.mark.parametrize(
    "path",
    [
        "/me?privy_oauth_code=c",
        "/me?privy_oauth_state=s&privy_oauth_provider=google",
        "/me?a=1&privy_oauth_provider=",
    ],
)
def test_no_loops(client: Client, issuer: DevelopmentIssuer, path: str) -> None:
    """The request that returns from an OAuth provider is not redirected."""
    assert stays(client.request("GET", path, [PAGE, SESSION]))
    assert stays(client.request("GET", path, [PAGE, expired(issuer)]))


@pytest.mark.parametrize("path", ["//evil.example/me", "///evil.example", "//evil.example/%2e%2e"])
def test_no_way_to_another_host(client: Client, path: str) -> None:
    """The redirect never returns to an address that a browser could parse as another host."""
    answer = client.request("GET", path, [PAGE, SESSION])
    if answer.status == 302:
        (target,) = parse_qs(urlsplit(sent_to(answer)).query)["redirect_uri"]
        assert target.startswith("/%2F")
    else:
        assert stays(answer)


def test_sign_in_page(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """Without a session, the browser is redirected to the login page, with the address to return to."""
    client = make_client(refresh_url="/refresh", login_url="https://accounts.example/login?app=1")
    target = "https://accounts.example/login?app=1&redirect_uri=%2Fme"
    assert sent_to(client.request("GET", "/me", [PAGE])) == target
    assert sent_to(client.request("GET", "/me", [PAGE, SESSION])) == "/refresh?redirect_uri=%2Fme"
    assert stays(client.request("GET", "/me", [API]))
    lone = ("Cookie", f"privy-id-token={issuer.identity_token('ada', exp=1)}")
    assert sent_to(client.request("GET", "/me", [PAGE, lone])) == target


def test_without_pages_nobody_is_sent_anywhere(make_client: MakeClient) -> None:
    """By default nothing is redirected."""
    assert stays(make_client().request("GET", "/me", [PAGE, SESSION]))


def test_outage_is_no_reason_to_refresh(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """Navigation gets 503 in an outage."""
    settings = {"jwks_url": "http://127.0.0.1:9/jwks.json", "client_options": {"trust_env": False}}
    client = make_client(refresh_url="/refresh", **settings)
    assert stays(client.request("GET", "/me", [PAGE, expired(issuer)]), 503)
