"""The user: how it is created from a token, its shortcuts, and that it cannot be changed."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import FrozenInstanceError, asdict, fields
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from privy_middleware.errors import InvalidClaims
from privy_middleware.users.accounts import LinkedAccount, UnknownAccount
from privy_middleware.users.frozen import FrozenDict, freeze, freeze_object, thaw
from privy_middleware.users.user import AccessTokenClaims, PrivyUser, user_from_access_claims, user_from_claims
from tests.departures import DEPARTURES, REFUSED, expected_user

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = [json.loads(path.read_text("utf-8")) for path in sorted((FIXTURES / "identity").glob("*.json"))]
ACCEPTED = [case for case in CASES if case["expected"]["ok"] and case["name"] not in REFUSED]
ACCESS = json.loads((FIXTURES / "access" / "001_ok.json").read_text("utf-8"))

SHORTCUTS = {
    "email": "email",
    "phone": "phone",
    "wallet": "wallet",
    "smart_wallet": "smart_wallet",
    "google": "google_oauth",
    "twitter": "twitter_oauth",
    "discord": "discord_oauth",
    "github": "github_oauth",
    "apple": "apple_oauth",
    "linkedin": "linkedin_oauth",
    "tiktok": "tiktok_oauth",
    "spotify": "spotify_oauth",
    "instagram": "instagram_oauth",
    "custom": "custom_auth",
    "farcaster": "farcaster",
    "telegram": "telegram",
    "passkey": "passkey",
}
EVM = "0x8fD379246834eac74B8419FfdA202CF8051F7A03"
SOLANA = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM"


def user_of(payload: dict[str, Any]) -> PrivyUser:
    """Return the user of a fixture's payload, as the verifier does."""
    metadata = payload.get("custom_metadata")
    accounts = json.loads(payload["linked_accounts"])
    return user_from_claims(payload, accounts, None if metadata is None else json.loads(metadata))


def user_with(*items: dict[str, Any], **claims: Any) -> PrivyUser:
    """Return a user with some accounts."""
    return user_from_claims({"sub": "did:privy:x", **claims}, items, None)


@pytest.fixture
def everyone() -> PrivyUser:
    """Return a user with accounts of every type."""
    return user_of(next(case["payload"] for case in CASES if case["name"] == "every_type"))


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["name"])
def test_the_official_sdk_gives_the_same_user(case: dict[str, Any]) -> None:
    """Every token that the SDK accepts has the same user, except for the differences in the table."""
    expected = expected_user(case["expected"]["value"], case["payload"])
    assert user_of(case["payload"]).to_dict() == expected


@pytest.mark.parametrize("departure", DEPARTURES, ids=lambda departure: departure.name)
def test_every_departure_is_needed(departure: Any) -> None:
    """Each difference changes the user of a fixture, and has a reason."""
    changed = []
    for case in ACCEPTED:
        user = copy.deepcopy(case["expected"]["value"])
        departure.apply(user, case["payload"])
        changed.append(user != case["expected"]["value"])
    assert any(changed)
    assert departure.reason


def test_every_refusal_is_a_fixture_that_the_sdk_accepts() -> None:
    """The table of rejected tokens names fixtures, each accepted by the SDK."""
    accepted = {case["name"] for case in CASES if case["expected"]["ok"]}
    assert accepted.issuperset(REFUSED)


@pytest.mark.parametrize(("name", "kind"), SHORTCUTS.items())
def test_shortcuts_give_the_first_of_a_type(everyone: PrivyUser, name: str, kind: str) -> None:
    """A shortcut is the first account of its type, or ``None``."""
    first = next(account for account in everyone.linked_accounts if account.type == kind)
    assert getattr(everyone, name) is first
    assert getattr(user_with(), name) is None
    malformed = user_with({"type": kind})
    assert getattr(malformed, name) is None
    assert malformed.accounts(kind) == ()


def test_accounts_by_type(everyone: PrivyUser) -> None:
    """Accounts are selected by any type in the token, known or not, in their order."""
    kinds = {account.type for account in everyone.linked_accounts}
    assert len(kinds) > len(SHORTCUTS)
    for kind in kinds:
        assert everyone.accounts(kind) == tuple(a for a in everyone.linked_accounts if a.type == kind)
    assert [account.to_dict()["subject"] for account in everyone.accounts("custom:mysso")] == ["sso-1"]
    assert everyone.accounts("nothing") == ()
    assert everyone.wallets == everyone.accounts("wallet")
    assert len(everyone.wallets) > 1


def test_untyped_accounts_are_not_lost() -> None:
    """An account without a type is found with the empty string."""
    (account,) = user_with({"address": "x"}).accounts("")
    assert isinstance(account, UnknownAccount)


@pytest.mark.parametrize(
    ("address", "owned"),
    [
        (EVM, True),
        (EVM.lower(), True),
        ("0x" + EVM[2:].upper(), True),
        (EVM.upper(), False),
        (EVM[:-1], False),
        (EVM + "\n", False),
        (SOLANA, True),
        (SOLANA.lower(), False),
        ("0x9fB9cD4F29D3c5C1b2B5f7A0A47c57bC1E3F0a11".lower(), True),
        ("0x1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d", False),
        ("", False),
        (None, False),
        (5, False),
    ],
)
def test_owns_wallet(everyone: PrivyUser, address: Any, owned: bool) -> None:
    """EVM addresses are compared without case, others exactly; a Farcaster owner address does not count."""
    assert everyone.owns_wallet(address) is owned


def test_owns_wallet_looks_at_wallets_only() -> None:
    """Wallets of another app, of unknown accounts and empty addresses are not owned."""
    user = user_with(
        {"type": "cross_app", "subject": "s", "embedded_wallets": [{"address": EVM}]},
        {"type": "hardware_wallet", "address": EVM},
        {"type": "wallet", "address": ""},
    )
    assert not user.owns_wallet(EVM)
    assert not user.owns_wallet("")


@pytest.mark.parametrize(
    ("cr", "created_at"),
    [
        ("1731974895", 1731974895),
        (1731974895, 1731974895),
        (1731974895.5, 1731974895),
        ("0", 0),
        ("9" * 12, 10**12 - 1),
        ("9" * 13, None),
        ("9" * 5000, None),
        ("", None),
        ("-1", None),
        (" 1", None),
        ("1_0", None),
        ("1.5", None),
        ("١٢", None),
        ("²", None),
        (True, None),
        (float("nan"), None),
        (None, None),
        ([1], None),
    ],
)
def test_creation_time(cr: object, created_at: int | None) -> None:
    """The creation time is a string of digits or a JSON number, and is omitted otherwise."""
    user = user_with(cr=cr)
    assert user.created_at == created_at
    assert ("created_at" in user.to_dict()) is (created_at is not None)


@pytest.mark.parametrize(("guest", "is_guest"), [("t", True), (True, False), ("true", False), (None, False)])
def test_guests(guest: object, is_guest: bool) -> None:
    """Only the string ``t`` marks a guest, as in the official SDK."""
    assert user_with(guest=guest).is_guest is is_guest


def test_a_user_known_by_an_access_token_alone_has_only_an_id() -> None:
    """Fields that are not in an access token are omitted."""
    user = user_from_access_claims(ACCESS["payload"])
    assert user.to_dict() == {"id": ACCESS["payload"]["sub"]}
    assert (user.complete, user.created_at, user.linked_accounts) == (False, None, ())
    assert user.claims == ACCESS["payload"]


def test_access_token_claims() -> None:
    """The six claims have the names of the official SDK."""
    expected = ACCESS["expected"]["value"]
    claims = AccessTokenClaims(**expected)
    assert claims.to_dict() == expected
    assert claims == copy.copy(claims) == pickle.loads(pickle.dumps(claims))


def test_to_dict_is_a_fresh_copy(everyone: PrivyUser) -> None:
    """Changing the result of ``to_dict`` does not affect the next call."""
    first, second = everyone.to_dict(), everyone.to_dict()
    assert json.loads(json.dumps(first)) == first == second
    first["linked_accounts"][0].clear()
    first["custom_metadata"].clear()
    assert everyone.to_dict() == second


def test_the_repr_shows_no_personal_data(everyone: PrivyUser) -> None:
    """The repr of a user contains only the ID."""
    shown = repr(everyone)
    assert everyone.id in shown
    for secret in ("ada", "0x", "custom_metadata", "claims"):
        assert secret not in shown


def test_users_are_immutable_values() -> None:
    """A user compares, hashes, copies and pickles as a value, and none of its parts can be changed."""
    source: dict[str, Any] = {"sub": "did:privy:x", "nested": {"list": [1]}}
    metadata = {"role": "admin", "nested": {"list": [1]}}
    user = user_from_claims(source, [{"type": "email", "address": "a@b.c"}], metadata)
    twin = user_from_claims({"sub": "did:privy:x"}, [{"type": "email", "address": "a@b.c"}], metadata)
    assert user == twin == copy.copy(user) == copy.deepcopy(user) == pickle.loads(pickle.dumps(user))
    assert hash(user) == hash(twin)
    assert asdict(user)["custom_metadata"] == user.custom_metadata
    source["nested"]["list"].append(2)
    metadata["role"] = "guest"
    assert user.claims["nested"]["list"] == (1,)
    assert user.custom_metadata == {"role": "admin", "nested": {"list": (1,)}}
    assert user.to_dict()["custom_metadata"] == {"role": "admin", "nested": {"list": [1]}}
    for field in fields(user):
        with pytest.raises(FrozenInstanceError):
            setattr(user, field.name, None)


@pytest.mark.parametrize(
    "metadata",
    [{}, {"role": "admin", "level": 1.5, "": None}, {"text": '{"a": [1]}'}, {"nested": {"list": [1]}}, {"list": [1]}],
)
def test_metadata_is_immutable_whenever_it_is_parsed(metadata: dict[str, Any]) -> None:
    """Metadata that is parsed when it is first read is the same as metadata that was parsed before."""
    text = json.dumps(metadata)
    user = user_from_claims({"sub": "did:privy:x", "custom_metadata": text}, [], metadata)
    assert user == user_from_claims({"sub": "did:privy:x"}, [], metadata)
    assert user.custom_metadata is user.custom_metadata
    assert user.to_dict()["custom_metadata"] == metadata
    assert user.custom_metadata == freeze_object(metadata)
    with pytest.raises(TypeError, match="shared between requests"):
        user.custom_metadata["role"] = "admin"  # type: ignore[index]
    assert user.claims["custom_metadata"] == text


def test_empty_metadata_is_metadata() -> None:
    """An empty object is kept; missing metadata is omitted."""
    assert user_from_claims({"sub": "x"}, [], {}).to_dict()["custom_metadata"] == {}
    assert "custom_metadata" not in user_from_claims({"sub": "x"}, [], None).to_dict()


MUTATIONS = {
    "set": lambda value: value.__setitem__("a", 2),
    "delete": lambda value: value.__delitem__("a"),
    "or": lambda value: value.__ior__({"b": 1}),
    "clear": lambda value: value.clear(),
    "pop": lambda value: value.pop("a"),
    "popitem": lambda value: value.popitem(),
    "setdefault": lambda value: value.setdefault("b", 1),
    "update": lambda value: value.update(b=1),
}


@pytest.mark.parametrize("mutate", MUTATIONS.values(), ids=MUTATIONS)
def test_a_frozen_dict_refuses_every_change(mutate: Any) -> None:
    """Each method that changes a dict raises an error, and changes nothing."""
    value = freeze_object({"a": 1})
    with pytest.raises(TypeError, match="shared between requests"):
        mutate(value)
    assert value == {"a": 1}


def test_a_frozen_dict_is_a_dict_otherwise() -> None:
    """It is JSON, copies, pickles and compares; ``copy()`` and ``|`` return plain dicts."""
    value = freeze_object({"a": {"b": [1, {"c": 2}]}})
    assert isinstance(value["a"], FrozenDict)
    assert isinstance(value["a"]["b"][1], FrozenDict)
    assert json.loads(json.dumps(value)) == thaw(value) == {"a": {"b": [1, {"c": 2}]}}
    assert copy.copy(value) is copy.deepcopy(value) is value
    assert pickle.loads(pickle.dumps(value)) == value
    assert isinstance(pickle.loads(pickle.dumps(value)), FrozenDict)
    assert type(value | {"d": 1}) is type({"d": 1} | value) is type(value.copy()) is dict


@pytest.mark.parametrize("value", [None, 1, "x", [1, (2, {"a": []})], {"a": [1]}])
def test_freezing_twice_is_freezing_once(value: object) -> None:
    """Freezing a frozen value changes nothing."""
    assert freeze(freeze(value)) == freeze(value)
    assert json.dumps(thaw(freeze(value))) == json.dumps(value)


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["lists", "objects"])
def test_deep_nesting_is_refused(wrap: Any) -> None:
    """Claims and metadata with deep nesting of any depth are rejected."""
    value: Any = {"a": 1}
    for _ in range(5000):
        value = wrap(value)
    with pytest.raises(InvalidClaims):
        user_from_access_claims({"sub": "x", "deep": value})
    with pytest.raises(InvalidClaims):
        user_from_claims({"sub": "x"}, [], {"deep": value})


@pytest.mark.parametrize(
    ("levels", "wrap"), [(31, lambda inner: [inner]), (32, lambda inner: {"a": inner})], ids=["lists", "objects"]
)
def test_the_edge_of_nesting(levels: int, wrap: Any) -> None:
    """A claim may contain about thirty nested lists or objects, and not one more."""
    value: Any = 1
    for _ in range(levels):
        value = wrap(value)
    assert thaw(freeze_object({"deep": value})) == {"deep": value}
    with pytest.raises(InvalidClaims):
        freeze_object({"deep": wrap(value)})


def test_fastapi_answers_with_to_dict(everyone: PrivyUser) -> None:
    """As a response model a user is its ``to_dict``, alone or inside another type, without claims."""
    app = FastAPI()

    @app.get("/me")
    def me() -> PrivyUser:
        return everyone

    @app.get("/users")
    def users() -> dict[str, PrivyUser]:
        return {"one": everyone, "other": user_from_access_claims(ACCESS["payload"])}

    @app.get("/accounts")
    def accounts() -> list[LinkedAccount]:
        return list(everyone.linked_accounts)

    client = TestClient(app)
    assert client.get("/me").json() == everyone.to_dict()
    assert client.get("/users").json() == {
        "one": everyone.to_dict(),
        "other": {"id": ACCESS["payload"]["sub"]},
    }
    assert client.get("/accounts").json() == everyone.to_dict()["linked_accounts"]


def test_fastapi_documents_the_user() -> None:
    """The schema lists the fields of ``to_dict``, requires only the ID, and contains nothing else."""
    app = FastAPI()

    @app.get("/me")
    def me() -> PrivyUser:
        return user_with()

    schemas = app.openapi()["components"]["schemas"]
    user = schemas["PrivyUser"]
    assert set(user["properties"]) == {"id", "created_at", "is_guest", "linked_accounts", "custom_metadata"}
    assert user["required"] == ["id"]
    assert set(schemas["WalletAccount"]["required"]) == {"address"}
    assert set(schemas["UnknownAccount"]["properties"]) == {"type"}
