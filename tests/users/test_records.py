"""Records of the REST API become the same users as tokens."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware import PrivyUser
from privy_middleware.development import PERSONAS
from privy_middleware.users.accounts import (
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
)
from privy_middleware.users.records import UnreadableUser, user_from_record
from privy_middleware.users.user import user_from_claims
from tests.loader.server import DID, VERIFIED_AT, account, record

# Each account in the form of the REST API, including fields that tokens do not have, and the expected account.
ACCOUNTS: list[tuple[dict[str, Any], Account]] = [
    (account("email", address="a@b.c"), EmailAccount(address="a@b.c")),
    (account("phone", phoneNumber="+1555", number="+1555"), PhoneAccount(phone_number="+1555")),
    (account("phone", number="+1556"), PhoneAccount(phone_number="+1556")),
    (account("phone", phone_number="+1557"), PhoneAccount(phone_number="+1557")),
    (
        account(
            "wallet",
            id="w1",
            address="0xA",
            chain_id="eip155:1",
            chain_type="ethereum",
            connector_type="embedded",
            delegated=False,
            imported=False,
            recovery_method="privy-v2",
            wallet_client="privy",
            wallet_client_type="privy",
            wallet_index=0,
        ),
        WalletAccount(id="w1", address="0xA", chain_type="ethereum", wallet_client_type="privy"),
    ),
    (
        account("wallet", address="So1", chain_type="solana", wallet_client="unknown"),
        WalletAccount(address="So1", chain_type="solana"),
    ),
    (
        account("smart_wallet", address="0xB", smart_wallet_type="safe", smart_wallet_version="1.4"),
        SmartWalletAccount(address="0xB", smart_wallet_type="safe"),
    ),
    (
        account("farcaster", fid=4423, owner_address="0xC", username="ada", display_name="Ada", profile_picture="p"),
        FarcasterAccount(fid=4423, owner_address="0xC", username="ada"),
    ),
    (account("farcaster", fid=4423.0, owner_address="0xC"), FarcasterAccount(fid=4423, owner_address="0xC")),
    (
        account("google_oauth", subject="s", email="a@b.c", name="Ada"),
        GoogleAccount(subject="s", email="a@b.c", name="Ada"),
    ),
    (
        account("twitter_oauth", subject="s", username="ada", name="Ada", profile_picture_url="http://x.example/p.png"),
        TwitterAccount(subject="s", username="ada", name="Ada", profile_picture_url="http://x.example/p.png"),
    ),
    (account("twitter_oauth", subject="s", name=None, profile_picture_url=""), TwitterAccount(subject="s")),
    (account("discord_oauth", subject="s", username="ada"), DiscordAccount(subject="s", username="ada")),
    (account("discord_oauth", subject="s", email="a@b.c"), DiscordAccount(subject="s", email="a@b.c")),
    (account("discord_oauth", subject="s", email=""), DiscordAccount(subject="s")),
    (
        account("github_oauth", subject="s", username="ada", email="a@b.c"),
        GithubAccount(subject="s", username="ada", email="a@b.c"),
    ),
    (account("spotify_oauth", subject="s", email="a@b.c"), SpotifyAccount(subject="s", email="a@b.c")),
    (account("instagram_oauth", subject="s", username="ada"), InstagramAccount(subject="s", username="ada")),
    (account("tiktok_oauth", subject="s", username="ada"), TikTokAccount(subject="s", username="ada")),
    (account("linkedin_oauth", subject="s", email="a@b.c"), LinkedInAccount(subject="s", email="a@b.c")),
    (account("apple_oauth", subject="s", email="a@b.c"), AppleAccount(subject="s", email="a@b.c")),
    (account("custom_auth", custom_user_id="u1"), CustomAuthAccount(custom_user_id="u1")),
    (
        account("telegram", telegram_user_id="6001", first_name="Ada", username="ada"),
        TelegramAccount(telegram_user_id="6001", username="ada"),
    ),
    (
        account(
            "cross_app",
            subject="did:privy:x",
            provider_app_id="p",
            embedded_wallets=[{"address": "0xD"}],
            smart_wallets=[],
        ),
        CrossAppAccount(
            subject="did:privy:x",
            provider_app_id="p",
            embedded_wallets=(CrossAppWallet(address="0xD"),),
            smart_wallets=(),
        ),
    ),
    (account("passkey", credential_id="c", enrolled_in_mfa=True), PasskeyAccount(credential_id="c")),
]


@pytest.mark.parametrize(("item", "expected"), ACCOUNTS)
def test_every_type(item: dict[str, Any], expected: Account) -> None:
    """An account of each type is read with the official field names."""
    found = user_from_record(record(DID, item), fresh_at=5.0).linked_accounts[0]
    assert {**found.to_dict(), "latest_verified_at": None} == {**expected.to_dict(), "latest_verified_at": None}
    assert type(found) is type(expected)
    assert found.latest_verified_at == VERIFIED_AT


@pytest.mark.parametrize(
    "item",
    [
        account("line_oauth", subject="s", name="Ada"),
        account("phone"),
        account("farcaster", fid=1.5, owner_address="0xC"),
        account("google_oauth", subject="s"),
    ],
)
def test_unknown_accounts_are_kept(item: dict[str, Any]) -> None:
    """An account with an unknown type or without its identifying field is kept with its fields."""
    found = user_from_record(record(DID, item), fresh_at=5.0).linked_accounts[0]
    assert isinstance(found, UnknownAccount)
    assert found.latest_verified_at == VERIFIED_AT
    assert item.items() <= found.to_dict().items()


def test_user() -> None:
    """The user is complete, and has the time of the record."""
    user = user_from_record(record(custom_metadata={"role": "admin"}, is_guest=True), fresh_at=7.5)
    assert (user.id, user.created_at, user.is_guest) == (DID, 1_731_974_895, True)
    assert user.custom_metadata == {"role": "admin"}
    assert (user.complete, user.fresh_at, user.claims) == (True, 7.5, {})
    assert user.to_dict()["custom_metadata"] == {"role": "admin"}


def test_numbers_that_a_client_has_made_floats() -> None:
    """A creation time that another client has converted to a float is an integer again."""
    assert user_from_record(record(created_at=1_731_974_895.0), fresh_at=0.0).created_at == 1_731_974_895


@pytest.mark.parametrize("name", PERSONAS)
def test_same_as_from_a_token(name: str) -> None:
    """A user from a token equals the same user from the REST API."""
    persona = PERSONAS[name]
    renamed = {"lv": "latest_verified_at", "oa": "owner_address"}
    accounts: list[dict[str, Any]] = [
        {renamed.get(key, key): value for key, value in each.items() if key != "pfp"}
        for each in persona.linked_accounts
    ]
    claims = {"sub": persona.did, "cr": str(persona.created_at), **({"guest": "t"} if persona.is_guest else {})}
    told = user_from_claims(claims, list(persona.linked_accounts), persona.custom_metadata)
    known = user_from_record(
        record(
            persona.did,
            *accounts,
            created_at=persona.created_at,
            is_guest=persona.is_guest,
            custom_metadata=persona.custom_metadata,
        ),
        fresh_at=1.0,
    )
    assert _without_what_differs(known) == _without_what_differs(told)


def _without_what_differs(user: PrivyUser) -> dict[str, Any]:
    values = user.to_dict()
    for each in values["linked_accounts"]:
        for name in ("profile_picture_url", "lv", "latest_verified_at"):
            each.pop(name, None)
    return values


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"id": None}, "no id"),
        ({"id": ""}, "no id"),
        ({"linked_accounts": None}, "not a list"),
        ({"linked_accounts": ["email"]}, "not an object"),
        ({"custom_metadata": [1]}, "not an object"),
    ],
)
def test_no_user(wrong: dict[str, Any], reason: str) -> None:
    """Other values are rejected with a reason."""
    with pytest.raises(UnreadableUser, match=reason):
        user_from_record(record(**wrong), fresh_at=0.0)
