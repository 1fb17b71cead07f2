"""Users in the form of the REST API and the webhooks, and the events of webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privy_middleware.development.personas import Persona
from privy_middleware.development.signing import compact
from privy_middleware.users.accounts import parse_accounts

__all__ = [
    "WEBHOOK_EVENTS",
    "WebhookDelivery",
    "check_webhook_secret",
    "new_webhook_secret",
    "user_record",
    "webhook_delivery",
]

_PREFIX = "whsec_"
_OF_ACCOUNTS = ("user.authenticated", "user.linked_account", "user.unlinked_account", "user.updated_account")
_OF_MFA = ("mfa.enabled", "mfa.disabled")

WEBHOOK_EVENTS: tuple[str, ...] = (
    "user.created",
    *_OF_ACCOUNTS,
    "user.transferred_account",
    "user.wallet_created",
    "user.deleted",
    *_OF_MFA,
)
"""The types of events whose fields the issuer knows."""


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """A signed webhook: the headers and the body of the ``POST`` request that Privy would send.

    Attributes:
        headers: the three headers of the signature, and the content type.
        body: the event as JSON; the signature covers exactly these bytes.
    """

    headers: Mapping[str, str]
    body: bytes


def new_webhook_secret() -> str:
    """Return a new signing key for webhooks, as the dashboard shows it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def check_webhook_secret(text: str) -> None:
    """Check a signing key (Standard Webhooks, "Signature scheme": 24 to 64 bytes).

    Raises:
        ValueError: if it is anything else.
    """
    if not text.startswith(_PREFIX) or not 24 <= len(_key(text)) <= 64:
        raise ValueError("not a signing key for webhooks")


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)


def user_record(persona: Persona) -> dict[str, Any]:
    """Return a user as ``GET /v1/users/<id>`` does."""
    return {
        "id": persona.did,
        "created_at": persona.created_at,
        "linked_accounts": [_account_record(account) for account in persona.linked_accounts],
        "custom_metadata": persona.custom_metadata or {},
        "mfa_methods": [],
        "has_accepted_terms": True,
        "is_guest": persona.is_guest,
    }


def _account_record(account: Mapping[str, Any]) -> dict[str, Any]:
    """Return an account with the names of the REST API, which differ from those of the token."""
    [parsed] = parse_accounts([account])
    record = parsed.to_dict()
    latest = record.pop("lv", record.get("latest_verified_at"))
    if latest is None:
        return record
    return record | {"verified_at": latest, "first_verified_at": latest, "latest_verified_at": latest}


def webhook_delivery(
    event_type: str, persona: Persona, fields: Mapping[str, Any], *, secret: str, now: int
) -> WebhookDelivery:
    """Return a signed webhook about a user; ``fields`` replace those of the event, and ``None`` removes one."""
    event = {"type": event_type, **_event_fields(event_type, persona), **fields}
    body = compact({name: value for name, value in event.items() if value is not None}).encode()
    event_id, timestamp = f"msg_{secrets.token_hex(12)}", str(now)
    # Standard Webhooks, "Signature scheme": HMAC-SHA256 of id, timestamp and body.
    text = b".".join([event_id.encode(), timestamp.encode(), body])
    digest = hmac.digest(_key(secret), text, hashlib.sha256)
    headers = {
        "content-type": "application/json",
        "svix-id": event_id,
        "svix-timestamp": timestamp,
        "svix-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    return WebhookDelivery(headers, body)


def _event_fields(event_type: str, persona: Persona) -> dict[str, Any]:
    user = user_record(persona)
    accounts: Sequence[dict[str, Any]] = user["linked_accounts"]
    first = next(iter(accounts), None)
    if event_type in _OF_MFA:
        return {"user_id": persona.did, "method": "totp"}
    if event_type == "user.transferred_account":
        before = {"id": f"{persona.did}-before"}
        return {"fromUser": before, "toUser": user, "account": first, "deletedUser": True}
    if event_type == "user.wallet_created":
        return {"user": user, "wallet": next((each for each in accounts if each["type"] == "wallet"), None)}
    if event_type == "user.unlinked_account":
        return {"user": {**user, "linked_accounts": accounts[1:]}, "account": first}
    return {"user": user, "account": first if event_type in _OF_ACCOUNTS else None}
