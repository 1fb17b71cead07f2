"""The setting ``error_body``: the form of the JSON object in every error response."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.conftest import MakeClient

JSON = "application/json"
BODIES: dict[str, tuple[str, Any]] = {
    "message": (JSON, lambda status, title, text: {"message": text}),
    "detail": (JSON, lambda status, title, text: {"detail": text}),
    "problem": (
        "application/problem+json",
        lambda status, title, text: {"type": "about:blank", "title": title, "status": status, "detail": text},
    ),
}


@pytest.mark.parametrize("form", BODIES)
def test_every_refusal(make_client: MakeClient, issuer: DevelopmentIssuer, form: str) -> None:
    """Status and headers are the same for each form, and only the body and its type differ."""
    client, usual = make_client(error_body=form, on_missing="reject"), make_client(on_missing="reject")
    content_type, body = BODIES[form]
    identity = issuer.identity_token("grace")
    for method, path, headers, status, title, text in (
        ("GET", "/me", [], 401, "Unauthorized", "Unauthorized"),
        ("GET", "/", [], 401, "Unauthorized", "Unauthorized"),
        ("GET", "/me", [("privy-id-token", "garbage")], 401, "Unauthorized", "Invalid token"),
        ("GET", "/wallet", [("privy-id-token", identity)], 403, "Forbidden", "Forbidden"),
        ("GET", "/session", [("privy-id-token", identity)], 401, "Unauthorized", "Unauthorized"),
    ):
        answer, plain = (each.request(method, path, headers) for each in (client, usual))
        assert (answer.status, answer.json()) == (status, body(status, title, text))
        assert (answer.status, plain.json()) == (plain.status, {"message": text})
        assert answer.header("content-type") == content_type
        for name in ("www-authenticate", "cache-control", "vary"):
            assert answer.header(name) == plain.header(name)


@pytest.mark.parametrize("form", BODIES)
def test_outage(make_client: MakeClient, issuer: DevelopmentIssuer, form: str) -> None:
    """An outage has the same form."""
    settings = {"jwks_url": "http://127.0.0.1:9/jwks.json", "client_options": {"trust_env": False}}
    client = make_client(error_body=form, **settings)
    answer = client.request("GET", "/me", [("privy-id-token", issuer.identity_token("ada"))])
    text = "Service unavailable"
    assert (answer.status, answer.json()) == (503, BODIES[form][1](503, "Service Unavailable", text))
    assert answer.header("retry-after") is not None
