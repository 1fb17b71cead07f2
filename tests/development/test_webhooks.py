"""The webhooks of a development issuer, and its users in the form of the REST API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from privy_middleware import ConfigurationError, UnknownAccount
from privy_middleware.development import PERSONAS, DevelopmentIssuer, Persona
from privy_middleware.development.records import WEBHOOK_EVENTS, check_webhook_secret, user_record
from privy_middleware.users.records import user_from_record
from privy_middleware.webhooks import WebhookEvent, WebhookReceiver, WebhookVerifier


def received(issuer: DevelopmentIssuer, *args: Any, **fields: Any) -> WebhookEvent:
    """Return the event that an endpoint gets."""
    events: list[WebhookEvent] = []
    delivery = issuer.webhook(*args, **fields)
    receiver = WebhookReceiver(issuer.webhook_secret, on_event=events.append)
    assert receiver.receive("POST", delivery.headers, delivery.body).status == 204
    [event] = events
    return event


class TestWebhook:
    """``issuer.webhook``."""

    @pytest.mark.parametrize("kind", WEBHOOK_EVENTS)
    @pytest.mark.parametrize("name", PERSONAS)
    def test_verifies(self, kind: str, name: str) -> None:
        """Every type of event about every persona is accepted by a receiver, and names the user."""
        event = received(DevelopmentIssuer(), kind, name)
        assert event.type == kind
        assert PERSONAS[name].did in event.user_ids

    def test_user_is_complete(self) -> None:
        """The user of an event has the accounts of the persona."""
        issuer = DevelopmentIssuer()
        event = received(issuer, "user.created", "ada")
        assert event.user is not None
        assert event.user.linked_accounts == issuer.user("ada").linked_accounts
        assert event.payload["user"]["has_accepted_terms"] is True
        assert "account" not in event.payload

    def test_accounts(self) -> None:
        """Events about accounts have an account, which is no longer the user's if it was unlinked."""
        issuer = DevelopmentIssuer()
        linked = received(issuer, "user.linked_account", "ada")
        unlinked = received(issuer, "user.unlinked_account", "ada")
        for event in (linked, unlinked):
            assert event.payload["account"]["address"] == "ada@example.com"
        assert linked.payload["user"]["linked_accounts"][0] == linked.payload["account"]
        assert unlinked.user is not None
        assert unlinked.user.linked_accounts == issuer.user("ada").linked_accounts[1:]
        wallet = received(issuer, "user.wallet_created", "ada").payload["wallet"]
        assert (wallet["type"], wallet["wallet_client_type"]) == ("wallet", "privy")

    def test_deleted_users(self) -> None:
        """The receiver learns who was deleted."""
        issuer = DevelopmentIssuer()
        assert received(issuer, "user.deleted", "grace").deleted_user_ids == ("did:privy:dev-grace",)
        transferred = received(issuer, "user.transferred_account", "grace")
        assert transferred.deleted_user_ids == ("did:privy:dev-grace-before",)
        assert transferred.user is not None
        assert transferred.user.id == "did:privy:dev-grace"

    def test_fields(self) -> None:
        """Fields are added, replaced and removed; other types of events have the user."""
        issuer = DevelopmentIssuer()
        event = received(issuer, "user.kyc.updated", "ada", status="approved")
        assert event.payload.keys() == {"type", "user", "status"}
        event = received(issuer, "mfa.enabled", Persona("me", "did:privy:me"), method="sms", user_id=None)
        assert dict(event.payload) == {"type": "mfa.enabled", "method": "sms"}

    def test_headers(self) -> None:
        """The webhook has the issuer's time, an id of its own each time, and is JSON."""
        issuer = DevelopmentIssuer(clock=lambda: 1_800_000_000.9)
        first, second = issuer.webhook("user.created"), issuer.webhook("user.created")
        assert first.headers["svix-timestamp"] == "1800000000"
        assert first.headers["svix-id"] != second.headers["svix-id"]
        assert first.headers["content-type"] == "application/json"
        assert first.body == second.body
        checking = WebhookVerifier(issuer.webhook_secret, clock=lambda: 1_800_000_100)
        assert checking.verify(first.headers, first.body).timestamp == 1_800_000_000

    def test_another_issuer(self) -> None:
        """Each issuer has its own secret, and the receiver of another one refuses the webhook."""
        delivery = DevelopmentIssuer().webhook("user.created")
        receiver = WebhookReceiver(DevelopmentIssuer().webhook_secret)
        assert receiver.receive("POST", delivery.headers, delivery.body).status == 400

    def test_unknown_persona(self) -> None:
        """The error lists the known ones."""
        with pytest.raises(ConfigurationError, match="ada, grace"):
            DevelopmentIssuer().webhook("user.created", "nobody")


class TestRecord:
    """A user as the REST API returns it."""

    @pytest.mark.parametrize("name", PERSONAS)
    def test_is_the_user_of_the_token(self, name: str) -> None:
        """The record has the same accounts as the token, and only the tokens' unknown accounts keep other names."""
        token_user = DevelopmentIssuer().user(name)
        user = user_from_record(json.loads(json.dumps(user_record(PERSONAS[name]))), fresh_at=1)
        assert (user.id, user.created_at, user.is_guest) == (token_user.id, token_user.created_at, token_user.is_guest)
        assert dict(user.custom_metadata or {}) == dict(token_user.custom_metadata or {})
        for given, expected in zip(user.linked_accounts, token_user.linked_accounts, strict=True):
            assert given.latest_verified_at == expected.latest_verified_at
            if isinstance(expected, UnknownAccount):
                assert given.type == expected.type
            else:
                assert given == expected

    def test_account_without_a_time(self) -> None:
        """An account that was never verified has no times."""
        persona = Persona("me", "did:privy:me", linked_accounts=({"type": "email", "address": "me@example.com"},))
        assert user_record(persona)["linked_accounts"] == [{"type": "email", "address": "me@example.com"}]


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_?", "c2VjcmV0IG9mIHR3ZW50eS1mb3VyIQ=="])
def test_wrong_secrets(text: str) -> None:
    """What is no signing key is not taken for one."""
    with pytest.raises(ValueError, match=r"."):
        check_webhook_secret(text)
