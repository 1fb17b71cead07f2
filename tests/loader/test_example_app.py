"""The example app for full users, with a real issuer, a REST API on loopback, and signed webhooks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from example_apps import full_users_app
from privy_middleware import ConfigurationError
from privy_middleware.development import DevelopmentIssuer, development_issuer
from privy_middleware.loader import UserLoader
from tests.loader.server import SECRET, UserServer, account, record
from tests.webhooks import sending

ADA = "did:privy:dev-ada"


@pytest.fixture
def server(issuer: DevelopmentIssuer) -> Iterator[UserServer]:
    """Run a REST API with the user Ada."""
    with UserServer(record(ADA), secrets={issuer.app_id: SECRET}) as running:
        yield running


@pytest.fixture
def client(issuer: DevelopmentIssuer, server: UserServer) -> Iterator[TestClient]:
    """Run the app."""
    config = issuer.config(app_secret=SECRET, api_url=server.url)
    users = UserLoader(config)
    with TestClient(full_users_app.create_app(config, users=users, webhook_secret=sending.SECRET)) as running:
        yield running


def test_only_on_request(client: TestClient, issuer: DevelopmentIssuer, server: UserServer) -> None:
    """Only routes that use the full user send a request to the API."""
    bearer = {"Authorization": f"Bearer {issuer.access_token('ada')}"}
    assert client.get("/me").status_code == 401
    assert client.get("/token", headers=bearer).json() == {"user_id": ADA, "complete": False}
    assert server.count == 0
    assert client.get("/me", headers=bearer).json()["linked_accounts"] == []
    assert client.get("/wallets", headers=bearer).json() == []
    assert server.count == 1


def test_changed_by_a_webhook(client: TestClient, issuer: DevelopmentIssuer, server: UserServer) -> None:
    """A webhook makes a change visible immediately."""
    bearer = {"Authorization": f"Bearer {issuer.access_token('ada')}"}
    assert client.get("/wallets", headers=bearer).json() == []
    server.users[ADA] = record(ADA, account("wallet", address="0xA", chain_type="ethereum"))
    body = sending.event("user.linked_account", user=server.users[ADA])
    signed = sending.headers(body, timestamp=str(int(time.time())))
    assert client.post("/privy/webhooks", headers=signed, content=body).status_code == 204
    assert client.get("/wallets", headers=bearer).json() == ["0xA"]


def test_deleted(client: TestClient, issuer: DevelopmentIssuer, server: UserServer) -> None:
    """Where the full user is needed, the token of a deleted user gets the 401 of an invalid token."""
    del server.users[ADA]
    answer = client.get("/me", headers={"Authorization": f"Bearer {issuer.access_token('ada')}"})
    assert (answer.status_code, answer.json()) == (401, {"message": "Invalid token"})


def test_invented_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a secret, only the full users of the development issuer exist."""
    for name in os.environ:
        if name.startswith("PRIVY_"):
            monkeypatch.delenv(name)
    client = TestClient(full_users_app.create_app())
    issuer = development_issuer()
    bearer = {"Authorization": f"Bearer {issuer.access_token('grace')}"}
    assert len(client.get("/wallets", headers=bearer).json()) == 2
    assert client.post("/privy/webhooks").status_code == 404
    stranger = {"Authorization": f"Bearer {issuer.access_token(sub='did:privy:stranger')}"}
    assert client.get("/wallets", headers=stranger).status_code == 401


def test_secret_of_the_configuration(issuer: DevelopmentIssuer) -> None:
    """With a secret the app uses the REST API."""
    app = full_users_app.create_app(issuer.config(app_secret=SECRET))
    assert repr(app.state.users) == f"<UserLoader {issuer.app_id}>"


def test_secret_is_required_for_a_real_app(issuer: DevelopmentIssuer) -> None:
    """Without a secret, only the app of the development issuer can be created."""
    with pytest.raises(ConfigurationError, match="app_secret"):
        full_users_app.create_app(issuer.config(app_id="a-real-app"))
