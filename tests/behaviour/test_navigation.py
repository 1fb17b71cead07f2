"""Pages that a browser navigates to are sent to be refreshed, or to sign in; nothing else ever is."""

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
    """Build a client of an app that has a page for refreshing, and every path of which requires a user."""
    return make_client(refresh_url="/refresh", on_missing="reject")


def expired(issuer: DevelopmentIssuer) -> tuple[str, str]:
    """Return the cookies of a browser whose token has expired."""
    return ("Cookie", f"privy-session=t; privy-id-token={issuer.identity_token('ada', exp=1)}")


def test_a_sign_in_page_opens_nothing_else(make_client: MakeClient) -> None:
    """Not what is below it, and not for what may change something; these apps have no such page."""
    client = make_client(login_url="/login", on_missing="reject")
    assert [client.request(method, "/login").status for method in ("GET", "HEAD")] == [404, 404]
    for method, path in (("POST", "/login"), ("GET", "/login/"), ("GET", "/login/x"), ("GET", "//login")):
        assert client.request(method, path).status == 401


def sent_to(answer: Answer) -> str:
    """Return where an answer sends the browser, once the rest of it is right."""
    assert answer.status == 302
    assert "no-store" in (answer.header("cache-control") or "")
    assert "cookie" in (answer.header("vary") or "").lower()
    return answer.header("location") or ""


def stays(answer: Answer, status: int = 401) -> bool:
    """Say whether an answer is a plain refusal."""
    return answer.status == status and answer.header("location") is None


def test_page_without_token(client: Client) -> None:
    """The browser comes back to the same path and query."""
    answer = client.request("GET", "/me?tab=a%20b&next=%2Fx", [PAGE, SESSION])
    assert sent_to(answer) == "/refresh?redirect_uri=%2Fme%3Ftab%3Da%2520b%26next%3D%252Fx"


def test_page_with_an_expired_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """It is refreshed in the same way, on a route that is optional as well."""
    for path in ("/me", "/optional", "/session"):
        answer = client.request("GET", path, [PAGE, expired(issuer)])
        assert sent_to(answer) == f"/refresh?redirect_uri=%2F{path[1:]}"


def test_page_with_a_good_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """There is nothing to refresh."""
    cookies = ("Cookie", f"privy-session=t; privy-id-token={issuer.identity_token('ada')}")
    assert client.request("GET", "/me", [PAGE, cookies]).status == 200


def test_page_with_a_forged_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """Only expiry is mended by refreshing."""
    forged = issuer.identity_token("ada", aud="another-app")
    assert stays(client.request("GET", "/me", [PAGE, ("Cookie", f"privy-session=t; privy-id-token={forged}")]))


def test_page_that_anybody_may_see(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """It is shown as it is."""
    open_app = make_client(refresh_url="/refresh")
    assert open_app.request("GET", "/", [PAGE, SESSION]).json() == {"user_id": None, "error": None}
    assert open_app.request("GET", "/", [PAGE, expired(issuer)]).json()["error"] == "token_expired"


def test_no_session_to_refresh(client: Client) -> None:
    """Without the session's cookie the refresh page could do nothing."""
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
    """A script could make nothing of a page."""
    assert stays(client.request(method, path, [*headers, SESSION]))
    assert stays(client.request(method, path, [*headers, expired(issuer)]))


@pytest.mark.parametrize("path", ["/refresh", "/refresh?redirect_uri=%2Fme"])
def test_the_refresh_page_itself_is_left_to_the_app(client: Client, issuer: DevelopmentIssuer, path: str) -> None:
    """It is neither redirected nor refused, even where every path requires a user; this app has no such page."""
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
    """The way back from an OAuth provider is not left again."""
    assert stays(client.request("GET", path, [PAGE, SESSION]))
    assert stays(client.request("GET", path, [PAGE, expired(issuer)]))


@pytest.mark.parametrize("path", ["//evil.example/me", "///evil.example", "//evil.example/%2e%2e"])
def test_no_way_to_another_host(client: Client, path: str) -> None:
    """What a browser could take for another host's address is not where it is sent back to."""
    answer = client.request("GET", path, [PAGE, SESSION])
    if answer.status == 302:
        (target,) = parse_qs(urlsplit(sent_to(answer)).query)["redirect_uri"]
        assert target.startswith("/%2F")
    else:
        assert stays(answer)


def test_sign_in_page(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """Who has no session at all is sent to sign in, with a word about where they wanted to go."""
    client = make_client(refresh_url="/refresh", login_url="https://accounts.example/login?app=1")
    target = "https://accounts.example/login?app=1&redirect_uri=%2Fme"
    assert sent_to(client.request("GET", "/me", [PAGE])) == target
    assert sent_to(client.request("GET", "/me", [PAGE, SESSION])) == "/refresh?redirect_uri=%2Fme"
    assert stays(client.request("GET", "/me", [API]))
    lone = ("Cookie", f"privy-id-token={issuer.identity_token('ada', exp=1)}")
    assert sent_to(client.request("GET", "/me", [PAGE, lone])) == target


def test_without_pages_nobody_is_sent_anywhere(make_client: MakeClient) -> None:
    """It is off by default."""
    assert stays(make_client().request("GET", "/me", [PAGE, SESSION]))


def test_outage_is_no_reason_to_refresh(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """A page gets its 503 as well."""
    settings = {"jwks_url": "http://127.0.0.1:9/jwks.json", "client_options": {"trust_env": False}}
    client = make_client(refresh_url="/refresh", **settings)
    assert stays(client.request("GET", "/me", [PAGE, expired(issuer)]), 503)
