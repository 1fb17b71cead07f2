"""``@require_privy_user`` and ``@optional_privy_user`` on all kinds of endpoints."""

from __future__ import annotations

import inspect

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from fastapi_privy.starlette import Privy, optional_privy_user, require_privy_user
from privy_middleware import ConfigurationError, PrivyAuth, PrivyUser
from privy_middleware.conditions import has_linked
from privy_middleware.errors import MissingToken
from tests.support.issued import ADA, INVALID_HEADER, access_header, identity_header, issuer_config


@require_privy_user
async def bare(request: Request) -> PlainTextResponse:
    """Require a user."""
    return PlainTextResponse(request.state.privy_user.id)


@require_privy_user()
def called(request: Request) -> PlainTextResponse:
    """Require a user, in a thread."""
    return PlainTextResponse(request.state.privy_user.id)


@require_privy_user(wallet="ethereum", linked="email", metadata={"role": "admin"}, guest=False)
async def words(request: Request) -> PlainTextResponse:
    """Require an admin with a wallet and an address."""
    return PlainTextResponse("hello")


@require_privy_user(lambda user: user.email is not None)
async def predicate(request: Request) -> PlainTextResponse:
    """Require an address."""
    return PlainTextResponse("hello")


@require_privy_user(~has_linked("farcaster"))
async def condition(request: Request) -> PlainTextResponse:
    """Require a user without a Farcaster account."""
    return PlainTextResponse("hello")


@optional_privy_user
def optional(request: Request) -> PlainTextResponse:
    """Run with or without a user."""
    user = request.state.privy_user
    return PlainTextResponse(str(user and user.id))


@optional_privy_user(on_invalid="anonymous")
async def lenient(request: Request) -> PlainTextResponse:
    """Run with or without a user, and without one for an invalid token."""
    user = request.state.privy_user
    return PlainTextResponse(str(user and user.id))


class Endpoint(HTTPEndpoint):
    """An endpoint whose methods have different rules."""

    async def get(self, request: Request) -> PlainTextResponse:
        """Return a response without a user."""
        return PlainTextResponse("anybody")

    @require_privy_user(linked="email")
    async def post(self, request: Request) -> PlainTextResponse:
        """Return the user."""
        return PlainTextResponse(request.state.privy_user.id)


@require_privy_user
async def chat(websocket: WebSocket) -> None:
    """Send the user's ID."""
    await websocket.accept()
    await websocket.send_text(websocket.state.privy_user.id)
    await websocket.close()


class Socket(WebSocketEndpoint):
    """A WebSocket endpoint."""

    @require_privy_user
    async def on_connect(self, websocket: WebSocket) -> None:
        """Accept the WebSocket."""
        await websocket.accept()
        await websocket.send_text(websocket.state.privy_user.id)


PAGES = [bare, called, words, predicate, condition, optional, lenient]


@pytest.fixture
def client() -> TestClient:
    """Return a client of an app with all the endpoints."""
    routes = [Route(f"/{page.__name__}", page) for page in PAGES]
    sockets = [WebSocketRoute("/chat", chat), WebSocketRoute("/socket", Socket)]
    app = Starlette(routes=[*routes, Route("/endpoint", Endpoint), *sockets])
    Privy(app, issuer_config())
    return TestClient(app)


@pytest.mark.parametrize("path", ["/bare", "/called", "/words", "/predicate", "/condition"])
def test_require(client: TestClient, path: str) -> None:
    """A request without a user is rejected, and one with the right user passes."""
    assert client.get(path).json() == {"message": "Unauthorized"}
    assert client.get(path, headers=INVALID_HEADER).json() == {"message": "Invalid token"}
    assert client.get(path, headers=identity_header()).text in {ADA, "hello"}


@pytest.mark.parametrize("path", ["/words", "/predicate", "/condition"])
def test_conditions(client: TestClient, path: str) -> None:
    """Another user is rejected, and so is one whose accounts are not known."""
    assert client.get(path, headers=identity_header("grace")).json() == {"message": "Forbidden"}
    assert client.get(path, headers=access_header()).json() == {"message": "Forbidden"}


def test_optional(client: TestClient) -> None:
    """An invalid token is rejected, or counts as no token."""
    for path in ("/optional", "/lenient"):
        assert client.get(path).text == "None"
        assert client.get(path, headers=identity_header()).text == ADA
    assert client.get("/optional", headers=INVALID_HEADER).json() == {"message": "Invalid token"}
    assert client.get("/lenient", headers=INVALID_HEADER).text == "None"


def test_methods(client: TestClient) -> None:
    """Each method of an endpoint has its own rule."""
    assert client.get("/endpoint").text == "anybody"
    assert client.post("/endpoint").status_code == 401
    assert client.post("/endpoint", headers=identity_header()).text == ADA


@pytest.mark.parametrize("path", ["/chat", "/socket"])
def test_sockets(client: TestClient, path: str) -> None:
    """A WebSocket is rejected before it is accepted."""
    with client.websocket_connect(path, headers=identity_header()) as socket:
        assert socket.receive_text() == ADA
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect(path):
        pass
    assert denied.value.status_code == 401


@pytest.mark.anyio
async def test_arguments_by_name() -> None:
    """The request can be a keyword argument, as FastAPI passes it."""
    user = PrivyUser(ADA)
    assert (await bare(request=request_with(PrivyAuth(user), user))).body == ADA.encode()
    with pytest.raises(MissingToken):
        called(request=request_with(PrivyAuth(), None))


def request_with(auth: PrivyAuth, user: PrivyUser | None) -> Request:
    """Return a request with the given result of the middleware."""
    state = {"privy_auth": auth, "privy_user": user}
    return Request({"type": "http", "state": state, "path_params": {}, "query_string": b"", "headers": []})


def test_signatures_are_kept() -> None:
    """Name, docstring, parameters and kind are those of the endpoint."""
    assert (bare.__name__, bare.__doc__) == ("bare", "Require a user.")
    assert [*inspect.signature(bare).parameters] == ["request"]
    assert inspect.iscoroutinefunction(bare)
    assert not inspect.iscoroutinefunction(called)


@pytest.mark.parametrize("decorator", [require_privy_user(), require_privy_user(guest=False), optional_privy_user])
def test_what_is_no_endpoint(decorator: object) -> None:
    """A function without a request parameter cannot be decorated."""
    assert callable(decorator)
    with pytest.raises(ConfigurationError, match="request or websocket"):
        decorator(lambda: None)


def test_preflights_do_not_run_endpoints_that_ask_for_a_user() -> None:
    """If an endpoint accepts ``OPTIONS``, a preflight gets a response; any other ``OPTIONS`` needs a user."""
    runs: list[str] = []

    def run(request: Request) -> PlainTextResponse:
        runs.append(request.method)
        return PlainTextResponse("done")

    async def arun(request: Request) -> PlainTextResponse:
        return run(request)

    endpoints = [require_privy_user(run), require_privy_user(guest=False)(arun), optional_privy_user(arun)]
    routes = [Route(f"/{number}", each, methods=["POST", "OPTIONS"]) for number, each in enumerate(endpoints)]
    app = Starlette(routes=routes)
    Privy(app, issuer_config())
    client = TestClient(app)
    preflight = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    for number in range(len(endpoints)):
        answer = client.options(f"/{number}", headers=preflight)
        assert (answer.status_code, answer.content, runs) == (204, b"", [])
    assert [client.options(f"/{number}").status_code for number in (0, 1)] == [401, 401]
    assert runs == []
