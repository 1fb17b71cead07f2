"""The made-up users of the development issuer; together they have all types of accounts that Privy has.

Each account is written as in an identity token, with the token's own names; ``lv`` is in Unix seconds. The addresses
belong to no known key, and the mail addresses are at example.com (RFC 2606 §3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["DEFAULT_CREATED_AT", "DEFAULT_VERIFIED_AT", "PERSONAS", "Persona"]

DEFAULT_CREATED_AT = 1_731_974_895
DEFAULT_VERIFIED_AT = 1_731_974_000


@dataclass(frozen=True, slots=True)
class Persona:
    """A made-up user.

    Attributes:
        name: the name in ``PERSONAS``.
        did: the user's id.
        is_guest: whether the user is a guest.
        linked_accounts: the linked accounts, as in an identity token.
        custom_metadata: the custom metadata, if there is any.
        created_at: when the user was created, in Unix seconds.
    """

    name: str
    did: str
    is_guest: bool = False
    linked_accounts: tuple[dict[str, Any], ...] = ()
    custom_metadata: dict[str, str | int | float | bool] | None = None
    created_at: int = DEFAULT_CREATED_AT

    @property
    def account_types(self) -> tuple[str, ...]:
        """Return the types of the linked accounts, each once, in the accounts' order."""
        return tuple(dict.fromkeys(account["type"] for account in self.linked_accounts))


def _account(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields, "lv": DEFAULT_VERIFIED_AT}


def _wallet(address: str, chain_type: str = "ethereum", **fields: str) -> dict[str, Any]:
    return _account("wallet", address=address, chain_type=chain_type, **fields)


def _embedded(wallet_id: str, address: str, chain_type: str = "ethereum") -> dict[str, Any]:
    return {"type": "wallet", "id": wallet_id, **_wallet(address, chain_type, wallet_client_type="privy")}


_ADA = Persona(
    name="ada",
    did="did:privy:dev-ada",
    linked_accounts=(
        _account("email", address="ada@example.com"),
        _account("google_oauth", subject="100000000000000000001", email="ada@example.com", name="Ada Example"),
        _embedded("dev-ada-wallet-1", "0x79a08eFE34a7A0De99bbddF3b46E83E103c82555"),
        _wallet("0x72d916C83baF0730bbe2BeC6FF8c522C13bC0aEF", wallet_client_type="metamask"),
    ),
    custom_metadata={"role": "admin"},
)

_GRACE = Persona(
    name="grace",
    did="did:privy:dev-grace",
    linked_accounts=(
        _embedded("dev-grace-wallet-1", "5gvVHZb8aChuRy7o7jZvFiZiwhiBY9eu3ksYqU9YgzL5", "solana"),
        _wallet("2Qdrchea1P8CnsszusTJsbAVxZkmL7mPBRjD66ihP62r", "solana", wallet_client_type="phantom"),
        _account("farcaster", fid=1_000_001, username="grace", oa="0x14d371b823BCeFbdBD8FD93505C4e64c56B066A6"),
        _account("passkey", credential_id="ZGV2LWdyYWNlLXBhc3NrZXk"),
    ),
)

_ALAN = Persona(
    name="alan",
    did="did:privy:dev-alan",
    linked_accounts=(
        _account("phone", phone_number="+15555550100"),
        _account("twitter_oauth", subject="2001", username="alan", name="Alan", pfp="2001/dev_normal.jpg"),
        _account("twitter_oauth", subject="2002", username="alan2", name="Alan", pfp="default_profile_normal.png"),
        _account("twitter_oauth", subject="2003", username="alan3", name="Alan", pfp="https://example.com/alan.png"),
        _account("twitter_oauth", subject="2004", username=None, name=None, pfp=None),
        _account("twitter_oauth", subject="2005", username="alan5", name="Alan", pfp=""),
        _account("twitter_oauth", subject="2006", username="alan6", name="Alan"),
        _account("discord_oauth", subject="3001", username="alan#0"),
        _account("github_oauth", subject="4001", username="alan-example"),
        _account("spotify_oauth", subject="dev-alan-spotify"),
        _account("instagram_oauth", subject="5001", username="alan.example"),
        _account("tiktok_oauth", subject="dev-alan-tiktok-1", username="alan"),
        _account("tiktok_oauth", subject="dev-alan-tiktok-2"),
        _account("linkedin_oauth", subject="dev-alan-linkedin-1", email="alan@example.com"),
        _account("linkedin_oauth", subject="dev-alan-linkedin-2"),
        _account("apple_oauth", subject="000001.dev.0001", email="relay-alan@example.com"),
        _account("custom_auth", custom_user_id="dev|alan"),
        _account("telegram", telegram_user_id="6001", username="alan_example"),
        _account("telegram", telegram_user_id="6002"),
        _account(
            "smart_wallet",
            address="0x9466CF1c9f6188352f7bBA34a61FD5bDa2789380",
            smart_wallet_type="safe",
        ),
    ),
    custom_metadata={"role": "member", "seats": 3, "rating": 4.5, "beta": True, "name": "Ålan “Ω” 🚀"},
)

_HEDY = Persona(
    name="hedy",
    did="did:privy:dev-hedy",
    linked_accounts=(
        _account(
            "cross_app",
            subject="did:privy:dev-hedy-elsewhere",
            provider_app_id="privy-development-provider",
            embedded_wallets=[{"address": "0x2f96b6648C35269c41aA7Fb9aEDB2aB154AF5598"}],
            smart_wallets=[{"address": "0xE109EE40ae033Fd7b70C0a63B39E5f81F8FF5388"}],
        ),
        _account("line_oauth", subject="dev-hedy-line", name="Hedy", email="hedy@example.com"),
        _account("twitch_oauth", subject="7001", username="hedy"),
        _account("custom:example-sso", subject="dev-hedy-sso", email="hedy@example.com"),
        _account("authorization_key", public_key="ZGV2LWhlZHkta2V5"),
        _account("bluesky_oauth", subject="did:example:hedy", handle="hedy.example.com", verified=True),
        _wallet("0x7ca6Cba464aCbFe6Bd2359411269ab30fFFd53F4", wallet_client_type="privy"),
        _wallet("0x29A3AAFBcBb5C089b06f0e50C6D266f2597dAA52"),
    ),
)

_GUEST = Persona(
    name="guest",
    did="did:privy:dev-guest",
    is_guest=True,
    linked_accounts=(_embedded("dev-guest-wallet-1", "0x15b9379c143308517af45bDbde5f7E310776Eb30"),),
)

_EMPTY = Persona(name="empty", did="did:privy:dev-empty")

_COLLECTOR = Persona(
    name="collector",
    did="did:privy:dev-collector",
    linked_accounts=tuple(_embedded(f"dev-collector-wallet-{n}", f"0x{n:040d}") for n in range(1, 31)),
)

PERSONAS: Mapping[str, Persona] = MappingProxyType(
    {persona.name: persona for persona in (_ADA, _GRACE, _ALAN, _HEDY, _GUEST, _EMPTY, _COLLECTOR)}
)
