"""The parameters ``current_user`` and ``optional_user`` come only from the token, and cause no 500."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar, WebSocket, get, post, websocket
from litestar.di import NamedDependency, Provide
from litestar.handlers import websocket_listener
from starlette.testclient import WebSocketDenialResponse

from litestar_privy import CurrentUser, OptionalUser, Privy
from privy_middleware import PrivyUser
from tests.litestar.serving import app_of, client_of, serve
from tests.support.issued import ADA, GRACE, INVALID_HEADER, identity_header, issuer_config

INFERRED = "ignore:.*Inferred dependency field:litestar.exceptions.LitestarDeprecationWarning"
UNAUTHORIZED = (401, {"message": "Unauthorized"})
INVALID = (401, {"message": "Invalid token"})
FORGED = {"id": "did:privy:evil", "current_user": "did:privy:evil", "optional_user": '{"id": "did:privy:evil"}'}


def shown(answer: Any) -> tuple[int, Any]:
    """Return status and body."""
    return answer.status_code, answer.json()


@post("/current", status_code=200)
async def current(current_user: CurrentUser) -> list[str]:
    """Return the user."""
    return [current_user.id]


@post("/optional", status_code=200)
async def optional(optional_user: OptionalUser) -> list[str | None]:
    """Return the user if there is one."""
    return [optional_user.id if optional_user else None]


@post("/current", status_code=200)
async def marked(current_user: NamedDependency[PrivyUser]) -> list[str]:
    """Return the user."""
    return [current_user.id]


@post("/optional", status_code=200)
async def optional_marked(optional_user: NamedDependency[PrivyUser | None]) -> list[str | None]:
    """Return the user if there is one."""
    return [optional_user.id if optional_user else None]


@post("/current", status_code=200)
async def plain(current_user: PrivyUser) -> list[str]:
    """Return the user."""
    return [current_user.id]


@post("/optional", status_code=200)
async def optional_plain(optional_user: PrivyUser | None = None) -> list[str | None]:
    """Return the user if there is one."""
    return [optional_user.id if optional_user else None]


@post("/current", status_code=200, sync_to_thread=False)
def sync(current_user: CurrentUser) -> list[str]:
    """Return the user."""
    return [current_user.id]


@pytest.mark.filterwarnings(INFERRED)
@pytest.mark.parametrize(
    "handlers", [(current, optional), (marked, optional_marked), (plain, optional_plain), (sync, optional)]
)
def test_user(handlers: Any) -> None:
    """They come only from the token, however the parameters are annotated."""
    client = client_of(*handlers)
    options: dict[str, Any] = {"params": FORGED, "json": FORGED}
    for path in ("/current", "/optional"):
        assert shown(client.post(path, headers=identity_header(), **options)) == (200, [ADA])
        assert shown(client.post(path, headers=INVALID_HEADER, **options)) == INVALID
    assert shown(client.post("/current", **options)) == UNAUTHORIZED
    assert shown(client.post("/optional", **options)) == (200, [None])
    lenient = client_of(*handlers, plugins=[Privy(issuer_config(on_invalid="anonymous"))])
    assert shown(lenient.post("/optional", headers=INVALID_HEADER, **options)) == (200, [None])
    assert shown(lenient.post("/current", headers=INVALID_HEADER, **options)) == INVALID


@pytest.mark.filterwarnings(INFERRED)
def test_dependencies_of_dependencies() -> None:
    """Dependencies of the app can have and return a user, with or without Litestar's marker."""

    async def wallet(current_user: CurrentUser) -> str:
        return current_user.wallets[0].address

    async def admin(current_user: PrivyUser) -> PrivyUser:
        return current_user

    async def resource(optional_user: OptionalUser) -> AsyncIterator[str]:
        yield optional_user.id if optional_user else "nobody"

    @get("/wallet")
    async def page(wallet: NamedDependency[str], admin: NamedDependency[PrivyUser]) -> list[str]:
        return [wallet, admin.id]

    @get("/resource")
    async def other(resource: NamedDependency[str]) -> str:
        return resource

    dependencies = {"wallet": wallet, "admin": Provide(admin), "resource": Provide(resource)}
    client = client_of(page, other, dependencies=dependencies)
    status, (address, user_id) = shown(client.get("/wallet", headers=identity_header()))
    assert (status, address[:2], user_id) == (200, "0x", ADA)
    assert shown(client.get("/wallet")) == UNAUTHORIZED
    assert client.get("/resource").text == "nobody"
    assert client.get("/resource", headers=identity_header("grace")).text == GRACE


def test_many_handlers_share_one_dependency() -> None:
    """A dependency that many handlers share is prepared only once."""

    async def name(current_user: CurrentUser) -> str:
        return current_user.id

    handlers = [get(f"/{number}")(page_of()) for number in range(3)]
    dependency = Provide(name)
    client = client_of(*handlers, dependencies={"name": dependency})
    assert [client.get(f"/{number}", headers=identity_header()).text for number in range(3)] == [ADA] * 3
    assert dependency.signature_model.__mro__[1].__module__ != "litestar_privy.plugin"


def page_of() -> Any:
    """Return a function with a dependency of the app as a parameter."""

    async def page(name: NamedDependency[str]) -> str:
        return name

    return page


def test_one_handler_at_several_paths() -> None:
    """A handler with several paths has the user at each of them."""

    @get(["/one", "/two/{number:int}"])
    async def page(current_user: CurrentUser) -> str:
        return current_user.id

    client = client_of(page)
    for path in ("/one", "/two/2"):
        assert client.get(path, headers=identity_header()).text == ADA
        assert shown(client.get(path)) == UNAUTHORIZED


def test_overrides() -> None:
    """A dependency of the app with the same name replaces ours, for use in tests."""
    fake = PrivyUser("did:privy:fake")

    async def fake_user() -> PrivyUser:
        return fake

    client = client_of(current, dependencies={"current_user": Provide(fake_user)})
    assert shown(client.post("/current")) == (200, ["did:privy:fake"])


def test_websockets() -> None:
    """A handshake without a user is rejected before the handler is called."""

    @websocket("/ws")
    async def socket(socket: WebSocket[Any, Any, Any], current_user: CurrentUser) -> None:
        await socket.accept()
        await socket.send_text(current_user.id)

    @websocket_listener("/listen")
    async def listen(data: str, optional_user: OptionalUser) -> list[str | None]:
        return [data, optional_user.id if optional_user else None]

    client = client_of(socket, listen)
    with client.websocket_connect("/ws", headers=identity_header()) as connection:
        assert connection.receive_text() == ADA
    with client.websocket_connect("/listen") as connection:
        connection.send_text("ping")
        assert connection.receive_json() == ["ping", None]
    for path, headers in (("/ws", {}), ("/ws", INVALID_HEADER), ("/listen", INVALID_HEADER)):
        with pytest.raises(WebSocketDenialResponse) as denied:
            client.websocket_connect(path, headers=headers).__enter__()
        assert denied.value.status_code == 401


def test_without_the_plugin() -> None:
    """The app cannot be created, because Litestar has no such dependency."""
    with pytest.raises(Exception, match="current_user"):
        Litestar([current], logging_config=None)


def test_parameters_are_not_in_the_document() -> None:
    """A client cannot send them."""
    app = app_of(current, optional)
    for path in serve(app).get("/schema/openapi.json").json()["paths"].values():
        assert "parameters" not in path["post"]
        assert "requestBody" not in path["post"]
