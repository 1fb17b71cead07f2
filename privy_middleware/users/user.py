"""The user that a token describes, and the claims of an access token."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, ClassVar, Literal, TypeVar, overload

from privy_middleware.users.accounts import (
    ACCOUNT_TYPES,
    Account,
    AppleAccount,
    CrossAppAccount,
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
    seconds,
)
from privy_middleware.users.emails import EmailAddress, addresses_in
from privy_middleware.users.frozen import FrozenDict, freeze_object, thaw_object
from privy_middleware.users.pydantic_schema import OnlyFromTokens, PydanticOutputOnly
from privy_middleware.users.stored import read_claims, read_user
from privy_middleware.users.verified import NotAField, VerifiedUser, hide_claims, refuse_decoding

__all__ = ["AccessTokenClaims", "PrivyUser", "user_from_access_claims", "user_from_claims"]

_A = TypeVar("_A", bound=Account)

_EVM_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
_ACCOUNTS, _METADATA = "linked_accounts", "custom_metadata"
_LAST_YEAR_DIGITS = 12  # 253402300799, the end of the year 9999


def _canonical(address: str) -> str:
    """Return an address for comparison: in an EVM address the case of the letters is only a checksum (EIP-55)."""
    return address.lower() if _EVM_ADDRESS.fullmatch(address) else address


def _creation_time(value: object) -> int | None:
    """Return ``cr`` in Unix seconds; it is a string of digits or a JSON number."""
    if isinstance(value, str):
        plain = value.isascii() and value.isdigit() and len(value) <= _LAST_YEAR_DIGITS
        return int(value) if plain else None
    return seconds(value)


@hide_claims
@dataclass(frozen=True, slots=True)
class PrivyUser(VerifiedUser):
    """A verified user. It is immutable, because one object is used by many requests.

    The ``repr`` shows no personal data.

    Attributes:
        id: the user's DID, such as ``did:privy:…``.
        created_at: when the user was created, in Unix seconds.
        is_guest: whether the user is a guest.
        linked_accounts: the linked accounts, in the token's order.
        custom_metadata: the custom metadata, or ``None`` if there is none.
        claims: the claims of the token.
        complete: ``False`` if only an access token is known, which contains no accounts.
        fresh_at: when the user was loaded from the REST API, in Unix seconds; ``None`` for a user of a token.
    """

    _not_in_output: ClassVar[frozenset[str]] = frozenset({"complete", "fresh_at"})

    id: Annotated[str, OnlyFromTokens("PrivyUser")]
    created_at: int | None = None
    is_guest: bool = False
    linked_accounts: tuple[LinkedAccount, ...] = field(default=(), repr=False)
    custom_metadata: Mapping[str, Any] | None = field(default=None, repr=False, hash=False)
    claims: NotAField[Mapping[str, Any]] = field(default=FrozenDict(), repr=False, compare=False)
    complete: bool = True
    fresh_at: float | None = None

    def _all(self, cls: type[_A]) -> tuple[_A, ...]:
        return tuple(account for account in self.linked_accounts if isinstance(account, cls))

    def _first(self, cls: type[_A]) -> _A | None:
        return next((account for account in self.linked_accounts if isinstance(account, cls)), None)

    @property
    def email(self) -> EmailAccount | None:
        """Return the first e-mail account; ``email_addresses`` has the addresses of other accounts too."""
        return self._first(EmailAccount)

    @property
    def email_addresses(self) -> tuple[EmailAddress, ...]:
        """Return the e-mail addresses of all accounts, in the token's order.

        Only Privy's own verification makes an address the user's (``verified_at``); others are what a provider says.
        """
        return tuple(addresses_in(self.linked_accounts))

    @property
    def phone(self) -> PhoneAccount | None:
        """Return the first phone account."""
        return self._first(PhoneAccount)

    @property
    def wallet(self) -> WalletAccount | None:
        """Return the first wallet, embedded or external."""
        return self._first(WalletAccount)

    @property
    def wallets(self) -> tuple[WalletAccount, ...]:
        """Return all wallets, embedded and external."""
        return self._all(WalletAccount)

    @property
    def smart_wallet(self) -> SmartWalletAccount | None:
        """Return the first smart wallet."""
        return self._first(SmartWalletAccount)

    @property
    def google(self) -> GoogleAccount | None:
        """Return the first Google account."""
        return self._first(GoogleAccount)

    @property
    def twitter(self) -> TwitterAccount | None:
        """Return the first Twitter account."""
        return self._first(TwitterAccount)

    @property
    def discord(self) -> DiscordAccount | None:
        """Return the first Discord account."""
        return self._first(DiscordAccount)

    @property
    def github(self) -> GithubAccount | None:
        """Return the first GitHub account."""
        return self._first(GithubAccount)

    @property
    def apple(self) -> AppleAccount | None:
        """Return the first Apple account."""
        return self._first(AppleAccount)

    @property
    def linkedin(self) -> LinkedInAccount | None:
        """Return the first LinkedIn account."""
        return self._first(LinkedInAccount)

    @property
    def tiktok(self) -> TikTokAccount | None:
        """Return the first TikTok account."""
        return self._first(TikTokAccount)

    @property
    def spotify(self) -> SpotifyAccount | None:
        """Return the first Spotify account."""
        return self._first(SpotifyAccount)

    @property
    def instagram(self) -> InstagramAccount | None:
        """Return the first Instagram account."""
        return self._first(InstagramAccount)

    @property
    def custom(self) -> CustomAuthAccount | None:
        """Return the first account of the app's own authentication."""
        return self._first(CustomAuthAccount)

    @property
    def farcaster(self) -> FarcasterAccount | None:
        """Return the first Farcaster account."""
        return self._first(FarcasterAccount)

    @property
    def telegram(self) -> TelegramAccount | None:
        """Return the first Telegram account."""
        return self._first(TelegramAccount)

    @property
    def passkey(self) -> PasskeyAccount | None:
        """Return the first passkey."""
        return self._first(PasskeyAccount)

    @overload
    def accounts(self, type: Literal["email"]) -> tuple[EmailAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["phone"]) -> tuple[PhoneAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["wallet"]) -> tuple[WalletAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["smart_wallet"]) -> tuple[SmartWalletAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["farcaster"]) -> tuple[FarcasterAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["google_oauth"]) -> tuple[GoogleAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["twitter_oauth"]) -> tuple[TwitterAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["discord_oauth"]) -> tuple[DiscordAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["github_oauth"]) -> tuple[GithubAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["spotify_oauth"]) -> tuple[SpotifyAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["instagram_oauth"]) -> tuple[InstagramAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["tiktok_oauth"]) -> tuple[TikTokAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["linkedin_oauth"]) -> tuple[LinkedInAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["apple_oauth"]) -> tuple[AppleAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["custom_auth"]) -> tuple[CustomAuthAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["telegram"]) -> tuple[TelegramAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["cross_app"]) -> tuple[CrossAppAccount, ...]: ...
    @overload
    def accounts(self, type: Literal["passkey"]) -> tuple[PasskeyAccount, ...]: ...
    @overload
    def accounts(self, type: str) -> tuple[LinkedAccount, ...]: ...
    def accounts(self, type: str) -> tuple[Any, ...]:  # noqa: A002 - named as the field it selects by
        """Return the accounts of a type, which may be an unknown one, in the token's order."""
        cls = ACCOUNT_TYPES.get(type, UnknownAccount)
        return tuple(account for account in self._all(cls) if account.type == type)

    def owns_wallet(self, address: str) -> bool:
        """Return whether the address is that of a linked wallet or smart wallet, embedded or external.

        EVM addresses are compared without regard to case, all others exactly. The owner address of a Farcaster account
        and the wallets in another app do not count, because they are not linked to the user in this app.
        """
        if not isinstance(address, str) or not address:
            return False
        wanted, kinds = _canonical(address), (WalletAccount, SmartWalletAccount)
        owned = (account.address for account in self.linked_accounts if isinstance(account, kinds))
        return any(_canonical(mine) == wanted for mine in owned)

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict for JSON in the form of the official SDK, without fields that are not in the token."""
        if not self.complete:
            return {"id": self.id}
        values = {
            "id": self.id,
            "created_at": self.created_at,
            "is_guest": self.is_guest,
            "linked_accounts": [account.to_dict() for account in self.linked_accounts],
            "custom_metadata": None if self.custom_metadata is None else thaw_object(self.custom_metadata),
        }
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PrivyUser:
        """Return the user whose ``to_dict`` returned ``data``, without claims and ``fresh_at``, which it leaves out.

        Nothing is verified: use it only for data that your own code has stored, and never for data from a request.

        Raises:
            InvalidUserData: if ``data`` is anything else, naming the field.
        """
        return cls(**read_user(data))


@refuse_decoding
@dataclass(frozen=True, slots=True)
class AccessTokenClaims(PydanticOutputOnly):
    """The claims of a verified access token; ``issued_at`` and ``expiration`` are in Unix seconds."""

    app_id: Annotated[str, OnlyFromTokens("AccessTokenClaims")]
    user_id: str
    issuer: str
    issued_at: int
    expiration: int
    session_id: str

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict for JSON of the six claims."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AccessTokenClaims:
        """Return the claims whose ``to_dict`` returned ``data``; nothing is verified, as in ``PrivyUser.from_dict``.

        Raises:
            InvalidUserData: if ``data`` is anything else, naming the field.
        """
        return cls(**read_claims(data))


class _Deferred:
    """The descriptor of a field that the token contains as JSON text, which is parsed when the field is first read.

    It saves about a tenth of the time to verify a new token with four accounts, and half of the memory of a cached
    user: many requests need no more than the user's id. It must never raise, or return something else than parsing at
    once would have: the text was checked before, and only text whose parsing cannot fail is kept. Two threads that read
    at the same time parse twice, and get equal values.

    Example:
        The slot first holds ``'[{"type": "email", "address": "a@example.com", "lv": 1}]'``. ``user.linked_accounts``
        parses that, stores ``(EmailAccount(…),)`` in the slot, and returns it from then on.
    """

    def __init__(self, slot: Any, parse: Callable[[Any], object]) -> None:
        self._slot = slot
        self._parse = parse

    def __get__(self, user: PrivyUser | None, owner: type[PrivyUser]) -> Any:
        if user is None:
            return self._slot
        value = self._slot.__get__(user)
        if isinstance(value, str):
            value = self._parse(json.loads(value))
            self._slot.__set__(user, value)
        return value

    def __set__(self, user: PrivyUser, value: Any) -> None:
        self._slot.__set__(user, value)


# The slots are set directly: a user is made for each verified token, and ``__init__`` takes three times as long.
_put = {part.name: getattr(PrivyUser, part.name).__set__ for part in fields(PrivyUser)}
_put_id, _put_created_at, _put_is_guest = _put["id"], _put["created_at"], _put["is_guest"]
_put_accounts, _put_metadata = _put["linked_accounts"], _put["custom_metadata"]
_put_complete, _put_fresh_at = _put["complete"], _put["fresh_at"]
_put_claims = vars(VerifiedUser)["claims"].__set__
for _name, _parse in ((_ACCOUNTS, parse_accounts), (_METADATA, freeze_object)):
    setattr(PrivyUser, _name, _Deferred(getattr(PrivyUser, _name), _parse))


def _deferred_accounts(text: object, accounts: Sequence[object]) -> Any:
    """Return the text of the accounts if parsing it later cannot fail, or else the parsed accounts."""
    flat = isinstance(text, str) and text.count("{") == len(accounts) and text.count("[") == 1
    return text if flat and _OBJECTS.issuperset(map(type, accounts)) else parse_accounts(accounts)


def _deferred_metadata(text: object, metadata: Mapping[str, Any]) -> Any:
    """Return the text of the metadata if it is not nested, or else the immutable metadata."""
    flat = isinstance(text, str) and text.count("{") == 1 and "[" not in text
    return text if flat else freeze_object(metadata)


_OBJECTS = frozenset({dict})


def user_from_claims(
    claims: Mapping[str, Any], accounts: Sequence[object], metadata: Mapping[str, Any] | None
) -> PrivyUser:
    """Return the user of an identity token's verified claims, given its decoded accounts and metadata.

    Raises:
        InvalidClaims: if an account is not an object, or a value is nested too deeply.
    """
    user = object.__new__(PrivyUser)
    _put_id(user, claims["sub"])
    _put_created_at(user, _creation_time(claims.get("cr")))
    _put_is_guest(user, claims.get("guest") == "t")
    _put_accounts(user, _deferred_accounts(claims.get(_ACCOUNTS), accounts))
    _put_metadata(user, None if metadata is None else _deferred_metadata(claims.get(_METADATA), metadata))
    _put_claims(user, freeze_object(claims))
    _put_complete(user, True)
    _put_fresh_at(user, None)
    return user


def user_from_access_claims(claims: Mapping[str, Any]) -> PrivyUser:
    """Return the user of an access token's verified claims, of whom only the id is known.

    Raises:
        InvalidClaims: if a claim is nested too deeply.
    """
    return PrivyUser(id=claims["sub"], claims=freeze_object(claims), complete=False)
