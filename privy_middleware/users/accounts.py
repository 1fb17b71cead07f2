"""The accounts linked to a user, one typed, immutable class for each type a Privy identity token knows.

The dataclasses are the one description of a token's accounts: a field without a default identifies the
account and must be there, the others may be missing; a field's metadata says where its key in the token
(``key``), its JSON type (``kind``) or its reading (``read``) is not the plain one. The REST API and the
webhooks spell the same accounts with the fields' own names; ``official`` is the reading there if it differs.
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
    """Return a JSON number as whole seconds, or None for anything else."""
    if type(value) is float and math.isfinite(value):
        return int(value)
    return value if type(value) is int else None


def _text(value: object) -> str | None:
    return value if type(value) is str else None


def _filled_text(value: object) -> str | None:
    return _text(value) or None


def _picture(value: object) -> str | None:
    """Return the address of a Twitter picture, by the official SDK's rule; none where the token has none."""
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
    """Describe what all linked accounts share; ``latest_verified_at`` is in Unix seconds."""

    type: str
    latest_verified_at: int | None = field(default=None, metadata={"key": "lv", "read": seconds})

    def to_dict(self) -> dict[str, Any]:
        """Return a fresh JSON object under the official field names, without what the token does not say."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["latest_verified_at"] = values.pop("latest_verified_at")
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailAccount(Account):
    """Describe an e-mail address."""

    type: Literal["email"] = "email"
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAccount(Account):
    """Describe a phone number."""

    type: Literal["phone"] = "phone"
    phone_number: str

    @property
    def number(self) -> str:
        """Return ``phone_number``, under its shorter name."""
        return self.phone_number


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletAccount(Account):
    """Describe a wallet; ``chain_type`` is an open set: ``ethereum``, ``solana``, …."""

    type: Literal["wallet"] = "wallet"
    address: str
    id: str | None = None
    chain_type: str | None = None
    wallet_client_type: str | None = None

    @property
    def is_embedded(self) -> bool:
        """Tell whether the wallet is Privy's own, embedded one."""
        return self.wallet_client_type == "privy"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartWalletAccount(Account):
    """Describe a smart wallet; ``smart_wallet_type`` is an open set: ``safe``, ``kernel``, …."""

    type: Literal["smart_wallet"] = "smart_wallet"
    address: str
    smart_wallet_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FarcasterAccount(Account):
    """Describe a Farcaster account."""

    type: Literal["farcaster"] = "farcaster"
    fid: int = field(metadata={"kind": int})
    username: str | None = None
    owner_address: str | None = field(default=None, metadata={"key": "oa"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleAccount(Account):
    """Describe a Google account."""

    type: Literal["google_oauth"] = "google_oauth"
    subject: str
    email: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TwitterAccount(Account):
    """Describe a Twitter (X) account."""

    type: Literal["twitter_oauth"] = "twitter_oauth"
    subject: str
    username: str | None = None
    name: str | None = field(default=None, metadata={"read": _filled_text})
    profile_picture_url: str | None = field(
        default=None, metadata={"key": "pfp", "read": _picture, "official": _filled_text}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordAccount(Account):
    """Describe a Discord account."""

    type: Literal["discord_oauth"] = "discord_oauth"
    subject: str
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubAccount(Account):
    """Describe a GitHub account."""

    type: Literal["github_oauth"] = "github_oauth"
    subject: str
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotifyAccount(Account):
    """Describe a Spotify account."""

    type: Literal["spotify_oauth"] = "spotify_oauth"
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstagramAccount(Account):
    """Describe an Instagram account."""

    type: Literal["instagram_oauth"] = "instagram_oauth"
    subject: str
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TikTokAccount(Account):
    """Describe a TikTok account."""

    type: Literal["tiktok_oauth"] = "tiktok_oauth"
    subject: str
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedInAccount(Account):
    """Describe a LinkedIn account."""

    type: Literal["linkedin_oauth"] = "linkedin_oauth"
    subject: str
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppleAccount(Account):
    """Describe an Apple account; ``email`` may be a private relay."""

    type: Literal["apple_oauth"] = "apple_oauth"
    subject: str
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomAuthAccount(Account):
    """Describe a user of the app's own authentication."""

    type: Literal["custom_auth"] = "custom_auth"
    custom_user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramAccount(Account):
    """Describe a Telegram account."""

    type: Literal["telegram"] = "telegram"
    telegram_user_id: str
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossAppWallet:
    """Describe a wallet that the user has in another app."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossAppAccount(Account):
    """Describe the user's account in another app, with its wallets where the token lists them."""

    type: Literal["cross_app"] = "cross_app"
    subject: str
    provider_app_id: str | None = None
    embedded_wallets: tuple[CrossAppWallet, ...] | None = field(default=None, metadata={"read": _wallets})
    smart_wallets: tuple[CrossAppWallet, ...] | None = field(default=None, metadata={"read": _wallets})

    def to_dict(self) -> dict[str, Any]:
        """Return a fresh JSON object, the wallets as a list of objects with an ``address``."""
        values = Account.to_dict(self)
        for name in ("embedded_wallets", "smart_wallets"):
            if name in values:
                values[name] = [{"address": wallet.address} for wallet in values[name]]
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyAccount(Account):
    """Describe a passkey."""

    type: Literal["passkey"] = "passkey"
    credential_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAccount(Account):
    """Keep whole an account of a type not known here, or without what identifies it.

    ``fields`` are all its fields as they came. ``type`` is empty when the token gives none that is a string.
    """

    _not_in_output: ClassVar[frozenset[str]] = frozenset({"fields", "latest_verified_at"})

    type: str = ""
    fields: Mapping[str, Any] = field(hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Return a fresh JSON object of all the fields as they came."""
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


def _builder(cls: type[Account], *, official: bool) -> Callable[[dict[str, Any]], Any]:
    """Return a function from an account in JSON to a ``cls``, or to None where what identifies it is missing.

    Accounts are built for every token that is verified, so their slots are set through the slots' own
    descriptors: what the ``__init__`` of a frozen dataclass comes down to, in a third of its time.
    """
    new, name = object.__new__, _type_name(cls)
    setters = {part.name: getattr(cls, part.name).__set__ for part in fields(cls)}
    set_type = setters["type"]
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
            put(account, value if type(value := get(key)) is str else None)
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
    """Return the accounts of a token's ``linked_accounts``, already decoded from JSON, in their order.

    With ``official`` they are those of the REST API or of a webhook, under their official field names.

    Raises:
        InvalidClaims: an item is not an object, or is nested too deeply.
    """
    builders, verified = (_OFFICIAL_BUILDERS, "latest_verified_at") if official else (_BUILDERS, "lv")
    accounts: list[LinkedAccount] = []
    for item in items:
        if not isinstance(item, dict):
            raise InvalidClaims("linked_accounts holds something that is not an object")
        name = item.get("type")
        build = builders.get(name) if type(name) is str else None
        account = None if build is None else build(item)
        accounts.append(_unknown(item, verified) if account is None else account)
    return tuple(accounts)
