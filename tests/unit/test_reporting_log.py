"""The lines of events in the log: one logger for each subject, and warnings without a flood."""

from __future__ import annotations

import logging

import pytest

from privy_middleware.errors import (
    AuthorizationError,
    BadSignature,
    InvalidWebhook,
    LoginRequired,
    MissingToken,
    PrivyError,
    TokenExpired,
    WebhookTooLarge,
)
from privy_middleware.events import (
    Anonymous,
    Authenticated,
    Event,
    KeysStale,
    Refused,
    UserLoaded,
    UserLoadFailed,
    WebhookAccepted,
    WebhookRefused,
)
from privy_middleware.reporting import Reporter
from privy_middleware.reporting.log import EventLog
from tests.support.clock import Clock


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Record every level."""
    caplog.set_level(logging.DEBUG)
    return caplog


def refused(error: PrivyError, answer: PrivyError | None = None) -> Refused:
    """Return the event of a refusal."""
    return Refused(method="GET", route="/items/{id}", path="/items/7", error=error, answer=answer)


def written(log: EventLog, *events: Event) -> None:
    """Write events."""
    for event in events:
        log.write(event)


@pytest.mark.parametrize(
    ("event", "logger", "level", "text"),
    [
        (
            refused(BadSignature("Why.").of_token("identity", "cookie"), BadSignature()),
            "requests",
            "WARNING",
            "privy-middleware: GET /items/{id}: 401, bad_signature (identity token, cookie). Why.",
        ),
        (
            refused(MissingToken("Why."), MissingToken()),
            "requests",
            "WARNING",
            "privy-middleware: GET /items/{id}: 401, missing_token. Why.",
        ),
        (
            refused(BadSignature("Why.")),
            "requests",
            "WARNING",
            "privy-middleware: GET /items/{id}: served without a user, bad_signature. Why.",
        ),
        (
            refused(TokenExpired("Why."), LoginRequired("/login")),
            "requests",
            "WARNING",
            "privy-middleware: GET /items/{id}: 302, token_expired. Why.",
        ),
        (
            Authenticated(method="POST", path="/a", user_id="did:1", kind="access", source="header"),
            "requests",
            "DEBUG",
            "privy-middleware: POST /a: authenticated (access token, header).",
        ),
        (Anonymous(method="GET", path="/a"), "requests", "DEBUG", "privy-middleware: GET /a: no token."),
        (
            WebhookAccepted(id="1", type="user.created"),
            "webhooks",
            "DEBUG",
            "A webhook of type user.created was accepted.",
        ),
        (
            WebhookRefused(error=InvalidWebhook("Why.")),
            "webhooks",
            "WARNING",
            "A webhook was refused, invalid_webhook. Why.",
        ),
        (UserLoaded(app_id="app", user_id="did:1", found=True), "users", "DEBUG", "A user of app was loaded."),
        (UserLoaded(app_id="app", user_id="did:1", found=False), "users", "DEBUG", "app has no such user."),
        (
            UserLoadFailed(app_id="app", reason="it is down", retry_in=1.0),
            "users",
            "WARNING",
            "A user of app cannot be loaded: it is down.",
        ),
    ],
)
def test_lines(event: Event, logger: str, level: str, text: str, lines: pytest.LogCaptureFixture) -> None:
    """Each subject has its logger."""
    EventLog().write(event)
    (record,) = lines.records
    assert (record.name, record.levelname, record.getMessage()) == (f"privy_middleware.{logger}", level, text)


def test_a_visitor_on_the_way_to_the_login_page(lines: pytest.LogCaptureFixture) -> None:
    """It is nothing to warn of."""
    login = LoginRequired("/login")
    EventLog().write(refused(login, login))
    (record,) = lines.records
    assert record.levelname == "INFO"


def test_keys_are_logged_elsewhere(lines: pytest.LogCaptureFixture) -> None:
    """Their own logger knows about outages."""
    EventLog().write(KeysStale(url="https://example.com", usable_for=1.0))
    assert lines.records == []


def test_warnings_are_repeated_every_five_minutes(lines: pytest.LogCaptureFixture) -> None:
    """In between refusals are at level INFO; the next warning has their number. Each code has its own time."""
    clock = Clock(0.0)
    log = EventLog(clock)
    missing = refused(MissingToken(), MissingToken())
    written(log, missing, missing, missing, refused(TokenExpired(), TokenExpired()))
    clock.advance(299)
    written(log, missing)
    clock.advance(1)
    written(log, missing, missing)
    assert [record.levelname for record in lines.records] == [
        "WARNING",
        "INFO",
        "INFO",
        "WARNING",
        "INFO",
        "WARNING",
        "INFO",
    ]
    repeated = [record.getMessage() for record in lines.records if "more since" in record.getMessage()]
    assert [text.rpartition(" (")[2] for text in repeated] == ["3 more since the last warning)"]


def test_each_reason_has_its_own_time(lines: pytest.LogCaptureFixture) -> None:
    """Codes of webhooks and of requests do not share it."""
    written(EventLog(), *(WebhookRefused(error=error) for error in (InvalidWebhook(), WebhookTooLarge())))
    assert [record.levelname for record in lines.records] == ["WARNING", "WARNING"]


def test_requests_that_are_not_refused(caplog: pytest.LogCaptureFixture) -> None:
    """Requests that are not refused are logged at level DEBUG only."""
    assert not Reporter().listens()
    caplog.set_level(logging.DEBUG, "privy_middleware.requests")
    assert Reporter().listens()


def test_reasons_that_differ_in_a_number_are_one(lines: pytest.LogCaptureFixture) -> None:
    """Different reasons of one code each have a warning."""
    reasons = ("It expired 1 s ago.", "It expired 25 s ago.", "It never began.")
    written(EventLog(), *(refused(TokenExpired(reason), TokenExpired()) for reason in reasons))
    assert [record.levelname for record in lines.records] == ["WARNING", "INFO", "WARNING"]


def test_number_of_reasons_is_limited(lines: pytest.LogCaptureFixture) -> None:
    """An app may put a name into each reason: neither the warnings nor the memory grow with them."""
    clock = Clock(0.0)
    log = EventLog(clock)
    names = ["".join(chr(ord("a") + int(digit)) for digit in str(number)) for number in range(300)]
    for start in (0, 300):
        clock.advance(start)
        lines.clear()
        written(log, *(refused(AuthorizationError(f"{name} is banned."), AuthorizationError()) for name in names * 2))
        levels = [record.levelname for record in lines.records]
        assert levels == ["WARNING"] * 200 + ["INFO"] * 400
    assert len(log._warned_at) == len(log._since) == 200
