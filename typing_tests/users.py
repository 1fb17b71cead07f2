"""The user, the linked accounts, and the claims of an access token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, assert_type

from privy_middleware import (
    AccessTokenClaims,
    AppleAccount,
    CrossAppAccount,
    CustomAuthAccount,
    DiscordAccount,
    EmailAccount,
    EmailAddress,
    FarcasterAccount,
    GithubAccount,
    GoogleAccount,
    InstagramAccount,
    InvalidUserData,
    LinkedAccount,
    LinkedInAccount,
    PasskeyAccount,
    PhoneAccount,
    PrivyUser,
    SmartWalletAccount,
    SpotifyAccount,
    TelegramAccount,
    TikTokAccount,
    TwitterAccount,
    UnknownAccount,
    WalletAccount,
)
from privy_middleware.users import CrossAppWallet


def fields(user: PrivyUser) -> None:
    assert_type(user.id, str)
    assert_type(user.created_at, int | None)
    assert_type(user.is_guest, bool)
    assert_type(user.linked_accounts, tuple[LinkedAccount, ...])
    assert_type(user.custom_metadata, Mapping[str, Any] | None)
    assert_type(user.claims, Mapping[str, Any])
    assert_type(user.complete, bool)
    assert_type(user.fresh_at, float | None)
    assert_type(user.owns_wallet("0x"), bool)
    assert_type(user.to_dict(), dict[str, Any])


def addresses(user: PrivyUser) -> list[str]:
    for email in user.email_addresses:
        assert_type(email.address, str)
        assert_type(email.verified_at, int | None)
        assert_type(email.account.type in {"email", "google_oauth"}, bool)
        if isinstance(email.account, GoogleAccount):
            assert_type(email.account.name, str | None)
        assert_type(email.to_dict(), dict[str, Any])
    assert_type(user.email_addresses, tuple[EmailAddress, ...])
    return [email.address for email in user.email_addresses if email.verified_at]


def stored(user: PrivyUser, claims: AccessTokenClaims) -> str:
    assert_type(AccessTokenClaims.from_dict(claims.to_dict()), AccessTokenClaims)
    try:
        assert_type(PrivyUser.from_dict(user.to_dict()), PrivyUser)
    except InvalidUserData as error:
        return error.field
    return ""


def shortcuts(user: PrivyUser) -> None:
    assert_type(user.email, EmailAccount | None)
    assert_type(user.phone, PhoneAccount | None)
    assert_type(user.wallet, WalletAccount | None)
    assert_type(user.wallets, tuple[WalletAccount, ...])
    assert_type(user.smart_wallet, SmartWalletAccount | None)
    assert_type(user.google, GoogleAccount | None)
    assert_type(user.twitter, TwitterAccount | None)
    assert_type(user.discord, DiscordAccount | None)
    assert_type(user.github, GithubAccount | None)
    assert_type(user.apple, AppleAccount | None)
    assert_type(user.linkedin, LinkedInAccount | None)
    assert_type(user.tiktok, TikTokAccount | None)
    assert_type(user.spotify, SpotifyAccount | None)
    assert_type(user.instagram, InstagramAccount | None)
    assert_type(user.custom, CustomAuthAccount | None)
    assert_type(user.farcaster, FarcasterAccount | None)
    assert_type(user.telegram, TelegramAccount | None)
    assert_type(user.passkey, PasskeyAccount | None)


def accounts_by_type(user: PrivyUser, type_: str) -> None:
    assert_type(user.accounts("email"), tuple[EmailAccount, ...])
    assert_type(user.accounts("phone"), tuple[PhoneAccount, ...])
    assert_type(user.accounts("wallet"), tuple[WalletAccount, ...])
    assert_type(user.accounts("smart_wallet"), tuple[SmartWalletAccount, ...])
    assert_type(user.accounts("farcaster"), tuple[FarcasterAccount, ...])
    assert_type(user.accounts("google_oauth"), tuple[GoogleAccount, ...])
    assert_type(user.accounts("twitter_oauth"), tuple[TwitterAccount, ...])
    assert_type(user.accounts("discord_oauth"), tuple[DiscordAccount, ...])
    assert_type(user.accounts("github_oauth"), tuple[GithubAccount, ...])
    assert_type(user.accounts("spotify_oauth"), tuple[SpotifyAccount, ...])
    assert_type(user.accounts("instagram_oauth"), tuple[InstagramAccount, ...])
    assert_type(user.accounts("tiktok_oauth"), tuple[TikTokAccount, ...])
    assert_type(user.accounts("linkedin_oauth"), tuple[LinkedInAccount, ...])
    assert_type(user.accounts("apple_oauth"), tuple[AppleAccount, ...])
    assert_type(user.accounts("custom_auth"), tuple[CustomAuthAccount, ...])
    assert_type(user.accounts("telegram"), tuple[TelegramAccount, ...])
    assert_type(user.accounts("cross_app"), tuple[CrossAppAccount, ...])
    assert_type(user.accounts("passkey"), tuple[PasskeyAccount, ...])
    # A type that the library does not know, or that is known only at run time.
    assert_type(user.accounts("new_oauth"), tuple[LinkedAccount, ...])
    assert_type(user.accounts(type_), tuple[LinkedAccount, ...])


def account_fields(user: PrivyUser) -> None:
    for email in user.accounts("email"):
        assert_type(email.type, Literal["email"])
        assert_type(email.address, str)
        assert_type(email.latest_verified_at, int | None)
    for wallet in user.wallets:
        assert_type(wallet.address, str)
        assert_type(wallet.id, str | None)
        assert_type(wallet.chain_type, str | None)
        assert_type(wallet.wallet_client_type, str | None)
        assert_type(wallet.is_embedded, bool)
    for farcaster in user.accounts("farcaster"):
        assert_type(farcaster.fid, int)
        assert_type(farcaster.owner_address, str | None)
    for cross_app in user.accounts("cross_app"):
        assert_type(cross_app.embedded_wallets, tuple[CrossAppWallet, ...] | None)
    for phone in user.accounts("phone"):
        assert_type((phone.phone_number, phone.number), tuple[str, str])


def narrowed_by_type(account: LinkedAccount) -> str | None:
    """Type checkers narrow the union by ``type``, in ``if`` and in ``match``."""
    assert_type(account.to_dict(), dict[str, Any])
    if isinstance(account, UnknownAccount):
        assert_type(account.fields, Mapping[str, Any])
        return account.type
    if account.type == "wallet":
        assert_type(account, WalletAccount)
        return account.address
    match account:
        case EmailAccount(address=address):
            assert_type(address, str)
            return address
        case GoogleAccount() | AppleAccount():
            assert_type(account, GoogleAccount | AppleAccount)
            return account.email
        case _:
            return None


def access_claims(claims: AccessTokenClaims) -> None:
    assert_type(claims.app_id, str)
    assert_type(claims.user_id, str)
    assert_type(claims.issuer, str)
    assert_type(claims.issued_at, int)
    assert_type(claims.expiration, int)
    assert_type(claims.session_id, str)
    assert_type(claims.to_dict(), dict[str, Any])


def refused(user: PrivyUser, account: LinkedAccount) -> None:
    """Mistakes that a type checker must report."""
    PrivyUser.from_dict("did:privy:x")  # type: ignore[arg-type]
    user.claims = {}  # type: ignore[misc]
    user.id = "did:privy:other"  # type: ignore[misc]
    user.email.address  # type: ignore[union-attr]
    user.accounts(7)  # type: ignore[call-overload]
    user.wallets.append(account)  # type: ignore[attr-defined]
    account.address  # type: ignore[union-attr]
