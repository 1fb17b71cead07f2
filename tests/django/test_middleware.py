"""The middleware: the user of the request, sync and async, and the headers of the response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asgiref.sync
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory, modify_settings, override_settings
from django.utils.decorators import sync_only_middleware

from django_privy import signals
from django_privy.conf import PrivySettings
from django_privy.middleware import PrivyMiddleware
from privy_middleware import ConfigurationError, KeysUnavailable, PrivyConfig, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.events import Event, KeysStale
from tests.django.conftest import Get

ADA = {"user_id": "did:privy:dev-ada"}
NOBODY = {"user_id": None}
NO_KEYS = {
    "APP_ID": "privy-development-app",
    "JWKS_URL": "http://127.0.0.1:9/",
    "CLIENT_OPTIONS": {"trust_env": False},
}


def identity(issuer: DevelopmentIssuer, persona: str = "ada", **claims: Any) -> dict[str, str]:
    """Return the header with a token of a persona."""
    return {"privy-id-token": issuer.identity_token(persona, **claims)}


@sync_only_middleware
def sync_only(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """An old-style middleware."""
    return get_response


SHARED = PrivySettings()
SYNC_ONLY = [*settings.MIDDLEWARE, f"{__name__}.sync_only"]


@pytest.mark.parametrize("path", ["/seen", "/aseen", "/lenient", "/strict"])
def test_user_or_none(get: Get, issuer: DevelopmentIssuer, path: str) -> None:
    """The user is that of the token, and ``None`` without a token."""
    assert get(path, headers=identity(issuer)).json() == ADA
    assert get(path).json() == NOBODY


@pytest.mark.parametrize("path", ["/seen", "/aseen"])
def test_bad_token_on_an_open_route(get: Get, issuer: DevelopmentIssuer, path: str) -> None:
    """The view runs without a user."""
    assert get(path, headers={"privy-id-token": "garbage"}).json() == NOBODY


def test_user_is_looked_for_late_and_once() -> None:
    """Under WSGI, a token is verified when the user is first used, and only once."""
    seen: list[str] = []
    config = {"APP_ID": "app", "JWKS_URL": "http://127.0.0.1:9", "ON_REFUSED": lambda error: seen.append(error.code)}

    def view(request: Any) -> HttpResponse:
        assert seen == []
        assert request.privy_user is request.privy_user is None
        assert request.privy_auth.error == "malformed_token"
        return HttpResponse()

    with override_settings(PRIVY=config):
        PrivyMiddleware(view)(RequestFactory().get("/", headers={"privy-id-token": "garbage"}))
    assert seen == ["malformed_token"]


@pytest.mark.anyio
@pytest.mark.parametrize("member", ["privy_user", "aprivy_user"])
async def test_user_is_looked_for_late_on_the_event_loop(issuer: DevelopmentIssuer, member: str) -> None:
    """Under ASGI too, if the issuer's keys are known; otherwise code on the event loop would have to wait for them."""
    asked: list[str] = []

    def is_revoked(claims: Any) -> bool:
        asked.append(claims["sub"])
        return False

    async def view(request: Any) -> HttpResponse:
        before = list(asked)
        user = request.privy_user if member == "privy_user" else await request.aprivy_user()
        return HttpResponse(json.dumps([before, user.id]))

    async def blind(request: Any) -> HttpResponse:
        return HttpResponse()

    with override_settings(PRIVY={**settings.PRIVY, "IS_REVOKED": is_revoked}):
        for handler, persona in ((blind, "ada"), (view, "grace"), (blind, "ada")):
            middleware: Any = PrivyMiddleware(handler)
            middleware.settings = SHARED
            response = await middleware(AsyncRequestFactory().get("/", headers=identity(issuer, persona)))
            if handler is view:
                assert json.loads(response.content) == [["did:privy:dev-ada"], "did:privy:dev-grace"]
    assert asked == ["did:privy:dev-ada", "did:privy:dev-grace"]


def test_nothing_can_be_put_in_the_user_s_place(issuer: DevelopmentIssuer) -> None:
    """The attributes of the request are read-only, even if code writes to the request's dict."""
    request: Any = RequestFactory().get("/")
    PrivyMiddleware(lambda request: HttpResponse())(request)
    for name in ("privy_user", "privy_auth"):
        with pytest.raises(AttributeError):
            setattr(request, name, "somebody")
        vars(request)[name] = "somebody"
    assert request.privy_user is None
    assert request.privy_auth.user is None


@pytest.mark.parametrize("member", ["privy_user", "privy_auth"])
def test_without_middleware(member: str) -> None:
    """The error names the missing middleware, and where to list it."""
    with pytest.raises(ImproperlyConfigured, match=r"django_privy\.middleware\.PrivyMiddleware"):
        getattr(RequestFactory().get("/"), member)


@pytest.mark.anyio
async def test_without_middleware_async() -> None:
    """The same error is raised by ``aprivy_user``."""
    request: Any = AsyncRequestFactory().get("/")
    with pytest.raises(ImproperlyConfigured, match=r"django_privy\.middleware\.PrivyMiddleware"):
        await request.aprivy_user()


@pytest.mark.anyio
@modify_settings(INSTALLED_APPS={"remove": "django_privy.accounts"})
async def test_no_thread_hop_on_the_event_loop(issuer: DevelopmentIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The middleware is a coroutine function, and needs no thread for the user or the error response."""

    def hop(*args: object, **kwargs: object) -> None:
        raise AssertionError("a thread was asked for")

    async def view(request: Any) -> HttpResponse:
        return HttpResponse((await request.aprivy_user()).id)

    monkeypatch.setattr(asgiref.sync.SyncToAsync, "__call__", hop)
    for signal in (signals.user_authenticated, signals.request_refused):
        # Django runs sync receivers in a thread, and code examples of the documentation connect some.
        monkeypatch.setattr(signal, "receivers", [])
    with override_settings(PRIVY={**settings.PRIVY, "PROTECT": ["/"]}):
        middleware: Any = PrivyMiddleware(view)
        assert asgiref.sync.iscoroutinefunction(middleware)
        answered = await middleware(AsyncRequestFactory().get("/", headers=identity(issuer)))
        refused = await middleware(AsyncRequestFactory().get("/"))
    assert answered.content == b"did:privy:dev-ada"
    assert json.loads(refused.content) == {"message": "Unauthorized"}


def test_no_event_loop_in_sync(issuer: DevelopmentIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under WSGI, nothing is awaited."""

    def loop(*args: object, **kwargs: object) -> None:
        raise AssertionError("an event loop was asked for")

    monkeypatch.setattr(asgiref.sync.AsyncToSync, "__call__", loop)
    assert Client().get("/seen", headers=identity(issuer)).json() == ADA
    assert not asgiref.sync.iscoroutinefunction(PrivyMiddleware(lambda request: HttpResponse()))


@pytest.mark.anyio
@pytest.mark.parametrize("middleware", [settings.MIDDLEWARE, SYNC_ONLY], ids=["async", "behind sync"])
@pytest.mark.parametrize("path", ["/seen", "/aseen"])
async def test_event_loop_is_never_blocked(middleware: list[str], path: str) -> None:
    """Keys are fetched from a server on the same event loop, which could not respond if the loop was blocked."""
    issuer = DevelopmentIssuer()
    body = json.dumps(issuer.jwks()).encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        privy = {
            "APP_ID": issuer.app_id,
            "JWKS_URL": f"http://127.0.0.1:{port}/",
            "CLIENT_OPTIONS": {"trust_env": False},
        }
        with override_settings(PRIVY=privy, MIDDLEWARE=middleware):
            response = await AsyncClient().get(path, headers=identity(issuer))
    assert response.json() == ADA


def test_caches_are_told_when_the_user_was_looked_at(get: Get, issuer: DevelopmentIssuer) -> None:
    """``Vary`` is set if the user was used, and ``private`` if there was a token; otherwise nothing is set."""
    names = "Cookie, privy-id-token, Authorization"
    assert {name.lower() for name in get("/seen")["Vary"].split(", ")} == {name.lower() for name in names.split(", ")}
    assert not get("/seen").has_header("Cache-Control")
    assert get("/seen", headers=identity(issuer))["Cache-Control"] == "private, no-store"
    unseen = get("/unseen", headers=identity(issuer))
    assert not unseen.has_header("Cache-Control")
    assert not unseen.has_header("Vary")


def test_a_stream_may_yet_look(issuer: DevelopmentIssuer) -> None:
    """Its headers are sent before the generator runs, which may use the user; a file has a length and cannot."""
    request: Any = RequestFactory().get("/", headers=identity(issuer))
    stream: Any = PrivyMiddleware(lambda _: StreamingHttpResponse(request.privy_user.id for _ in range(1)))(request)
    assert stream["Cache-Control"] == "private, no-store"
    assert b"".join(stream) == b"did:privy:dev-ada"
    with Path(__file__).open("rb") as file:
        sent: Any = PrivyMiddleware(lambda _: FileResponse(file))(request)
        assert not sent.has_header("Vary")


def test_caches_are_told_beside_what_the_view_says(get: Get, issuer: DevelopmentIssuer) -> None:
    """The view's own headers are kept."""
    response = get("/cached", headers=identity(issuer))
    assert response["Cache-Control"] == "max-age=60"
    assert response["Vary"] == "Accept, cookie, privy-id-token, Authorization"


@pytest.fixture
def empty_cache() -> Iterator[None]:
    """Clear the cache before and after the test."""
    cache.clear()
    yield
    cache.clear()


GRACE = {"user_id": "did:privy:dev-grace"}
UNAUTHORIZED = {"message": "Unauthorized"}


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("path", ["/cached-outside", "/cached-inside"])
def test_page_cache_keeps_nothing_of_a_user(get: Get, issuer: DevelopmentIssuer, path: str) -> None:
    """A page of one user is not sent to others, whether the user is required inside or outside the cache."""
    for headers, expected in ((identity(issuer), ADA), ({}, UNAUTHORIZED), (identity(issuer, "grace"), GRACE)):
        assert get(path, headers=headers).json() == expected


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("path", ["/cached-open", "/acached-open"])
def test_page_cache_keeps_what_nobody_s_visit_made(get: Get, issuer: DevelopmentIssuer, path: str) -> None:
    """A page for a visitor without a token is sent to everyone, as with Django's own sessions."""
    assert get(path, headers=identity(issuer)).json() == ADA
    assert get(path, headers={"privy-id-token": "garbage"}).json() == NOBODY
    assert get(path, headers=identity(issuer, "grace")).json() == GRACE
    assert get(path).json() == NOBODY
    assert get(path, headers=identity(issuer)).json() == NOBODY


@pytest.mark.usefixtures("empty_cache")
def test_page_cache_told_what_pages_vary_on(get: Get, issuer: DevelopmentIssuer) -> None:
    """A view that declares what it varies on gets a page for each user."""
    for headers, expected in (({}, NOBODY), (identity(issuer), ADA), ({}, NOBODY), (identity(issuer, "grace"), GRACE)):
        assert get("/cached-for-each", headers=headers).json() == expected


def test_refusals_raised_in_a_view(get: Get, issuer: DevelopmentIssuer) -> None:
    """The error responses are sent, not pages of Django."""
    forbidden, unauthorized = get("/raising"), get("/araising")
    assert (forbidden.status_code, forbidden.json()) == (403, {"message": "Forbidden"})
    assert (unauthorized.status_code, unauthorized.json()) == (401, {"message": "Unauthorized"})
    assert unauthorized["WWW-Authenticate"] == "Bearer"
    assert unauthorized["Content-Length"] == str(len(unauthorized.content))


def test_the_app_s_own_errors_stay_its_own(get: Get, issuer: DevelopmentIssuer) -> None:
    """Neither another error nor a wrong setting becomes an error response of ours."""
    with pytest.raises(ZeroDivisionError):
        get("/failing")
    with pytest.raises(ConfigurationError):
        get("/misconfigured", headers=identity(issuer))


def test_protected_paths(get: Get, issuer: DevelopmentIssuer) -> None:
    """Below ``PROTECT``, only exempt paths are open; preflights get a response, or reach the view if configured."""
    with override_settings(PRIVY={**settings.PRIVY, "PROTECT": ["/"], "exempt": ["/unseen"]}):
        assert get("/seen").status_code == 401
        assert get("/nowhere").json() == {"message": "Unauthorized"}
        assert get("/nowhere", headers=identity(issuer)).status_code == 404
        assert get("/seen", headers=identity(issuer)).json() == ADA
        assert get("/unseen").content == b"open"
        answered = Client().options("/seen", headers={"access-control-request-method": "GET"})
    assert (answered.status_code, answered.content) == (204, b"")
    with override_settings(PRIVY={**settings.PRIVY, "PROTECT": ["/"], "PREFLIGHT": "pass"}):
        assert Client().options("/seen", headers={"access-control-request-method": "GET"}).json() == NOBODY
        assert Client().options("/seen").status_code == 401


def test_settings_are_read_at_each_request(get: Get, issuer: DevelopmentIssuer) -> None:
    """``override_settings`` applies immediately, and all forms of settings are accepted."""
    key = issuer.public_key_pem
    config = PrivyConfig(app_id=issuer.app_id, verification_key=key)
    assert get("/seen", headers=identity(issuer)).json() == ADA
    with override_settings(PRIVY={"APP_ID": "another", "VERIFICATION_KEY": key}):
        assert get("/seen", headers=identity(issuer)).json() == NOBODY
    for value in (config, PrivyVerifier(config)):
        with override_settings(PRIVY=value):
            assert get("/seen", headers=identity(issuer)).json() == ADA
    assert get("/seen", headers=identity(issuer)).json() == ADA


def test_settings_from_the_environment(issuer: DevelopmentIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``settings.PRIVY``, the settings come from the environment."""
    with override_settings():
        del settings.PRIVY
        with pytest.raises(ConfigurationError, match="PRIVY_APP_ID"):
            PrivyMiddleware(lambda request: HttpResponse())
        monkeypatch.setenv("PRIVY_APP_ID", issuer.app_id)
        monkeypatch.setenv("PRIVY_VERIFICATION_KEY", issuer.public_key_pem)
        assert Client().get("/seen", headers=identity(issuer)).json() == ADA


def test_dict_over_the_environment(issuer: DevelopmentIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dict adds to the environment and takes precedence over it, setting by setting."""
    monkeypatch.setenv("PRIVY_APP_ID", issuer.app_id)
    monkeypatch.setenv("PRIVY_VERIFICATION_KEY", issuer.public_key_pem)
    monkeypatch.setenv("PRIVY_ON_INVALID", "anonymous")
    with override_settings(PRIVY={"PROTECT": ["/seen"], "exempt": ["/seen/not"]}):
        assert Client().get("/seen").status_code == 401
        assert Client().get("/seen", headers=identity(issuer)).json() == ADA
        assert Client().get("/unseen").content == b"open"
    with override_settings(PRIVY={"LOGIN_URL": "/login", "ON_INVALID": "reject"}):
        gate = PrivyMiddleware(lambda request: HttpResponse()).settings.gate
        assert (gate.settings.login_url, gate.settings.on_invalid) == ("/login", "reject")
        assert Client().get("/seen", headers=identity(issuer)).json() == ADA


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "app_id: set it, as it is required"),
        ({"PROTECT": ["/"]}, 'settings.PRIVY\\["APP_ID"\\] or PRIVY_APP_ID '),
        ({"APP_ID": "x", "LEEWAY": -1}, 'PRIVY\\["LEEWAY"\\]'),
        ("an-app-id", "set a dict"),
    ],
)
def test_wrong_settings_stop_the_start(value: Any, text: str) -> None:
    """The message names the field and how to fix it."""
    with override_settings(PRIVY=value), pytest.raises(ConfigurationError, match=text):
        PrivyMiddleware(lambda request: HttpResponse())


def test_fail_fast() -> None:
    """With ``FAIL_FAST``, startup fails without keys."""
    privy = {
        "APP_ID": "x",
        "JWKS_URL": "http://127.0.0.1:9/",
        "FAIL_FAST": True,
        "CLIENT_OPTIONS": {"trust_env": False},
    }
    with override_settings(PRIVY=privy), pytest.raises(KeysUnavailable):
        PrivyMiddleware(lambda request: HttpResponse())


def test_signals(get: Get, issuer: DevelopmentIssuer) -> None:
    """The signals are sent for users that were used and for rejected requests, and for nothing else."""
    heard: list[tuple[str, str, str]] = []

    def authenticated(sender: object, request: HttpRequest, user: Any, auth: Any, **kwargs: Any) -> None:
        heard.append(("user", request.path, user.id))

    def refused(sender: object, request: HttpRequest, error: Any, **kwargs: Any) -> None:
        heard.append(("refused", request.path, error.code))

    with ExitStack() as stack:
        for signal, receiver in ((signals.user_authenticated, authenticated), (signals.request_refused, refused)):
            signal.connect(receiver)
            stack.callback(signal.disconnect, receiver)
        for path in ("/unseen", "/seen", "/required/1", "/raising"):
            get(path)
            get(path, headers=identity(issuer))
    assert heard == [
        ("user", "/seen", "did:privy:dev-ada"),
        ("refused", "/required/1", "missing_token"),
        ("user", "/required/1", "did:privy:dev-ada"),
        ("refused", "/raising", "condition_not_met"),
        ("refused", "/raising", "condition_not_met"),
    ]


def test_template(get: Get, issuer: DevelopmentIssuer) -> None:
    """A template can use the user, also if there is none."""
    assert get("/template", headers=identity(issuer)).content == b"ada@example.com"
    assert get("/template").content == b"nobody"


@override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
def test_own_origin_behind_a_proxy(issuer: DevelopmentIssuer) -> None:
    """Django determines the scheme."""
    client = Client(headers={"host": "app.example", "x-forwarded-proto": "https"})
    client.cookies["privy-id-token"] = issuer.identity_token("ada")
    assert client.post("/seen", headers={"origin": "https://app.example"}).json() == ADA
    assert client.post("/seen", headers={"origin": "http://app.example"}).json() == NOBODY


def test_page_redirect(get: Get, issuer: DevelopmentIssuer) -> None:
    """A page that needs a user redirects the browser to the login page, with the address to return to."""
    value = {**settings.PRIVY, "LOGIN_URL": "/login"}
    with override_settings(PRIVY=value):
        response = get("/required/1?a=b", headers={"accept": "text/html"})
    assert (response.status_code, response["Location"]) == (302, "/login?redirect_uri=%2Frequired%2F1%3Fa%3Db")


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_event_signal(client: Any, issuer: DevelopmentIssuer, caplog: pytest.LogCaptureFixture) -> None:
    """Each decision is sent with its request; a receiver that raises changes no response, and is logged."""
    heard: list[tuple[str, object]] = []

    def receive(sender: object, event: Event, request: HttpRequest | None = None, **kwargs: Any) -> None:
        heard.append((type(event).__name__, None if request is None else request.path))

    def fail(**kwargs: Any) -> None:
        raise LookupError

    def ask(**headers: Any) -> int:
        asking = client().get
        return int(
            (asgiref.sync.async_to_sync(asking) if client is AsyncClient else asking)("/seen", **headers).status_code
        )

    with ExitStack() as stack:
        for receiver in (fail, receive):
            signals.event.connect(receiver)
            stack.callback(signals.event.disconnect, receiver)
        assert ask(headers=identity(issuer)) == 200
        assert ask(headers={"privy-id-token": "garbage"}) == 200
        PrivySettings().gate.settings.reporter.report(KeysStale(url="https://example.com", usable_for=1.0))
    requests = [each for each in heard if each[1] is not None]
    assert requests == [("Authenticated", "/seen"), ("Refused", "/seen")]
    assert "LookupError" in caplog.text


def test_other_events_reach_the_signal() -> None:
    """An event that is not about a request is sent without one, once for each event."""
    heard: list[Event] = []

    def receive(sender: object, event: Event, **kwargs: Any) -> None:
        assert "request" not in kwargs
        heard.append(event)

    gate = PrivySettings().gate
    with override_settings(PRIVY=gate.settings):
        middleware = [PrivyMiddleware(lambda request: HttpResponse()) for _ in range(2)]
        stale = KeysStale(url="https://example.com", usable_for=1.0)
        middleware[0].settings.gate.settings.reporter.report(stale)
        assert heard == []
        signals.event.connect(receive)
        middleware[0].settings.gate.settings.reporter.report(stale)
        signals.event.disconnect(receive)
    assert heard == [stale]
