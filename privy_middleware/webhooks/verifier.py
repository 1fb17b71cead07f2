"""Privy's webhooks: verified by their signature, and typed.

Privy sends them through Svix, which signs as Standard Webhooks lays down: HMAC-SHA256 over ``id.timestamp.body``.
"""

from __future__ import annotations

import binascii
import hmac
import re
import time
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from privy_middleware.errors import ConfigurationError, InvalidClaims, InvalidWebhook
from privy_middleware.tokens.strict_json import NotStrictJSON, decode
from privy_middleware.users.frozen import freeze_object
from privy_middleware.users.records import UnreadableUser, user_from_record
from privy_middleware.users.user import PrivyUser

__all__ = ["Headers", "WebhookEvent", "WebhookVerifier"]

Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]

_PREFIX = "whsec_"
_SHORTEST_SECRET = 24
_WINDOW = 300.0
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
_ID = re.compile(r"[!-~]{1,256}")
_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """Describe a verified event.

    ``id`` is the same whenever the event is delivered again, ``timestamp`` is in Unix seconds. ``user_ids`` are all
    users it is about, two for an account that was transferred; of them ``deleted_user_ids`` exist no longer.
    ``user`` is the user as the event shows it, the one who has the account now where it was transferred.
    """

    id: str
    type: str
    timestamp: int
    user_ids: tuple[str, ...] = ()
    deleted_user_ids: tuple[str, ...] = ()
    user: PrivyUser | None = None
    payload: Mapping[str, Any] = field(repr=False, hash=False, kw_only=True)


class WebhookVerifier:
    """Verify webhooks with the signing keys of the endpoint.

    The signature covers the body as it was sent, so a body that was parsed and written anew does not verify. A
    webhook is taken up to 300 s before or after the moment it was signed for; within that time it can be sent
    again, so what an app does about an event has to bear repetition, or to look at the event's ``id``.
    """

    def __init__(self, secrets: str | Sequence[str], *, clock: Callable[[], float] = time.time) -> None:
        """Take the signing key ``whsec_…`` from the dashboard, or several while one replaces another.

        Raises:
            ConfigurationError: a key is not one, or the extra ``webhooks`` is not installed.
        """
        try:
            from standardwebhooks import Webhook  # noqa: PLC0415 - an extra
        except ImportError:
            raise ConfigurationError("webhooks", "pip install 'privy-middleware[webhooks]'") from None
        texts = [secrets] if isinstance(secrets, str) else list(secrets) if isinstance(secrets, Collection) else []
        if not texts:
            raise ConfigurationError("secrets", "copy the signing key of the webhook from the Privy dashboard")
        self._signers = [Webhook(_key(text)) for text in texts]
        self._clock = clock

    def verify(self, headers: Headers, body: bytes) -> WebhookEvent:
        """Return the event of a request's headers and raw body.

        Raises:
            InvalidWebhook: it is not signed with a key, not of this moment, or no event.
        """
        values = {name: _only(headers, name) for name in ("svix-id", "svix-timestamp", "svix-signature")}
        if not _ID.fullmatch(values["svix-id"]):
            raise InvalidWebhook("svix-id is not an id")
        timestamp = self._moment(values["svix-timestamp"])
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidWebhook("the body is not UTF-8") from None
        if not self._signed(values["svix-id"], timestamp, text, values["svix-signature"]):
            raise InvalidWebhook("no signature fits")
        return _event(values["svix-id"], timestamp, text)

    def _moment(self, text: str) -> int:
        if not _TIMESTAMP.fullmatch(text):
            raise InvalidWebhook("svix-timestamp is not a number of seconds")
        if abs(self._clock() - int(text)) > _WINDOW:
            raise InvalidWebhook("svix-timestamp is more than 300 s away")
        return int(text)

    def _signed(self, event_id: str, timestamp: int, text: str, signatures: str) -> bool:
        moment = datetime.fromtimestamp(timestamp, UTC)
        expected = [signer.sign(event_id, moment, text).encode() for signer in self._signers]
        given = [each.encode("utf-8", "replace") for each in signatures.split(" ", _SIGNATURES)[:_SIGNATURES]]
        return any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in given)


def _key(text: object) -> bytes:
    problem = ConfigurationError("secrets", "copy the signing key of the webhook, whsec_…, from the Privy dashboard")
    if not isinstance(text, str):
        raise problem
    body = text.strip().removeprefix(_PREFIX).rstrip("=")
    try:
        key = b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise problem from None
    # Standard Webhooks, "Signature scheme": a key has 24 to 64 bytes.
    if len(key) < _SHORTEST_SECRET:
        raise problem
    return key


def _only(headers: Headers, name: str) -> str:
    """Return the value of a header field that has to stand there once, whatever the case of its name."""
    pairs: Any = headers.items() if isinstance(headers, Mapping) else headers
    values: list[str] = [value for key, value in pairs if key.lower() == name]
    if len(values) != 1 or not values[0]:
        raise InvalidWebhook(f"{name} does not stand there once")
    return values[0]


def _event(event_id: str, timestamp: int, text: str) -> WebhookEvent:
    try:
        payload = decode(text)
        if not isinstance(payload, dict) or not isinstance(payload.get("type"), str):
            raise InvalidWebhook("the body is not an event")
        frozen = freeze_object(payload)
    except (NotStrictJSON, InvalidClaims):
        raise InvalidWebhook("the body is not an event") from None
    ids = _ids(payload)
    deleted = _deleted(payload, ids)
    user = _user(payload, timestamp)
    return WebhookEvent(event_id, payload["type"], timestamp, tuple(ids.values()), deleted, user, payload=frozen)


def _ids(payload: Mapping[str, Any]) -> dict[str, str]:
    """Return the id of each user that an event names, by where it stands."""
    found = {name: payload[name].get("id") for name in _USERS if isinstance(payload.get(name), dict)}
    found["user_id"] = payload.get("user_id")
    return {name: user_id for name, user_id in found.items() if isinstance(user_id, str)}


def _deleted(payload: Mapping[str, Any], ids: Mapping[str, str]) -> tuple[str, ...]:
    if payload["type"] == "user.deleted":
        return tuple(ids.values())
    if payload["type"] == "user.transferred_account" and payload.get("deletedUser") is True and "fromUser" in ids:
        return (ids["fromUser"],)
    return ()


def _user(payload: Mapping[str, Any], fresh_at: float) -> PrivyUser | None:
    record = payload.get("user", payload.get("toUser"))
    try:
        return user_from_record(record, fresh_at=fresh_at) if isinstance(record, dict) else None
    except UnreadableUser:
        return None


_USERS = ("user", "fromUser", "toUser")
