"""``owns_wallet``: the address may stand in the path, the query or the body, but only one may stand there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from fastapi_privy.starlette import Privy, require_privy_user
from privy_middleware.personas import PERSONAS
from tests.asgi.tokens import config, identity

MINE = next(each["address"] for each in PERSONAS["ada"].linked_accounts if each["type"] == "wallet")
OTHER = "0x0000000000000000000000000000000000000001"
JSON = {"content-type": "application/json"}


@require_privy_user(owns_wallet="address")
async def anywhere(request: Request) -> PlainTextResponse:
    """Answer with the body, which is still there to read."""
    return PlainTextResponse(await request.body())


@require_privy_user(owns_wallet="address")
async def form(request: Request) -> PlainTextResponse:
    """Answer with the form's address, which is still there to read."""
    return PlainTextResponse(str((await request.form())["address"]))


@require_privy_user(owns_wallet="address")
def in_thread(request: Request) -> PlainTextResponse:
    """Answer from a thread."""
    return PlainTextResponse("yours")


@require_privy_user(owns_wallet="address")
async def chat(websocket: WebSocket) -> None:
    """Say whose it is."""
    await websocket.accept()
    await websocket.send_text("yours")
    await websocket.close()


@pytest.fixture
def client() -> TestClient:
    """Return a client of an app that looks in every place, signed in as Ada."""
    both = ["GET", "POST"]
    routes = [
        Route("/path/{address}", anywhere, methods=both),
        Route("/anywhere", anywhere, methods=both),
        Route("/form", form, methods=both),
        Route("/thread", in_thread),
        Route("/thread/{address}", in_thread),
        WebSocketRoute("/ws", chat),
    ]
    app = Starlette(routes=routes)
    Privy(app, config())
    return TestClient(app, headers=identity())


@pytest.mark.parametrize("path", ["/path/{}", "/anywhere?address={}", "/thread?address={}", "/thread/{}"])
def test_path_and_query(client: TestClient, path: str) -> None:
    """An EVM address is the user's in whichever case."""
    assert client.get(path.format(MINE)).status_code == 200
    assert client.get(path.format(MINE.lower())).status_code == 200
    assert client.get(path.format(OTHER)).json() == {"message": "Forbidden"}


def test_nowhere(client: TestClient) -> None:
    """No address is never owned."""
    assert client.get("/anywhere").status_code == 403
    assert client.get("/thread").status_code == 403


def test_body(client: TestClient) -> None:
    """The body is read, and read again by the endpoint."""
    body = json.dumps({"address": MINE})
    assert client.post("/anywhere", content=body, headers=JSON).text == body
    assert client.post("/anywhere", content=body).text == body
    assert client.post("/anywhere", json={"address": OTHER}).status_code == 403
    assert client.post("/form", data={"address": MINE}).text == MINE
    assert client.post("/form", data={"address": OTHER}).status_code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b'"address"', b"[" * 100_000, b'{"address": 1}'])
def test_body_without_an_address(client: TestClient, body: bytes) -> None:
    """Whatever it is, it is a refusal and no error."""
    assert client.post("/anywhere", content=body, headers=JSON).json() == {"message": "Forbidden"}


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (f"/anywhere?address={MINE}&address={OTHER}", {}),
        (f"/anywhere?address={MINE}", {"json": {"address": OTHER}}),
        (f"/anywhere?address={MINE}", {"content": json.dumps({"address": OTHER})}),
        (f"/anywhere?address={MINE}", {"data": {"address": OTHER}}),
        (f"/path/{MINE}?address={OTHER}", {}),
        (f"/path/{MINE}", {"json": {"address": OTHER}}),
        (f"/path/{OTHER}", {"json": {"address": MINE}}),
        ("/form", {"data": {"address": [MINE, OTHER]}}),
    ],
)
def test_one_address_beside_another(client: TestClient, path: str, sent: dict[str, Any]) -> None:
    """The user's own address does not let another one in."""
    assert client.post(path, **sent).json() == {"message": "Forbidden"}


def test_same_address_twice(client: TestClient) -> None:
    """Equal values do not contradict one another."""
    assert client.post(f"/path/{MINE}?address={MINE}", json={"address": MINE}).status_code == 200


def test_nobody(client: TestClient) -> None:
    """Who is not signed in is asked to, whatever the address."""
    anonymous = {"privy-id-token": "garbage"}
    assert client.get(f"/path/{MINE}", headers=anonymous).json() == {"message": "Invalid token"}


def test_websocket(client: TestClient) -> None:
    """A handshake has a query."""
    with client.websocket_connect(f"/ws?address={MINE}") as socket:
        assert socket.receive_text() == "yours"
