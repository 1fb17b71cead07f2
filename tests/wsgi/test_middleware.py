"""The WSGI middleware, called with raw environs, with checks that both sides follow PEP 3333."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from wsgiref.util import FileWrapper

import pytest

from privy_middleware import (
    AuthenticationError,
    ConfigurationError,
    KeysUnavailable,
    PrivyAuth,
    PrivyWSGIMiddleware,
)
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.events import Anonymous, Event
from privy_middleware.http.cache_headers import merge_vary
from privy_middleware.wsgi import AUTH_KEY, USER_KEY, WSGIRequest
from tests.behaviour.client import Answer
from tests.behaviour.clients.wsgi import call, environ_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Ask = Callable[..., Answer]

UNAUTHORIZED = (401, b'{"message": "Unauthorized"}')
ADA = b"did:privy:dev-ada"


@pytest.fixture
def ada(issuer: DevelopmentIssuer) -> list[tuple[str, str]]:
    """Return the header of a user."""
    return [("privy-id-token", issuer.identity_token("ada"))]


@pytest.fixture
def ask(issuer: DevelopmentIssuer) -> Ask:
    """Call an app inside the middleware, with path prefixes and settings."""

    def send(app: WSGIApplication, path: str = "/", headers: Any = (), method: str = "GET", **options: Any) -> Answer:
        prefixes = {name: options.pop(name) for name in ("protect", "exempt") if name in options}
        return call(PrivyWSGIMiddleware(app, issuer.config(**options), **prefixes), environ_of(method, path, headers))

    return send


def seen(answer: Answer) -> tuple[int, bytes]:
    """Return status and body."""
    return answer.status, answer.body


def auth_of(environ: WSGIEnvironment) -> PrivyAuth:
    """Return the entries that the middleware added for the app."""
    auth = environ[AUTH_KEY]
    assert isinstance(auth, PrivyAuth)
    return auth


def who(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Return the user, or nothing."""
    user = environ[USER_KEY]
    assert user is auth_of(environ).user
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [user.id.encode() if user else b""]


def requiring(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Require the user, and return it."""
    body = auth_of(environ).require().id.encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]


def generating(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Require the user when the response is iterated."""
    body = auth_of(environ).require().id.encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield body[:5]
    yield body[5:]


def announcing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Require the user after calling ``start_response``."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1")])
    return [auth_of(environ).require().id.encode()]


def generating_late(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Require the user after calling ``start_response``, when the response is iterated."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield auth_of(environ).require().id.encode()


def test_user_is_in_the_environ(ask: Ask, ada: Any) -> None:
    """The value is a user or ``None``, and replaces any earlier value."""
    assert seen(ask(who, headers=ada)) == (200, ADA)
    assert seen(ask(who)) == (200, b"")


def test_environ_cannot_be_spoofed(issuer: DevelopmentIssuer) -> None:
    """Values that a server or an outer middleware set under our keys are overwritten."""
    environ = environ_of("GET", "/")
    environ[USER_KEY] = environ[AUTH_KEY] = object()
    assert seen(call(PrivyWSGIMiddleware(who, issuer.config()), environ)) == (200, b"")


@pytest.mark.parametrize("app", [requiring, generating, announcing, generating_late])
def test_refusals_of_the_app_are_answered(ask: Ask, ada: Any, app: WSGIApplication) -> None:
    """If the error is raised before the response begins, the error response is sent instead."""
    assert seen(ask(app, headers=ada)) == (200, ADA)
    answer = ask(app)
    assert seen(answer) == UNAUTHORIZED
    assert answer.header("www-authenticate") == "Bearer"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("vary") == "Cookie, Authorization, privy-id-token"
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("set-cookie") is None


@pytest.mark.parametrize("app", [requiring, generating])
def test_head_gets_no_body(ask: Ask, app: WSGIApplication) -> None:
    """The error response to ``HEAD`` has headers but no body (RFC 9110 §9.3.2)."""
    answer = ask(app, method="HEAD")
    assert (answer.status, answer.body, answer.header("content-length")) == (401, b"", str(len(UNAUTHORIZED[1])))


@pytest.mark.parametrize("generator", [True, False])
def test_configuration_error_is_the_apps(ask: Ask, generator: bool) -> None:
    """A wrong setting is raised as an error, not sent as a response."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise ConfigurationError("field", "fix it")

    def generating_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        yield from app(environ, start_response)

    with pytest.raises(ConfigurationError):
        ask(generating_app if generator else app)


def test_refusal_in_mid_response_is_raised_again(issuer: DevelopmentIssuer) -> None:
    """After the headers were sent, the error is raised to the server, as PEP 3333 requires."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"begun"
        auth_of(environ).require()

    sent: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        if exc_info and sent:
            raise exc_info[1]
        sent.append(status)

    parts = iter(PrivyWSGIMiddleware(app, issuer.config())(environ_of("GET", "/"), start_response))
    assert next(parts) == b"begun"
    with pytest.raises(AuthenticationError):
        next(parts)
    assert sent == ["200 OK"]


@pytest.mark.parametrize("error", [LookupError(), ConfigurationError("field", "fix it")])
@pytest.mark.parametrize("generator", [True, False])
@pytest.mark.parametrize("started", [True, False])
def test_event_of_a_request_that_fails(
    issuer: DevelopmentIssuer, error: Exception, generator: bool, started: bool
) -> None:
    """There is one, whether or not the app has started its response."""
    events: list[Event] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if started:
            start_response("200 OK", [("Content-Type", "text/plain")])
        raise error

    def generating_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        yield from app(environ, start_response)

    served = generating_app if generator else app
    middleware = PrivyWSGIMiddleware(served, issuer.config(on_event=events.append))
    with pytest.raises(type(error)):
        list(middleware(environ_of("GET", "/"), lambda *_: print))
    assert [type(event) for event in events] == [Anonymous]


def test_generator_is_closed(issuer: DevelopmentIssuer) -> None:
    """If the client closes the connection, the app's generator is closed."""
    closed: list[bool] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            yield b"one"
            yield b"two"
        finally:
            closed.append(True)

    parts: Any = PrivyWSGIMiddleware(app, issuer.config())(environ_of("GET", "/"), lambda *_: print)
    assert next(iter(parts)) == b"one"
    parts.close()
    assert closed == [True]


def test_other_responses_pass_as_they_are(issuer: DevelopmentIssuer) -> None:
    """A file wrapper reaches the server, which can send the file itself."""
    with open(__file__, "rb") as file:
        wrapper = FileWrapper(file)
        app = PrivyWSGIMiddleware(lambda environ, start_response: wrapper, issuer.config())
        assert app(environ_of("GET", "/"), lambda *_: print) is wrapper


def test_exc_info_is_handed_on(issuer: DevelopmentIssuer) -> None:
    """An app can replace its own response with ``exc_info``."""
    problem: Any = (ValueError, ValueError(), None)
    given: list[Any] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("500 Internal Server Error", [], problem)
        return []

    def start(*args: Any) -> Any:
        given.append(args)

    list(PrivyWSGIMiddleware(app, issuer.config())(environ_of("GET", "/"), start))
    assert given == [("500 Internal Server Error", [("vary", "Cookie, privy-id-token, Authorization")], problem)]


def test_caching_headers(ask: Ask, ada: Any) -> None:
    """``Vary`` is merged into one line, and a response to a token is private unless the app says otherwise."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        own = [("Cache-Control", "max-age=60")] if environ["PATH_INFO"] == "/own" else []
        headers = [("Content-Type", "text/plain"), ("vary", "Accept"), ("Vary", "cookie"), *own]
        start_response("200 OK", headers)
        return [b""]

    assert ask(app).header("cache-control") is None
    answer = ask(app, headers=ada)
    assert answer.header("cache-control") == "private, no-store"
    assert [value for name, value in answer.headers if name == "vary"] == [
        "Accept, cookie, privy-id-token, Authorization"
    ]
    assert ask(app, "/own", ada).header("cache-control") == "max-age=60"
    assert ask(app, headers=[("privy-id-token", "garbage")]).header("cache-control") == "private, no-store"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_caching_headers_without_content(ask: Ask, ada: Any, status: str) -> None:
    """A 304 with ``no-store`` would remove the stored response: only one that depends on the user has the headers."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, [("ETag", '"1"')])
        return []

    for headers in ((), ada, [("privy-id-token", "garbage")]):
        assert ask(app, headers=headers).headers == (("etag", '"1"'),)
    protected = ask(app, headers=ada, protect=["/"])
    assert protected.header("vary") == "Cookie, privy-id-token, Authorization"
    assert protected.header("cache-control") == "private, no-store"


def test_odd_status_line(issuer: DevelopmentIssuer) -> None:
    """An invalid status line is passed on to the server."""
    given: list[tuple[str, Any]] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("OK", [])
        return []

    def start(status: str, headers: Any, exc_info: Any = None) -> Any:
        given.append((status, headers))

    list(PrivyWSGIMiddleware(app, issuer.config())(environ_of("GET", "/"), start))
    assert given == [("OK", [("vary", "Cookie, privy-id-token, Authorization")])]


@pytest.mark.parametrize(
    ("values", "added", "merged"),
    [
        ([], ["Cookie"], "Cookie"),
        (["Accept"], ["Cookie"], "Accept, Cookie"),
        (["accept,Cookie ,"], ["cookie", "Accept", "X"], "accept, Cookie, X"),
        (["Accept", "cookie"], ["Cookie"], "Accept, cookie"),
        (["Accept, *"], ["Cookie"], "*"),
        (["", " , "], [], ""),
    ],
)
def test_merge_vary(values: list[str], added: list[str], merged: str) -> None:
    """Each name is listed once, the app's first; ``*`` means all (RFC 9110 §12.5.5)."""
    assert merge_vary(values, added) == merged


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/x", "//api", "/API/x", "/./api", "/x/../api", "/%61pi", "/api;x", "/api%2f", "/%2561pi"],
)
def test_protected_paths(ask: Ask, ada: Any, path: str) -> None:
    """A path below ``protect`` needs a user in every spelling."""
    assert seen(ask(who, path, protect=["/api"])) == UNAUTHORIZED
    assert seen(ask(who, path, ada, protect=["/api"])) == (200, ADA)


def test_path_without_its_slash_is_protected(issuer: DevelopmentIssuer) -> None:
    """Routers treat ``GET api HTTP/1.1`` as ``/api``, so it is protected too."""
    app = PrivyWSGIMiddleware(who, issuer.config(), protect=["/api"])
    environ = {**environ_of("GET", "/"), "PATH_INFO": "api"}
    started: list[str] = []

    def start_response(status: str, *_: Any) -> Any:
        started.append(status)

    list(app(environ, start_response))
    assert started == ["401 Unauthorized"]


def test_other_paths_are_open(ask: Ask) -> None:
    """``/apix`` is not below ``/api``, and exempt paths need no user."""
    for path in ("/apix", "/", "", "/api/health"):
        assert ask(who, path, protect=["/api"], exempt=["/api/health"]).status == 200


def test_preflight(ask: Ask) -> None:
    """A CORS preflight is answered without the app, or reaches it if configured; another ``OPTIONS`` is rejected."""
    preflight = [("Access-Control-Request-Method", "POST")]
    answer = ask(who, "/api", preflight, "OPTIONS", protect=["/api"])
    assert (answer.status, answer.body, answer.headers) == (204, b"", (("cache-control", "no-store"),))
    assert ask(who, "/api", preflight, "OPTIONS", protect=["/api"], preflight="pass").status == 200
    assert ask(who, "/open", preflight, "OPTIONS", protect=["/api"]).status == 200
    assert ask(who, "/api", (), "OPTIONS", protect=["/api"]).status == 401
    assert ask(who, "/api", preflight, "POST", protect=["/api"]).status == 401


def test_path_below_a_mount_point(issuer: DevelopmentIssuer) -> None:
    """The path below ``SCRIPT_NAME`` is used, and also the whole path, which CherryPy routes."""
    app = PrivyWSGIMiddleware(who, issuer.config(), protect=["/api"])
    for script, path, status in (("/mount", "/api", 401), ("/api", "/open", 401), ("/mount", "", 200)):
        environ = environ_of("GET", path)
        environ["SCRIPT_NAME"] = script
        assert call(app, environ).status == status


def test_mount_point_of_a_client(issuer: DevelopmentIssuer) -> None:
    """Pyramid also routes the path after a prefix that any client can send."""
    app = PrivyWSGIMiddleware(who, issuer.config(), protect=["/api/me"])
    for root, status in (("/api", 401), ("/api/me/x", 401), ("/x", 200), ("", 200)):
        assert call(app, environ_of("GET", "/me", [("X-Vhm-Root", root)])).status == status


def test_redirect_keeps_the_address(issuer: DevelopmentIssuer) -> None:
    """A page is redirected to the refresh page and back to its own address, including mount point and query."""
    app = PrivyWSGIMiddleware(who, issuer.config(refresh_url="/refresh"), protect=["/"])
    headers = [("Accept", "text/html"), ("Cookie", "privy-session=t")]
    environ = environ_of("GET", "/caf%C3%A9?a=1&b=%20", headers)
    environ["SCRIPT_NAME"] = "/mount"
    answer = call(app, environ)
    location = "/refresh?redirect_uri=%2Fmount%2Fcaf%25C3%25A9%3Fa%3D1%26b%3D%2520"
    assert (answer.status, answer.header("location")) == (302, location)
    assert call(app, environ_of("GET", "/x", headers)).header("location") == "/refresh?redirect_uri=%2Fx"


def test_request_of_a_bare_environ() -> None:
    """Missing keys have their default meaning."""
    request = WSGIRequest({})
    assert (request.method, request.scheme, request.paths, request.target) == ("GET", "http", ("",), "")
    assert request.values("host") == []


def test_request_reads_raw_fields() -> None:
    """Fields are read by their CGI names, including those of content type and length."""
    environ = {"CONTENT_TYPE": "text/plain", "HTTP_CONTENT_TYPE": "spoofed", "HTTP_PRIVY_ID_TOKEN": "a,b"}
    request = WSGIRequest({**environ, "wsgi.url_scheme": "https", "PATH_INFO": "/caf\xc3\xa9", "REQUEST_METHOD": "PUT"})
    assert request.values("content-type") == ["text/plain"]
    assert request.values("privy-id-token") == ["a,b"]
    assert (request.method, request.scheme, request.paths) == ("PUT", "https", ("/caf\xe9",))


@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "h2c, websocket", "websocket/13"])
def test_websocket_handshake(upgrade: str) -> None:
    """A handshake is a ``GET`` in WSGI, and never a ``HEAD``."""
    environ = {"REQUEST_METHOD": "GET", "HTTP_UPGRADE": upgrade}
    assert WSGIRequest(environ).method == "WEBSOCKET"
    assert WSGIRequest({**environ, "REQUEST_METHOD": "HEAD"}).method == "HEAD"
    assert WSGIRequest({**environ, "HTTP_UPGRADE": "h2c"}).method == "GET"


def test_paths_that_are_not_utf8(ask: Ask) -> None:
    """Apps may drop or replace bytes that are not UTF-8, so all resulting paths are checked."""
    for path in ("/api/%ff%fe", "/ap%ffi", "/%ff", "/open/%ff"):
        assert ask(who, path, protect=["/api"]).status == 401
    assert WSGIRequest({"PATH_INFO": "/open/\u20ac"}).paths == ("\ufffd",)


@pytest.mark.parametrize("path", ["api", "x/api", "http://host/api", "*", "open"])
def test_paths_that_do_not_start_with_a_slash(issuer: DevelopmentIssuer, path: str) -> None:
    """Apps interpret these paths differently, and servers pass them on although PEP 3333 forbids them."""
    statuses: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        statuses.append(status)
        return len

    for prefixes in (["/api"], []):
        PrivyWSGIMiddleware(who, issuer.config(), protect=prefixes)(environ_of("GET", path), start)
    assert statuses == ["401 Unauthorized", "200 OK"]


def test_fail_fast_refuses_to_start() -> None:
    """With ``fail_fast``, the app does not start without keys; otherwise it starts."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings = {"app_id": "app", "jwks_url": f"http://127.0.0.1:{closed.getsockname()[1]}/jwks.json"}
        with pytest.raises(KeysUnavailable):
            PrivyWSGIMiddleware(who, {**settings, "fail_fast": True})
        assert seen(call(PrivyWSGIMiddleware(who, settings), environ_of("GET", "/"))) == (200, b"")


def test_settings_from_the_environment(issuer: DevelopmentIssuer, ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a configuration, the settings come from the environment."""
    monkeypatch.setenv("PRIVY_APP_ID", issuer.app_id)
    monkeypatch.setenv("PRIVY_JWKS_URL", issuer.jwks_url)
    assert seen(call(PrivyWSGIMiddleware(who), environ_of("GET", "/", ada))) == (200, ADA)
