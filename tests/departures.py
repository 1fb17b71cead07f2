"""The intended differences from the official Node SDK, and their reasons.

This is the only table of them: ``expected_user`` turns the SDK's user of an identity token into the user that this
project must return.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

JSON = dict[str, Any]

KNOWN_TYPES = frozenset(
    {
        "apple_oauth",
        "cross_app",
        "custom_auth",
        "discord_oauth",
        "email",
        "farcaster",
        "github_oauth",
        "google_oauth",
        "instagram_oauth",
        "linkedin_oauth",
        "passkey",
        "phone",
        "smart_wallet",
        "spotify_oauth",
        "telegram",
        "tiktok_oauth",
        "twitter_oauth",
        "wallet",
    }
)

# Identity tokens, by the name of their fixture, that the SDK accepts and this project rejects.
REFUSED = {
    "no_sub": "a user must have an ID: `sub` is required (RFC 8725 §3.8)",
    "iat_in_future": "a token whose issue time is in the future, beyond the leeway, is not valid yet",
    "metadata_array": "custom metadata is documented and typed as an object",
}

# Tokens of both kinds that the older SDK, server-auth, accepts and this project rejects. The newer SDK also rejects
# them, unless the table above contains them too.
REFUSED_OF_SERVER_AUTH = {
    "aud_array": "an access token is for one app, and its `aud` must be a string",
    "err_metadata_null_json": "custom metadata is documented and typed as an object",
    "err_metadata_string_json": "custom metadata is documented and typed as an object",
    "exp_missing": "a stolen token without expiry would be valid forever: `exp` is required",
    "iat_in_future": "a token whose issue time is in the future, beyond the leeway, is not valid yet",
    "identity_token_as_access": "a token of one kind must not be accepted as the other (RFC 8725 §3.12)",
    "metadata_array": "custom metadata is documented and typed as an object",
    "metadata_empty_string": "custom metadata is documented and typed as an object",
    "no_sub": "a user must have an ID: `sub` is required (RFC 8725 §3.8)",
    "sid_missing": "an access token proves an active session and must name it: `sid` is required",
    "sub_missing": "a user must have an ID: `sub` is required (RFC 8725 §3.8)",
    "typ_missing": "a token must declare its type: `typ` is required (RFC 8725 §3.11)",
}


@dataclass(frozen=True)
class Departure:
    """A difference: ``apply`` turns the SDK's user into ours, using the payload of the token."""

    name: str
    reason: str
    apply: Callable[[JSON, JSON], None]


def _token_accounts(payload: JSON) -> list[JSON]:
    accounts: list[JSON] = json.loads(payload["linked_accounts"])
    return accounts


def _known(payload: JSON) -> list[JSON]:
    return [account for account in _token_accounts(payload) if account.get("type") in KNOWN_TYPES]


def _pairs(user: JSON, payload: JSON) -> Iterator[tuple[JSON, JSON]]:
    """Yield the SDK's accounts, each with the account of the token that it was created from."""
    yield from zip(user["linked_accounts"], _known(payload), strict=True)


def _without(*names: str) -> Callable[[JSON, JSON], None]:
    def apply(user: JSON, payload: JSON) -> None:
        for item in (user, *user["linked_accounts"]):
            for name in names:
                item.pop(name, None)

    return apply


def _without_nulls(user: JSON, payload: JSON) -> None:
    for account in user["linked_accounts"]:
        for name in [name for name in ("email", "name", "username") if name in account and account[name] is None]:
            del account[name]


def _without_unknown_creation(user: JSON, payload: JSON) -> None:
    if user["created_at"] is None:
        del user["created_at"]


def _phone_number(user: JSON, payload: JSON) -> None:
    for account in user["linked_accounts"]:
        if "phoneNumber" in account:
            account["phone_number"] = account.pop("phoneNumber")


def _without_null_picture(user: JSON, payload: JSON) -> None:
    for account in user["linked_accounts"]:
        if account.get("profile_picture_url") == "https://pbs.twimg.com/profile_images/null":
            del account["profile_picture_url"]


def _wallet_client_type(user: JSON, payload: JSON) -> None:
    for account, original in _pairs(user, payload):
        if original["type"] == "wallet" and "wallet_client_type" in original:
            account["wallet_client_type"] = original["wallet_client_type"]


def _exact_integers(user: JSON, payload: JSON) -> None:
    if "custom_metadata" in user:
        user["custom_metadata"] = json.loads(payload["custom_metadata"])


def _unknown_accounts(user: JSON, payload: JSON) -> None:
    known = iter(user["linked_accounts"])
    user["linked_accounts"] = [
        next(known) if account.get("type") in KNOWN_TYPES else account for account in _token_accounts(payload)
    ]


DEPARTURES = (
    Departure(
        "user placeholders",
        "a token does not contain accepted terms or multi-factor methods",
        _without("has_accepted_terms", "mfa_methods"),
    ),
    Departure(
        "verification placeholders",
        "a token contains only the time of the last verification, which is `latest_verified_at`",
        _without("first_verified_at", "verified_at"),
    ),
    Departure(
        "wallet placeholders",
        "a token does not contain these fields; the SDK fills in constants, or derives them from other fields",
        _without(
            "chain_id",
            "connector_type",
            "delegated",
            "imported",
            "public_key",
            "recovery_method",
            "wallet_client",
            "wallet_index",
        ),
    ),
    Departure("passkey placeholder", "a token does not contain this field", _without("enrolled_in_mfa")),
    Departure("null fields", "fields that are not in the token are omitted", _without_nulls),
    Departure(
        "unknown creation time", "not-a-number is not a time, so the field is omitted", _without_unknown_creation
    ),
    Departure(
        "phone_number",
        "the only camelCase field of the SDK; here it is spelled as in the token and the REST API",
        _phone_number,
    ),
    Departure(
        "no picture", "the SDK returns the URL of a picture named `null`, which does not exist", _without_null_picture
    ),
    Departure("external wallet's client", "the token contains it, but the SDK drops it", _wallet_client_type),
    Departure("exact integers", "JavaScript rounds integers beyond 2^53", _exact_integers),
    Departure("unknown accounts", "the SDK drops them; this package keeps all accounts", _unknown_accounts),
)


def expected_user(sdk_user: JSON, payload: JSON) -> JSON:
    """Return the ``to_dict()`` that this project must return for the user ``sdk_user`` of the SDK."""
    user = copy.deepcopy(sdk_user)
    for departure in DEPARTURES:
        departure.apply(user, payload)
    return user
