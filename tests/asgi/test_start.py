"""A wrong setting stops the app at startup, even if the framework creates its middleware only then."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from privy_middleware import ConfigurationError, PrivyMiddleware, PrivyVerifier
from privy_middleware.asgi import Message
from tests.behaviour.clients.asgi import scope_of
from tests.support.issued import identity_header, issuer_config

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "setting": ({"config": {"APP_ID": "app", "LEEWAY": 600}}, "leeway: set a number from 0 to 60"),
    "unknown setting": ({"config": {"APP_IDD": "app"}}, "APP_IDD: is not a setting"),
    "missing": ({}, "PRIVY_APP_ID (app_id: set it, as it is required"),
    "another type": ({"config": "app"}, "config: give a PrivyConfig"),
    "path": ({"config": {"APP_ID": "app"}, "protect": ["api"]}, "protect: "),
    "keyword": ({"app_id": "app"}, "app_id: is not an option of the middleware; give settings together"),
    "hook": ({"config": {"APP_ID": "app"}, "on_expired": print}, "on_expired: set close_expired=True"),
}
every_mistake = pytest.mark.parametrize("mistake", [*WRONG])


async def hello(request: Request) -> PlainTextResponse:
    """Respond to every request."""
    return PlainTextResponse("hello")


async def socket(websocket: WebSocket) -> None:
    """Accept every WebSocket."""
    await websocket.accept()


@asynccontextmanager
async def never(app: object) -> AsyncIterator[None]:
    """A lifespan that must not begin."""
    assert app is None, "the app has started"
    yield


ROUTES = [Route("/", hello), WebSocketRoute("/ws", socket)]


def listed(options: dict[str, Any]) -> ASGIApp:
    """Use the middleware in Starlette's list."""
    return Starlette(routes=ROUTES, middleware=[Middleware(PrivyMiddleware, **options)], lifespan=never)


def among_others(options: dict[str, Any]) -> ASGIApp:
    """Use the middleware between others."""
    around, inside = Middleware(CORSMiddleware, allow_origins=["*"]), Middleware(GZipMiddleware)
    return Starlette(routes=ROUTES, middleware=[around, Middleware(PrivyMiddleware, **options), inside])


def added(options: dict[str, Any]) -> ASGIApp:
    """Use ``add_middleware`` of a FastAPI app."""
    app = FastAPI(routes=ROUTES, lifespan=never)
    app.add_middleware(PrivyMiddleware, **options)
    return app


def wrapped(options: dict[str, Any]) -> ASGIApp:
    """Use the middleware in an app inside a plain ASGI wrapper."""
    app = listed(options)

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return outer


every_app = pytest.mark.parametrize("make", [listed, among_others, added, wrapped])


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the settings from the environment."""
    for name in ("PRIVY_APP_ID", "PRIVY_LEEWAY"):
        monkeypatch.delenv(name, raising=False)


async def start(app: ASGIApp, error: type[Exception] = ConfigurationError) -> list[Message]:
    """Return the messages that an app sends at startup, and check the error that it raises."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(error):
        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    return sent


@every_app
@every_mistake
@pytest.mark.anyio
async def test_the_server_is_told(make: Callable[[dict[str, Any]], ASGIApp], mistake: str) -> None:
    """The app sends ``lifespan.startup.failed``: if it only raised, servers would assume that it has no lifespan."""
    options, problem = WRONG[mistake]
    (failed,) = await start(make(options))
    assert failed["type"] == "lifespan.startup.failed"
    assert failed["message"].startswith(f"privy_middleware: {problem}")


@every_app
@every_mistake
def test_test_clients_are_told(make: Callable[[dict[str, Any]], ASGIApp], mistake: str) -> None:
    """Test clients raise the error: with their lifespan, or without it at every request."""
    options, problem = WRONG[mistake]
    with pytest.raises(ConfigurationError) as caught, TestClient(make(options)):
        raise AssertionError("the app has started")
    assert str(caught.value).startswith(problem)
    client = TestClient(make(options))
    for _ in range(2):
        with pytest.raises(ConfigurationError) as caught:
            client.get("/")
        assert str(caught.value).startswith(problem)


@every_app
@pytest.mark.anyio
async def test_nothing_is_served_if_the_server_goes_on(make: Callable[[dict[str, Any]], ASGIApp]) -> None:
    """Every request and WebSocket gets the error, whose traceback does not grow."""
    app = make(WRONG["setting"][0])
    await start(app)
    lengths = set()
    for _ in range(5):
        for kind in ("http", "websocket"):
            sent: list[Message] = []

            async def send(message: Message, sent: list[Message] = sent) -> None:
                sent.append(message)

            with pytest.raises(ConfigurationError, match=r"^leeway: ") as caught:
                await app(scope_of(kind, "/", method="GET"), _nothing, send)
            assert {message.get("status", 500) for message in sent} <= {500}
        lengths.add(len(traceback.extract_tb(caught.value.__traceback__)))
    assert len(lengths) == 1


async def _nothing(*_: object) -> Any:
    raise AssertionError("it was asked for something, or sent something")


@every_mistake
def test_a_direct_construction_raises_at_once(mistake: str) -> None:
    """The error is raised immediately in the code that creates the app."""
    options, problem = WRONG[mistake]
    with pytest.raises(ConfigurationError) as caught:
        PrivyMiddleware(Starlette(), **options)
    assert str(caught.value).startswith(problem)


@pytest.mark.anyio
async def test_a_direct_construction_in_a_coroutine_raises_at_once() -> None:
    """It also is in a running event loop, in which servers import apps, and in a request that creates an app."""
    with pytest.raises(ConfigurationError, match=r"^leeway: "):
        PrivyMiddleware(Starlette(), **WRONG["setting"][0])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PrivyMiddleware(Starlette(), **WRONG["setting"][0])(scope, receive, send)

    for kind in ("http", "websocket"):
        with pytest.raises(ConfigurationError, match=r"^leeway: "):
            await app(scope_of(kind, "/"), _nothing, _nothing)


def test_a_construction_in_the_apps_own_lifespan_raises_at_once() -> None:
    """Starlette reports the error to the server."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.mount("/sub", PrivyMiddleware(Starlette(), **WRONG["setting"][0]))
        yield

    with pytest.raises(ConfigurationError, match=r"^leeway: "), TestClient(Starlette(lifespan=lifespan)):
        raise AssertionError("the app has started")


@pytest.mark.anyio
async def test_any_other_error_of_the_constructor_fails_the_start_too() -> None:
    """The server gets its text; if the middleware is created directly, it is raised unchanged."""
    given: Any = [{"APP_ID": "app"}, ["/api"]]
    app = Starlette(routes=ROUTES, middleware=[Middleware(PrivyMiddleware, *given)])
    (failed,) = await start(app, TypeError)
    assert failed["type"] == "lifespan.startup.failed"
    assert "positional arguments" in failed["message"]
    with pytest.raises(TypeError, match="positional arguments"):
        PrivyMiddleware(Starlette(), *given)
    with pytest.raises(TypeError, match="app"):
        PrivyMiddleware()  # type: ignore[call-arg]


@pytest.mark.anyio
async def test_any_error_of_the_keys_fails_the_start() -> None:
    """This includes errors of a custom verifier."""

    class Failing(PrivyVerifier):
        async def aready(self) -> None:
            raise LookupError("no such key store")

    app = PrivyMiddleware(Starlette(routes=ROUTES, lifespan=never), Failing(issuer_config()))
    (failed,) = await start(app, LookupError)
    assert failed == {"type": "lifespan.startup.failed", "message": "privy_middleware: no such key store"}


def test_an_interpreter_without_frames_raises_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every Python implementation can tell the caller of a function."""
    monkeypatch.setattr("inspect.currentframe", lambda: None)
    app = listed(WRONG["setting"][0])
    with pytest.raises(ConfigurationError, match=r"^leeway: "), TestClient(app):
        raise AssertionError("the app has started")


def test_the_right_settings_start() -> None:
    """The same apps start with correct settings, and their lifespan runs."""
    begun: list[object] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        begun.append(app)
        yield

    app = Starlette(
        routes=ROUTES, middleware=[Middleware(PrivyMiddleware, issuer_config(), protect=["/"])], lifespan=lifespan
    )
    with TestClient(app) as client:
        assert client.get("/").status_code == 401
        assert client.get("/", headers=identity_header()).text == "hello"
    assert begun == [app]
