"""The middleware around frameworks without a plugin, whose apps need no changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, Request, Response, WebSocket, get, post, websocket
from quart import Quart, request
from quart import websocket as quart_socket
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import ASGIApp

from privy_middleware import PrivyAuth, PrivyError, PrivyMiddleware, PrivyUser
from tests.support.issued import (
    ADA,
    GRACE,
    INVALID_HEADER,
    access_header,
    identity_cookie,
    identity_header,
    issuer_config,
)

UNAUTHORIZED = {"message": "Unauthorized"}


def id_of(user: PrivyUser | None) -> str | None:
    """Return the user's ID, or ``None``."""
    return None if user is None else user.id


def litestar_refusal(_: Request[Any, Any, Any], error: PrivyError) -> Response[bytes]:
    """Return the documented error response, in the form of Litestar's handlers."""
    return Response(error.body, status_code=error.status, headers=dict(error.headers))


def litestar_app() -> Any:
    """Return an app in Litestar."""

    @get("/who")
    async def who(request: Request[Any, Any, Any]) -> dict[str, str | None]:
        return {"user_id": id_of(request.state.privy_user)}

    @get("/admin")
    async def admin(request: Request[Any, Any, Any]) -> dict[str, str]:
        auth: PrivyAuth = request.state.privy_auth
        return {"session_id": auth.require_access().session_id}

    @post("/me", status_code=200)
    async def me(request: Request[Any, Any, Any]) -> dict[str, str]:
        return {"user_id": request.state.privy_user.id, "body": (await request.body()).decode()}

    @websocket("/me/ws")
    async def chat(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.send_text(socket.scope["state"]["privy_user"].id)
        await socket.close()

    handlers: Any = {PrivyError: litestar_refusal}
    return Litestar([who, admin, me, chat], openapi_config=None, exception_handlers=handlers)


def quart_app() -> Any:
    """Return an app in Quart."""
    app = Quart(__name__)

    @app.get("/who")
    async def who() -> dict[str, str | None]:
        return {"user_id": id_of(request.scope["state"]["privy_user"])}

    @app.get("/admin")
    async def admin() -> dict[str, str]:
        auth: PrivyAuth = request.scope["state"]["privy_auth"]
        return {"session_id": auth.require_access().session_id}

    @app.post("/me")
    async def me() -> dict[str, str]:
        body = await request.get_data(as_text=True)
        return {"user_id": request.scope["state"]["privy_user"].id, "body": str(body)}

    @app.websocket("/me/ws")
    async def chat() -> None:
        await quart_socket.send(quart_socket.scope["state"]["privy_user"].id)

    @app.errorhandler(PrivyError)
    async def refused(error: PrivyError) -> tuple[bytes, int, list[tuple[str, str]]]:
        return error.body, error.status, [*error.headers]

    return app


@pytest.fixture(params=[litestar_app, quart_app], ids=["litestar", "quart"])
def client(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """Return a client of each app inside the middleware, started as a server starts it."""
    app: ASGIApp = PrivyMiddleware(request.param(), issuer_config(), protect=["/me"])
    with TestClient(app) as running:
        yield running


def test_user(client: TestClient) -> None:
    """The user is available in the framework's own request."""
    assert client.get("/who").json() == {"user_id": None}
    assert client.get("/who", headers=INVALID_HEADER).json() == {"user_id": None}
    assert client.get("/who", headers=identity_header()).json() == {"user_id": ADA}
    assert client.get("/who", headers=identity_cookie("grace")).json() == {"user_id": GRACE}


def test_protected_path(client: TestClient) -> None:
    """A protected path is rejected before the framework runs, and its body is passed on with a user."""
    assert client.post("/me", content="body").json() == UNAUTHORIZED
    assert client.post("/me", content="body", headers=INVALID_HEADER).json() == {"message": "Invalid token"}
    answer = client.post("/me", content="body", headers=identity_header())
    assert answer.json() == {"user_id": ADA, "body": "body"}
    assert answer.headers["cache-control"] == "private, no-store"
    assert "cookie" in answer.headers["vary"].lower()


def test_refusal_in_the_app(client: TestClient) -> None:
    """A handler of one line turns the errors that the app raises into the error responses."""
    assert client.get("/admin", headers=access_header()).json() == {"session_id": "dev-session-ada"}
    answer = client.get("/admin")
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/json"


def test_websocket(client: TestClient) -> None:
    """A WebSocket has its user, and without one is rejected before the framework runs."""
    with client.websocket_connect("/me/ws", headers=identity_header()) as socket:
        assert socket.receive_text() == ADA
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/me/ws"):
        pass
    assert denied.value.status_code == 401
