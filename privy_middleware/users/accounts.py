"""The accounts linked to a user: an immutable class for each type of account in a Privy identity token.

The accounts of a token are read by these dataclasses. A field without a default identifies the account and is
required, the others may be missing. The metadata of a field can set its name in the token (``key``), its JSON type
(``kind``) and the function that reads it (``read``). The REST API and the webhooks use the fields' own names;
``official`` is the function that reads the field there, if it is another one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from privy_middleware.errors import InvalidClaims
from privy_middleware.users.frozen import freeze_object, thaw_object
from privy_middleware.users.pydantic_schema import PydanticOutput

__all__ = [
    "ACCOUNT_TYPES",
    "Account",
    "AppleAccount",
    "CHAIN_TYPES",
    "CrossAppAccount",
    "CrossAppWallet",
    "CustomAuthAccount",
    "DiscordAccount",
    "EmailAccount",
    "FarcasterAccount",
    "GithubAccount",
    "GoogleAccount",
    "InstagramAccount",
    "LinkedAccount",
    "LinkedInAccount",
    "OTHER_ACCOUNT_TYPES",
    "PasskeyAccount",
    "PhoneAccount",
    "SmartWalletAccount",
    "SpotifyAccount",
    "TelegramAccount",
    "TikTokAccount",
    "TwitterAccount",
    "UnknownAccount",
    "WalletAccount",
    "parse_accounts",
    "seconds",
]


def seconds(value: object) -> int | None:
    """Return a JSON number as whole seconds, or ``None`` if it is anything else."""
    if type(value) is float and math.isfinite(value):
        return int(value)
    return value if type(value) is int else None


def _text(value: object) -> str | None:
    return value if type(value) is str else None


def _filled_text(value: object) -> str | None:
    return _text(value) or None


def _not_in_tokens(_: object) -> None:
    """Return ``None``: only the REST API and the webhooks have the field."""


def _picture(value: object) -> str | None:
    """Return the URL of a Twitter picture by the rule of the official SDK, or ``None`` if the token has none."""
    name = _filled_text(value)
    if name is None or name.startswith("https://"):
        return name
    if name.startswith("default"):
        return "https://abs.twimg.com/sticky/default_profile_images/" + name
    return "https://pbs.twimg.com/profile_images/" + name


def _wallets(value: object) -> tuple[CrossAppWallet, ...] | None:
    if not isinstance(value, list):
        return None
    addresses = [_text(item.get("address")) for item in value if isinstance(item, dict)]
    return tuple(CrossAppWallet(address=address) for address in addresses if address is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(PydanticOutput):
    """The base of all linked accounts.

    Attributes:
        type: the type, as in the token.
        latest_verified_at: when the account was last verified, in Unix seconds.
    """

    type: str
    latest_verified_at: int | None = field(default=None, metadata={"key": "lv", "read": seconds})

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict for JSON with the official field names, without fields that are not in the token."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["latest_verified_at"] = values.pop("latest_verified_at")
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailAccount(Account):
    """An e-mail address."""

    type: Literal["email"] = "email"
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAccount(Account):
    """A phone number."""

    type: Literal["phone"] = "phone"
    phone_number: str

    @property
    def number(self) -> str:
        """Return ``phone_number``."""
        return self.phone_number


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletAccount(Account):
    """A wallet.

    Attributes:
        address: the address.
        id: Privy's id of the wallet, if it is an embedded one.
        chain_type: the chain, such as ``ethereum`` or ``solana``; others may follow.
        wallet_client_type: the wallet's software, such as ``metamask``; ``privy`` for an embedded wallet.
    """

    type: Literal["wallet"] = "wallet"
    address: str
    id: str | None = None
    chain_type: str | None = None
    wallet_client_type: str | None = None

    @property
    def is_embedded(self) -> bool:
        """Return whether the wallet is embedded, that is one of Privy's."""
        return self.wallet_client_type == "privy"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartWalletAccount(Account):
    """A smart wallet; ``smart_wallet_type`` is for example ``safe`` or ``kernel``, and others may follow."""

    type: Literal["smart_wallet"] = "smart_wallet"
    address: str
    smart_wallet_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FarcasterAccount(Account):
    """A Farcaster account."""

    type: Literal["farcaster"] = "farcaster"
    fid: int = field(metadata={"kind": int})
    username: str | None = None
    owner_address: str | None = field(default=None, metadata={"key": "oa"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleAccount(Account):
    """A Google account."""

    type: Literal["google_oauth"] = "google_oauth"
    subject: str
    email: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TwitterAccount(Account):
    """A Twitter (X) account."""

    type: Literal["twitter_oauth"] = "twitter_oauth"
    subject: str
    username: str | None = None
    name: str | None = field(default=None, metadata={"read": _filled_text})
    profile_picture_url: str | None = field(
        default=None, metadata={"key": "pfp", "read": _picture, "official": _filled_text}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordAccount(Account):
    """A Discord account; only the REST API and the webhooks have its ``email``."""

    type: Literal["discord_oauth"] = "discord_oauth"
    subject: str
    username: str | None = None
    email: str | None = field(default=None, metadata={"read": _not_in_tokens, "official": _filled_text})


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubAccount(Account):
    """A GitHub account; only the REST API and the webhooks have its ``email``."""

    type: Literal["github_oauth"] = "github_oauth"
    subject: str
    username: str | None = None
    email: str | None = field(default=None, metadata={"read": _not_in_tokens, "official": _filled_text})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotifyAccount(Account):
    """A Spotify account; only the REST API and the webhooks have its ``email``."""

    type: Literal["spotify_oauth"] = "spotify_oauth"
    subject: str
    email: str | None = field(default=None, metadata={"read": _not_in_tokens, "official": _filled_text})


@dataclass(frozen=True, slots=True, kw_only=True)
class InstagramAccount(Account):
    """An Instagram account."""

    type: Literal["instagram_oauth"] = "instagram_oauth"
    subject: str
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TikTokAccount(Account):
    """A TikTok account."""

    type: Literal["tiktok_oauth"] = "tiktok_oauth"
    subject: str
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedInAccount(Account):
    """A LinkedIn account."""

    type: Literal["linkedin_oauth"] = "linkedin_oauth"
    subject: str
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppleAccount(Account):
    """An Apple account; ``email`` may be a relay address."""

    type: Literal["apple_oauth"] = "apple_oauth"
    subject: str
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomAuthAccount(Account):
    """An account of the app's own authentication."""

    type: Literal["custom_auth"] = "custom_auth"
    custom_user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramAccount(Account):
    """A Telegram account."""

    type: Literal["telegram"] = "telegram"
    telegram_user_id: str
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossAppWallet:
    """A wallet that the user has in another app."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossAppAccount(Account):
    """The user's account in another app, with its wallets if the token contains them."""

    type: Literal["cross_app"] = "cross_app"
    subject: str
    provider_app_id: str | None = None
    embedded_wallets: tuple[CrossAppWallet, ...] | None = field(default=None, metadata={"read": _wallets})
    smart_wallets: tuple[CrossAppWallet, ...] | None = field(default=None, metadata={"read": _wallets})

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict for JSON, with the wallets as a list of objects with an ``address``."""
        values = Account.to_dict(self)
        for name in ("embedded_wallets", "smart_wallets"):
            if name in values:
                values[name] = [{"address": wallet.address} for wallet in values[name]]
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyAccount(Account):
    """A passkey."""

    type: Literal["passkey"] = "passkey"
    credential_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAccount(Account):
    """An account of an unknown type, or one without the fields that identify it.

    Attributes:
        type: the type, or an empty string if the token has none.
        fields: all fields, as in the token.
    """

    _not_in_output: ClassVar[frozenset[str]] = frozenset({"fields", "latest_verified_at"})

    type: str = ""
    fields: Mapping[str, Any] = field(hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict for JSON of all fields, as in the token."""
        return thaw_object(self.fields)


LinkedAccount: TypeAlias = (
    EmailAccount
    | PhoneAccount
    | WalletAccount
    | SmartWalletAccount
    | FarcasterAccount
    | GoogleAccount
    | TwitterAccount
    | DiscordAccount
    | GithubAccount
    | SpotifyAccount
    | InstagramAccount
    | TikTokAccount
    | LinkedInAccount
    | AppleAccount
    | CustomAuthAccount
    | TelegramAccount
    | CrossAppAccount
    | PasskeyAccount
    | UnknownAccount
)


def _type_name(cls: type[Account]) -> str:
    return str(cls.__dataclass_fields__["type"].default)


ACCOUNT_TYPES: Mapping[str, type[Account]] = {
    _type_name(cls): cls for cls in get_args(LinkedAccount) if cls is not UnknownAccount
}


OTHER_ACCOUNT_TYPES = ("line_oauth", "twitch_oauth", "authorization_key")
"""Account types of Privy that have no class here; their accounts are ``UnknownAccount``."""

CHAIN_TYPES = (
    "ethereum",
    "solana",
    "cosmos",
    "stellar",
    "sui",
    "aptos",
    "movement",
    "tron",
    "bitcoin-segwit",
    "bitcoin-taproot",
    "near",
    "ton",
    "starknet",
    "xrpl",
    "spark",
)
"""The values of a wallet's ``chain_type`` that Privy documents; others may follow."""


# The strings that many accounts have in common, of which one object serves all cached users.
_COMMON = {name: name for name in (*CHAIN_TYPES, "privy", "metamask", "phantom", "coinbase_wallet", "rainbow")}


def _builder(cls: type[Account], *, official: bool) -> Callable[[dict[str, Any]], Any]:
    """Return a function that makes a ``cls`` of an account's JSON, or ``None`` if a required field is missing.

    Accounts are made for every verified token, so the slots are set directly, by their descriptors. This does what the
    ``__init__`` of a frozen dataclass does, in a third of the time.
    """
    new, name = object.__new__, _type_name(cls)
    setters = {part.name: getattr(cls, part.name).__set__ for part in fields(cls)}
    set_type, shared = setters["type"], _COMMON.get
    identity, texts, readings = [], [], []
    for part in fields(cls)[1:]:
        put, read = setters[part.name], part.metadata.get("read")
        key = part.name if official else part.metadata.get("key", part.name)
        if part.default is MISSING:
            identity.append((key, put, part.metadata.get("kind", str)))
        elif read is not None:
            readings.append((key, put, part.metadata.get("official", read) if official else read))
        else:
            texts.append((key, put))

    def build(item: dict[str, Any]) -> Any:
        account, get = new(cls), item.get
        for key, put, expected in identity:
            if type(value := get(key)) is not expected:
                return None
            put(account, value)
        for key, put in texts:
            put(account, shared(value, value) if type(value := get(key)) is str else None)
        for key, put, read in readings:
            put(account, read(get(key)))
        set_type(account, name)
        return account

    return build


_BUILDERS = {name: _builder(cls, official=False) for name, cls in ACCOUNT_TYPES.items()}
_OFFICIAL_BUILDERS = {name: _builder(cls, official=True) for name, cls in ACCOUNT_TYPES.items()}


def _unknown(item: dict[str, Any], verified: str) -> UnknownAccount:
    name = _text(item.get("type")) or ""
    return UnknownAccount(type=name, fields=freeze_object(item), latest_verified_at=seconds(item.get(verified)))


def parse_accounts(items: Sequence[object], *, official: bool = False) -> tuple[LinkedAccount, ...]:
    """Return the accounts in a decoded ``linked_accounts``, in the same order.

    ``official`` is for the REST API and webhooks, which use the official field names.

    Raises:
        InvalidClaims: if an item is not an object, or is nested too deeply.
    """
    builders, verified = (_OFFICIAL_BUILDERS, "latest_verified_at") if official else (_BUILDERS, "lv")
    accounts: list[LinkedAccount] = []
    for item in items:
        if not isinstance(item, dict):
            raise InvalidClaims("The claim linked_accounts contains something that is not an object.")
        name = item.get("type")
        build = builders.get(name) if type(name) is str else None
        account = None if build is None else build(item)
        accounts.append(_unknown(item, verified) if account is None else account)
    return tuple(accounts)
