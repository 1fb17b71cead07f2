"""``Privy(app)`` in Starlette apps, with mounts, other middleware and the app's own handlers."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, Router, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from fastapi_privy.starlette import Privy, privy_auth, refusal_response
from privy_middleware import AuthenticationError, ConfigurationError, PrivyError, PrivyMiddleware
from privy_middleware.errors import MissingToken
from tests.support.issued import ADA, GRACE, INVALID_HEADER, identity_cookie, identity_header, issuer_config

UNAUTHORIZED = {"message": "Unauthorized"}


def me(request: Request) -> JSONResponse:
    """Return the user, from a thread."""
    return JSONResponse({"user_id": privy_auth(request).require().id})


async def who(request: Request) -> JSONResponse:
    """Return a response without a user."""
    user = request.state.privy_user
    return JSONResponse({"user_id": user and user.id})


def wrong(request: Request) -> Response:
    """Raise an error that does not reject the request."""
    raise ConfigurationError("field", "fix")


ROUTES = [Route("/me", me), Route("/who", who), Route("/wrong", wrong)]


def client_of(app: Starlette, **options: Any) -> TestClient:
    """Return the test client of an app."""
    return TestClient(app, **options)


def installed(app: Starlette, **options: Any) -> TestClient:
    """Return the test client of an app with the plugin."""
    Privy(app, issuer_config(), **options)
    return client_of(app)


def test_user_and_refusals() -> None:
    """The endpoint gets the user, and a rejected request the documented response."""
    client = installed(Starlette(routes=ROUTES))
    assert client.get("/me", headers=identity_header()).json() == {"user_id": ADA}
    assert client.get("/who").json() == {"user_id": None}
    answer = client.get("/me")
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"
    assert "cookie" in answer.headers["vary"].lower()


def test_same_bytes_wherever_it_is_refused() -> None:
    """The responses of the middleware and of the handler are identical."""
    by_handler = installed(Starlette(routes=ROUTES)).get("/me", headers=INVALID_HEADER)
    by_middleware = installed(Starlette(routes=ROUTES), protect=["/me"]).get("/me", headers=INVALID_HEADER)
    bare = PrivyMiddleware(Starlette(routes=ROUTES), issuer_config(), protect=["/me"])
    by_core = TestClient(bare).get("/me", headers=INVALID_HEADER)
    assert by_handler.content == by_middleware.content == by_core.content
    assert sorted(by_handler.headers.multi_items()) == sorted(by_middleware.headers.multi_items())
    assert sorted(by_handler.headers.multi_items()) == sorted(by_core.headers.multi_items())


def test_missing_middleware() -> None:
    """The error says how to fix it."""
    with pytest.raises(ConfigurationError, match=r"Privy\(app\)"):
        client_of(Starlette(routes=ROUTES)).get("/me")


def test_installed_twice() -> None:
    """A second installation in one app raises an error."""
    app = Starlette()
    Privy(app, issuer_config())
    with pytest.raises(ConfigurationError, match="twice"):
        Privy(app, issuer_config())


def test_wrong_settings_stop_the_start() -> None:
    """The error is raised when the plugin is installed, not at the first request."""
    with pytest.raises(ConfigurationError):
        Privy(Starlette(), {"APP_ID": ""})
    with pytest.raises(ConfigurationError):
        Privy(Starlette(), issuer_config(), protect=["api"])


def test_wrong_settings_inside_stay_errors() -> None:
    """An error that does not reject the request is raised as it is."""
    with pytest.raises(ConfigurationError):
        installed(Starlette(routes=ROUTES)).get("/wrong")


@pytest.mark.anyio
async def test_handler_for_something_else() -> None:
    """If the handler is registered for another exception by mistake, that exception is raised."""
    with pytest.raises(ValueError, match="own"):
        await refusal_response(Request({"type": "http"}), ValueError("own"))


@pytest.mark.anyio
async def test_handler_without_the_middleware() -> None:
    """It does not know the settings then, and says what is missing."""
    with pytest.raises(ConfigurationError, match="call Privy"):
        await refusal_response(Request({"type": "http"}), MissingToken())


@pytest.mark.parametrize("options", [{}, {"protect": ["/me"]}])
@pytest.mark.parametrize("error", [PrivyError, AuthenticationError, MissingToken])
def test_handlers_of_the_app_come_first(options: dict[str, Any], error: type[PrivyError]) -> None:
    """They are used for any error class and for protected paths, whether registered before or after the plugin."""

    async def sign_in(request: Request, error: Exception) -> Response:
        assert isinstance(error, PrivyError)
        return PlainTextResponse(f"sign in: {error.code}", 499)

    before = Starlette(routes=ROUTES, exception_handlers={error: sign_in})
    after = Starlette(routes=ROUTES)
    clients = [installed(before, **options), installed(after, **options)]
    after.add_exception_handler(error, sign_in)
    for client in clients:
        answer = client.get("/me")
        assert (answer.status_code, answer.text) == (499, "sign in: missing_token")
        assert "cookie" in answer.headers["vary"].lower()


def mounted(kind: str) -> Mount:
    """Return the same app, mounted in different ways."""
    app = Starlette(routes=ROUTES)
    return {
        "app": Mount("/sub", app),
        "nested": Mount("/sub", Starlette(routes=[Mount("/deep", app)])),
        "routes": Mount("/sub", routes=[Mount("/deep", app)]),
        "router": Mount("/sub", Router([Mount("/deep", app)])),
        "behind middleware": Mount("/sub", app, middleware=[Middleware(GZipMiddleware)]),
        "wrapped": Mount("/sub", GZipMiddleware(app)),
        "plain routes": Mount("/sub", routes=ROUTES),
    }[kind]


@pytest.mark.parametrize("kind", ["app", "nested", "routes", "router", "behind middleware", "wrapped", "plain routes"])
def test_mounted_apps(kind: str) -> None:
    """They have the user, and the same error responses as the outer app."""
    deep = "/sub/deep" if kind in {"nested", "routes", "router"} else "/sub"
    client = installed(Starlette(routes=[mounted(kind)]))
    assert client.get(f"{deep}/me", headers=identity_header()).json() == {"user_id": ADA}
    answer = client.get(f"{deep}/me")
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert answer.headers["content-type"] == "application/json"


def test_mounted_app_with_the_plugin_of_its_own() -> None:
    """The inner settings apply inside."""
    inner, outer = Starlette(routes=ROUTES), Starlette()
    Privy(inner, issuer_config(identity_header="x-inner"))
    outer.mount("/sub", inner)
    client = installed(outer)
    assert client.get("/sub/me", headers=identity_header()).status_code == 401
    inside = {"x-inner": identity_header()["privy-id-token"]}
    assert client.get("/sub/me", headers=inside).json() == {"user_id": ADA}


def test_protection_inside_a_mount() -> None:
    """Paths are relative to the app in which the plugin is installed."""
    inner = Starlette(routes=ROUTES)
    Privy(inner, issuer_config(), protect=["/who"])
    client = client_of(Starlette(routes=[Mount("/sub", inner)]))
    assert client.get("/sub/who").status_code == 401
    assert client.get("/sub/who", headers=identity_header()).status_code == 200


def test_root_path() -> None:
    """Paths stay protected with the prefix of a proxy."""
    app = Starlette(routes=ROUTES)
    Privy(app, issuer_config(), protect=["/who"])
    client = client_of(app, root_path="/api")
    assert client.get("/who").status_code == 401
    assert client.get("/api/who").status_code == 401
    assert client.get("/api/who", headers=identity_header()).json() == {"user_id": ADA}


async def sees_the_user(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Set a header with the user before and after the app runs."""
    before = request.state.privy_user
    response = await call_next(request)
    response.headers["x-user"] = str(before and before.id)
    return response


def test_middleware_inside() -> None:
    """``BaseHTTPMiddleware`` inside has the user, and error responses pass through it."""
    app = Starlette(routes=ROUTES, middleware=[Middleware(BaseHTTPMiddleware, dispatch=sees_the_user)])
    client = installed(app)
    assert client.get("/me", headers=identity_header()).headers["x-user"] == ADA
    answer = client.get("/me")
    assert (answer.status_code, answer.headers["x-user"]) == (401, "None")


def test_refusal_of_middleware_inside() -> None:
    """Middleware inside can reject a request like an endpoint."""

    async def everybody_signs_in(request: Request, call_next: RequestResponseEndpoint) -> Response:
        privy_auth(request).require()
        return await call_next(request)

    app = Starlette(routes=ROUTES, middleware=[Middleware(BaseHTTPMiddleware, dispatch=everybody_signs_in)])
    client = installed(app)
    assert client.get("/who", headers=identity_header()).json() == {"user_id": ADA}
    assert client.get("/who").json() == UNAUTHORIZED


def test_middleware_outside() -> None:
    """``BaseHTTPMiddleware`` outside gets the error responses."""

    async def counts(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.outside = True
        response = await call_next(request)
        response.headers["x-status"] = str(response.status_code)
        return response

    app = Starlette(routes=ROUTES)
    Privy(app, issuer_config(), protect=["/me"])
    app.add_middleware(BaseHTTPMiddleware, dispatch=counts)
    client = client_of(app)
    assert client.get("/me").headers["x-status"] == "401"
    assert client.get("/me", headers=identity_header()).headers["x-status"] == "200"


@pytest.mark.parametrize("outside", [True, False])
def test_gzip(outside: bool) -> None:
    """Compressed responses vary on both, in either order of the middleware."""

    async def long(request: Request) -> PlainTextResponse:
        assert request.state.privy_user
        return PlainTextResponse("x" * 2000)

    app = Starlette(routes=[Route("/long", long)])
    if not outside:
        app.add_middleware(GZipMiddleware)
    Privy(app, issuer_config())
    if outside:
        app.add_middleware(GZipMiddleware)
    answer = client_of(app).get("/long", headers=identity_header())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(answer.content)) < len(answer.content)
    assert {"accept-encoding", "cookie"} <= {name.strip().lower() for name in answer.headers["vary"].split(",")}


def test_cors() -> None:
    """A preflight gets a response, and error responses have the CORS headers."""
    app = Starlette(routes=ROUTES)
    Privy(app, issuer_config(), protect=["/me"])
    app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"], allow_credentials=True)
    client = client_of(app)
    origin = {"Origin": "https://a.example"}
    preflight = client.options("/me", headers={**origin, "Access-Control-Request-Method": "GET"})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://a.example"
    answer = client.get("/me", headers=origin)
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert {"origin", "cookie"} <= {name.strip().lower() for name in answer.headers["vary"].split(",")}


def test_preflight_with_cors_inside() -> None:
    """A preflight reaches CORS middleware inside only with the setting."""
    cors = Middleware(CORSMiddleware, allow_origins=["https://a.example"])
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    closed = installed(Starlette(routes=ROUTES, middleware=[cors]), protect=["/"])
    assert closed.options("/me", headers=headers).status_code == 204
    app = Starlette(routes=ROUTES, middleware=[cors])
    Privy(app, issuer_config(preflight="pass"), protect=["/"])
    passing = client_of(app)
    answer = passing.options("/me", headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://a.example")
    for client in (closed, passing):
        assert client.options("/me").status_code == 401


def test_streaming_and_background() -> None:
    """Both have the user after the endpoint has returned."""
    done: list[str] = []

    async def stream(request: Request) -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            for _ in range(2):
                yield request.state.privy_user.id

        task = BackgroundTask(lambda: done.append(request.state.privy_user.id))
        return StreamingResponse(parts(), background=task)

    client = installed(Starlette(routes=[Route("/stream", stream)]))
    assert client.get("/stream", headers=identity_header()).text == ADA * 2
    assert client.get("/stream", headers=identity_header("grace")).text == GRACE * 2
    assert done == [ADA, GRACE]


def test_lifespan_state_is_shared_and_stays_clean() -> None:
    """The app's lifespan state is available in every request, and never contains a user."""
    database: dict[str, Any] = {}

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"database": database}

    async def remember(request: Request) -> JSONResponse:
        request.state.database[request.state.privy_user.id] = True
        return JSONResponse([*request.state.database])

    app = Starlette(routes=[Route("/remember", remember)], lifespan=lifespan)
    Privy(app, issuer_config())
    with client_of(app) as client:
        client.get("/remember", headers=identity_header())
        assert client.get("/remember", headers=identity_header("grace")).json() == [ADA, GRACE]
        assert [*client.app_state] == ["database"]


async def chat(websocket: WebSocket) -> None:
    """Accept, then require a user."""
    await websocket.accept()
    await websocket.send_json({"user_id": privy_auth(websocket).require().id})
    await websocket.close()


def test_websocket() -> None:
    """Rejecting a WebSocket after it was accepted closes it, in a mounted app too."""
    routes = [WebSocketRoute("/ws", chat)]
    client = installed(Starlette(routes=[*routes, Mount("/sub", Starlette(routes=routes))]))
    for path in ("/ws", "/sub/ws"):
        with client.websocket_connect(path, headers=identity_header()) as socket:
            assert socket.receive_json() == {"user_id": ADA}
        with client.websocket_connect(path) as socket, pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1008


def test_cross_site_cookie() -> None:
    """A page of another site can send ``GET`` requests, but cannot change anything."""
    app = Starlette(routes=[Route("/me", me, methods=["GET", "POST"])])
    client = installed(app)
    foreign = {**identity_cookie(), "Sec-Fetch-Site": "cross-site"}
    assert client.get("/me", headers=foreign).status_code == 200
    assert client.post("/me", headers=foreign).json() == {"message": "Forbidden"}
