"""A WebSocket over WSGI, under gunicorn, accepts a user's cookie only from pages of the app's own site."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from example_apps.demo import HOST, serve
from privy_middleware.development import DevelopmentIssuer
from tests.support.patience import PATIENCE
from tests.support.ports import free_port

ADA = "did:privy:dev-ada"
FOREIGN = {"Origin": "https://evil.example"}


@pytest.fixture(scope="module")
def address(issuer: DevelopmentIssuer) -> Iterator[str]:
    """Run gunicorn."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--threads", "4", "--bind", f"{HOST}:{port}", "--log-level", "error"]
    with serve([*command, "tests.e2e.sockets:app"], port, issuer) as running:
        yield running.removeprefix("http://")


def first(address: str, path: str, headers: dict[str, str]) -> str:
    """Return the first message of a WebSocket."""
    with connect(f"ws://{address}{path}", additional_headers=headers, proxy=None) as socket:
        return str(socket.recv(PATIENCE))


def cookie(issuer: DevelopmentIssuer) -> dict[str, str]:
    """Return a user's cookie."""
    return {"Cookie": f"privy-id-token={issuer.identity_token('ada')}"}


def test_own_site(address: str, issuer: DevelopmentIssuer) -> None:
    """A page of the same site and a client that is not a browser can connect."""
    for path in ("/open", "/guarded/ws", "/decorated"):
        assert first(address, path, cookie(issuer)) == ADA
        assert first(address, path, {**cookie(issuer), "Origin": f"http://{address}"}) == ADA
        assert first(address, path, {**FOREIGN, "privy-id-token": issuer.identity_token("ada")}) == ADA


def test_another_site(address: str, issuer: DevelopmentIssuer) -> None:
    """A page of another site gets no user, and no handshake if a user is required."""
    assert first(address, "/open", {**cookie(issuer), **FOREIGN}) == "nobody"
    with pytest.raises(InvalidStatus) as refused:
        first(address, "/guarded/ws", {**cookie(issuer), **FOREIGN})
    assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as refused:
        first(address, "/guarded/ws", {})
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize("headers", [{}, FOREIGN])
def test_decorated(address: str, issuer: DevelopmentIssuer, headers: dict[str, str]) -> None:
    """Flask-Sock accepts the handshake before an inner decorator runs, so the WebSocket is closed without a message."""
    with pytest.raises((ConnectionClosed, InvalidStatus)):
        first(address, "/decorated", {**headers, **(cookie(issuer) if headers else {})})
