"""``requires_privy_user`` on every layer and with every keyword."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Controller, Litestar, Response, Router, WebSocket, asgi, get, post, websocket
from litestar.handlers import websocket_listener
from litestar.types import Receive, Scope, Send
from starlette.testclient import WebSocketDenialResponse

from litestar_privy import requires_privy_user
from privy_middleware.conditions import has_linked, is_guest
from tests.litestar.serving import PrivyRequest, client_of, serve
from tests.support.issued import ADA, GRACE, INVALID_HEADER, access_header, identity_header

FORBIDDEN = (403, {"message": "Forbidden"})
WALLET = "0x72d916C83baF0730bbe2BeC6FF8c522C13bC0aEF"


@get("/me")
async def me(request: PrivyRequest) -> str:
    """Return the user."""
    return request.auth.require().id


def shown(answer: Any) -> tuple[int, Any]:
    """Return status and body."""
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("guard", "passes"),
    [
        (requires_privy_user(), {ADA, GRACE}),
        (requires_privy_user(wallet="ethereum"), {ADA}),
        (requires_privy_user(linked="google_oauth"), {ADA}),
        (requires_privy_user(metadata={"role": "admin"}), {ADA}),
        (requires_privy_user(guest=False), {ADA, GRACE}),
        (requires_privy_user(guest=True), set()),
        (requires_privy_user(lambda user: user.id == GRACE), {GRACE}),
        (requires_privy_user(has_linked("wallet") & ~is_guest(), wallet="ethereum"), {ADA}),
        (requires_privy_user(lambda user: False), set()),
    ],
)
def test_conditions(guard: Any, passes: set[str]) -> None:
    """A user who meets the conditions is accepted; others get 403, and a request without a user 401."""

    @get("/page", guards=[guard])
    async def page(request: PrivyRequest) -> str:
        assert request.user is not None
        return request.user.id

    client = client_of(page)
    for name, user_id in (("ada", ADA), ("grace", GRACE)):
        answer = client.get("/page", headers=identity_header(name))
        assert answer.text == user_id if user_id in passes else shown(answer) == FORBIDDEN
    assert shown(client.get("/page")) == (401, {"message": "Unauthorized"})
    assert shown(client.get("/page", headers=INVALID_HEADER)) == (401, {"message": "Invalid token"})


def in_the_app() -> Litestar:
    """Guard an app."""
    return client_app(me, guards=[requires_privy_user(wallet="ethereum")])


def in_a_router() -> Litestar:
    """Guard a router in a router."""
    inner = Router("/", route_handlers=[me])
    return client_app(Router("/", route_handlers=[inner], guards=[requires_privy_user(wallet="ethereum")]))


def in_a_controller() -> Litestar:
    """Guard a controller."""

    class Pages(Controller):
        guards = [requires_privy_user(wallet="ethereum")]  # noqa: RUF012

        @get("/me")
        async def page(self, request: PrivyRequest) -> str:
            return request.auth.require().id

    return client_app(Pages)


def in_two_layers() -> Litestar:
    """Guard an app and a handler of it."""

    @get("/me", guards=[requires_privy_user(wallet="ethereum")])
    async def page(request: PrivyRequest) -> str:
        return request.auth.require().id

    return client_app(page, guards=[requires_privy_user()])


def client_app(*handlers: Any, **options: Any) -> Litestar:
    """Return an app with the plugin."""
    app: Any = client_of(*handlers, **options).app
    assert isinstance(app, Litestar)
    return app


@pytest.mark.parametrize("make", [in_the_app, in_a_router, in_a_controller, in_two_layers])
def test_layers(make: Any) -> None:
    """A guard applies to everything below it."""
    client = serve(make())
    assert client.get("/me", headers=identity_header()).text == ADA
    assert shown(client.get("/me", headers=identity_header("grace"))) == FORBIDDEN
    assert shown(client.get("/me", headers=access_header())) == FORBIDDEN
    assert client.get("/me").status_code == 401


def test_guards_of_the_app_beside_ours() -> None:
    """The app's own guards run in order, sync or async, and find the user."""
    seen: list[Any] = []

    def watching(connection: Any, handler: Any) -> None:
        seen.append(connection.user.id)

    @get("/page", guards=[requires_privy_user(), watching], sync_to_thread=False)
    def page() -> None:
        """Return nothing."""

    client = client_of(page)
    assert client.get("/page").status_code == 401
    assert client.get("/page", headers=identity_header()).status_code == 200
    assert seen == [ADA]


def test_websockets() -> None:
    """The handshake is rejected if a condition is not met, or if the wallet in the path belongs to another user."""

    @websocket("/ws/{address:str}", guards=[requires_privy_user(owns_wallet="address")])
    async def socket(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.send_text(socket.user.id)

    @websocket_listener("/listen", guards=[requires_privy_user(wallet="ethereum")])
    async def listen(data: str) -> str:
        return data.upper()

    client = client_of(socket, listen)
    with client.websocket_connect(f"/ws/{WALLET}", headers=identity_header()) as connection:
        assert connection.receive_text() == ADA
    with client.websocket_connect("/listen", headers=identity_header()) as connection:
        connection.send_text("ping")
        assert connection.receive_text() == "PING"
    for path, name in (("/ws/0x1", "ada"), (f"/ws/{WALLET}?address=0x1", "ada"), ("/listen", "grace")):
        with pytest.raises(WebSocketDenialResponse) as denied:
            client.websocket_connect(path, headers=identity_header(name)).__enter__()
        assert denied.value.status_code == 403


def test_mounted_apps() -> None:
    """Their body cannot be read before, so a wallet in a body or a query does not count."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("inside").to_asgi_response(None, PrivyRequest(scope))(scope, receive, send)

    plain = asgi("/plain", is_mount=True, copy_scope=True, guards=[requires_privy_user(wallet="ethereum")])(app)
    owned = asgi("/owned", is_mount=True, copy_scope=True, guards=[requires_privy_user(owns_wallet="address")])(app)
    client = client_of(plain, owned)
    assert client.get("/plain/x", headers=identity_header()).text == "inside"
    assert shown(client.get("/plain/x", headers=identity_header("grace"))) == FORBIDDEN
    assert client.get("/plain/x").status_code == 401
    for path in ("/owned/x", f"/owned/x?address={WALLET}"):
        assert shown(client.post(path, headers=identity_header(), json={"address": WALLET})) == FORBIDDEN


def test_guards_and_parameters_of_a_method() -> None:
    """The cross-site rule applies to handlers with unsafe methods."""

    @post("/page", guards=[requires_privy_user()])
    async def page() -> None:
        """Return nothing."""

    cookie = {"Cookie": f"privy-id-token={identity_header()['privy-id-token']}"}
    client = client_of(page)
    assert client.post("/page", headers={**cookie, "Sec-Fetch-Site": "same-origin"}).status_code == 201
    assert shown(client.post("/page", headers={**cookie, "Sec-Fetch-Site": "cross-site"})) == FORBIDDEN
