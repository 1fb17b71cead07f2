"""Verify Privy's webhooks by their signature.

Privy sends them through Svix, which signs them by the Standard Webhooks specification: HMAC-SHA256 of
``id.timestamp.body``.
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
    """A verified event.

    Attributes:
        id: the event's id, which stays the same if the event is delivered again.
        type: the event's type, such as ``user.created``.
        timestamp: when the webhook was sent, in Unix seconds.
        user_ids: the users that the event is about; two if an account was transferred.
        deleted_user_ids: those of them that no longer exist.
        user: the user in the event; if an account was transferred, the user who has it now.
        payload: the whole event.
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

    The signature covers the bytes of the body, so a body that was parsed and serialised again does not verify. A
    webhook is accepted up to 300 s before or after its timestamp. Within that time it can be sent again, so an app must
    be able to handle an event twice, or must compare the event's ``id``.
    """

    def __init__(self, secrets: str | Sequence[str], *, clock: Callable[[], float] = time.time) -> None:
        """Set the signing key ``whsec_…`` from the dashboard, or several while the key is being replaced.

        Raises:
            ConfigurationError: if a key is wrong, or the extra ``webhooks`` is not installed.
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
        """Return the event in a request, given its headers and raw body.

        Raises:
            InvalidWebhook: if it is not signed with one of the keys, too old or too new, or not an event.
        """
        values = {name: _only(headers, name) for name in ("svix-id", "svix-timestamp", "svix-signature")}
        if not _ID.fullmatch(values["svix-id"]):
            raise InvalidWebhook("The header svix-id is not an id.")
        timestamp = self._timestamp(values["svix-timestamp"])
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidWebhook("The body is not UTF-8.") from None
        if not self._signed(values["svix-id"], timestamp, text, values["svix-signature"]):
            raise InvalidWebhook(
                "No signature of the webhook verifies: compare the signing key with the one in the Privy dashboard."
            )
        return _event(values["svix-id"], timestamp, text)

    def _timestamp(self, text: str) -> int:
        if not _TIMESTAMP.fullmatch(text):
            raise InvalidWebhook("The header svix-timestamp is not a number of seconds.")
        if abs(self._clock() - int(text)) > _WINDOW:
            raise InvalidWebhook("The header svix-timestamp is more than 300 s in the past or the future.")
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
    """Return the value of a header that must be there exactly once; the case of its name does not matter."""
    pairs: Any = headers.items() if isinstance(headers, Mapping) else headers
    values: list[str] = [value for key, value in pairs if key.lower() == name]
    if len(values) != 1 or not values[0]:
        raise InvalidWebhook(f"The request does not have exactly one header {name}.")
    return values[0]


def _event(event_id: str, timestamp: int, text: str) -> WebhookEvent:
    try:
        payload = decode(text)
        if not isinstance(payload, dict) or not isinstance(payload.get("type"), str):
            raise InvalidWebhook("The body is not an event.")
        frozen = freeze_object(payload)
    except (NotStrictJSON, InvalidClaims):
        raise InvalidWebhook("The body is not an event.") from None
    ids = _ids(payload)
    deleted = _deleted(payload, ids)
    user = _user(payload, timestamp)
    return WebhookEvent(event_id, payload["type"], timestamp, tuple(ids.values()), deleted, user, payload=frozen)


def _ids(payload: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids of the users in an event, by the name of the field they are in."""
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
