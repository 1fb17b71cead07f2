"""Requests that must pass every plugin unchanged: preflights, and headers that only look like tokens."""

from __future__ import annotations

import pytest

from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.client import Client
from tests.behaviour.conftest import MakeClient

ORIGIN = ("Origin", "https://app.example")
PREFLIGHT = [ORIGIN, ("Access-Control-Request-Method", "GET")]


@pytest.mark.parametrize("path", ["/", "/me", "/optional", "/wallet", "/admin", "/profile"])
def test_preflight_is_not_refused_for_having_no_user(client: Client, make_client: MakeClient, path: str) -> None:
    """A preflight never has credentials (WHATWG Fetch §3.2.2): the plugin or the framework responds to it."""
    assert client.request("OPTIONS", path, PREFLIGHT).status in (200, 204, 404, 405)
    strict = make_client(on_missing="reject")
    answer = strict.request("OPTIONS", path, PREFLIGHT)
    # Flask's own response has a body and lists the methods.
    assert answer.status == 204 or (answer.status, answer.header("allow") is not None) == (200, True)
    assert strict.request("OPTIONS", "/me", [ORIGIN]).status == 401
    passing = make_client(on_missing="reject", preflight="pass")
    assert passing.request("OPTIONS", path, PREFLIGHT).status in (200, 204, 404, 405)
    assert passing.request("OPTIONS", "/me", [ORIGIN]).status == 401


def test_preflight_looks_at_no_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """Neither an invalid token nor a cross-site cookie changes the response."""
    plain = client.request("OPTIONS", "/me", PREFLIGHT).status
    cookie = ("Cookie", f"privy-id-token={issuer.identity_token('ada')}")
    for header in (("privy-id-token", "garbage"), cookie):
        assert client.request("OPTIONS", "/me", [*PREFLIGHT, header, ("Sec-Fetch-Site", "cross-site")]).status == plain


def test_names_in_other_letters_are_the_same_header(client: Client, issuer: DevelopmentIssuer) -> None:
    """Two users' tokens under one name are rejected in any spelling; equal tokens count once."""
    ada, grace = issuer.identity_token("ada"), issuer.identity_token("grace")
    for names in (("privy-id-token", "Privy-Id-Token"), ("PRIVY-ID-TOKEN", "privy-id-token")):
        assert client.request("GET", "/me", list(zip(names, (ada, grace), strict=True))).status == 401
        assert client.request("GET", "/me", list(zip(names, (ada, ada), strict=True))).status == 200


def test_underscores_make_nobody_another_user(client: Client, issuer: DevelopmentIssuer) -> None:
    """Under WSGI both names are the same: different values are rejected. Under ASGI the underscored one is ignored."""
    ada, grace = issuer.identity_token("ada"), issuer.identity_token("grace")
    for headers in (
        [("privy-id-token", ada), ("privy_id_token", grace)],
        [("privy_id_token", grace), ("privy-id-token", ada)],
    ):
        answer = client.request("GET", "/me", headers)
        assert answer.status == 401 or answer.json()["id"] == "did:privy:dev-ada"


def test_cookies_in_underscored_header(client: Client, issuer: DevelopmentIssuer) -> None:
    """A session cookie that is sent in addition to the real one is not used either."""
    ada, grace = (f"privy-id-token={issuer.identity_token(name)}" for name in ("ada", "grace"))
    answer = client.request("GET", "/me", [("Cookie", ada), ("cookie", grace)])
    assert answer.status == 401
