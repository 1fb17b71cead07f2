"""Caching headers: responses that may depend on the user have them, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware import PrivyMiddleware
from privy_middleware.asgi import ASGIApp, Message, Receive, Scope, Send, auth_in
from privy_middleware.errors import MissingToken
from tests.asgi.test_middleware import BODY, DENIAL, START, app_of, connect, get, headers_of
from tests.support.issued import INVALID_HEADER, identity_header, issuer_config

pytestmark = pytest.mark.anyio

VARY = b"Cookie, privy-id-token, Authorization"
PRIVATE = b"private, no-store"
WITHOUT_CONTENT = [204, 304]


def start_of(status: int, **headers: str) -> Message:
    """Return the start of a response."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


async def said(app: ASGIApp, headers: dict[str, str] | None = None, **more: Any) -> dict[bytes, bytes]:
    """Return the caching headers of the app's response."""
    start = headers_of((await get(app, headers=headers, **more))[0])
    return {name: value for name, value in start.items() if name in (b"vary", b"cache-control")}


@pytest.mark.parametrize("status", [200, 203, 206, 301, 302, 404, 500])
@pytest.mark.parametrize("length", [{"content_length": "5"}, {}])
async def test_any_response_with_content(status: int, length: dict[str, str]) -> None:
    """The middleware cannot know whether the app used the user: each response varies, and with a token is private."""
    app = PrivyMiddleware(app_of(start_of(status, **length), BODY), issuer_config())
    assert await said(app) == {b"vary": VARY}
    for headers in (identity_header(), INVALID_HEADER):
        assert await said(app, headers) == {b"vary": VARY, b"cache-control": PRIVATE}


async def test_a_stream() -> None:
    """The headers are sent before the first part, so the app may still use the user afterwards."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send({**BODY, "more_body": True, "body": scope["state"]["privy_user"].id.encode()})
        await send(BODY)

    start, *parts = await get(PrivyMiddleware(app, issuer_config()), headers=identity_header())
    assert headers_of(start) == {b"vary": VARY, b"cache-control": PRIVATE}
    assert len(parts) == 2


@pytest.mark.parametrize("status", WITHOUT_CONTENT)
async def test_responses_without_content(status: int) -> None:
    """A 304 with ``no-store`` would remove the stored response from the cache (RFC 9111 §4.3.4)."""
    start = start_of(status, etag='"1"', vary="Accept-Encoding")
    for headers in ({}, identity_header(), INVALID_HEADER):
        sent = await get(PrivyMiddleware(app_of(start, BODY), issuer_config()), headers=headers)
        assert sent == [start, BODY]


@pytest.mark.parametrize("status", WITHOUT_CONTENT)
async def test_responses_without_content_that_depend_on_the_user(status: int) -> None:
    """If the path is protected, or one of our accessors was used, the response depends on the user."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert auth_in(scope) is scope["state"]["privy_auth"]
        await send(start_of(status))

    protected = PrivyMiddleware(app_of(start_of(status), BODY), issuer_config(), protect=["/"])
    for each in (protected, PrivyMiddleware(app, issuer_config())):
        assert await said(each, identity_header()) == {b"vary": VARY, b"cache-control": PRIVATE}
    assert await said(PrivyMiddleware(app, issuer_config())) == {b"vary": VARY}


async def test_refusals() -> None:
    """Error responses are never stored, and vary on the headers that were read."""
    for app in (
        PrivyMiddleware(app_of(MissingToken()), issuer_config()),
        PrivyMiddleware(app_of(), issuer_config(), protect=["/"]),
    ):
        for headers in ({}, INVALID_HEADER):
            found = await said(app, headers)
            assert found[b"cache-control"] == b"no-store"
            assert set(found[b"vary"].split(b", ")) == set(VARY.split(b", "))


async def test_denial_of_a_socket_by_the_app() -> None:
    """The app's own response to a handshake gets the same headers as any other response."""
    start: Message = {"type": "websocket.http.response.start", "status": 404, "headers": []}
    sent = await connect(PrivyMiddleware(app_of(start), issuer_config()), identity_header(), extensions=DENIAL)
    assert headers_of(sent[0]) == {b"vary": VARY, b"cache-control": PRIVATE}


async def test_without_the_middleware_nothing_is_found() -> None:
    """The accessors find nothing if the middleware did not run."""
    for state in (None, {}, {"privy_auth": "spoofed"}):
        assert auth_in({"type": "http", "state": state}) is None
    assert auth_in({"type": "http"}) is None
