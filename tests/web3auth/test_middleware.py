"""Web3Auth's users with the middleware, like Privy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi import Request as FastAPIRequest
from fastapi.testclient import TestClient

from privy_middleware import PrivyMiddleware, PrivyWSGIMiddleware
from privy_middleware.errors import ConditionNotMet, MissingToken
from privy_middleware.gate import build_gate
from privy_middleware.users.user import PrivyUser
from privy_middleware.web3auth import Web3AuthConfig, Web3AuthUser, Web3AuthVerifier, user_of
from tests.support.tokens import NOW, Request, bearer, cookies, found, identity
from tests.web3auth.support import CLIENT_ID, config, social, verifier

FAR = {"iat": NOW - 10**8, "exp": NOW * 2}
"""For apps that use the real clock."""


def app_of(settings: Any, **options: Any) -> TestClient:
    """Return a client of an app, in the middleware, that returns the user's ID."""
    app = FastAPI()

    @app.get("/me")
    def me(request: FastAPIRequest) -> dict[str, Any]:
        return user_of(request.state.privy_auth, Web3AuthUser).to_dict()

    @app.get("/")
    def home(request: FastAPIRequest) -> dict[str, Any]:
        auth = request.state.privy_auth
        return {"id": auth.user and auth.user.id, "error": auth.error, "kind": auth.kind}

    app.add_middleware(PrivyMiddleware, config=settings, **options)
    return TestClient(app)


@pytest.mark.parametrize("settings", [config, lambda: Web3AuthVerifier(config())])
def test_asgi(settings: Callable[[], Any]) -> None:
    """A configuration and a verifier are both accepted."""
    client = app_of(settings())
    answer = client.get("/me", headers=dict([bearer(social(**FAR))]))
    assert (answer.status_code, answer.json()["user_id"]) == (200, "ada@example.com")
    assert "authorization" in answer.headers["vary"].lower()
    assert "no-store" in answer.headers["cache-control"]
    assert client.get("/", headers=dict([bearer(social(**FAR))])).json()["kind"] == "web3auth"


def test_refusals_are_the_documented_ones() -> None:
    """They are the same as for every other token."""
    client = app_of(config())
    assert client.get("/").json() == {"id": None, "error": None, "kind": None}
    none = client.get("/me")
    assert (none.status_code, none.json()) == (401, {"message": "Unauthorized"})
    bad = client.get("/me", headers=dict([bearer(social(**FAR, aud="another"))]))
    assert (bad.status_code, bad.json()) == (401, {"message": "Invalid token"})
    privy = client.get("/", headers=dict([bearer(identity())]))
    assert privy.json() == {"id": None, "error": "wrong_issuer", "kind": None}


def test_paths_are_protected() -> None:
    """The middleware protects them without code in the app."""
    client = app_of(config(), protect=["/"])
    assert client.get("/").status_code == 401
    assert client.get("/", headers=dict([bearer(social(**FAR))])).status_code == 200


def test_keys_that_cannot_be_had_are_an_outage() -> None:
    """The response is never 401."""
    settings = Web3AuthConfig(client_id=CLIENT_ID, jwks_url="http://127.0.0.1:9/jwks", key_timeout=2)
    answer = app_of(settings).get("/me", headers=dict([bearer(social(**FAR))]))
    assert (answer.status_code, answer.json()) == (503, {"message": "Service unavailable"})


def test_wsgi() -> None:
    """The same user is in the environ."""
    seen: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ["privy_middleware.user"])
        start_response("200 OK", [])
        return [b""]

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_AUTHORIZATION": bearer(social(**FAR))[1]}
    list(PrivyWSGIMiddleware(app, config())(environ, lambda *_: lambda _: None))
    assert isinstance(seen[0], Web3AuthUser)


def test_only_the_header_is_read() -> None:
    """Such a token is not read from a cookie, or from another header."""
    gate = build_gate(verifier())
    for fields in ([cookies(("privy-token", social()), ("privy-id-token", social()))], [("privy-id-token", social())]):
        assert not found(gate, Request(*fields)).presented
    assert gate.vary == ("Authorization",)
    two = found(gate, Request(bearer(social()), bearer(social(userId="eve"))))
    assert (two.user, two.error) == (None, "conflicting_tokens")


def test_what_is_known_about_the_request() -> None:
    """Kind, source, claims and expiry are known, and no session is."""
    auth = found(build_gate(verifier(on_invalid="anonymous")), Request(bearer(social())))
    assert (auth.kind, auth.source, auth.session_id, auth.expires_at) == ("web3auth", "header", None, NOW + 86400)
    assert auth.claims is not None
    assert auth.claims["userId"] == "ada@example.com"
    assert auth.on_invalid == "anonymous"


def test_user_of_asks_for_a_type() -> None:
    """A user of another family gets 403, and a request without a user 401."""
    gate = build_gate(verifier())
    auth = found(gate, Request(bearer(social())))
    assert user_of(auth, Web3AuthUser).user_id == "ada@example.com"
    with pytest.raises(ConditionNotMet):
        user_of(auth, PrivyUser)
    with pytest.raises(MissingToken):
        user_of(found(gate, Request()), Web3AuthUser)
