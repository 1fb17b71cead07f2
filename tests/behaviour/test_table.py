"""Each row of the documented responses, in every framework."""

from __future__ import annotations

import base64
import json
import logging
import pkgutil
import socket

import pytest

from privy_middleware import PrivyConfig
from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.client import Answer, Client
from tests.behaviour.conftest import FRAMEWORKS, MakeClient
from tests.behaviour.watching import Watch

UNAUTHORIZED = {"message": "Unauthorized"}
INVALID = {"message": "Invalid token"}
FORBIDDEN = {"message": "Forbidden"}


def refused(answer: Answer, status: int, body: dict[str, str]) -> None:
    """Check that the response is the documented error response."""
    assert (answer.status, answer.json()) == (status, body)
    assert answer.header("content-type") == "application/json"
    assert "no-store" in (answer.header("cache-control") or "")
    challenge = answer.header("www-authenticate")
    if body == UNAUTHORIZED:
        assert challenge == "Bearer"
    elif body == INVALID:
        assert challenge is not None
        assert challenge.startswith('Bearer error="invalid_token"')
    else:
        assert challenge is None


def bearer(token: str) -> tuple[str, str]:
    """Return the header of an access token."""
    return ("Authorization", f"Bearer {token}")


def identity(token: str) -> tuple[str, str]:
    """Return the header of an identity token."""
    return ("privy-id-token", token)


def cookie(token: str, name: str = "privy-id-token") -> tuple[str, str]:
    """Return a cookie header."""
    return ("Cookie", f"{name}={token}")


def broken(token: str) -> str:
    """Return the token with an invalid signature."""
    head, _, signature = token.rpartition(".")
    middle = "A" if signature[40] != "A" else "B"
    return f"{head}.{signature[:40]}{middle}{signature[41:]}"


def test_every_framework_on_disk_is_in_the_suite() -> None:
    """A plugin without a client here would not be tested."""
    on_disk = {each.name.removesuffix("_privy") for each in pkgutil.iter_modules() if each.name.endswith("_privy")}
    assert on_disk - {"pytest"} | {"asgi", "wsgi", "starlette", "django_async"} == set(FRAMEWORKS)


def test_open_route_without_token(client: Client) -> None:
    """The app responds, and there is no user."""
    answer = client.request("GET", "/")
    assert (answer.status, answer.json()) == (200, {"user_id": None, "error": None})


def test_required_route_without_token(client: Client) -> None:
    """The challenge has no parameters."""
    for path in ("/me", "/session", "/wallet", "/admin"):
        refused(client.request("GET", path), 401, UNAUTHORIZED)
    refused(client.request("POST", "/profile"), 401, UNAUTHORIZED)


def test_identity_token_by_header(client: Client, issuer: DevelopmentIssuer) -> None:
    """The user is that of the token."""
    answer = client.request("GET", "/me", [identity(issuer.identity_token("ada"))])
    user = answer.json()
    assert answer.status == 200
    assert user["id"].startswith("did:privy:")
    assert [account["type"] for account in user["linked_accounts"]]
    assert user["custom_metadata"]["role"] == "admin"
    assert user["is_guest"] is False


def test_identity_token_by_cookie(client: Client, issuer: DevelopmentIssuer) -> None:
    """The same token in a cookie has the same user."""
    token = issuer.identity_token("ada")
    by_cookie = client.request("GET", "/me", [cookie(token)])
    by_header = client.request("GET", "/me", [identity(token)])
    assert by_cookie.status == 200
    assert by_cookie.json() == by_header.json()


def test_answers_to_tokens_are_private_and_vary(client: Client, issuer: DevelopmentIssuer) -> None:
    """Neither a shared cache nor a browser's cache may send one user's response to another."""
    answer = client.request("GET", "/me", [cookie(issuer.identity_token("ada"))])
    vary = {name.strip().lower() for name in (answer.header("vary") or "").split(",")}
    assert {"cookie", "authorization", "privy-id-token"} <= vary
    assert "no-store" in (answer.header("cache-control") or "")


def test_access_token_by_header_and_cookie(client: Client, issuer: DevelopmentIssuer) -> None:
    """The response has the six claims of the access token."""
    token = issuer.access_token("ada")
    for header in (bearer(token), cookie(token, "privy-token"), ("Authorization", f"bEARER {token}")):
        answer = client.request("GET", "/session", [header])
        assert answer.status == 200
        names = {"app_id", "user_id", "issuer", "issued_at", "expiration", "session_id"}
        assert set(answer.json()) == names
        assert answer.json()["app_id"] == issuer.app_id


def test_session_needs_an_access_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """An identity token does not prove a session."""
    refused(client.request("GET", "/session", [identity(issuer.identity_token("ada"))]), 401, UNAUTHORIZED)


def test_access_token_alone_gives_a_user(client: Client, issuer: DevelopmentIssuer) -> None:
    """The user has an ID and nothing else."""
    answer = client.request("GET", "/me", [bearer(issuer.access_token("ada"))])
    assert answer.status == 200
    assert set(answer.json()) == {"id"}


def test_access_token_alone_never_meets_a_condition(client: Client, issuer: DevelopmentIssuer) -> None:
    """A condition on unknown accounts is never met."""
    refused(client.request("GET", "/wallet", [bearer(issuer.access_token("ada"))]), 403, FORBIDDEN)


@pytest.mark.parametrize("path", ["/me", "/optional", "/session"])
def test_bad_tokens_get_one_answer(client: Client, issuer: DevelopmentIssuer, path: str) -> None:
    """Six kinds of invalid tokens get identical responses."""
    good = issuer.identity_token("ada")
    bad = [
        broken(good),
        issuer.identity_token("ada", exp=1),
        issuer.identity_token("ada", aud="another-app"),
        issuer.identity_token("ada", iss="privy.example"),
        issuer.access_token("ada"),
        "garbage",
    ]
    answers = [client.request("GET", path, [identity(token)]) for token in bad]
    for answer in answers:
        refused(answer, 401, INVALID)
    assert len({answer.body for answer in answers}) == 1
    assert len({answer.header("www-authenticate") for answer in answers}) == 1


def test_bad_token_on_an_open_route(client: Client, issuer: DevelopmentIssuer) -> None:
    """The app responds without a user, and can read the reason."""
    answer = client.request("GET", "/", [identity(issuer.identity_token("ada", exp=1))])
    assert (answer.status, answer.json()) == (200, {"user_id": None, "error": "token_expired"})


def test_optional_route(client: Client, make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """Without a token there is no user; an invalid token is rejected, or counts as no token if the app says so."""
    good, bad = issuer.identity_token("ada"), broken(issuer.identity_token("ada"))
    assert client.request("GET", "/optional").json() == {"user_id": None}
    answer = client.request("GET", "/optional", [identity(good)])
    assert answer.status == 200
    assert answer.json()["user_id"].startswith("did:privy:")
    refused(client.request("GET", "/optional", [identity(bad)]), 401, INVALID)
    lenient = make_client(on_invalid="anonymous")
    answer = lenient.request("GET", "/optional", [identity(bad)])
    assert (answer.status, answer.json()) == (200, {"user_id": None})
    refused(lenient.request("GET", "/me", [identity(bad)]), 401, INVALID)


def test_conditions(client: Client, issuer: DevelopmentIssuer) -> None:
    """A request passes if the condition is met, and otherwise gets 403."""
    ada, grace = (identity(issuer.identity_token(name)) for name in ("ada", "grace"))
    assert client.request("GET", "/wallet", [ada]).json()["address"].startswith("0x")
    assert client.request("GET", "/admin", [ada]).json()["user_id"].startswith("did:privy:")
    refused(client.request("GET", "/wallet", [grace]), 403, FORBIDDEN)
    refused(client.request("GET", "/admin", [grace]), 403, FORBIDDEN)


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ([], True),
        ([("Sec-Fetch-Site", "same-origin")], True),
        ([("Sec-Fetch-Site", "none")], True),
        ([("Sec-Fetch-Site", "same-site")], False),
        ([("Sec-Fetch-Site", "cross-site")], False),
        ([("Sec-Fetch-Site", "cross-site"), ("Origin", "https://trusted.example")], True),
        ([("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")], False),
        ([("Origin", "http://app.example")], True),
        ([("Origin", "https://app.example")], False),
        ([("Origin", "https://trusted.example")], True),
        ([("Origin", "https://trusted.example.evil.example")], False),
        ([("Origin", "https://evil.example")], False),
        ([("Origin", "null")], False),
        ([("Origin", "")], False),
    ],
)
def test_cross_site_requests_with_cookies(
    make_client: MakeClient, issuer: DevelopmentIssuer, headers: list[tuple[str, str]], allowed: bool
) -> None:
    """With a token in a cookie, a page of another site cannot change anything."""
    client = make_client(trusted_origins=["https://trusted.example"])
    token = issuer.identity_token("ada")
    host = ("Host", "app.example")
    answer = client.request("POST", "/profile", [host, cookie(token), *headers])
    if allowed:
        assert answer.status == 200
        assert answer.json()["user_id"].startswith("did:privy:")
    else:
        refused(answer, 403, FORBIDDEN)
    assert client.request("GET", "/me", [host, cookie(token), *headers]).status == 200
    assert client.request("POST", "/profile", [host, identity(token), *headers]).status == 200


def test_bad_header_does_not_lift_the_cross_site_rule(client: Client, issuer: DevelopmentIssuer) -> None:
    """A header with an invalid token does not prove that the request comes from the app's own page."""
    headers = [cookie(issuer.identity_token("ada")), bearer("garbage"), ("Sec-Fetch-Site", "cross-site")]
    refused(client.request("POST", "/profile", headers), 401, INVALID)


def test_keys_unavailable_is_503_and_recovers(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """An outage of the key server gets 503, not 401."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        url = f"http://127.0.0.1:{port}/jwks.json"
        client = make_client(PrivyConfig(app_id=issuer.app_id, jwks_url=url, client_options={"trust_env": False}))
        for path in ("/me", "/optional", "/session"):
            answer = client.request("GET", path, [identity(issuer.identity_token("ada"))])
            refused(answer, 503, {"message": "Service unavailable"})
            assert int(answer.header("retry-after") or 0) >= 1
        assert client.request("GET", "/", [identity(issuer.identity_token("ada"))]).status == 200
        refused(client.request("GET", "/me"), 401, UNAUTHORIZED)


def test_two_tokens_must_agree(client: Client, issuer: DevelopmentIssuer) -> None:
    """An identity and an access token of different users are rejected, and those of the same user accepted."""
    ada, grace = issuer.identity_token("ada"), issuer.access_token("grace")
    refused(client.request("GET", "/me", [identity(ada), bearer(grace)]), 401, INVALID)
    refused(client.request("GET", "/me", [cookie(ada), bearer(grace)]), 401, INVALID)
    both = [identity(ada), bearer(issuer.access_token("ada"))]
    assert client.request("GET", "/session", both).status == 200
    assert "linked_accounts" in client.request("GET", "/me", both).json()


def test_duplicates(client: Client, issuer: DevelopmentIssuer) -> None:
    """Different values of one kind in the same place are rejected; equal ones count once."""
    ada, grace = issuer.identity_token("ada"), issuer.identity_token("grace")
    for headers in (
        [identity(ada), identity(grace)],
        [cookie(f"{ada}; privy-id-token={grace}")],
        [cookie(ada), cookie(grace)],
        [bearer(issuer.access_token("ada")), bearer(issuer.access_token("grace"))],
        [bearer(issuer.access_token("ada")), ("Authorization", "Basic eDp5")],
    ):
        refused(client.request("GET", "/me", headers), 401, INVALID)
    for headers in ([identity(ada), identity(ada)], [cookie(f"{ada}; privy-id-token={ada}")]):
        assert client.request("GET", "/me", headers).status == 200


def test_header_decides_over_cookie(client: Client, issuer: DevelopmentIssuer) -> None:
    """The header is used, and the cookie is not, even if the header is invalid."""
    ada, grace = issuer.identity_token("ada"), issuer.identity_token("grace")
    by_header = client.request("GET", "/me", [identity(grace), cookie(ada)]).json()
    assert by_header == client.request("GET", "/me", [identity(grace)]).json()
    refused(client.request("GET", "/me", [identity(broken(grace)), cookie(ada)]), 401, INVALID)


def test_another_scheme_is_not_ours(client: Client, issuer: DevelopmentIssuer) -> None:
    """``Basic`` is ignored, and the cookie is used."""
    basic = ("Authorization", "Basic " + base64.b64encode(b"ada:secret").decode())
    refused(client.request("GET", "/me", [basic]), 401, UNAUTHORIZED)
    assert client.request("GET", "/me", [basic, cookie(issuer.identity_token("ada"))]).status == 200


@pytest.mark.parametrize("value", ["", "null", "undefined"])
def test_what_a_signed_out_page_sends_is_no_token(client: Client, issuer: DevelopmentIssuer, value: str) -> None:
    """Empty values, ``null`` and ``undefined`` count as no token in a header or cookie, so that a cookie is used."""
    ada, session = cookie(issuer.identity_token("ada")), cookie(issuer.access_token("ada"), "privy-token")
    headers = [identity(value), bearer(value), ("Authorization", f"bearer{value and ' '}{value}")]
    for header in [*headers, cookie(value), cookie(value, "privy-token")]:
        assert client.request("GET", "/", [header]).json() == {"user_id": None, "error": None}
        refused(client.request("GET", "/me", [header]), 401, UNAUTHORIZED)
        assert client.request("GET", "/optional", [header]).json() == {"user_id": None}
    for header in headers:
        assert client.request("GET", "/me", [header, ada]).json()["id"] == "did:privy:dev-ada"
        assert client.request("GET", "/session", [header, session]).status == 200
        # The token is in the cookie, so the cross-site rule applies.
        refused(client.request("POST", "/profile", [header, ada, ("Sec-Fetch-Site", "cross-site")]), 403, FORBIDDEN)
    for headers in (
        [identity(value), identity(issuer.identity_token("ada"))],
        [bearer(issuer.access_token("ada")), bearer(value)],
        [cookie(value), ada],
    ):
        refused(client.request("GET", "/me", headers), 401, INVALID)


def test_oversized_token(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """A valid token above the size limit is rejected."""
    client = make_client(max_token_bytes=1024)
    refused(client.request("GET", "/me", [identity(issuer.identity_token("collector"))]), 401, INVALID)


def test_cookie_names_are_exact(client: Client, issuer: DevelopmentIssuer) -> None:
    """A subdomain cannot set a cookie with a similar name that is used."""
    token = issuer.identity_token("ada")
    for name in ("Privy-Id-Token", "xprivy-id-token", "privy-id-token2", "\xa0privy-id-token", "privy-did:x-id-token"):
        refused(client.request("GET", "/me", [cookie(token, name)]), 401, UNAUTHORIZED)


def test_tokens_in_the_url_are_not_read(client: Client, issuer: DevelopmentIssuer, watch: Watch) -> None:
    """URLs are logged and shared (RFC 6750 §5.3)."""
    token = issuer.identity_token("ada")
    watch.pardon(token)
    refused(client.request("GET", f"/me?privy-id-token={token}&access_token={token}"), 401, UNAUTHORIZED)


def test_bytes_that_are_no_text(client: Client) -> None:
    """Any bytes in the place of a token are an invalid token, and never cause an error."""
    for garbage in (
        "\xff\xfe",
        "\xe9.\xe9.\xe9",
        "a.b.c",
        "....",
        "{}",
        '"quoted"',
        "NULL",
        '"null"',
        "%",
        "=" * 100,
        "eyJ" * 1000,
    ):
        for header in (identity(garbage), cookie(garbage), bearer(garbage), cookie(garbage, "privy-token")):
            refused(client.request("GET", "/me", [header]), 401, INVALID)


def test_preflight_passes(client: Client) -> None:
    """Browsers send preflights without credentials; the app decides about the response."""
    asked = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "GET")]
    assert client.request("OPTIONS", "/", asked).status not in (401, 403, 503)


def test_nothing_of_a_token_is_logged_or_sent_back(
    client: Client, issuer: DevelopmentIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """No ten consecutive characters of a token appear, whether it was valid or not."""
    caplog.set_level(logging.DEBUG)
    good, session = issuer.identity_token("ada"), issuer.access_token("ada")
    sent: list[str] = []
    said: list[str] = []
    for token in (
        good,
        session,
        broken(good),
        issuer.identity_token("ada", exp=1),
        issuer.identity_token("ada", aud="x"),
    ):
        for header in (identity(token), cookie(token), bearer(token), cookie(token, "privy-token")):
            for method, path in (("GET", "/me"), ("GET", "/"), ("GET", "/session"), ("POST", "/profile")):
                answer = client.request(method, path, [header])
                said.append(f"{answer.headers}{answer.body!r}")
        sent.append(token)
    text = "".join(said) + caplog.text
    leaks = [run for token in sent for run in (token[i : i + 10] for i in range(len(token) - 9)) if run in text]
    assert leaks == []


def test_header_spoofing(client: Client) -> None:
    """No header or environ key creates a user."""
    spoofs = ("privy-user", "X-Privy-User", "privy_user", "X-Forwarded-User", "privy_middleware.user", "Remote-User")
    for name in spoofs:
        refused(client.request("GET", "/me", [(name, json.dumps({"id": "did:privy:x"}))]), 401, UNAUTHORIZED)


def test_websocket(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """A WebSocket is accepted with a user, and rejected before it is accepted without one."""
    client = make_client()
    if not client.websockets:
        with pytest.raises(NotImplementedError):
            client.websocket("/ws")
        return
    good = issuer.identity_token("ada")
    answer = client.websocket("/ws", [identity(good)])
    assert answer.accepted
    assert answer.first["user_id"].startswith("did:privy:")
    assert answer.echo == "ping"
    same = [("Host", "app.example"), ("Origin", "http://app.example"), cookie(good)]
    assert client.websocket("/ws", same).accepted
    foreign = [("Host", "app.example"), ("Origin", "https://evil.example"), cookie(good)]
    for headers, status, body in (
        ([], 401, UNAUTHORIZED),
        ([identity(broken(good))], 401, INVALID),
        (foreign, 403, FORBIDDEN),
    ):
        answer = client.websocket("/ws", headers)
        assert not answer.accepted
        if answer.denial is None:
            assert answer.close_code == 1008
        else:
            refused(answer.denial, status, body)


def test_same_answer_from_a_thread_of_many(client: Client, issuer: DevelopmentIssuer) -> None:
    """Requests of different users in turn get their own users."""
    tokens = {name: identity(issuer.identity_token(name)) for name in ("ada", "grace", "alan")}
    expected = {name: client.request("GET", "/me", [header]).json()["id"] for name, header in tokens.items()}
    assert len(set(expected.values())) == len(tokens)
    for _ in range(5):
        for name, header in tokens.items():
            assert client.request("GET", "/optional", [header]).json() == {"user_id": expected[name]}
        assert client.request("GET", "/optional").json() == {"user_id": None}
