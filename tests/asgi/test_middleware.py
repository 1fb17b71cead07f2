"""The ASGI middleware around small apps."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from privy_middleware import ConfigurationError, PrivyAuth, PrivyMiddleware
from privy_middleware.asgi import ASGIApp, Message, Receive, Scope, Send
from privy_middleware.errors import ConditionNotMet, MissingToken
from privy_middleware.events import Event
from tests.behaviour.clients.asgi import exchange, scope_of
from tests.support.issued import ADA, GRACE, INVALID_HEADER, identity_cookie, identity_header, issuer_config

pytestmark = pytest.mark.anyio

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
BODY: Message = {"type": "http.response.body", "body": b"hello"}
DENIAL: dict[str, Any] = {"websocket.http.response": {}}
Step = Message | Exception


def app_of(*steps: Step, seen: list[Scope] | None = None) -> ASGIApp:
    """Return an app that sends the given messages and raises the given errors, one after another."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if seen is not None:
            seen.append(scope)
        for step in steps:
            if isinstance(step, Exception):
                raise step
            await send(step)

    return app


async def get(app: ASGIApp, path: str = "/", headers: dict[str, str] | None = None, **more: Any) -> list[Message]:
    """Return what the app sends to a GET request."""
    scope = scope_of("http", path, [*(headers or {}).items()], **{"method": "GET", **more})
    return await exchange(app, scope, [{"type": "http.request", "body": b""}])


async def connect(app: ASGIApp, headers: dict[str, str] | None = None, **more: Any) -> list[Message]:
    """Return what the app sends to a WebSocket handshake."""
    scope = scope_of("websocket", "/", [*(headers or {}).items()], **more)
    return await exchange(app, scope, [{"type": "websocket.connect"}])


def headers_of(message: Message) -> dict[bytes, bytes]:
    """Return a response's headers, and check that none is repeated."""
    headers = dict(message["headers"])
    assert len(headers) == len(message["headers"])
    return headers


def refused(sent: list[Message], status: int, text: str) -> None:
    """Check a complete error response."""
    start, body = sent
    assert (start["status"], json.loads(body["body"])) == (status, {"message": text})
    assert headers_of(start)[b"content-length"] == str(len(body["body"])).encode()
    assert headers_of(start)[b"content-type"] == b"application/json"


async def test_user_is_in_the_state() -> None:
    """The app finds the user and the ``PrivyAuth`` in the state."""
    seen: list[Scope] = []
    await get(PrivyMiddleware(app_of(START, BODY, seen=seen), issuer_config()), headers=identity_header())
    state = seen[0]["state"]
    assert state["privy_user"].id == ADA
    assert isinstance(state["privy_auth"], PrivyAuth)
    assert state["privy_auth"].user is state["privy_user"]


async def test_no_user_is_none_whatever_the_state_said() -> None:
    """Values that a server or another middleware set under our names are overwritten."""
    seen: list[Scope] = []
    middleware = PrivyMiddleware(app_of(START, BODY, seen=seen), issuer_config())
    await get(middleware, state={"privy_user": "spoofed", "privy_auth": "spoofed", "other": 1})
    assert seen[0]["state"]["privy_user"] is None
    assert seen[0]["state"]["privy_auth"].user is None
    assert seen[0]["state"]["other"] == 1


async def test_state_shared_between_requests_stays_clean() -> None:
    """Users are not mixed up on a server that passes the same state to every request."""
    seen: list[Scope] = []
    shared = {"database": object()}
    middleware = PrivyMiddleware(app_of(START, BODY, seen=seen), issuer_config())
    await get(middleware, headers=identity_header("ada"), state=shared)
    await get(middleware, headers=identity_header("grace"), state=shared)
    assert [scope["state"]["privy_user"].id for scope in seen] == [ADA, GRACE]
    assert list(shared) == ["database"]


async def test_what_routers_leave_in_the_scope_is_seen_outside() -> None:
    """Middleware outside, which names requests by their route, still finds the route in the scope."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = "/users/{id}"

    scope = scope_of("http", "/users/1", method="GET")
    await exchange(PrivyMiddleware(app, issuer_config()), scope, [])
    assert scope["route"] == "/users/{id}"


async def test_messages_pass_one_by_one() -> None:
    """Nothing is buffered: each message is sent before the app continues."""
    order: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in (START, {**BODY, "more_body": True}, BODY):
            await send(message)
            order.append("app")

    async def send(message: Message) -> None:
        order.append(message["type"])

    async def receive() -> Message:
        raise AssertionError

    await PrivyMiddleware(app, issuer_config())(scope_of("http", "/", method="GET"), receive, send)
    assert order == ["http.response.start", "app", "http.response.body", "app", "http.response.body", "app"]


async def test_request_body_is_untouched() -> None:
    """The app receives all of the server's messages, and rejecting a request reads none."""
    given: list[Message] = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request", "body": b"b"},
    ]
    taken: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        taken.extend([await receive(), await receive()])

    middleware = PrivyMiddleware(app, issuer_config(), protect=["/"])
    await exchange(middleware, scope_of("http", "/", [*identity_header().items()], method="POST"), given)
    assert taken == given
    refused(await exchange(middleware, scope_of("http", "/", method="POST"), []), 401, "Unauthorized")


async def test_protected_path() -> None:
    """The app is not called without a user, and the exempt path needs no user."""
    seen: list[Scope] = []
    app = PrivyMiddleware(app_of(START, BODY, seen=seen), issuer_config(), protect=["/api"], exempt=["/api/health"])
    refused(await get(app, "/api/me"), 401, "Unauthorized")
    refused(await get(app, "/api/me", INVALID_HEADER), 401, "Invalid token")
    assert not seen
    for path, headers in (("/api/me", identity_header()), ("/api/health", {}), ("/apix", {})):
        assert (await get(app, path, headers))[1] == BODY


async def test_protected_path_below_a_root() -> None:
    """Protected paths are relative to the root path."""
    app = PrivyMiddleware(app_of(START, BODY), issuer_config(), protect=["/me"])
    refused(await get(app, "/mounted/me", root_path="/mounted"), 401, "Unauthorized")
    refused(await get(app, "/me", root_path="/me"), 401, "Unauthorized")
    assert (await get(app, "/mounted", root_path="/mounted"))[1] == BODY


async def test_exempt_path_below_a_root() -> None:
    """A path is exempt only if both the whole path and the path below the mount point are."""
    app = PrivyMiddleware(app_of(START, BODY), issuer_config(), protect=["/"], exempt=["/login"])
    assert (await get(app, "/login", root_path="/mounted"))[1] == BODY
    refused(await get(app, "/mounted/login", root_path="/mounted"), 401, "Unauthorized")
    both = PrivyMiddleware(app_of(START, BODY), issuer_config(), protect=["/"], exempt=["/login", "/mounted/login"])
    assert (await get(both, "/mounted/login", root_path="/mounted"))[1] == BODY


async def test_prefix_that_the_app_removes() -> None:
    """The path below a prefix is protected too, if the prefix is given or known from ``root_path``, as in FastAPI."""
    inner: Any = app_of(START, BODY)
    given = PrivyMiddleware(inner, issuer_config(), protect=["/me"], root_path="/v1")
    fastapi = FastAPI()
    fastapi.root_path = "/v1"
    fastapi.get("/me")(lambda: "reached")
    fastapi.get("/")(lambda: "open")
    wrapped = PrivyMiddleware(CORSMiddleware(fastapi), issuer_config(), protect=["/me"])
    for app in (given, wrapped):
        for path in ("/v1/me", "/me", "/v1/me/x"):
            refused(await get(app, path), 401, "Unauthorized")
        assert (await get(app, "/v1/"))[0]["status"] == 200
    fastapi.root_path = "/v2"
    refused(await get(wrapped, "/v2/me"), 401, "Unauthorized")


async def test_apps_that_wrap_each_other() -> None:
    """The search for apps with a ``root_path`` stops at an app that it has already seen."""
    inner: Any = app_of(START, BODY)
    inner.app = inner
    assert (await get(PrivyMiddleware(inner, issuer_config(), protect=["/me"])))[1] == BODY


async def test_preflight() -> None:
    """A preflight of a protected path is answered without the app, or reaches the app if the setting says so."""
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    app = PrivyMiddleware(app_of(START, BODY), issuer_config(), protect=["/me"])
    start, body = await get(app, "/me", headers={**preflight, "privy-id-token": "garbage"}, method="OPTIONS")
    assert (start["status"], start["headers"]) == (204, [(b"cache-control", b"no-store")])
    assert body["body"] == b""
    assert (await get(app, "/", headers=preflight, method="OPTIONS"))[1] == BODY
    refused(await get(app, "/me", method="OPTIONS"), 401, "Unauthorized")
    passing = PrivyMiddleware(app_of(START, BODY), issuer_config(preflight="pass"), protect=["/me"])
    assert (await get(passing, "/me", headers=preflight, method="OPTIONS"))[1] == BODY
    refused(await get(passing, "/me", method="OPTIONS"), 401, "Unauthorized")


async def test_refusal_raised_in_the_app() -> None:
    """The middleware sends the error response, also after messages that do not begin a response."""
    refused(await get(PrivyMiddleware(app_of(MissingToken()), issuer_config())), 401, "Unauthorized")
    debug: Message = {"type": "http.response.debug", "info": {}}
    sent = await get(PrivyMiddleware(app_of(debug, ConditionNotMet()), issuer_config()))
    assert sent[0] == debug
    refused(sent[1:], 403, "Forbidden")


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([START, MissingToken()], MissingToken),
        ([ValueError("the app's own")], ValueError),
        ([ConfigurationError("field", "fix")], ConfigurationError),
    ],
)
async def test_errors_that_stay_errors(steps: list[Step], error: type[Exception]) -> None:
    """The error is raised if the response has begun, and so are the app's own errors and wrong settings."""
    with pytest.raises(error):
        await get(PrivyMiddleware(app_of(*steps), issuer_config()))


async def test_answers_vary_on_what_was_read() -> None:
    """The app's ``Vary`` is kept, and the headers that the settings read are added once."""
    start = {**START, "headers": [(b"Vary", b"Accept-Encoding, cookie"), (b"X-Own", b"1"), (b"vary", b"Origin")]}
    app = PrivyMiddleware(app_of(start, BODY), issuer_config(identity_header="x-identity"))
    headers = headers_of((await get(app))[0])
    assert headers[b"vary"] == b"Accept-Encoding, cookie, Origin, x-identity, Authorization"
    assert headers[b"X-Own"] == b"1"
    assert b"cache-control" not in headers


async def test_refusals_vary_on_what_was_read() -> None:
    """Error responses vary on configured header names too."""
    app = PrivyMiddleware(app_of(MissingToken()), issuer_config(identity_header="x-identity"))
    assert b"x-identity" in headers_of((await get(app))[0])[b"vary"]


async def test_answers_to_tokens_are_private() -> None:
    """Responses to valid and invalid tokens are private, unless the app sets ``Cache-Control``."""
    app = PrivyMiddleware(app_of({"type": "http.response.start", "status": 200}, BODY), issuer_config())
    for headers in (identity_header(), INVALID_HEADER):
        assert headers_of((await get(app, headers=headers))[0])[b"cache-control"] == b"private, no-store"
    own = {**START, "headers": [(b"Cache-Control", b"max-age=60")]}
    app = PrivyMiddleware(app_of(own, BODY), issuer_config())
    assert headers_of((await get(app, headers=identity_header()))[0])[b"Cache-Control"] == b"max-age=60"


async def test_socket_is_denied_where_the_server_can() -> None:
    """A WebSocket is rejected before it is accepted, with the error response of a page."""
    start, body = await connect(PrivyMiddleware(app_of(MissingToken()), issuer_config()), extensions=DENIAL)
    assert (start["type"], body["type"]) == ("websocket.http.response.start", "websocket.http.response.body")
    refused([start, body], 401, "Unauthorized")


@pytest.mark.parametrize("extensions", [{}, None])
async def test_socket_is_closed_where_the_server_cannot(extensions: dict[str, Any] | None) -> None:
    """The close has the code for policy violations and a fixed reason, without any part of the token."""
    app = PrivyMiddleware(app_of({"type": "websocket.accept"}), issuer_config(), protect=["/"])
    sent = await connect(app, INVALID_HEADER, extensions=extensions)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "Invalid token"}]


async def test_cross_site_socket_is_refused() -> None:
    """A page of another site cannot open a WebSocket with the user's cookie."""
    app = PrivyMiddleware(app_of({"type": "websocket.accept"}), issuer_config(), protect=["/"])
    foreign = {"Host": "app.example", "Origin": "https://evil.example"}
    refused(await connect(app, {**identity_cookie(), **foreign}, extensions=DENIAL), 403, "Forbidden")
    assert (await connect(app, {**identity_header(), **foreign}, extensions=DENIAL))[0]["type"] == "websocket.accept"


async def test_refusal_on_an_open_socket_closes_it() -> None:
    """After a WebSocket was accepted, closing it is the only possible response."""
    accept: Message = {"type": "websocket.accept"}
    sent = await connect(PrivyMiddleware(app_of(accept, ConditionNotMet()), issuer_config()), extensions=DENIAL)
    assert sent == [accept, {"type": "websocket.close", "code": 1008, "reason": "Forbidden"}]


@pytest.mark.parametrize(
    "steps",
    [
        [{"type": "websocket.close", "code": 1000}, MissingToken()],
        [{"type": "websocket.accept"}, {"type": "websocket.close", "code": 1000}, MissingToken()],
        [{"type": "websocket.http.response.start", "status": 404, "headers": []}, MissingToken()],
    ],
)
async def test_refusal_after_the_end_of_a_socket_stays_an_error(steps: list[Step]) -> None:
    """Nothing can be sent after the WebSocket was closed."""
    with pytest.raises(MissingToken):
        await connect(PrivyMiddleware(app_of(*steps), issuer_config()), extensions=DENIAL)


async def test_other_scopes_pass() -> None:
    """Unknown scope types are passed to the app."""
    seen: list[Scope] = []
    scope: Scope = {"type": "pubsub"}
    await exchange(PrivyMiddleware(app_of(seen=seen), issuer_config()), dict(scope), [])
    assert seen == [scope]


async def test_two_middlewares_do_not_disturb_one_another() -> None:
    """If the middleware is installed twice, the response is the same, and its headers are not repeated."""
    app = PrivyMiddleware(PrivyMiddleware(app_of(START, BODY), issuer_config()), issuer_config())
    start, _ = await get(app, headers=identity_header())
    assert headers_of(start)[b"cache-control"] == b"private, no-store"
    assert headers_of(start)[b"vary"].lower().count(b"cookie") == 1


@pytest.mark.parametrize("ends", ["never", "cancelled", "failed"])
async def test_async_hooks_beside_the_response(ends: str) -> None:
    """A stream and a WebSocket go on while a hook waits, and if it raises any exception."""
    called: list[Event] = []

    async def hook(event: Event) -> None:
        called.append(event)
        if ends == "never":
            await anyio.sleep_forever()
        raise asyncio.CancelledError if ends == "cancelled" else LookupError

    parts: list[Message] = [{**BODY, "more_body": True}, {**BODY, "more_body": True}, BODY]
    config = issuer_config(on_event=hook)
    assert len(await get(PrivyMiddleware(app_of(START, *parts), config))) == 4
    messages: list[Message] = [{"type": "websocket.accept"}, {"type": "websocket.send", "text": "hello"}]
    assert await connect(PrivyMiddleware(app_of(*messages), config)) == messages
    assert len(called) == 2
