"""``request.user``, ``request.auth`` and ``@requires``."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from fastapi_privy.starlette import Privy, PrivyBackend, SignedInUser
from privy_middleware import ConfigurationError, PrivyConfig, PrivyMiddleware, PrivyUser
from tests.support.callables import ASYNC, UNSEEN
from tests.support.issued import ADA, GRACE, INVALID_HEADER, ISSUER, identity_header, issuer_config


def scopes(user: PrivyUser) -> list[str]:
    """Give admins an additional scope."""
    role = (user.custom_metadata or {}).get("role")
    return [] if role is None else [str(role)]


async def home(request: Request) -> JSONResponse:
    """Return Starlette's user and scopes."""
    user = request.user
    names = [user.is_authenticated, user.display_name, user.identity if user.is_authenticated else None]
    return JSONResponse({"user": names, "scopes": request.auth.scopes})


@requires("authenticated", redirect="login")
async def account(request: Request) -> PlainTextResponse:
    """Return the verified user's ID."""
    assert isinstance(request.user, SignedInUser)
    return PlainTextResponse(request.user.privy_user.id)


@requires("admin")
async def admin(request: Request) -> PlainTextResponse:
    """Return a response to admins."""
    return PlainTextResponse("hello")


@requires("authenticated")
async def chat(websocket: WebSocket) -> None:
    """Send the user's name."""
    await websocket.accept()
    await websocket.send_text(websocket.user.identity)
    await websocket.close()


async def hello(request: Request) -> PlainTextResponse:
    """Use neither user nor scopes."""
    return PlainTextResponse(f"hello {request.user.display_name}".strip())


ROUTES = [
    Route("/hello", hello),
    Route("/", home),
    Route("/login", home, name="login"),
    Route("/account", account),
    Route("/admin", admin),
    WebSocketRoute("/ws", chat),
]


@pytest.fixture
def client() -> TestClient:
    """Return a client of an app with both middlewares."""
    middleware = [
        Middleware(PrivyMiddleware, issuer_config()),
        Middleware(AuthenticationMiddleware, backend=PrivyBackend(scopes)),
    ]
    return TestClient(Starlette(routes=ROUTES, middleware=middleware), follow_redirects=False)


def without_keys(*, plugin: bool) -> TestClient:
    """Return a client of an app whose keys are not available."""
    privy = PrivyConfig(app_id=ISSUER.app_id, jwks_url="http://127.0.0.1:9/", client_options={"trust_env": False})
    middleware = [Middleware(AuthenticationMiddleware, backend=PrivyBackend())]
    if not plugin:
        middleware.insert(0, Middleware(PrivyMiddleware, privy))
    app = Starlette(routes=ROUTES, middleware=middleware)
    if plugin:
        Privy(app, privy)
    return TestClient(app, follow_redirects=False)


def test_user_and_scopes(client: TestClient) -> None:
    """Name, identity and scopes are those of the verified user."""
    assert client.get("/", headers=identity_header()).json() == {
        "user": [True, "ada@example.com", ADA],
        "scopes": ["authenticated", "admin"],
    }
    assert client.get("/", headers=identity_header("grace")).json() == {
        "user": [True, GRACE, GRACE],
        "scopes": ["authenticated"],
    }


@pytest.mark.parametrize("headers", [{}, INVALID_HEADER])
def test_nobody(client: TestClient, headers: dict[str, str]) -> None:
    """Without a token or with an invalid one, there is no user on a page without a requirement."""
    assert client.get("/", headers=headers).json() == {"user": [False, "", None], "scopes": []}


def test_requires(client: TestClient) -> None:
    """Starlette's own decorator uses the scopes."""
    assert client.get("/account", headers=identity_header()).text == ADA
    assert client.get("/account").headers["location"].startswith("http://testserver/login?next=")
    assert client.get("/admin", headers=identity_header()).text == "hello"
    assert client.get("/admin", headers=identity_header("grace")).status_code == 403


def test_websocket(client: TestClient) -> None:
    """A WebSocket has the same user."""
    with client.websocket_connect("/ws", headers=identity_header()) as socket:
        assert socket.receive_text() == ADA


@pytest.mark.parametrize("plugin", [False, True], ids=["middleware", "plugin"])
def test_outage(plugin: bool) -> None:
    """Using the user of a token raises the error of the outage; pages that do not use it work."""
    client = without_keys(plugin=plugin)
    for path in ("/account", "/admin", "/"):
        answer = client.get(path, headers=identity_header())
        assert (answer.status_code, answer.json()) == (503, {"message": "Service unavailable"})
        assert int(answer.headers["retry-after"]) >= 1
    assert client.get("/hello", headers=identity_header()).text == "hello"
    assert client.get("/").json() == {"user": [False, "", None], "scopes": []}
    assert client.get("/admin").status_code == 403
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect("/ws", headers=identity_header()),
    ):
        raise AssertionError("it was let in")
    assert denied.value.status_code == 503


def test_scopes_by_default() -> None:
    """Without a function there is only one scope."""
    middleware = [
        Middleware(PrivyMiddleware, issuer_config()),
        Middleware(AuthenticationMiddleware, backend=PrivyBackend()),
    ]
    client = TestClient(Starlette(routes=ROUTES, middleware=middleware))
    assert client.get("/", headers=identity_header()).json()["scopes"] == ["authenticated"]


def test_without_the_privy_middleware() -> None:
    """The error says what is missing."""
    app = Starlette(routes=ROUTES, middleware=[Middleware(AuthenticationMiddleware, backend=PrivyBackend())])
    with pytest.raises(ConfigurationError, match="PrivyMiddleware"):
        TestClient(app).get("/")


def backed_by(function: Any) -> TestClient:
    """Return a client of an app whose scopes come from a function."""
    backend = PrivyBackend(function)
    middleware = [Middleware(PrivyMiddleware, issuer_config()), Middleware(AuthenticationMiddleware, backend=backend)]
    return TestClient(Starlette(routes=ROUTES, middleware=middleware), raise_server_exceptions=False)


@pytest.mark.parametrize("function", [*ASYNC.values(), "admin", None, ["admin"]])
def test_scopes_come_from_a_plain_function(function: Any) -> None:
    """Anything else raises an error when the app is created."""
    with pytest.raises(ConfigurationError, match=r"^scopes: "):
        PrivyBackend(function)


@pytest.mark.parametrize("function", [*UNSEEN.values(), lambda _: "admin"], ids=[*UNSEEN, "text"])
def test_scopes_of_the_wrong_kind(function: Any) -> None:
    """An awaitable or a string is not used as scopes."""
    client = backed_by(function)
    assert client.get("/", headers=identity_header()).status_code == 500
    assert client.get("/admin", headers=identity_header()).status_code == 500
    assert client.get("/").json()["scopes"] == []
    with pytest.raises(ConfigurationError, match=r"^scopes: "):
        TestClient(client.app).get("/", headers=identity_header())


def test_any_iterable_of_scopes() -> None:
    """It can be a generator."""
    client = backed_by(lambda _: (scope for scope in ("admin", "staff")))
    assert client.get("/", headers=identity_header()).json()["scopes"] == ["authenticated", "admin", "staff"]
