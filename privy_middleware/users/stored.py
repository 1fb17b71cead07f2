"""Read back what ``to_dict`` wrote, for example in a background job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from privy_middleware.errors import InvalidClaims
from privy_middleware.users.accounts import LinkedAccount, UnknownAccount, parse_accounts, seconds
from privy_middleware.users.frozen import FrozenDict, freeze_object

__all__ = ["InvalidUserData", "read_claims", "read_user"]

_USER = ("id", "created_at", "is_guest", "linked_accounts", "custom_metadata")
_CLAIMS: dict[str, type] = {
    "app_id": str,
    "user_id": str,
    "issuer": str,
    "issued_at": float,
    "expiration": float,
    "session_id": str,
}
_NAMES = {
    str: "a string that is not empty",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
}
_JSON = (str, int, float, bool, type(None))


class InvalidUserData(ValueError):
    """Data that ``to_dict`` did not write. The message names the field, and contains no value.

    Attributes:
        field: the path of the field, such as ``linked_accounts[0].address``; empty if the data is not a dict.
    """

    def __init__(self, field: str, problem: str) -> None:
        """Set the path of the field, and what is wrong with it."""
        super().__init__(f"{field} {problem}" if field else problem)
        self.field = field

    def __reduce__(self) -> tuple[type[InvalidUserData], tuple[str, str]]:
        """Pickle with both arguments, because workers send the exceptions of jobs."""
        return InvalidUserData, (self.field, str(self).removeprefix(self.field).lstrip())


def read_user(data: object) -> dict[str, Any]:
    """Return the values of a user's fields from the result of ``PrivyUser.to_dict``.

    Raises:
        InvalidUserData: if it is anything else, naming the field.
    """
    items = _object(data, _USER)
    values = {"id": _value(items, "id", str)}
    if items.keys() == {"id"}:
        return {**values, "complete": False}
    if "created_at" in items:
        values["created_at"] = _value(items, "created_at", int)
    values["is_guest"] = _value(items, "is_guest", bool)
    accounts = enumerate(_value(items, "linked_accounts", list))
    values["linked_accounts"] = tuple(_account(item, f"linked_accounts[{index}]") for index, item in accounts)
    if "custom_metadata" in items:
        values["custom_metadata"] = _json_object(items["custom_metadata"], "custom_metadata")
    return values


def read_claims(data: object) -> dict[str, Any]:
    """Return the values of the fields from the result of ``AccessTokenClaims.to_dict``.

    Raises:
        InvalidUserData: if it is anything else, naming the field.
    """
    items = _object(data, _CLAIMS)
    return {name: _value(items, name, kind) for name, kind in _CLAIMS.items()}


def _object(data: object, names: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise InvalidUserData("", "the data is not a dict")
    for name in data:
        if name not in names:
            raise InvalidUserData(str(name), "is not a field that to_dict writes")
    return data


def _value(items: Mapping[str, Any], name: str, kind: type) -> Any:
    if name not in items:
        raise InvalidUserData(name, "is missing")
    value = items[name]
    # ``True`` is also an ``int``. In a token a time may have a fraction or not (RFC 7519 §2).
    valid = type(value) is kind or (kind is float and type(value) is int)
    if not valid or value == "":
        raise InvalidUserData(name, f"is not {_NAMES[kind]}")
    return value


def _account(item: object, path: str) -> LinkedAccount:
    fields = _json_object(item, path)
    [account] = parse_accounts([item], official=True)
    if isinstance(account, UnknownAccount):
        # Its fields are still as in the token, or as in the REST API.
        verified = seconds(fields.get("lv", fields.get("latest_verified_at")))
        return UnknownAccount(type=account.type, fields=fields, latest_verified_at=verified)
    written = account.to_dict()
    for name, value in fields.items():
        if name not in written or freeze_object({"": written[name]})[""] != value:
            raise InvalidUserData(f"{path}.{name}", "is not what to_dict writes for this type of account")
    return account


def _json_object(value: object, path: str) -> FrozenDict:
    if not isinstance(value, dict):
        raise InvalidUserData(path, "is not an object")
    try:
        frozen = freeze_object(value)
    except InvalidClaims:
        raise InvalidUserData(path, "is nested too deeply") from None
    _check_json(frozen, path)
    return frozen


def _check_json(value: object, path: str) -> None:
    if isinstance(value, FrozenDict):
        for name, item in value.items():
            if type(name) is not str:
                raise InvalidUserData(path, "has a key that is not a string")
            _check_json(item, f"{path}.{name}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            _check_json(item, f"{path}[{index}]")
    elif type(value) not in _JSON:
        raise InvalidUserData(path, "is not a JSON value")
