"""Users as the REST API and the webhooks describe them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privy_middleware.errors import InvalidClaims
from privy_middleware.users.accounts import parse_accounts, seconds
from privy_middleware.users.frozen import freeze_object
from privy_middleware.users.user import PrivyUser

__all__ = ["UnreadableUser", "user_from_record"]


class UnreadableUser(ValueError):
    """A record is not a user's; the message says why, and contains no part of the record."""


def user_from_record(record: Mapping[str, Any], *, fresh_at: float) -> PrivyUser:
    """Return the complete user of a record in the form of the REST API (``GET /v1/users/<id>``).

    Fields that ``PrivyUser`` does not have are ignored. ``fresh_at`` is when the record was made, in Unix seconds.

    Raises:
        UnreadableUser: if the record is not a user's.
    """
    did, accounts, metadata = record.get("id"), record.get("linked_accounts"), record.get("custom_metadata")
    if not isinstance(did, str) or did == "":
        raise UnreadableUser("it has no id")
    if not isinstance(accounts, list):
        raise UnreadableUser("its linked_accounts is not a list")
    if not isinstance(metadata, dict | None):
        raise UnreadableUser("its custom_metadata is not an object")
    try:
        return PrivyUser(
            id=did,
            created_at=seconds(record.get("created_at")),
            is_guest=record.get("is_guest") is True,
            linked_accounts=parse_accounts([_normalized(account) for account in accounts], official=True),
            custom_metadata=None if metadata is None else freeze_object(metadata),
            fresh_at=fresh_at,
        )
    except InvalidClaims as error:
        raise UnreadableUser(error.detail) from None


def _normalized(account: object) -> object:
    """Return an account with the field names that are read; the API and the official clients have several."""
    if not isinstance(account, dict):
        return account
    if account.get("type") == "phone":
        number = next((account[name] for name in _NUMBERS if name in account), None)
        return {**account, "phone_number": number}
    fid = account.get("fid")
    if account.get("type") == "farcaster" and isinstance(fid, float) and fid.is_integer():
        return {**account, "fid": int(fid)}
    return account


_NUMBERS = ("phone_number", "phoneNumber", "number")
