"""The example app issues tokens and verifies them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from example_apps.custom_keys_app import create_app

PAIR = ("MeBuUuLaut2vHvuwb5Blc-LhMhagxDevCv1tcLAp45o=", "e8IzzIUOc08BL0HBiV2B4zpxGwoFWdz6olY7RJr73M4=")


def test_a_token_of_ours_is_known() -> None:
    """The user ID has its own namespace, and the subject is unchanged."""
    client = TestClient(create_app(*PAIR))
    token = client.post("/tokens/0x123456").json()["token"]
    answer = client.get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.json()["subject"] == "0x123456"
    assert answer.json()["user_id"].startswith("custom:")


def test_others_are_refused() -> None:
    """A request without a token is rejected, and so is one with a token of another server."""
    client, other = TestClient(create_app(*PAIR)), TestClient(create_app())
    token = other.post("/tokens/0x123456").json()["token"]
    assert client.get("/me").json() == {"message": "Unauthorized"}
    answer = client.get("/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()) == (401, {"message": "Invalid token"})


def test_the_pair_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes with the same key and secret accept each other's tokens."""
    monkeypatch.setenv("PRIVY_API_KEY", PAIR[0])
    monkeypatch.setenv("PRIVY_API_SECRET", PAIR[1])
    token = TestClient(create_app()).post("/tokens/ada").json()["token"]
    answer = TestClient(create_app(*PAIR)).get("/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["subject"] == "ada"
