"""Navigation in a browser is redirected to the refresh page or the login page, and other requests never are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest

from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.client import Answer, Client
from tests.behaviour.conftest import MakeClient

PAGE = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
API = ("Accept", "application/json")
SESSION = ("Cookie", "privy-session=t")
FORM = [PAGE, ("Content-Type", "application/x-www-form-urlencoded"), ("Host", "app.example")]
HOSTILE = ["//evil.example/x", "///evil.example", "/\\\\evil.example", "https://evil.example/x", "javascript:alert(1)"]


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


def is_page(answer: Answer, status: int = 401) -> bool:
    """Return whether a response is a page for people that loads nothing, after a check of its headers."""
    assert answer.header("location") is answer.header("set-cookie") is None
    if answer.header("content-type") != "text/html; charset=utf-8":
        return False
    assert answer.status == status
    assert (answer.header("content-security-policy") or "").startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "no-store" in (answer.header("cache-control") or "")
    assert (answer.header("www-authenticate") or "").startswith("Bearer")
    return answer.body.startswith(b'<!doctype html>\n<html lang="en">')


class Browser:
    """A browser that visits pages, and keeps the cookies that it is given."""

    def __init__(self, client: Client, **cookies: str) -> None:
        self._client = client
        self.cookies = {name.replace("_", "-"): value for name, value in cookies.items()}

    def visit(self, path: str, headers: Sequence[tuple[str, str]] = (), method: str = "GET") -> Answer:
        """Visit a page without following redirects."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given = [("Cookie", cookies)] if cookies else []
        answer = self._client.request(method, path, [PAGE, *given, *headers])
        for cookie in SimpleCookie(answer.header("set-cookie") or "").values():
            self.cookies[cookie.key] = cookie.value
        return answer

    def visit_until_refused(self, path: str) -> tuple[list[str], Answer]:
        """Visit a page again and again, as the sign-in pages send the browser back; return the pages, and the end."""
        pages: list[str] = []
        while (answer := self.visit(path)).status == 302:
            pages.append(sent_to(answer).partition("?")[0])
            assert len(pages) < 10, "the browser is sent in a circle"
        return pages, answer


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


def test_page_that_anybody_may_see(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """The page is served without a redirect."""
    open_app = make_client(refresh_url="/refresh")
    assert open_app.request("GET", "/", [PAGE, SESSION]).json() == {"user_id": None, "error": None}
    assert open_app.request("GET", "/", [PAGE, expired(issuer)]).json()["error"] == "token_expired"


def test_no_session_to_refresh(client: Client) -> None:
    """Without the session cookie, the refresh page could not get a token."""
    assert stays(client.request("GET", "/me", [PAGE]))
    assert stays(client.request("GET", "/me", [PAGE, ("Cookie", "xprivy-session=t")]))
    assert stays(client.request("GET", "/me", [PAGE, ("Cookie", "privy-session=")]))


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


BAD: dict[str, Callable[[DevelopmentIssuer], str]] = {
    "of another app": lambda issuer: issuer.identity_token("ada", aud="another-app"),
    "of another issuer": lambda issuer: issuer.identity_token("ada", iss="privy.example"),
    "with a withdrawn key": lambda issuer: issuer.identity_token("ada", headers={"kid": "withdrawn"}),
    "malformed": lambda issuer: "garbage",
    "with a bad signature": lambda issuer: issuer.identity_token("ada")[:-8] + "AAAAAAAA",
    "too long": lambda issuer: "x" * 20_000,
    "of the other kind": lambda issuer: issuer.access_token("ada"),
    "one of two": lambda issuer: f"{issuer.identity_token('ada')}; privy-id-token={issuer.identity_token('grace')}",
    "expired": lambda issuer: issuer.identity_token("ada", exp=1),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_cookie(make_client: MakeClient, issuer: DevelopmentIssuer, kind: str) -> None:
    """A browser with any bad token in a cookie is sent to sign in; where the user is optional, the token is none."""
    client = make_client(refresh_url="/refresh", login_url="/login")
    bad = BAD[kind](issuer)
    cookie = ("Cookie", f"privy-id-token={bad}")
    for fields in ([PAGE], [PAGE, ("Sec-Fetch-Mode", "navigate")]):
        answer = client.request("GET", "/me", [*fields, cookie])
        assert sent_to(answer) == "/login?redirect_uri=%2Fme"
        assert answer.header("set-cookie") == "privy-redirects=l; Max-Age=30; Path=/; HttpOnly; SameSite=Lax"
        answer = client.request("GET", "/optional", [*fields, cookie])
        assert (answer.status, answer.json()) == (200, {"user_id": None})
    for fields in ([API], [PAGE, ("Sec-Fetch-Mode", "cors")], []):
        for path in ("/me", "/optional"):
            assert client.request("GET", path, [*fields, cookie]).json() == {"message": "Invalid token"}


@pytest.mark.parametrize("kind", BAD)
def test_bad_header(make_client: MakeClient, issuer: DevelopmentIssuer, kind: str) -> None:
    """A token in a header is that of an API call, whatever else the request looks like."""
    client = make_client(refresh_url="/refresh", login_url="/login")
    first, *more = BAD[kind](issuer).split("; privy-id-token=")
    headers = [("privy-id-token", token) for token in (first, *more)]
    for path in ("/me", "/optional"):
        answer = client.request("GET", path, [PAGE, SESSION, *headers])
        assert stays(answer)
        assert answer.json() == {"message": "Invalid token"}


def test_basic_authentication_is_no_token(make_client: MakeClient) -> None:
    """A browser may send the password of a proxy with every page."""
    client = make_client(login_url="/login")
    basic = ("Authorization", "Basic dXNlcjpwYXNz")
    bad = ("Cookie", "privy-id-token=garbage")
    assert sent_to(client.request("GET", "/me", [PAGE, basic, bad])) == "/login?redirect_uri=%2Fme"
    assert stays(client.request("GET", "/me", [PAGE, ("Authorization", "Bearer garbage"), bad]))
    cookies_only = make_client(login_url="/login", sources=["cookie"])
    bearer = ("Authorization", "Bearer garbage")
    assert sent_to(cookies_only.request("GET", "/me", [PAGE, bearer, bad])) == "/login?redirect_uri=%2Fme"


def test_revoked_cookie(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """A token that the app has revoked is sent to sign in too."""
    client = make_client(login_url="/login", is_revoked=lambda claims: True)
    cookie = ("Cookie", f"privy-session=t; privy-id-token={issuer.identity_token('ada')}")
    assert sent_to(client.request("GET", "/me", [PAGE, cookie])) == "/login?redirect_uri=%2Fme"
    assert client.request("GET", "/optional", [PAGE, cookie]).json() == {"user_id": None}


def test_optional_page_refreshes_the_session(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """With an expired token and a session, a page where the user is optional goes to the refresh page, once."""
    client = make_client(refresh_url="/refresh", login_url="/login")
    browser = Browser(client, privy_session="t", privy_id_token=issuer.identity_token("ada", exp=1))
    assert sent_to(browser.visit("/optional")) == "/refresh?redirect_uri=%2Foptional"
    assert browser.visit("/optional").json() == {"user_id": None}
    lenient = make_client(refresh_url="/refresh", login_url="/login", on_invalid="anonymous")
    assert lenient.request("GET", "/optional", [PAGE, expired(issuer)]).json() == {"user_id": None}


def test_outage_is_neither_a_redirect_nor_nobody(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """A page gets 503 in an outage, also where the user is optional, and when it has been redirected before."""
    settings = {"jwks_url": "http://127.0.0.1:9/jwks.json", "client_options": {"trust_env": False}}
    client = make_client(refresh_url="/refresh", login_url="/login", **settings)
    for marker in ("", "; privy-redirects=rl"):
        cookie = ("Cookie", f"privy-session=t; privy-id-token={issuer.identity_token('ada')}{marker}")
        for path in ("/me", "/optional"):
            answer = client.request("GET", path, [PAGE, cookie])
            assert stays(answer, 503)
            assert answer.json() == {"message": "Service unavailable"}


def test_no_circle_with_a_refused_token(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """If the app id of the server is wrong, the login page is asked once: it believes that the user is signed in."""
    client = make_client(refresh_url="/refresh", login_url="/login")
    wrong = issuer.identity_token("ada", aud="another-app")
    browser = Browser(client, privy_session="t", privy_id_token=wrong)
    pages, answer = browser.visit_until_refused("/me?tab=1")
    assert pages == ["/login"]
    assert is_page(answer)
    assert b"You could not be signed in" in answer.body
    assert b'href="/login?redirect_uri=%2Fme%3Ftab%3D1"' in answer.body
    old = Browser(client, privy_session="t", privy_id_token=issuer.identity_token("ada", exp=1))
    assert old.visit_until_refused("/me")[0] == ["/refresh", "/login"]
    assert old.cookies["privy-redirects"] == "rl"


def test_no_circle_without_a_token(make_client: MakeClient) -> None:
    """If Privy keeps the tokens in the browser's storage, the server never gets any."""
    client = make_client(refresh_url="/refresh", login_url="/login")
    for cookies, expected in (
        ({}, ["/login"] * 3),
        ({"privy_session": "t"}, ["/refresh", *["/login"] * 3]),
    ):
        pages, answer = Browser(client, **cookies).visit_until_refused("/me")
        assert pages == expected
        assert is_page(answer)
    only_refresh = make_client(refresh_url="/refresh")
    pages, answer = Browser(only_refresh, privy_session="t").visit_until_refused("/me")
    assert pages == ["/refresh"]
    assert is_page(answer)
    assert b"href" not in answer.body


def test_user_after_a_redirect(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """The cookie that counts the redirects does not matter to a request with a good token."""
    client = make_client(refresh_url="/refresh", login_url="/login")
    browser = Browser(client, privy_redirects="rlll", privy_id_token=issuer.identity_token("ada"))
    assert browser.visit("/me").json()["id"] == "did:privy:dev-ada"


@pytest.mark.parametrize("value", ["", "x", "lx", "l" * 9, "L", "l l", "l,l", '"lll"', "%6c%6c%6c", "lll\xb2"])
def test_invented_marker(make_client: MakeClient, value: str) -> None:
    """Another value of the cookie than our own counts as none."""
    client = make_client(login_url="/login")
    answer = client.request("GET", "/me", [PAGE, ("Cookie", f"privy-redirects={value}")])
    assert sent_to(answer) == "/login?redirect_uri=%2Fme"
    assert (answer.header("set-cookie") or "").startswith("privy-redirects=l; ")


def test_several_markers(make_client: MakeClient) -> None:
    """A second cookie of the same name hides no redirect, and the longest value stays one that is accepted."""
    client = make_client(login_url="/login")
    for value in ("l; privy-redirects=lll", "lll; privy-redirects=l", "x; privy-redirects=lll"):
        assert is_page(client.request("GET", "/me", [PAGE, ("Cookie", f"privy-redirects={value}")]))
    answer = client.request("GET", "/me", [PAGE, ("Cookie", "privy-redirects=rrrrrrrr")])
    assert (answer.header("set-cookie") or "").startswith("privy-redirects=rrrrrrrl; ")


def test_page_shows_no_personal_data(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """It has neither the token nor the user, and the address in its link is escaped."""
    client = make_client(login_url='/login?a="><script>&b=1')
    browser = Browser(client, privy_redirects="l", privy_id_token=issuer.identity_token("ada", aud="another-app"))
    answer = browser.visit("/me?%22%3E<script>=1")
    assert is_page(answer)
    assert b"<script" not in answer.body
    assert b"did:privy" not in answer.body
    assert b"dev-ada" not in answer.body


def test_page_of_a_user_who_was_never_sent_away(make_client: MakeClient) -> None:
    """Where only a session can be refreshed and there is none, the page says that it is for users."""
    answer = make_client(refresh_url="/refresh").request("GET", "/me", [PAGE])
    assert is_page(answer)
    assert b"Sign in to continue" in answer.body
    api = make_client(refresh_url="/refresh").request("GET", "/me", [API])
    assert api.json() == {"message": "Unauthorized"}


def sent_by_form(answer: Answer) -> str:
    """Return the location that the response to a form redirects to."""
    assert answer.status == 303
    assert "no-store" in (answer.header("cache-control") or "")
    return answer.header("location") or ""


def test_form_of_a_signed_out_user(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """A form is sent to sign in, and the user then returns to the page that the form was on."""
    client = make_client(login_url="/login")
    referer = ("Referer", "https://app.example/cart?item=1&b=%2F#top")
    target = "/login?redirect_uri=%2Fcart%3Fitem%3D1%26b%3D%252F"
    assert sent_by_form(client.request("POST", "/profile", [*FORM, referer])) == target
    multipart = ("Content-Type", "multipart/form-data; boundary=x")
    assert sent_by_form(client.request("POST", "/profile", [PAGE, FORM[2], multipart, referer])) == target
    navigating = [FORM[2], ("Sec-Fetch-Mode", "navigate"), referer]
    assert sent_by_form(client.request("POST", "/profile", navigating)) == target
    bad = ("Cookie", f"privy-session=t; privy-id-token={issuer.identity_token('ada', exp=1)}")
    assert sent_by_form(client.request("POST", "/profile", [*FORM, referer, bad])) == target
    refreshing = make_client(login_url="/login", refresh_url="/refresh")
    answer = refreshing.request("POST", "/profile", [*FORM, referer, bad])
    assert sent_by_form(answer).startswith("/refresh?redirect_uri=%2Fcart")
    assert (answer.header("set-cookie") or "").startswith("privy-redirects=r; ")
    again = client.request("POST", "/profile", [*FORM, ("Cookie", "privy-redirects=lll")])
    assert is_page(again)


@pytest.mark.parametrize(
    "headers",
    [
        [PAGE],
        [API, FORM[1]],
        [FORM[1]],
        [PAGE, ("Content-Type", "application/json")],
        [PAGE, FORM[1], ("Sec-Fetch-Mode", "cors")],
        [PAGE, FORM[1], ("Sec-Fetch-Mode", "no-cors")],
    ],
)
def test_api_calls_by_post(make_client: MakeClient, issuer: DevelopmentIssuer, headers: list[tuple[str, str]]) -> None:
    """A script that posts gets its 401, as does a form that only looks like one."""
    client = make_client(login_url="/login", refresh_url="/refresh")
    for cookie in (SESSION, expired(issuer)):
        answer = client.request("POST", "/profile", [*headers, cookie])
        assert stays(answer)
        assert answer.json()["message"]


@pytest.mark.parametrize(
    "referer",
    [
        None,
        "",
        "/cart",
        "https://app.example:8000/cart",
        "https://app.example.evil.example/cart",
        "https://app.example@evil.example/cart",
        "https://[bad/cart",
        "ftp://app.example/cart",
        "https://app.example//evil.example",
        "https://app.example/\\evil.example",
        "https://app.example/login",
        *HOSTILE,
    ],
)
def test_form_of_another_place(make_client: MakeClient, referer: str | None) -> None:
    """Without a page of the same host to return to, the user returns to the start."""
    client = make_client(login_url="/login")
    headers = [*FORM] if referer is None else [*FORM, ("Referer", referer)]
    assert sent_by_form(client.request("POST", "/profile", headers)) == "/login?redirect_uri=%2F"
    two = [*FORM, ("Referer", "https://app.example/a"), ("Referer", "https://evil.example/b")]
    assert "evil" not in urlsplit(sent_by_form(client.request("POST", "/profile", two))).netloc


def test_cross_site_form(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """A form of another site with a token in a cookie gets 403, whether the token is good or not."""
    client = make_client(login_url="/login")
    for token in (issuer.identity_token("ada"), issuer.identity_token("ada", exp=1), "garbage"):
        cookie = ("Cookie", f"privy-id-token={token}")
        for foreign in (("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")):
            answer = client.request("POST", "/profile", [*FORM, cookie, foreign])
            assert stays(answer, 403)
            assert answer.json() == {"message": "Forbidden"}


OAUTH = "privy_oauth_code=c%2F%26%20d&privy_oauth_state=s%3D1&privy_oauth_provider=google"


def test_return_from_an_oauth_provider(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """The login page gets the parameters, and returns to the page without them."""
    client = make_client(refresh_url="/refresh", login_url="/login?app=1")
    back = f"/login?app=1&{OAUTH}&redirect_uri=%2Fme%3Fa%3D%2520%26b"
    for cookies in ([], [SESSION], [expired(issuer)], [("Cookie", "privy-redirects=l; privy-id-token=garbage")]):
        answer = client.request("GET", f"/me?a=%20&{OAUTH}&b", [PAGE, *cookies])
        assert sent_to(answer) == back
    only = client.request("GET", "/me?privy%5foauth_code=1", [PAGE])
    assert sent_to(only) == "/login?app=1&privy_oauth_code=1&redirect_uri=%2Fme"
    pages, answer = Browser(client, privy_id_token="garbage").visit_until_refused(f"/me?{OAUTH}")
    assert pages == ["/login"] * 3
    assert is_page(answer)
    assert b"privy_oauth" not in answer.body
    assert client.request("GET", f"/optional?{OAUTH}", [PAGE]).json() == {"user_id": None}
    form = client.request("POST", "/profile", [*FORM, ("Referer", f"https://app.example/me?{OAUTH}")])
    assert sent_by_form(form) == "/login?app=1&redirect_uri=%2Fme"


@pytest.mark.parametrize("path", ["/me?x=%0d%0aSet-Cookie:%20a=b", "/me?privy_oauth_code=%0d%0aSet-Cookie:%20a=b"])
def test_no_header_can_be_added(make_client: MakeClient, path: str) -> None:
    """Line breaks stay encoded."""
    answer = make_client(login_url="/login").request("GET", path, [PAGE])
    assert "0d%" in sent_to(answer).lower()
    assert sent_to(answer).isprintable()
    assert "a=b" not in (answer.header("set-cookie") or "")
