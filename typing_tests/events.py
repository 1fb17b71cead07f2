"""Events: hooks of the settings, OpenTelemetry, and the signals."""

from __future__ import annotations

from typing import assert_type

from flask import Flask

from django_privy.signals import event as django_event
from flask_privy import signals
from privy_middleware import PrivyConfig, PrivyError
from privy_middleware.events import (
    Anonymous,
    Authenticated,
    Event,
    KeysChanged,
    KeysEvent,
    KeysFailed,
    KeysFetched,
    KeysStale,
    OnEvent,
    Refused,
    RequestEvent,
    RevocationsFailed,
    RevocationsRecovered,
    Revoked,
    SharedKeysRejected,
    UserLoaded,
    UserLoadFailed,
    WebhookAccepted,
    WebhookRefused,
)
from privy_middleware.opentelemetry import OpenTelemetry


def on_event(event: Event) -> None:
    assert_type(event.at, float)
    match event:
        case Refused():
            assert_type(event.error, PrivyError)
            assert_type(event.answer, PrivyError | None)
            assert_type(event.code, str)
            assert_type(event.reason, str)
            assert_type(event.condition, str | None)
            assert_type(event.status, int | None)
            assert_type(event.kind, str | None)
            assert_type(event.source, str | None)
        case Authenticated():
            assert_type(event.user_id, str)
            assert_type(event.issuer, str | None)
        case RequestEvent():
            assert_type(event.method, str)
            assert_type(event.route, str | None)
            assert_type(event.path, str)
        case SharedKeysRejected():
            assert_type((event.url, event.reason), tuple[str, str])
        case KeysEvent():
            assert_type(event.url, str)
        case _:
            pass


def on_outage(event: Event) -> None:
    if isinstance(event, RevocationsFailed):
        assert_type(event.reason, str)
        assert_type(event.refusing, bool)
    elif isinstance(event, RevocationsRecovered):
        assert_type(event.after, float)


def on_other_event(event: Event) -> None:
    match event:
        case KeysFetched():
            assert_type((event.count, event.fresh_for), tuple[int, float])
        case KeysChanged():
            assert_type((event.added, event.removed), tuple[int, int])
        case KeysFailed():
            assert_type((event.reason, event.retry_in, event.usable_for), tuple[str, float, float])
        case KeysStale():
            assert_type(event.usable_for, float)
        case WebhookAccepted():
            assert_type((event.id, event.type), tuple[str, str])
        case WebhookRefused():
            assert_type((event.code, event.error), tuple[str, PrivyError])
        case UserLoaded():
            assert_type((event.app_id, event.user_id, event.found), tuple[str, str, bool])
        case UserLoadFailed():
            assert_type((event.app_id, event.reason, event.retry_in), tuple[str, str, float])
        case Anonymous() | Revoked():
            assert_type(event.method, str)
        case _:
            pass


async def on_event_later(event: Event) -> None:
    on_event(event)


hooks: list[OnEvent] = [on_event, on_event_later, OpenTelemetry(user_ids=True)]
one = PrivyConfig(app_id="app", on_event=on_event_later)
several = PrivyConfig(app_id="app", on_event=hooks, debug_reasons=True)
assert_type(several.debug_reasons, bool)


def on_django_event(sender: object, event: Event, **kwargs: object) -> None:
    on_event(event)


django_event.connect(on_django_event)


@signals.event.connect
def on_flask_event(sender: Flask, event: Event) -> None:
    on_event(event)


signals.event.disconnect(on_flask_event)
django_event.disconnect(on_django_event)
