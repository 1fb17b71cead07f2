"""What is decided in one place holds in every framework."""

from __future__ import annotations

import pytest

from privy_middleware import PrivyError
from tests.behaviour.client import Client


def test_body_of_a_refusal(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the payload changes the body of every error response."""
    monkeypatch.setattr(PrivyError, "payload", property(lambda error: {"reason": error.code}))
    for field, code in ((), "missing_token"), ((("privy-id-token", "a.b.c"),), "malformed_token"):
        answer = client.request("GET", "/me", field)
        assert (answer.status, answer.json()) == (401, {"reason": code})
