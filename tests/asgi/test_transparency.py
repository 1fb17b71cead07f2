"""The middleware changes only what is documented, for the app and for the server."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import anyio
import pytest

from privy_middleware import PrivyMiddleware, PrivyVerifier
from privy_middleware.asgi import ASGIRequest, Message, Receive, Scope, Send
from privy_middleware.errors import MissingToken
from tests.asgi.test_middleware import BODY, DENIAL, START, app_of, get, headers_of, refused
from tests.behaviour.clients.asgi import exchange, scope_of
from tests.support.clock import Clock
from tests.support.issued import ADA, INVALID_HEADER, identity_cookie, identity_header, issuer_config

pytestmark = pytest.mark.anyio

Pairs = list[tuple[bytes, bytes]]
Wrap = Callable[[Pairs], Iterable[Iterable[bytes]]]

# The forms that ASGI allows for headers: iterables of iterables of two byte strings.
FORMS: dict[str, Wrap] = {
    "list of lists": lambda pairs: [list(pair) for pair in pairs],
    "tuple of tuples": tuple,
    "generator of lists": lambda pairs: (list(pair) for pair in pairs),
    "iterator of iterators": lambda pairs: iter([iter(pair) for pair in pairs]),
    "list of iterators": lambda pairs: [iter(pair) for pair in pairs],
    "dict view": lambda pairs: dict(pairs).items(),
}
# The ways in which the middleware handles a response.
SETTINGS: dict[str, dict[str, Any]] = {"open": {}, "protected": {"protect": ["/"]}, "expiring": {"close_expired": True}}


def read(headers: Iterable[Iterable[bytes]]) -> Pairs:
    """Return the headers, which are read only once, as a server does."""
    return [(name, value) for name, value in headers]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("settings", SETTINGS)
async def test_response_headers_in_every_form(form: str, settings: str) -> None:
    """The server receives all of them, followed by ours."""
    own = [(b"content-type", b"text/html"), (b"X-Own", b"1"), (b"content-length", b"5")]
    start = {**START, "headers": FORMS[form](own)}
    middleware = PrivyMiddleware(app_of(start, BODY), issuer_config(), **SETTINGS[settings])
    sent = await get(middleware, headers=identity_header())
    assert [name for name, _ in read(sent[0]["headers"])] == [*(name for name, _ in own), b"vary", b"cache-control"]
    assert read(sent[0]["headers"])[: len(own)] == own


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("settings", ["open", "expiring"])
async def test_headers_of_responses_without_content_in_every_form(form: str, settings: str) -> None:
    """Headers to which nothing is added reach the server too."""
    own = [(b"etag", b'"1"'), (b"date", b"today")]
    start = {**START, "status": 304, "headers": FORMS[form](own)}
    middleware = PrivyMiddleware(app_of(start, BODY), issuer_config(), **SETTINGS[settings])
    assert read((await get(middleware, headers=identity_header()))[0]["headers"]) == own


@pytest.mark.parametrize("form", FORMS)
async def test_headers_of_a_denial_in_every_form(form: str) -> None:
    """The app's own response to a handshake is handled like any other response."""
    start = {"type": "websocket.http.response.start", "status": 404, "headers": FORMS[form]([(b"x-own", b"1")])}
    scope = scope_of("websocket", "/", [*identity_header().items()], extensions=DENIAL)
    sent = await exchange(PrivyMiddleware(app_of(start), issuer_config()), scope, [])
    assert [name for name, _ in read(sent[0]["headers"])] == [b"x-own", b"vary", b"cache-control"]


async def test_event_stream_in_every_form_ends_with_its_token() -> None:
    """The content type is read without iterating over the headers again."""
    now = time.time()
    verifier = PrivyVerifier(issuer_config(), clock=Clock(now - 3600))
    for form in FORMS.values():
        start = {**START, "headers": form([(b"content-type", b"text/event-stream")])}

        async def app(scope: Scope, receive: Receive, send: Send, start: Message = start) -> None:
            await send(start)
            await anyio.sleep_forever()

        # Valid by the clock of the verifier, expired by that of the connection.
        scope = scope_of("http", "/", [*identity_header(iat=now - 7200, exp=now - 1800).items()], method="GET")
        sent = await exchange(PrivyMiddleware(app, verifier, close_expired=True), scope, [])
        assert dict(read(sent[0]["headers"]))[b"content-type"] == b"text/event-stream"
        assert sent[1] == {"type": "http.response.body", "body": b"", "more_body": False}


@pytest.mark.parametrize("headers", [None, (), []])
async def test_response_without_headers(headers: Any) -> None:
    """Headers are optional in a response."""
    for settings in SETTINGS.values():
        app = app_of({**START, "headers": headers}, BODY)
        start, _ = await get(PrivyMiddleware(app, issuer_config(), **settings), headers=identity_header())
        assert [*headers_of(start)] == [b"vary", b"cache-control"]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("form", FORMS)
async def test_request_headers_in_every_form(form: str, kind: str) -> None:
    """The user is found, and the app can read all headers more than once."""
    raw: Pairs = [
        (b"host", b"app.example"),
        (b"privy-id-token", identity_header()["privy-id-token"].encode()),
        (b"x", b"1"),
    ]
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([scope["state"]["privy_user"].id, *(read(scope["headers"]) for _ in range(2))])

    scope = {**scope_of(kind, "/", method="POST"), "headers": FORMS[form](raw)}
    await exchange(PrivyMiddleware(PrivyMiddleware(app, issuer_config()), issuer_config()), scope, [])
    assert seen == [ADA, raw, raw]


@pytest.mark.parametrize("form", FORMS)
async def test_cross_site_rule_reads_headers_in_every_form(form: str) -> None:
    """The rule finds all headers, although they have been read before."""
    raw: Pairs = [(b"cookie", identity_cookie()["Cookie"].encode()), (b"sec-fetch-site", b"cross-site")]
    scope = {**scope_of("http", "/", method="POST"), "headers": FORMS[form](raw)}
    sent = await exchange(PrivyMiddleware(app_of(START, BODY), issuer_config(), protect=["/"]), scope, [])
    refused(sent, 403, "Forbidden")


def without(scope: Scope, *keys: str) -> Iterator[Scope]:
    """Yield scopes in which one of the keys is missing or ``None``, and one without any of them."""
    for key in keys:
        yield {name: value for name, value in scope.items() if name != key}
        yield {**scope, key: None}
    yield {name: value for name, value in scope.items() if name not in keys}


OPTIONAL = (
    "scheme",
    "root_path",
    "raw_path",
    "query_string",
    "state",
    "extensions",
    "client",
    "server",
    "http_version",
)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_optional_keys_of_a_scope(kind: str, settings: str) -> None:
    """If a server omits any key, requests with a user still pass, and others are rejected on protected paths."""
    pages = issuer_config(login_url="/login", refresh_url="/refresh")
    middleware = PrivyMiddleware(app_of(START, BODY), pages, **SETTINGS[settings])
    keys = (*OPTIONAL, "method") if kind == "websocket" else OPTIONAL
    page = {"Accept": "text/html", "Cookie": "privy-session=t"}
    for headers, user in ((identity_header(), True), (identity_cookie(), True), (page, False), (INVALID_HEADER, False)):
        admitted = user or settings != "protected"
        for each in without(scope_of(kind, "/", [*headers.items()], method="GET", state={}), *keys):
            sent = await exchange(middleware, dict(each), [])
            assert (BODY in sent) is admitted
            assert len(sent) == 2 or not admitted


async def test_a_page_s_own_origin_without_a_scheme() -> None:
    """If a scope has no scheme, it is ``http``."""
    headers = {**identity_cookie(), "Host": "app.example", "Origin": "http://app.example"}
    for each in without(scope_of("http", "/", [*headers.items()], method="POST"), "scheme"):
        sent = await exchange(PrivyMiddleware(app_of(START, BODY), issuer_config(), protect=["/"]), dict(each), [])
        assert sent[1] == BODY


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_scope_without_headers(kind: str) -> None:
    """The request has no user, and the app gets the unchanged scope."""
    scope = scope_of(kind, "/", method="GET", extensions=DENIAL)
    for each in without(scope, "headers"):
        seen: list[Scope] = []
        await exchange(PrivyMiddleware(app_of(seen=seen), issuer_config()), dict(each), [])
        assert seen[0]["state"]["privy_user"] is None
        assert seen[0].get("headers") is each.get("headers")
        start, body = await exchange(PrivyMiddleware(app_of(), issuer_config(), protect=["/"]), dict(each), [])
        refused([start, body], 401, "Unauthorized")


def test_target_of_a_scope_without_a_query() -> None:
    """Without a query, the target is the path."""
    for each in without({"type": "http", "path": "/a", "query_string": b"x"}, "query_string"):
        assert ASGIRequest(each).target == "/a"


OTHERS: list[Message] = [
    {"type": "http.response.debug", "info": {"template": "a.html"}},
    {"type": "http.response.push", "path": "/style.css", "headers": iter([])},
    {"type": "http.response.early_hint", "links": iter([b"</style.css>; rel=preload"])},
    {"type": "http.response.pathsend", "path": "/srv/file"},
    {"type": "http.response.zerocopysend", "file": 3, "more_body": True},
    {"type": "http.response.body", "body": b"part", "more_body": True},
    {"type": "http.response.trailers", "headers": iter([(b"x-sum", b"1")]), "more_trailers": False},
    {"type": "of.the.future", "headers": iter([])},
]


@pytest.mark.parametrize("settings", SETTINGS)
async def test_other_messages_pass_untouched(settings: str) -> None:
    """The server receives the same objects, before and after the start of a response."""
    middleware = PrivyMiddleware(app_of(*OTHERS, START, *OTHERS, BODY), issuer_config(), **SETTINGS[settings])
    sent = await get(middleware, headers=identity_header())
    for mine, theirs in zip(sent, [*OTHERS, START, *OTHERS, BODY], strict=True):
        assert mine is theirs or mine["type"] == "http.response.start"


async def test_start_keeps_what_else_it_says() -> None:
    """Other keys of the message, such as ``trailers``, are kept, and the app's own message is not changed."""
    start = {**START, "trailers": True, "own": object()}
    before = dict(start)
    sent = await get(PrivyMiddleware(app_of(start, BODY), issuer_config()), headers=identity_header())
    assert {**sent[0], "headers": []} == start == before


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("status", [100, 102, 103])
async def test_interim_responses(status: int, settings: str) -> None:
    """Interim responses get no additional headers, but the final response does."""
    interim = {"type": "http.response.start", "status": status, "headers": [(b"link", b"</a.css>; rel=preload")]}
    middleware = PrivyMiddleware(app_of(interim, interim, START, BODY), issuer_config(), **SETTINGS[settings])
    first, second, final, body = await get(middleware, headers=identity_header())
    assert first == second == interim
    assert [*headers_of(final)] == [b"vary", b"cache-control"]
    assert body == BODY


async def test_refusal_after_an_interim_response() -> None:
    """The final response has not begun, so the error response is sent."""
    interim = {"type": "http.response.start", "status": 103, "headers": []}
    first, *rest = await get(PrivyMiddleware(app_of(interim, MissingToken()), issuer_config()))
    assert first == interim
    refused(rest, 401, "Unauthorized")


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("settings", SETTINGS)
async def test_send_and_receive_are_coroutine_functions(kind: str, settings: str) -> None:
    """They are coroutine functions, as those of servers, because libraries check this to bridge sync and async code."""
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([receive, send])

    await exchange(
        PrivyMiddleware(app, issuer_config(), **SETTINGS[settings]),
        scope_of(kind, "/", [*identity_header().items()]),
        [],
    )
    assert len(seen) == 2
    assert all(map(inspect.iscoroutinefunction, seen))
