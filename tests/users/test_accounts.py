"""Linked accounts: which fields are read and kept, and that they cannot be changed."""

from __future__ import annotations

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError, asdict, fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privy_middleware.errors import InvalidClaims
from privy_middleware.users.accounts import (
    ACCOUNT_TYPES,
    Account,
    AppleAccount,
    CrossAppAccount,
    CrossAppWallet,
    CustomAuthAccount,
    DiscordAccount,
    EmailAccount,
    FarcasterAccount,
    GithubAccount,
    GoogleAccount,
    InstagramAccount,
    LinkedAccount,
    LinkedInAccount,
    PasskeyAccount,
    PhoneAccount,
    SmartWalletAccount,
    SpotifyAccount,
    TelegramAccount,
    TikTokAccount,
    TwitterAccount,
    UnknownAccount,
    WalletAccount,
    parse_accounts,
)

LV = 1731974000
PICTURES = "https://pbs.twimg.com/profile_images/"

# Every type: the token's account without type and lv, and the expected account with all its fields.
FULL: list[tuple[dict[str, Any], Account]] = [
    ({"address": "a@b.c"}, EmailAccount(address="a@b.c", latest_verified_at=LV)),
    ({"phone_number": "+1555"}, PhoneAccount(phone_number="+1555", latest_verified_at=LV)),
    (
        {"id": "w1", "address": "0xA", "chain_type": "ethereum", "wallet_client_type": "privy"},
        WalletAccount(id="w1", address="0xA", chain_type="ethereum", wallet_client_type="privy", latest_verified_at=LV),
    ),
    (
        {"address": "0xB", "smart_wallet_type": "safe"},
        SmartWalletAccount(address="0xB", smart_wallet_type="safe", latest_verified_at=LV),
    ),
    (
        {"fid": 7, "username": "ada", "oa": "0xC"},
        FarcasterAccount(fid=7, username="ada", owner_address="0xC", latest_verified_at=LV),
    ),
    (
        {"subject": "s", "email": "a@b.c", "name": "Ada"},
        GoogleAccount(subject="s", email="a@b.c", name="Ada", latest_verified_at=LV),
    ),
    (
        {"subject": "s", "username": "ada", "name": "Ada", "pfp": "1/p.jpg"},
        TwitterAccount(
            subject="s",
            username="ada",
            name="Ada",
            profile_picture_url=PICTURES + "1/p.jpg",
            latest_verified_at=LV,
        ),
    ),
    ({"subject": "s", "username": "ada"}, DiscordAccount(subject="s", username="ada", latest_verified_at=LV)),
    ({"subject": "s", "username": "ada"}, GithubAccount(subject="s", username="ada", latest_verified_at=LV)),
    ({"subject": "s"}, SpotifyAccount(subject="s", latest_verified_at=LV)),
    (
        {"subject": "s", "username": "ada"},
        InstagramAccount(subject="s", username="ada", latest_verified_at=LV),
    ),
    ({"subject": "s", "username": "ada"}, TikTokAccount(subject="s", username="ada", latest_verified_at=LV)),
    ({"subject": "s", "email": "a@b.c"}, LinkedInAccount(subject="s", email="a@b.c", latest_verified_at=LV)),
    ({"subject": "s", "email": "a@b.c"}, AppleAccount(subject="s", email="a@b.c", latest_verified_at=LV)),
    ({"custom_user_id": "auth0|1"}, CustomAuthAccount(custom_user_id="auth0|1", latest_verified_at=LV)),
    (
        {"telegram_user_id": "1", "username": "ada"},
        TelegramAccount(telegram_user_id="1", username="ada", latest_verified_at=LV),
    ),
    (
        {
            "subject": "s",
            "provider_app_id": "p",
            "embedded_wallets": [{"address": "0xD"}],
            "smart_wallets": [{"address": "0xE"}],
        },
        CrossAppAccount(
            subject="s",
            provider_app_id="p",
            embedded_wallets=(CrossAppWallet(address="0xD"),),
            smart_wallets=(CrossAppWallet(address="0xE"),),
            latest_verified_at=LV,
        ),
    ),
    ({"credential_id": "c"}, PasskeyAccount(credential_id="c", latest_verified_at=LV)),
]
EVERY = pytest.mark.parametrize(("given_fields", "account"), FULL, ids=lambda value: getattr(value, "type", ""))

# The fields that identify an account of each type, and so must be in the token.
IDENTITY = {account.type: ("subject",) for _, account in FULL} | {
    "email": ("address",),
    "phone": ("phone_number",),
    "wallet": ("address",),
    "smart_wallet": ("address",),
    "farcaster": ("fid",),
    "google_oauth": ("subject", "email"),
    "custom_auth": ("custom_user_id",),
    "telegram": ("telegram_user_id",),
    "passkey": ("credential_id",),
}

ONLY_REST_HAS_EMAIL = {"discord_oauth", "github_oauth", "spotify_oauth"}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TOKEN_KEYS = st.sampled_from(sorted({"lv", "pfp", *(key for given_fields, _ in FULL for key in given_fields)}))
LIKELY_ACCOUNTS = st.builds(
    lambda item, kind: item | {"type": kind},
    st.dictionaries(TOKEN_KEYS, JSON_VALUES, max_size=6),
    st.sampled_from(sorted(ACCOUNT_TYPES)) | JSON_VALUES,
)


def parse_one(item: object) -> LinkedAccount:
    """Parse a list of one account."""
    (account,) = parse_accounts([item])
    return account


def test_every_type_is_in_the_union_and_tested() -> None:
    """The union, the table of types and the cases of this test name the same classes."""
    tested = {type(account) for _, account in FULL}
    assert {UnknownAccount, *tested} == set(get_args(LinkedAccount))
    assert tested == set(ACCOUNT_TYPES.values())
    assert len(ACCOUNT_TYPES) == 18


@EVERY
def test_every_field_is_read(given_fields: dict[str, Any], account: Account) -> None:
    """All fields of an account are read, and the result equals that of the constructor."""
    parsed = parse_one({"type": account.type, **given_fields, "lv": LV})
    assert parsed == account
    assert type(parsed) is type(account)
    missing = {field.name for field in fields(parsed) if getattr(parsed, field.name) is None}
    assert missing == ({"email"} if account.type in ONLY_REST_HAS_EMAIL else set())


@pytest.mark.parametrize("kind", sorted(ONLY_REST_HAS_EMAIL))
def test_email_that_no_token_has(kind: str) -> None:
    """These accounts have an e-mail address in the REST API only; in a token the field would be dropped."""
    assert "email" not in parse_one({"type": kind, "subject": "s", "email": "a@b.c"}).to_dict()


@EVERY
def test_to_dict_speaks_the_official_names(given_fields: dict[str, Any], account: Account) -> None:
    """The JSON has the token's fields under the official names, and is a new copy each time."""
    official = {"oa": "owner_address", "pfp": "profile_picture_url"}
    expected = {official.get(key, key): value for key, value in given_fields.items()}
    if "pfp" in given_fields:
        expected["profile_picture_url"] = PICTURES + given_fields["pfp"]
    parsed = parse_one({"type": account.type, **given_fields, "lv": LV})
    first = parsed.to_dict()
    assert first == {"type": account.type, **expected, "latest_verified_at": LV}
    assert next(iter(first)) == "type"
    assert list(first)[-1] == "latest_verified_at"
    assert json.loads(json.dumps(first)) == first
    first.clear()
    assert parsed.to_dict()


@EVERY
def test_only_what_identifies_is_required(given_fields: dict[str, Any], account: Account) -> None:
    """Without its optional fields an account has its type, and these fields are ``None``."""
    needed = {key: given_fields[key] for key in IDENTITY[account.type]}
    parsed = parse_one({"type": account.type, **needed})
    assert type(parsed) is type(account)
    assert parsed.to_dict() == {"type": account.type, **needed}


@EVERY
def test_wrong_optional_values_count_as_none(given_fields: dict[str, Any], account: Account) -> None:
    """An optional field of a wrong type counts as missing."""
    needed = IDENTITY[account.type]
    item = {key: value if key in needed else 5 for key, value in given_fields.items()}
    parsed = parse_one({"type": account.type, **item, "lv": "soon"})
    assert parsed.to_dict() == {"type": account.type, **{key: given_fields[key] for key in needed}}


@EVERY
@pytest.mark.parametrize("wrong", [None, True, ["x"], {"x": 1}, 1.5])
def test_an_account_without_what_identifies_it_is_kept_whole(
    given_fields: dict[str, Any], account: Account, wrong: object
) -> None:
    """An account of a known type whose identifying field is missing or of a wrong type is kept unchanged."""
    for name in IDENTITY[account.type]:
        missing = {"type": account.type, **given_fields, "lv": LV}
        del missing[name]
        for item in (missing, missing | {name: wrong}):
            parsed = parse_one(item)
            assert isinstance(parsed, UnknownAccount)
            assert (parsed.type, parsed.latest_verified_at) == (account.type, LV)
            assert parsed.to_dict() == item


@EVERY
def test_extra_fields_are_dropped(given_fields: dict[str, Any], account: Account) -> None:
    """Fields that a known type does not have are dropped, as by the official SDK."""
    assert parse_one({"type": account.type, **given_fields, "lv": LV, "future": [1]}) == account


@EVERY
def test_accounts_are_immutable_values(given_fields: dict[str, Any], account: Account) -> None:
    """An account compares, hashes, copies and pickles as a value, and cannot be changed."""
    parsed = parse_one({"type": account.type, **given_fields, "lv": LV})
    assert hash(parsed) == hash(account)
    assert repr(parsed) == repr(account)
    assert copy.copy(parsed) == copy.deepcopy(parsed) == pickle.loads(pickle.dumps(parsed)) == account
    assert asdict(parsed) == asdict(account)
    assert not hasattr(parsed, "__dict__")
    for field in fields(parsed):
        with pytest.raises(FrozenInstanceError):
            setattr(parsed, field.name, None)


@pytest.mark.parametrize(
    ("pfp", "address"),
    [
        (
            "default_profile_normal.png",
            "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
        ),
        ("https://example.com/p.jpg", "https://example.com/p.jpg"),
        ("http://example.com/p.jpg", PICTURES + "http://example.com/p.jpg"),
        ("1/p.jpg", PICTURES + "1/p.jpg"),
        ("", None),
        (None, None),
        (["x"], None),
    ],
)
def test_twitter_pictures(pfp: object, address: str | None) -> None:
    """The URL of a picture follows the official SDK's rule, and no picture is ``None``."""
    parsed = parse_one({"type": "twitter_oauth", "subject": "s", "pfp": pfp})
    assert isinstance(parsed, TwitterAccount)
    assert parsed.profile_picture_url == address


def test_an_empty_twitter_name_is_none() -> None:
    """Twitter's empty name is ``None``."""
    assert parse_one({"type": "twitter_oauth", "subject": "s", "name": ""}) == TwitterAccount(subject="s")


def test_shortcuts_of_accounts() -> None:
    """A phone has ``number``, and a wallet of Privy's own is ``embedded``."""
    assert PhoneAccount(phone_number="+1555").number == "+1555"
    assert WalletAccount(address="0x", wallet_client_type="privy").is_embedded
    assert not WalletAccount(address="0x", wallet_client_type="metamask").is_embedded
    assert not WalletAccount(address="0x").is_embedded


@pytest.mark.parametrize(
    ("lv", "moment"),
    [
        (0, 0),
        (10**400, 10**400),
        (1731974000.9, 1731974000),
        (math.nan, None),
        (math.inf, None),
        (True, None),
        ("1731974000", None),
        (None, None),
        ([1], None),
    ],
)
def test_the_time_of_verification(lv: object, moment: int | None) -> None:
    """The time is a finite JSON number in whole seconds, and other values are ignored."""
    for item in ({"type": "email", "address": "a@b.c", "lv": lv}, {"type": "line_oauth", "lv": lv}):
        assert parse_one(item).latest_verified_at == moment


@pytest.mark.parametrize(
    ("wallets", "kept"),
    [
        ([], []),
        ([{"address": "0xA"}, {"address": 5}, {}, None, "x"], [{"address": "0xA"}]),
        ({}, None),
        (None, None),
    ],
)
def test_cross_app_wallets(wallets: object, kept: list[dict[str, str]] | None) -> None:
    """Wallets without a string as address are left out; a missing list is not an empty list."""
    parsed = parse_one({"type": "cross_app", "subject": "s", "embedded_wallets": wallets})
    assert parsed.to_dict().get("embedded_wallets") == kept
    assert "smart_wallets" not in parsed.to_dict()


@pytest.mark.parametrize("kind", ["line_oauth", "twitch_oauth", "custom:mysso", "authorization_key", "guest", "EMAIL"])
def test_unknown_types_are_kept_whole(kind: str) -> None:
    """An account of an unknown type keeps all its fields, frozen, and returns them unchanged."""
    item = {"type": kind, "subject": "s", "nested": {"list": [1, {"a": None}]}, "lv": LV}
    parsed = parse_one(item)
    assert isinstance(parsed, UnknownAccount)
    assert (parsed.type, parsed.latest_verified_at) == (kind, LV)
    assert parsed.to_dict() == item
    parsed.to_dict()["nested"]["list"].append(2)
    assert parsed.to_dict() == item
    item["subject"] = "changed"
    assert parsed.fields["subject"] == "s"
    with pytest.raises(TypeError):
        parsed.fields["nested"]["list"] = []
    assert parsed.fields["nested"]["list"][0] == 1
    assert copy.deepcopy(parsed) == pickle.loads(pickle.dumps(parsed)) == parsed
    assert hash(parsed) == hash(copy.copy(parsed))


@pytest.mark.parametrize("kind", [None, 5, ["email"], {"email": 1}, True])
def test_a_type_that_is_no_string(kind: object) -> None:
    """An account without a string as type is kept unchanged, and its type is empty."""
    for item in ({"type": kind, "address": "a@b.c"}, {"address": "a@b.c"}):
        parsed = parse_one(item)
        assert isinstance(parsed, UnknownAccount)
        assert parsed.type == ""
        assert parsed.to_dict() == item


@pytest.mark.parametrize("item", [None, 5, "email", ["email"], True])
def test_an_item_that_is_no_object_is_refused(item: object) -> None:
    """A list that contains anything except objects is rejected."""
    with pytest.raises(InvalidClaims):
        parse_accounts([{"type": "email", "address": "a@b.c"}, item])


def test_deep_nesting_is_refused() -> None:
    """Deep nesting is rejected, because it could exhaust the stack in an app."""
    nested: object = 1
    for _ in range(5000):
        nested = [nested]
    with pytest.raises(InvalidClaims):
        parse_accounts([{"type": "future", "nested": nested}])


def test_order_is_kept() -> None:
    """Accounts keep the token's order, whatever their types."""
    items = [{"type": "email", "address": str(number)} if number % 2 else {"n": number} for number in range(9)]
    assert [account.to_dict() for account in parse_accounts(items)] == items
    assert parse_accounts([]) == ()


@given(st.lists(JSON_VALUES | LIKELY_ACCOUNTS, max_size=5))
def test_no_json_raises_anything_else(items: list[object]) -> None:
    """Any list either is rejected, or results in accounts that can be hashed and converted to JSON."""
    try:
        accounts = parse_accounts(items)
    except InvalidClaims:
        assert not all(isinstance(item, dict) for item in items)
    else:
        assert len(accounts) == len(items)
        assert isinstance(hash(accounts), int)
        json.dumps([account.to_dict() for account in accounts])
