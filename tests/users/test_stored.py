"""``from_dict``, the reverse of ``to_dict``."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from privy_middleware import AccessTokenClaims, InvalidUserData, PrivyUser
from privy_middleware.users.records import user_from_record
from privy_middleware.users.user import user_from_access_claims, user_from_claims
from tests.loader.server import account, record
from tests.users.test_records import ACCOUNTS
from tests.users.test_user import ACCEPTED, user_of

USER: dict[str, Any] = {
    "id": "did:privy:x",
    "created_at": 5,
    "is_guest": False,
    "linked_accounts": [{"type": "github_oauth", "subject": "s", "username": "SECRET", "latest_verified_at": 7}],
    "custom_metadata": {"role": "admin"},
}
SESSION = {
    "app_id": "app",
    "user_id": "did:privy:x",
    "issuer": "privy.io",
    "issued_at": 5,
    "expiration": 6,
    "session_id": "s",
}


def stored(data: dict[str, Any]) -> dict[str, Any]:
    """Return data as a queue of jobs returns it, which stores it as JSON."""
    found: dict[str, Any] = json.loads(json.dumps(data))
    return found


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["name"])
def test_users_of_tokens(case: dict[str, Any]) -> None:
    """The user of each token in the fixtures is equal after it was stored."""
    user = user_of(case["payload"])
    again = PrivyUser.from_dict(stored(user.to_dict()))
    assert again == user
    assert again.to_dict() == user.to_dict()
    assert (again.claims, again.complete, again.fresh_at) == ({}, True, None)
    assert hash(again) == hash(user)


@pytest.mark.parametrize(
    "item", [item for item, _ in ACCOUNTS] + [account("line_oauth", subject="s"), account("phone")]
)
def test_users_of_the_rest_api(item: dict[str, Any]) -> None:
    """The accounts of a loaded user are equal after they were stored; when it was loaded is not stored."""
    user = user_from_record(record("did:privy:x", item), fresh_at=5.0)
    again = PrivyUser.from_dict(stored(user.to_dict()))
    assert again.linked_accounts == user.linked_accounts
    assert (again.id, again.created_at, again.fresh_at) == (user.id, user.created_at, None)


def test_user_of_an_access_token() -> None:
    """A user of whom only the ID is known stays incomplete, and meets no condition."""
    user = user_from_access_claims({"sub": "did:privy:x", "sid": "s"})
    assert PrivyUser.from_dict(stored(user.to_dict())) == user
    assert not PrivyUser.from_dict({"id": "did:privy:x"}).complete


def test_what_is_stored_cannot_be_changed() -> None:
    """The user does not share anything with the data."""
    data = stored({**USER, "linked_accounts": [{"type": "new", "list": [1]}]})
    user = PrivyUser.from_dict(data)
    data["linked_accounts"][0]["list"].append(2)
    data["custom_metadata"]["role"] = "guest"
    assert user.to_dict()["linked_accounts"] == [{"type": "new", "list": [1]}]
    assert user.custom_metadata == {"role": "admin"}
    with pytest.raises(TypeError):
        user.custom_metadata["role"] = "guest"  # type: ignore[index]


@pytest.mark.parametrize("whole", [5, 5.5])
def test_session(whole: float) -> None:
    """The claims of an access token are equal after they were stored."""
    claims = AccessTokenClaims.from_dict(stored({**SESSION, "issued_at": whole}))
    assert claims.issued_at == whole
    assert AccessTokenClaims.from_dict(stored(claims.to_dict())) == claims


def nested(levels: int) -> Any:
    """Return lists inside one another."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


WRONG: list[tuple[dict[Any, Any], str]] = [
    ({"id": 7}, "id"),
    ({"id": ""}, "id"),
    ({"created_at": "5"}, "created_at"),
    ({"created_at": True}, "created_at"),
    ({"created_at": None}, "created_at"),
    ({"is_guest": "t"}, "is_guest"),
    ({"is_guest": 0}, "is_guest"),
    ({"linked_accounts": "[]"}, "linked_accounts"),
    ({"linked_accounts": {}}, "linked_accounts"),
    ({"linked_accounts": [{}, 7]}, "linked_accounts[1]"),
    ({"linked_accounts": [{"type": "email", "address": "a@b.c", "lv": 5}]}, "linked_accounts[0].lv"),
    ({"linked_accounts": [{"type": "discord_oauth", "subject": "s", "username": 5}]}, "linked_accounts[0].username"),
    (
        {"linked_accounts": [{"type": "email", "address": "a@b.c", "latest_verified_at": "5"}]},
        "linked_accounts[0].latest_verified_at",
    ),
    (
        {"linked_accounts": [{"type": "cross_app", "subject": "s", "smart_wallets": [{"address": 5}]}]},
        "linked_accounts[0].smart_wallets",
    ),
    ({"linked_accounts": [{"type": "new", "of": [{"value": {1}}]}]}, "linked_accounts[0].of[0].value"),
    ({"linked_accounts": [{"type": "new", "deep": nested(40)}]}, "linked_accounts[0]"),
    ({"custom_metadata": None}, "custom_metadata"),
    ({"custom_metadata": "{}"}, "custom_metadata"),
    ({"custom_metadata": {"role": b"SECRET"}}, "custom_metadata.role"),
    ({"custom_metadata": {7: "admin"}}, "custom_metadata"),
    ({"custom_metadata": nested(40)}, "custom_metadata"),
    ({"claims": {}}, "claims"),
    ({7: 7}, "7"),
]


@pytest.mark.parametrize(
    ("change", "field"), WRONG, ids=[f"{number}-{field}" for number, (_, field) in enumerate(WRONG)]
)
def test_wrong_users(change: dict[str, Any], field: str) -> None:
    """The error names the field and shows no value, and it can be pickled, which job queues do."""
    with pytest.raises(InvalidUserData) as caught:
        PrivyUser.from_dict({**USER, **change})
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field} ")
    assert "SECRET" not in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.field) == (str(caught.value), field)
    assert isinstance(again, ValueError)


@pytest.mark.parametrize("missing", ["id", "is_guest", "linked_accounts"])
def test_missing_fields(missing: str) -> None:
    """What ``to_dict`` always writes must be there."""
    data = {name: value for name, value in USER.items() if name != missing}
    with pytest.raises(InvalidUserData, match=f"{missing} is missing"):
        PrivyUser.from_dict(data)


@pytest.mark.parametrize("read", [PrivyUser.from_dict, AccessTokenClaims.from_dict])
@pytest.mark.parametrize("data", [None, [], "did:privy:x", json.dumps(USER), {}])
def test_data_that_is_no_dict(read: Callable[[Any], object], data: object) -> None:
    """Data that is not a dict, or an empty one, is an error too."""
    with pytest.raises(InvalidUserData):
        read(data)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user_id": None}, "user_id"),
        ({"session_id": ""}, "session_id"),
        ({"issued_at": "5"}, "issued_at"),
        ({"expiration": True}, "expiration"),
        ({"sid": "s"}, "sid"),
    ],
)
def test_wrong_sessions(change: dict[str, Any], field: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidUserData, match=f"^{field} "):
        AccessTokenClaims.from_dict({**SESSION, **change})


def test_nothing_else_reads_users() -> None:
    """A framework still cannot make a user from data, such as the parameters of a request."""
    with pytest.raises(ValidationError, match="from verified tokens only"):
        TypeAdapter(PrivyUser).validate_python(USER)


def test_token_user_equals_stored_user_only_with_the_same_accounts() -> None:
    """Two users that differ in one account are not equal after they were stored."""
    items = [{"type": "email", "address": "a@b.c", "lv": 1}, {"type": "new", "lv": 2}]
    one = user_from_claims({"sub": "x"}, items, None)
    other = user_from_claims({"sub": "x"}, items[:1], None)
    assert PrivyUser.from_dict(one.to_dict()) == one != PrivyUser.from_dict(other.to_dict()) == other
