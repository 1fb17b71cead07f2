"""Events about requests, in every framework: one for each decision, with what a developer needs and no secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from privy_middleware import ConfigurationError
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.development.personas import PERSONAS
from privy_middleware.errors import PrivyError
from privy_middleware.events import Anonymous, Authenticated, Event, Refused, RequestEvent, Revoked
from tests.behaviour.client import Client
from tests.behaviour.conftest import MakeClient
from tests.behaviour.test_table import INVALID, UNAUTHORIZED, bearer, broken, cookie, identity, refused
from tests.behaviour.watching import MintingIssuer, leaks

ROUTES = {"asgi": None, "wsgi": None}
SYNC = ("django", "flask", "wsgi")
ASYNC = ("asgi", "django_async", "fastapi", "litestar", "starlette")
LOCAL = ("Host", "localhost:8000")
REASON = "privy-debug-reason"
MADE_UP = (
    "The token is in a cookie, and the request comes from another site: if it is yours, add its origin to "
    "trusted_origins."
)


@pytest.fixture
def events() -> list[RequestEvent]:
    """Return the list that collects the events about requests."""
    return []


@pytest.fixture
def client(make_client: MakeClient, events: list[RequestEvent]) -> Client:
    """Return a client of an app whose events are collected."""
    return make_client(on_event=collect(events))


def collect(events: list[RequestEvent]) -> Callable[[Event], None]:
    """Return a hook that collects the events about requests."""
    return lambda event: events.append(event) if isinstance(event, RequestEvent) else None


def only(events: list[RequestEvent]) -> Any:
    """Return the only event since the last call."""
    (event,) = events
    events.clear()
    return event


def test_authenticated(client: Client, issuer: DevelopmentIssuer, events: list[RequestEvent], framework: str) -> None:
    """The event has the user's id, and where the token was, also when the token comes from the cache."""
    token = issuer.identity_token("ada")
    for header, source in ((identity(token), "header"), (cookie(token), "cookie"), (identity(token), "header")):
        assert client.request("GET", "/me", [header]).status == 200
        event = only(events)
        assert type(event) is Authenticated
        assert (event.user_id, event.issuer) == (PERSONAS["ada"].did, "privy.io")
        assert (event.kind, event.source) == ("identity", source)
        assert (event.method, event.route, event.path) == ("GET", ROUTES.get(framework, "/me"), "/me")


def test_anonymous(client: Client, events: list[RequestEvent]) -> None:
    """A request without a token to a route that needs none."""
    assert client.request("GET", "/optional?secret=1").status == 200
    event = only(events)
    assert type(event) is Anonymous
    assert event.path == "/optional"


@pytest.mark.parametrize(
    ("path", "make", "code", "status"),
    [
        ("/me", lambda _: [], "missing_token", 401),
        ("/session", lambda issuer: [identity(issuer.identity_token("ada"))], "missing_token", 401),
        ("/me", lambda issuer: [identity(broken(issuer.identity_token("ada")))], "bad_signature", 401),
        ("/optional", lambda issuer: [bearer(broken(issuer.access_token("ada")))], "bad_signature", 401),
        ("/", lambda issuer: [identity(broken(issuer.identity_token("ada")))], "bad_signature", None),
        ("/me", lambda _: [("Cookie", "privy-id-token=a; privy-id-token=b")], "conflicting_tokens", 401),
        ("/admin", lambda issuer: [identity(issuer.identity_token("guest"))], "condition_not_met", 403),
        ("/wallet", lambda issuer: [bearer(issuer.access_token("ada"))], "incomplete_user", 403),
    ],
)
def test_refused(  # noqa: PLR0917 (the table's columns)
    path: str,
    make: Callable[[DevelopmentIssuer], Any],
    code: str,
    status: int | None,
    client: Client,
    issuer: DevelopmentIssuer,
    events: list[RequestEvent],
    framework: str,
) -> None:
    """There is one event, with the code, the reason, and what was answered."""
    answer = client.request("GET", path, make(issuer))
    event = only(events)
    assert type(event) is Refused
    assert (event.code, event.status) == (code, status)
    assert answer.status == (status or 200)
    assert event.reason == str(event.error) == event.error.detail
    assert event.reason.endswith(".")
    assert event.route == ROUTES.get(framework, path)
    assert leaks(repr(event) + event.reason, MintingIssuer.minted) == set()


def test_where_the_token_was(client: Client, issuer: DevelopmentIssuer, events: list[RequestEvent]) -> None:
    """The event names the token that was refused, also if there are two."""
    good, bad = issuer.identity_token("ada"), broken(issuer.access_token("ada"))
    client.request("GET", "/me", [cookie(good), bearer(bad)])
    event = only(events)
    assert (event.kind, event.source) == ("access", "header")
    client.request("GET", "/me", [cookie(broken(good))])
    event = only(events)
    assert (event.kind, event.source) == ("identity", "cookie")


def test_condition(client: Client, issuer: DevelopmentIssuer, events: list[RequestEvent]) -> None:
    """The condition that was not met is named."""
    client.request("GET", "/admin", [identity(issuer.identity_token("guest"))])
    event = only(events)
    assert "role" in (event.condition or "")
    assert event.condition in event.reason


def test_missing_token_says_where_it_was_looked_for(client: Client, events: list[RequestEvent]) -> None:
    """So does an ``Authorization`` header without the scheme, which is the usual mistake."""
    client.request("GET", "/me")
    assert "header privy-id-token, header authorization, cookie privy-id-token" in only(events).reason
    client.request("GET", "/me", [("Authorization", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln")])
    assert 'does not begin with "Bearer "' in only(events).reason


def test_revoked(make_client: MakeClient, issuer: DevelopmentIssuer, events: list[RequestEvent]) -> None:
    """A revoked token has an event of its own."""
    client = make_client(on_event=collect(events), is_revoked=lambda _: True)
    refused(client.request("GET", "/me", [identity(issuer.identity_token("ada"))]), 401, INVALID)
    event = only(events)
    assert (type(event), event.code) == (Revoked, "token_revoked")


def test_cross_site(client: Client, issuer: DevelopmentIssuer, events: list[RequestEvent]) -> None:
    """The reason says what to do."""
    headers = [cookie(issuer.identity_token("ada")), ("Sec-Fetch-Site", "cross-site")]
    client.request("POST", "/profile", headers)
    event = only(events)
    assert event.code == "cross_site_request"
    assert "trusted_origins" in event.reason


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_method_that_a_client_makes_up(client: Client, issuer: DevelopmentIssuer, events: list[RequestEvent]) -> None:
    """Its text is not in the reason, which the log and metrics may keep for long."""
    headers = [cookie(issuer.identity_token("ada")), ("Sec-Fetch-Site", "cross-site")]
    for method in ("SECRETONE", "SECRETTWO"):
        client.request(method, "/profile", headers)
    # Some frameworks look for the method first.
    reasons = {event.reason for event in events if isinstance(event, Refused)}
    assert reasons <= {MADE_UP}


def test_websocket(client: Client, issuer: DevelopmentIssuer, events: list[RequestEvent]) -> None:
    """A WebSocket has an event when it is accepted or refused."""
    if not client.websockets:
        assert client.websockets is False
        return
    assert client.websocket("/ws", [identity(issuer.identity_token("ada"))]).accepted
    event = only(events)
    assert (type(event), event.method) == (Authenticated, "WEBSOCKET")
    assert not client.websocket("/ws").accepted
    assert only(events).code == "missing_token"


def test_log(client: Client, issuer: DevelopmentIssuer, caplog: pytest.LogCaptureFixture, framework: str) -> None:
    """The first refusal of a code is a warning, the next ones are at level INFO, and each line has the place."""
    caplog.set_level(logging.INFO)
    bad = broken(issuer.identity_token("ada"))
    for _ in range(3):
        client.request("GET", "/me", [identity(bad)])
        client.request("GET", "/me")
    ours = [each for each in caplog.records if each.name == "privy_middleware.requests"]
    assert [each.levelname for each in ours] == ["WARNING", "WARNING", "INFO", "INFO", "INFO", "INFO"]
    signature, missing = ours[0].getMessage(), ours[1].getMessage()
    assert signature.startswith(
        "privy-middleware: GET /me: 401, bad_signature (identity token, header). The signature does not verify"
    )
    assert missing.startswith("privy-middleware: GET /me: 401, missing_token. There is no token in the request")


@pytest.mark.parametrize("given", [LookupError("shown nowhere"), PrivyError("shown nowhere")])
def test_hook_that_raises(
    given: Exception, make_client: MakeClient, issuer: DevelopmentIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """No answer changes, and the exception is logged."""

    def hook(_: Event) -> None:
        raise given

    client = make_client(on_event=hook)
    assert client.request("GET", "/me", [identity(issuer.identity_token("ada"))]).status == 200
    refused(client.request("GET", "/me"), 401, UNAUTHORIZED)
    assert f"on_event raised {type(given).__name__}" in caplog.text


def test_async_hook(make_client: MakeClient, issuer: DevelopmentIssuer, framework: str) -> None:
    """It is awaited where there is an event loop, and where there is none it is a wrong setting."""
    events: list[Event] = []

    async def hook(event: Event) -> None:
        events.append(event)
        raise LookupError

    if framework in SYNC:
        with pytest.raises(ConfigurationError, match="on_event"):
            make_client(on_event=hook).request("GET", "/")
        return
    client = make_client(on_event=[hook])
    assert client.request("GET", "/me", [identity(issuer.identity_token("ada"))]).status == 200
    refused(client.request("GET", "/me"), 401, UNAUTHORIZED)
    decisions = [type(event) for event in events if isinstance(event, RequestEvent)]
    assert decisions == [Authenticated, Refused]


def test_async_hook_that_never_ends(make_client: MakeClient, issuer: DevelopmentIssuer, framework: str) -> None:
    """The response does not wait for it."""
    if framework in SYNC:
        assert framework not in ASYNC
        return
    called: list[Event] = []

    async def hook(event: Event) -> None:
        called.append(event)
        await anyio.sleep_forever()

    client = make_client(on_event=hook)
    assert client.request("GET", "/me", [identity(issuer.identity_token("ada"))]).status == 200
    assert called


def test_debug_reasons(make_client: MakeClient, issuer: DevelopmentIssuer, caplog: pytest.LogCaptureFixture) -> None:
    """A local client gets the reason in a header; the answer is otherwise the same."""
    client = make_client(debug_reasons=True)
    bad = [identity(issuer.identity_token("ada", exp=1))]
    plain, debug = (
        client.request("GET", "/me", [*bad, ("Host", "app.example")]),
        client.request("GET", "/me", [*bad, LOCAL]),
    )
    refused(plain, 401, INVALID)
    refused(debug, 401, INVALID)
    assert "debug_reasons is on" in caplog.text
    assert plain.header(REASON) is None
    assert (debug.header(REASON) or "").startswith("token_expired: The token expired ")
    assert (client.request("GET", "/me", [LOCAL]).header(REASON) or "").startswith("missing_token: There is no token")
    answer = client.request("GET", "/admin", [identity(issuer.identity_token("guest")), LOCAL])
    assert answer.status == 403
    assert (answer.header(REASON) or "").startswith("condition_not_met: ")


@pytest.mark.parametrize(
    "header",
    [
        ("Host", "app.example.com"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"),
        ("Via", "1.1 proxy"),
        ("X-Forwarded-Port", "443"),
        ("CF-Connecting-IP", "192.0.2.1"),
        ("True-Client-IP", "192.0.2.1"),
    ],
)
def test_debug_reasons_behind_a_proxy(header: tuple[str, str], make_client: MakeClient) -> None:
    """A proxy on the same machine connects over loopback, for clients that are anywhere."""
    client = make_client(debug_reasons=True)
    headers = [header] if header[0] == "Host" else [LOCAL, header]
    answer = client.request("GET", "/me", headers)
    refused(answer, 401, UNAUTHORIZED)
    assert answer.header(REASON) is None


def test_no_reasons_by_default(client: Client) -> None:
    """Nobody but the developer learns the reason."""
    assert client.request("GET", "/me", [LOCAL]).header(REASON) is None
