"""The user and the error responses in an app with the plugin."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Controller, Litestar, Request, Response, Router, WebSocket, asgi, get, post, route, websocket
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig
from litestar.exceptions import NotFoundException
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, Receive, Scope, Send
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from litestar_privy import CurrentUser, Privy, requires_privy_user
from privy_middleware import AuthenticationError, PrivyConfig, PrivyError, PrivyUser, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.clients.starlette import without_denial
from tests.litestar.serving import PrivyRequest, app_of, client_of, serve
from tests.support.clock import Clock
from tests.support.issued import (
    ADA,
    GRACE,
    INVALID_HEADER,
    access_header,
    identity_cookie,
    identity_header,
    issuer_config,
)

UNAUTHORIZED = (401, {"message": "Unauthorized"})
INVALID = (401, {"message": "Invalid token"})


@get("/who")
async def who(request: PrivyRequest) -> list[str | None]:
    """Return the user's ID, and why a token is not accepted."""
    return [request.user.id if request.user else None, request.auth.error]


@get("/me")
async def me(current_user: CurrentUser) -> list[str]:
    """Return the user."""
    return [current_user.id]


def shown(answer: Any) -> tuple[int, Any]:
    """Return status and body."""
    return answer.status_code, answer.json()


def test_request_has_the_user() -> None:
    """A connection has ``user`` and ``auth``, with and without a user."""
    client = client_of(who)
    assert client.get("/who").json() == [None, None]
    assert client.get("/who", headers=identity_header()).json() == [ADA, None]
    assert client.get("/who", headers=access_header("grace")).json() == [GRACE, None]
    assert client.get("/who", headers=INVALID_HEADER).json() == [None, "malformed_token"]


def test_middleware_of_the_app_has_the_user() -> None:
    """Litestar's own middleware runs inside."""
    seen: list[Any] = []

    def watching(app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["user"] and scope["user"].id)
            await app(scope, receive, send)

        return serve

    client = client_of(who, middleware=[watching])
    client.get("/who")
    client.get("/who", headers=identity_header())
    assert seen == [None, ADA]


def test_middleware_that_refuses() -> None:
    """An error that is raised outside of the exception handlers gets its response too."""

    def refusing(app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            scope["auth"].require()
            await app(scope, receive, send)

        return serve

    client = client_of(who, middleware=[refusing])
    assert shown(client.get("/who")) == UNAUTHORIZED
    assert client.get("/who", headers=identity_header()).status_code == 200


def test_answers_of_refusals_in_a_handler() -> None:
    """The responses are the documented ones, with any middleware in between."""

    @get("/own")
    async def own(request: PrivyRequest) -> str:
        return request.auth.require().id

    for options in ({}, {"compression_config": CompressionConfig("gzip", minimum_size=1)}):
        client = client_of(own, **options)
        answer = client.get("/own")
        assert shown(answer) == UNAUTHORIZED
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["vary"].count("privy-id-token") == 1
        assert shown(client.get("/own", headers=INVALID_HEADER)) == INVALID
        assert client.get("/own", headers=identity_header()).text == ADA


def mine(request: Request[Any, Any, Any], error: Any) -> Response[dict[str, Any]]:
    """Return a custom response."""
    return Response({"detail": error.code}, status_code=error.status)


@pytest.mark.parametrize("kind", [AuthenticationError, PrivyError])
def test_exception_handlers_of_the_app(kind: type[PrivyError]) -> None:
    """Custom exception handlers apply to handlers and to protected paths."""
    client = client_of(me, who, plugins=[Privy(issuer_config(), protect=["/who"])], exception_handlers={kind: mine})
    for path in ("/me", "/who"):
        assert shown(client.get(path)) == (401, {"detail": "missing_token"})
        assert shown(client.get(path, headers=INVALID_HEADER)) == (401, {"detail": "malformed_token"})
        assert client.get(path, headers=identity_header()).status_code == 200


def test_exception_handlers_of_a_route() -> None:
    """They are used before those of the app; a handler of all exceptions is used after ours."""

    @get("/own", exception_handlers={PrivyError: mine})
    async def own(current_user: CurrentUser) -> None:
        """Return nothing."""

    client = client_of(own, me, exception_handlers={Exception: lambda request, error: Response("x", status_code=500)})
    assert shown(client.get("/own")) == (401, {"detail": "missing_token"})
    assert shown(client.get("/me")) == UNAUTHORIZED


def test_exception_handlers_outside_of_routes() -> None:
    """The state of the request has the user there as well."""

    def missing(request: Request[Any, Any, Any], error: Any) -> Response[list[str]]:
        user = request.state.privy_user
        return Response([user.id if user else "nobody"], status_code=error.status_code)

    client = client_of(who, exception_handlers={NotFoundException: missing})
    assert shown(client.get("/none")) == (404, ["nobody"])
    assert shown(client.get("/none", headers=identity_header())) == (404, [ADA])


def test_errors_of_the_app_are_its_own() -> None:
    """Other errors become Litestar's own responses."""

    @get("/crash")
    async def crash() -> None:
        raise LookupError

    @get("/missing")
    async def missing() -> None:
        raise NotFoundException

    client = client_of(crash, missing, plugins=[Privy(issuer_config(), protect=["/missing"])])
    assert client.get("/crash").status_code == 500
    assert client.get("/missing", headers=identity_header()).status_code == 404


def test_protected_paths() -> None:
    """A user is required before routing, even if there is no handler, or none for the method."""
    client = client_of(who, plugins=[Privy(issuer_config(), protect=["/"], exempt=["/open"])])
    for method, path in (("GET", "/who"), ("GET", "/none"), ("DELETE", "/who"), ("GET", "/schema/openapi.json")):
        assert shown(client.request(method, path)) == UNAUTHORIZED
    assert client.get("/open").status_code == 404
    assert client.get("/none", headers=identity_header()).status_code == 404
    assert client.delete("/who", headers=identity_header()).status_code == 405


def test_protected_mounts(tmp_path: Any) -> None:
    """Litestar shortens their paths before its own middleware sees them."""
    (tmp_path / "file.txt").write_text("secret")

    @asgi("/mounted", is_mount=True, copy_scope=True)
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        user = scope["state"]["privy_user"]
        await Response(user and user.id).to_asgi_response(None, Request(scope))(scope, receive, send)

    files = create_static_files_router("/files", [tmp_path])
    client = client_of(mounted, files, plugins=[Privy(issuer_config(), protect=["/mounted/private", "/files"])])
    for path in ("/mounted/private", "/mounted/private/x", "//mounted//private", "/files/file.txt", "/files//file.txt"):
        assert shown(client.get(f"http://testserver{path}")) == UNAUTHORIZED
    assert client.get("/mounted/private/x", headers=identity_header()).text == ADA
    assert client.get("/mounted/open").text == "null"
    assert client.get("/files/file.txt", headers=identity_header()).text == "secret"


@websocket("/ws", guards=[requires_privy_user()])
async def socket(socket: WebSocket[PrivyUser, Any, Any]) -> None:
    """Send the user's ID, and require a user after each message."""
    await socket.accept()
    await socket.send_json([socket.user.id, socket.auth.kind])
    await socket.receive_text()
    socket.auth.require_access()


def test_websocket_has_the_user() -> None:
    """An error after the WebSocket was accepted closes it with code 1008."""
    with client_of(socket).websocket_connect("/ws", headers=identity_header()) as connection:
        assert connection.receive_json() == [ADA, "identity"]
        connection.send_text("more")
        with pytest.raises(WebSocketDisconnect) as closed:
            connection.receive_text()
    assert (closed.value.code, closed.value.reason) == (1008, "Unauthorized")


@pytest.mark.parametrize("protect", [[], ["/ws"]])
def test_refused_websocket(protect: list[str]) -> None:
    """A handshake gets the HTTP response, or is closed on servers that cannot send one."""
    app: Any = app_of(socket, plugins=[Privy(issuer_config(), protect=protect)], middleware=[lambda app: app])
    for headers, body in (({}, b'{"message": "Unauthorized"}'), (INVALID_HEADER, b'{"message": "Invalid token"}')):
        with pytest.raises(WebSocketDenialResponse) as denied:
            TestClient(app).websocket_connect("/ws", headers=headers).__enter__()
        assert (denied.value.status_code, denied.value.content) == (401, body)
        with pytest.raises(WebSocketDisconnect) as closed:
            TestClient(without_denial(app)).websocket_connect("/ws", headers=headers).__enter__()
        assert closed.value.code == 1008
    foreign = {**identity_cookie(), "Host": "app.example", "Origin": "https://evil.example"}
    with pytest.raises(WebSocketDenialResponse) as denied:
        TestClient(app).websocket_connect("/ws", headers=foreign).__enter__()
    assert denied.value.status_code == 403


def test_other_errors_of_websockets() -> None:
    """Other errors in a WebSocket are handled by Litestar."""

    @websocket("/crash")
    async def crash(socket: WebSocket[Any, Any, Any]) -> None:
        raise LookupError

    with pytest.raises(WebSocketDisconnect) as closed:
        client_of(crash).websocket_connect("/crash").__enter__()
    assert closed.value.code == 4500


def test_expiry_of_websockets() -> None:
    """With ``close_expired`` a socket is closed when its token expires, and the app is told."""
    ended: list[Any] = []
    past = Clock(1_700_000_000)
    issuer = DevelopmentIssuer(clock=past)
    verifier = PrivyVerifier(PrivyConfig(app_id=issuer.app_id, verification_key=issuer.public_key_pem), clock=past)
    plugin = Privy(verifier, close_expired=True, on_expired=lambda scope: ended.append(scope["path"]))

    @websocket("/ws")
    async def waiting(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.receive_text()

    headers = {"privy-id-token": issuer.identity_token("ada")}
    connecting = serve(app_of(waiting, plugins=[plugin])).websocket_connect("/ws", headers=headers)
    with connecting as connection, pytest.raises(WebSocketDisconnect) as closed:
        connection.receive_text()
    assert closed.value.code == 1008
    assert ended == ["/ws"]


PREFLIGHT = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}


def test_preflights_never_enter_a_handler_that_asks_for_a_user() -> None:
    """They are answered by the plugin if a handler requires a user, and by Litestar otherwise."""
    entered: list[str] = []

    @route("/guarded", http_method=["GET", "OPTIONS"], guards=[requires_privy_user()])
    async def guarded() -> None:
        entered.append("guarded")

    @route("/taken", http_method=["GET", "OPTIONS"])
    async def taken(current_user: CurrentUser) -> None:
        entered.append("taken")

    class Pages(Controller):
        path = "/pages"
        guards = [requires_privy_user(wallet="ethereum")]  # noqa: RUF012

        @get()
        async def page(self) -> None:
            entered.append("page")

    client = client_of(guarded, taken, Pages, me, plugins=[Privy(issuer_config(), protect=["/me"])])
    for path in ("/guarded", "/taken", "/pages", "/me"):
        answer = client.options(path, headers={**PREFLIGHT, **INVALID_HEADER})
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["cache-control"] == "no-store"
        assert client.options(path, headers=INVALID_HEADER).status_code == 401
    assert entered == []


def test_cors() -> None:
    """Litestar's CORS middleware is outside ours: it answers preflights, and adds its headers to error responses."""
    cors = CORSConfig(allow_origins=["https://app.example"])
    client = client_of(me, who, plugins=[Privy(issuer_config(), protect=["/me"])], cors_config=cors)
    assert client.options("/me", headers=PREFLIGHT).status_code == 204
    for path, status in (("/me", 401), ("/who", 200), ("/none", 404)):
        answer = client.get(path, headers={"Origin": "https://app.example"})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert answer.headers["vary"] == "Origin, Cookie, privy-id-token, Authorization"
    assert "origin" not in client.get("/who").headers["vary"].lower()
    with pytest.raises(WebSocketDenialResponse):
        client.websocket_connect("/me").__enter__()


def test_response_cache_is_not_shared_between_users() -> None:
    """A response that is cached for one token is used for no other token, and not without one."""

    @get("/mine", cache=True)
    async def mine(current_user: CurrentUser) -> str:
        return current_user.id

    @get("/seen", cache=60)
    async def seen(request: PrivyRequest) -> str:
        calls.append(request.user)
        return request.user.id if request.user else str(request.auth.error)

    calls: list[Any] = []
    client, ada = client_of(mine, seen), identity_header()
    for path, nobody, bad in (("/mine", None, None), ("/seen", "None", "malformed_token")):
        for headers, text in (
            (ada, ADA),
            (identity_header("grace"), GRACE),
            ({}, nobody),
            (INVALID_HEADER, bad),
            (ada, ADA),
        ):
            answer = client.get(path, headers=headers)
            assert (answer.text == text) is (text is not None)
            assert (answer.status_code == 401) is (text is None)
    assert len(calls) == 4
    app: Any = client.app
    keys = list(app.stores.get("response_cache")._store)
    assert keys
    assert not any(ADA in key or "@" in key for key in keys)


def test_one_plugin_in_two_apps() -> None:
    """One plugin works in two apps, and one handler with two plugins."""
    plugin, other = (
        Privy(issuer_config(), protect=["/who"]),
        Privy(issuer_config(access_header="x-access", tokens=("access",))),
    )
    first, second, third = (
        client_of(who, me, plugins=[plugin]),
        client_of(who, plugins=[plugin]),
        client_of(who, me, plugins=[other]),
    )
    assert shown(first.get("/who")) == shown(second.get("/who")) == UNAUTHORIZED
    assert shown(third.get("/who")) == (200, [None, None])
    assert shown(third.get("/me", headers=identity_header())) == UNAUTHORIZED
    assert first.get("/me", headers=identity_header()).json() == [ADA]


def test_lower_layers() -> None:
    """Handlers in routers and controllers have the user too."""

    class Pages(Controller):
        path = "/pages"

        @post("/me")
        async def page(self, current_user: CurrentUser) -> str:
            return current_user.id

    client = client_of(Router("/api", route_handlers=[Pages, who]))
    assert client.post("/api/pages/me", headers=identity_header()).text == ADA
    assert client.get("/api/who", headers=identity_header()).json() == [ADA, None]
    assert shown(client.post("/api/pages/me")) == UNAUTHORIZED


def test_routes_that_are_added_later() -> None:
    """Handlers that are registered later are protected too."""
    app = app_of(who)
    app.register(me)
    assert shown(serve(app).get("/me")) == UNAUTHORIZED
    assert serve(app).get("/me", headers=identity_header()).json() == [ADA]


def test_app_without_any_route_at_first() -> None:
    """An app without any route answers 500."""
    app = app_of(openapi_config=None)
    app.register(who)
    answer = serve(app, raise_server_exceptions=False).get("/who", headers=identity_header())
    assert answer.status_code == 500
    assert isinstance(app, Litestar)


def test_keys_are_fetched_when_the_app_starts() -> None:
    """Keys are fetched before the first request."""
    with DevelopmentIssuer() as issuer:
        plugin = Privy(issuer.config())
        with serve(app_of(who, plugins=[plugin])) as client:
            assert plugin.gate.verifier.settled(())
            assert client.get("/who").status_code == 200
