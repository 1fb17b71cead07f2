"""The signals for verified users and for rejected requests."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort

from flask_privy import Privy, privy_auth, privy_user, require_privy_user, signals
from privy_middleware import AuthenticationError
from privy_middleware.events import Authenticated, Event, KeysFetched, KeysStale, Refused
from tests.flask.conftest import ADA, Header

Sent = list[tuple[str, Any]]


@pytest.fixture
def sent(app: Flask) -> Any:
    """Record the signals of an app with two views that require a user and one that does not use it."""
    app.get("/decorated", endpoint="decorated")(require_privy_user(lambda: privy_user.id))
    app.get("/inside", endpoint="inside")(lambda: privy_auth.require().id)
    app.get("/blind", endpoint="blind")(lambda: "blind")
    collected: Sent = []

    def on_user(sender: Flask, user: Any, auth: Any) -> None:
        assert (sender, auth.user) == (app, user)
        collected.append(("user", user.id))

    def on_refused(sender: Flask, error: Any) -> None:
        assert sender is app
        collected.append(("refused", error.code))

    with (
        signals.user_authenticated.connected_to(on_user, app),
        signals.request_refused.connected_to(on_refused, app),
    ):
        yield collected


@pytest.mark.parametrize("path", ["/decorated", "/inside"])
def test_each_request_sends_once(app: Flask, sent: Sent, ada: Header, expired: Header, path: str) -> None:
    """Each request sends one signal, with the reason that the client does not get."""
    for headers in (ada, expired, {}):
        app.test_client().get(path, headers=headers)
    assert sent == [("user", ADA), ("refused", "token_expired"), ("refused", "missing_token")]


def test_nothing_is_sent_where_nobody_looks(app: Flask, sent: Sent, ada: Header, expired: Header) -> None:
    """A view that does not use the user sends no signal."""
    for headers in (ada, expired, {}):
        app.test_client().get("/blind", headers=headers)
    assert sent == []


@pytest.mark.parametrize("path", ["/", "/required"])
def test_a_fault_of_the_app_is_no_refusal(make_app: Callable[..., Flask], ada: Header, path: str) -> None:
    """A callback that cannot be used is a mistake in the app, so no request counts as rejected."""

    async def is_revoked(_: object) -> bool:
        return False

    app = make_app(is_revoked=lambda claims: is_revoked(dict(claims)))
    app.get("/")(lambda: str(privy_auth.user))
    app.get("/required", endpoint="required")(require_privy_user(lambda: "hello"))
    refused: list[object] = []

    def on_refused(sender: Flask, error: object) -> None:
        refused.append(error)

    with signals.request_refused.connected_to(on_refused, app):
        assert app.test_client().get(path, headers=ada).status_code == 500
    assert refused == []


def test_own_handler_does_not_stop_the_signal(app: Flask, sent: Sent) -> None:
    """The signal is sent even if the app's own handler creates the response."""
    app.errorhandler(AuthenticationError)(lambda error: ("own", error.status))
    assert app.test_client().get("/decorated").text == "own"
    assert sent == [("refused", "missing_token")]


def test_other_apps_hear_nothing(sent: Sent, make_app: Callable[..., Flask], ada: Header) -> None:
    """The sender of a signal is its app."""
    other = make_app()
    other.get("/", endpoint="index")(require_privy_user(lambda: "hello"))
    assert other.test_client().get("/", headers=ada).text == "hello"
    assert sent == []


def test_events(make_app: Callable[..., Flask], ada: Header) -> None:
    """Each decision is sent as one event; one about the keys is sent to every app with these settings."""
    app = make_app()

    @app.get("/users/<name>")
    @require_privy_user
    def named(name: str) -> str:
        return name

    events: list[Event] = []

    def on_event(sender: Flask, event: Event) -> None:
        assert sender is app
        events.append(event)

    with signals.event.connected_to(on_event, app):
        app.test_client().get("/users/ada", headers=ada)
        app.test_client().get("/users/ada")
        app.extensions["privy"].settings.reporter.report(KeysStale(url="https://example.com", usable_for=1.0))
    authenticated, refused, stale = (event for event in events if not isinstance(event, KeysFetched))
    assert isinstance(authenticated, Authenticated)
    assert (authenticated.route, authenticated.user_id) == ("/users/<name>", ADA)
    assert isinstance(refused, Refused)
    assert refused.code == "missing_token"
    assert isinstance(stale, KeysStale)


def test_events_after_the_end_of_an_app(make_app: Callable[..., Flask]) -> None:
    """Nothing is sent for an app that does not exist any more, whose settings another app still has."""
    events: list[object] = []

    def on_event(sender: Flask | None, event: Event) -> None:
        events.append(sender)

    settings = make_app().extensions["privy"].settings
    gc.collect()
    app = Flask(__name__)
    Privy(app, settings)
    with signals.event.connected_to(on_event):
        settings.reporter.report(KeysStale(url="https://example.com", usable_for=1.0))
    assert events == [app]


def test_a_receiver_of_events_that_raises(
    make_app: Callable[..., Flask], ada: Header, caplog: pytest.LogCaptureFixture
) -> None:
    """No response changes, and the log says what happened."""
    app = make_app()
    app.get("/me")(require_privy_user(lambda: "me"))

    def on_event(sender: Flask, event: Event) -> None:
        raise LookupError

    with signals.event.connected_to(on_event, app):
        assert app.test_client().get("/me", headers=ada).text == "me"
    assert "A receiver of the signal privy-event raised an exception" in caplog.text


def test_a_receiver_of_refusals_that_raises(make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture) -> None:
    """The request is rejected as without it."""
    app = make_app()
    app.get("/me")(require_privy_user(lambda: "me"))

    def on_refused(sender: Flask, error: object) -> None:
        raise LookupError

    with signals.request_refused.connected_to(on_refused, app):
        assert app.test_client().get("/me").status_code == 401
    assert "A receiver of the signal privy-request-refused raised an exception" in caplog.text


def test_a_receiver_of_users_that_raises(make_app: Callable[..., Flask], ada: Header) -> None:
    """It may reject a user."""
    app = make_app()
    app.get("/me")(require_privy_user(lambda: "me"))

    def on_user(sender: Flask, user: object, auth: object) -> None:
        abort(403)

    with signals.user_authenticated.connected_to(on_user, app):
        assert app.test_client().get("/me", headers=ada).status_code == 403


def test_event_of_a_request_that_fails(make_app: Callable[..., Flask], ada: Header) -> None:
    """The decision is reported although a test gets the app's exception instead of a response."""
    app = make_app()
    app.testing = True
    events: list[Event] = []

    @app.get("/fails")
    @require_privy_user
    def fails() -> str:
        raise LookupError

    def on_event(sender: Flask, event: Event) -> None:
        events.append(event)

    with signals.event.connected_to(on_event, app), pytest.raises(LookupError):
        app.test_client().get("/fails", headers=ada)
    assert type(events[-1]) is Authenticated
