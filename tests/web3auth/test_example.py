"""The example app, with Starlette's own client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from example_apps.web3auth_app import create_app
from tests.support.tokens import NOW, SIGNER, bearer
from tests.web3auth.support import ADDRESS, CLIENT_ID, EXTERNAL, POINTS, config, external, social

FAR = {"iat": NOW - 10**8, "exp": NOW * 2}
SIGNED_IN = dict([bearer(social(**FAR))])


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Run the app with test keys."""
    with TestClient(create_app(config(**EXTERNAL))) as running:
        yield running


def test_who_is_there(client: TestClient) -> None:
    """There is a user, no user, or an error."""
    assert client.get("/").json() == {"user_id": None, "error": None}
    assert client.get("/", headers=SIGNED_IN).json()["user_id"] == "web3auth:user:google:ada@example.com"
    assert client.get("/", headers={"Authorization": "Bearer x"}).json()["error"] == "malformed_token"


def test_me(client: TestClient) -> None:
    """The response is the user, or a 401."""
    assert client.get("/me", headers=SIGNED_IN).json()["auth_connection"] == "google"
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"appPubKey": POINTS[0]["compressed"]},
        {"public_address": POINTS[0]["address"]},
        {"appPubKey": POINTS[0]["uncompressed"]},
        {"appPubKey": POINTS[0]["uncompressed"][2:]},
    ],
)
def test_a_wallet_of_the_users(client: TestClient, body: dict[str, str]) -> None:
    """The response is the one that Web3Auth documents for a match."""
    answer = client.post("/check", headers=SIGNED_IN, json=body)
    assert (answer.status_code, answer.json()) == (200, {"name": "Verification Successful"})


@pytest.mark.parametrize(
    "body",
    [
        {"appPubKey": POINTS[0]["negated_compressed"]},
        {"appPubKey": POINTS[0]["x_only"]},
        {"appPubKey": POINTS[1]["compressed"]},
        {"public_address": POINTS[0]["negated_address"]},
        {"public_address": ADDRESS},
        {"appPubKey": None, "public_address": 1},
        {},
        [],
        "",
        None,
    ],
)
def test_any_other_wallet(client: TestClient, body: Any) -> None:
    """The response is the one that Web3Auth documents for other cases, such as an invalid body."""
    answer = client.post("/check", headers=SIGNED_IN, json=body)
    assert (answer.status_code, answer.json()) == (400, {"name": "Verification Failed"})


def test_a_body_that_is_no_json(client: TestClient) -> None:
    """It contains no wallet."""
    assert client.post("/check", headers=SIGNED_IN, content=b"\xff").status_code == 400


def test_an_external_wallet(client: TestClient) -> None:
    """The address that the token proves is compared."""
    now = int(time.time())
    headers = dict([bearer(external(iat=now, exp=now + 3600))])
    for address, status in ((ADDRESS, 200), (ADDRESS.lower(), 200), (POINTS[0]["address"], 400)):
        assert client.post("/check", headers=headers, json={"public_address": address}).status_code == status


def test_without_a_token_there_is_nothing_to_check(client: TestClient) -> None:
    """The response is 401 before any comparison."""
    answer = client.post("/check", json={"appPubKey": POINTS[0]["compressed"]})
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_the_environment_configures_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings come from ``WEB3AUTH_*``."""
    monkeypatch.setenv("WEB3AUTH_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("WEB3AUTH_VERIFICATION_KEY", SIGNER.pem)
    with TestClient(create_app()) as running:
        assert running.get("/me", headers=SIGNED_IN).status_code == 200
