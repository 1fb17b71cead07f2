"""Events about webhooks: accepted and refused."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from privy_middleware import PrivyConfig
from privy_middleware.errors import UserDeleted, UserUnavailable
from privy_middleware.events import Event, UserLoaded, UserLoadFailed, WebhookAccepted, WebhookRefused
from privy_middleware.loader import UserLoader
from privy_middleware.webhooks import WebhookASGIApp, WebhookReceiver, WebhookWSGIApp
from tests.loader.server import APP_ID, DID, record
from tests.webhooks.sending import SECRET, at_now, event, headers


def receiver(**options: Any) -> WebhookReceiver:
    """Return a receiver at the time of the webhooks."""
    return WebhookReceiver(SECRET, clock=at_now, **options)


def test_accepted_and_refused() -> None:
    """The events go to the hooks of the configuration."""
    events: list[Event] = []
    taking = receiver(config=PrivyConfig(app_id=APP_ID, on_event=events.append))
    body = event("user.created")
    assert taking.receive("POST", headers(body), body).status == 204
    assert taking.receive("POST", headers(body), body + b" ").status == 400
    assert taking.receive("GET", {}, b"").status == 405
    accepted, *refused = events
    assert isinstance(accepted, WebhookAccepted)
    assert (accepted.id, accepted.type) == ("msg_1", "user.created")
    assert [each.code for each in refused if isinstance(each, WebhookRefused)] == ["invalid_webhook", "webhook_method"]


def test_the_configuration_of_the_loader() -> None:
    """It is the default, and gets the loader's own events as well."""
    events: list[Event] = []
    found: dict[str, Any] = {DID: record(DID)}

    def load(did: str) -> Any:
        if did == "did:privy:broken":
            raise LookupError
        return found.get(did)

    users = UserLoader(PrivyConfig(app_id=APP_ID, on_event=events.append), load_user=load)
    assert users.load(DID) == users.load(DID)
    for did, error in (("did:privy:none", UserDeleted), ("did:privy:broken", UserUnavailable)):
        with pytest.raises(error):
            users.load(did)
    first, second, failed = events
    assert isinstance(first, UserLoaded)
    assert (first.app_id, first.user_id, first.found) == (APP_ID, DID, True)
    assert isinstance(second, UserLoaded)
    assert second.found is False
    assert isinstance(failed, UserLoadFailed)
    assert failed.reason == "load_user raised LookupError"
    events.clear()
    body = event()
    receiver(users=users).receive("POST", headers(body), body)
    assert [type(each) for each in events] == [WebhookAccepted]


def test_endpoints_take_the_configuration() -> None:
    """The apps for webhooks have the same arguments as the receiver."""
    config = PrivyConfig(app_id=APP_ID)
    for made in (WebhookASGIApp(SECRET, config=config), WebhookWSGIApp(SECRET, config=config)):
        assert callable(made)


def test_log_without_a_configuration(caplog: pytest.LogCaptureFixture) -> None:
    """A refused webhook is seen by default."""
    caplog.set_level(logging.INFO)
    assert receiver().receive("POST", {}, b"").status == 400
    (line,) = caplog.records
    assert (line.name, line.levelname) == ("privy_middleware.webhooks", "WARNING")
    assert line.getMessage() == (
        "A webhook was refused, invalid_webhook. The request does not have exactly one header svix-id."
    )
