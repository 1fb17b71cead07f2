"""The user of a Web3Auth token, and the user's wallets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from privy_middleware.errors import InvalidClaims
from privy_middleware.tokens.claims import Claims, is_text
from privy_middleware.users.frozen import FrozenDict
from privy_middleware.users.pydantic_schema import OnlyFromTokens, PydanticOutput
from privy_middleware.users.verified import NotAField, VerifiedUser, hide_claims
from privy_middleware.web3auth.addresses import canonical_address, canonical_key, derive_address

__all__ = ["Web3AuthUser", "Web3AuthWallet", "external_user", "social_user"]

_APP_KEY = "web3auth_app_key"

# The claim of each field, and its name in older tokens.
_CONNECTION = {
    "user_id": ("userId", "verifierId"),
    "auth_connection": ("authConnection", "verifier"),
    "auth_connection_id": ("authConnectionId",),
    "grouped_auth_connection_id": ("groupedAuthConnectionId", "aggregateVerifier"),
}
_PROFILE = {"email": ("email",), "name": ("name",), "profile_image": ("profileImage",)}
_CHAINS = {"secp256k1": "ethereum", "ed25519": "solana"}


@dataclass(frozen=True, slots=True)
class Web3AuthWallet(PydanticOutput):
    """A wallet; it has a public key if it is one of a social login, and an address if it is an external one.

    Attributes:
        type: the type in the token, such as ``web3auth_app_key``, or the chain of an external wallet.
        curve: ``secp256k1`` or ``ed25519``.
        public_key: the public key in hexadecimal.
        address: the address.
    """

    type: str
    curve: str | None = None
    public_key: str | None = None
    address: str | None = None

    @property
    def chain_type(self) -> str:
        """Return the chain of the wallet's address, such as ``"ethereum"``, or its type if there is no curve."""
        return _CHAINS.get(self.curve or "", self.type)

    @property
    def is_embedded(self) -> bool:
        """Return whether it is one of Web3Auth's wallets, which have a public key in the token."""
        return self.public_key is not None

    def derive_address(self) -> str | None:
        """Return the address, derived from the public key if it is not in the token, or ``None`` if it is not known.

        Raises:
            ConfigurationError: if the libraries of the extra ``web3auth`` are needed and not installed.
        """
        return self.address if self.address is not None else derive_address(self.curve, self.public_key)

    def to_dict(self) -> dict[str, str]:
        """Return a new dict for JSON, without fields that are not in the token."""
        return _present(type=self.type, curve=self.curve, public_key=self.public_key, address=self.address)


@hide_claims
@dataclass(frozen=True, slots=True)
class Web3AuthUser(VerifiedUser):
    """A verified user of Web3Auth. It is immutable, because one object is used by many requests.

    These tokens have no ``sub``, so ``id`` is made of other claims, each percent-encoded:

    - ``web3auth:user:<connection>:<user id>`` for a social login. The connection is the grouped connection's id, or the
      connection's id, or its name. Web3Auth derives the wallets from the same two values.
    - ``web3auth:key:<curve>:<public key>`` for a social login whose token does not contain these two.
    - ``web3auth:wallet:<type>:<address>`` for an external wallet; an EVM address is in lower case.

    With many connections the user id is an e-mail address, so the ``repr`` shows neither of the two ids.
    """

    _not_in_output: ClassVar[frozenset[str]] = frozenset({"complete"})

    # Conditions use these attributes of every user. They are not known here, so such conditions are not met.
    linked_accounts: ClassVar[tuple[()]] = ()
    email_addresses: ClassVar[tuple[()]] = ()
    custom_metadata: ClassVar[None] = None
    is_guest: ClassVar[None] = None

    id: Annotated[str, OnlyFromTokens("Web3AuthUser")] = field(repr=False)
    issuer: str
    wallets: tuple[Web3AuthWallet, ...] = field(default=(), repr=False)
    email: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    profile_image: str | None = field(default=None, repr=False)
    user_id: str | None = field(default=None, repr=False)
    auth_connection: str | None = field(default=None, repr=False)
    auth_connection_id: str | None = field(default=None, repr=False)
    grouped_auth_connection_id: str | None = field(default=None, repr=False)
    claims: NotAField[Mapping[str, Any]] = field(default=FrozenDict(), repr=False, compare=False)
    complete: bool = True

    def accounts(self, _type: str) -> tuple[()]:
        """Return no accounts: these tokens contain none."""
        return ()

    def find_wallet(self, wallet_type: str, curve: str | None = None) -> Web3AuthWallet | None:
        """Return the first wallet of a type, and of a curve if one is given."""
        fitting = (each for each in self.wallets if each.type == wallet_type and curve in (None, each.curve))
        return next(fitting, None)

    def owns_app_key(self, public_key: str, *, wallet_type: str = _APP_KEY) -> bool:
        """Return whether a hexadecimal public key is exactly that of a wallet: the curve, X and Y.

        It is not if it is the negated key, an X coordinate alone, or a key of another curve.
        """
        return any(each.type == wallet_type and _same_key(each, public_key) for each in self.wallets)

    def owns_wallet(self, address: str) -> bool:
        """Return whether the address is that of a wallet; EVM addresses are compared without regard to case.

        Raises:
            ConfigurationError: if the libraries of the extra ``web3auth`` are needed and not installed.
        """
        if not is_text(address):
            return False
        wanted = canonical_address(address)
        return any(canonical_address(mine) == wanted for mine in self.addresses())

    def addresses(self) -> tuple[str, ...]:
        """Return the addresses of the wallets, in the token's order; raises as ``owns_wallet`` does."""
        derived = (wallet.derive_address() for wallet in self.wallets)
        return tuple(address for address in derived if address is not None)

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict for JSON, without fields that are not in the token."""
        names = ("id", "issuer", "email", "name", "profile_image", *_CONNECTION)
        values = _present(**{name: getattr(self, name) for name in names})
        return {**values, "wallets": [wallet.to_dict() for wallet in self.wallets]}


def social_user(claims: Claims) -> Web3AuthUser:
    """Return the user of a social login's verified claims.

    Raises:
        InvalidClaims: if a claim is of the wrong type, or no claims identify the user.
    """
    wallets = _wallets(claims)
    values: dict[str, Any] = {field: _text(claims, *names) for field, names in (_CONNECTION | _PROFILE).items()}
    return Web3AuthUser(_social_id(values, wallets), claims["iss"], wallets, claims=claims, **values)


def external_user(claims: Claims) -> Web3AuthUser:
    """Return the user of an external wallet's verified claims, which prove an address and nothing else.

    Raises:
        InvalidClaims: if a claim is of the wrong type, or there is not exactly one wallet, with an address.
    """
    wallets = _wallets(claims)
    proved = [(wallet.type, wallet.address) for wallet in wallets if wallet.address is not None]
    if len(wallets) != 1 or len(proved) != 1:
        raise InvalidClaims("The token of an external wallet does not have exactly one wallet with an address.")
    chain, address = proved[0]
    return Web3AuthUser(_joined("wallet", chain, canonical_address(address)), claims["iss"], wallets, claims=claims)


def _social_id(values: Mapping[str, str | None], wallets: tuple[Web3AuthWallet, ...]) -> str:
    connection = values["grouped_auth_connection_id"] or values["auth_connection_id"] or values["auth_connection"]
    user_id = values["user_id"]
    if connection and user_id:
        return _joined("user", connection, user_id)
    for curve in _CHAINS:
        keys = (canonical_key(curve, wallet.public_key) for wallet in wallets if wallet.curve == curve)
        for key in filter(None, keys):
            return _joined("key", curve, key.hex())
    raise InvalidClaims("No claim of the token identifies the user.")


def _joined(*parts: str) -> str:
    # The parts are encoded, so that different parts cannot result in the same id.
    return ":".join(["web3auth", *(quote(part, safe="@+") for part in parts)])


def _same_key(wallet: Web3AuthWallet, public_key: str) -> bool:
    mine = canonical_key(wallet.curve, wallet.public_key)
    return mine is not None and mine == canonical_key(wallet.curve, public_key)


def _wallets(claims: Claims) -> tuple[Web3AuthWallet, ...]:
    found = claims.get("wallets")
    if not isinstance(found, list | tuple):
        raise InvalidClaims("The claim wallets is not a list.")
    return tuple(_wallet(item) for item in found)


def _wallet(item: object) -> Web3AuthWallet:
    if not isinstance(item, Mapping) or not is_text(item.get("type")):
        raise InvalidClaims("The claim wallets contains something that is not an object with a type.")
    return Web3AuthWallet(item["type"], _text(item, "curve"), _text(item, "public_key"), _text(item, "address"))


def _text(claims: Claims, *names: str) -> str | None:
    for name in names:
        value = claims.get(name)
        if value is not None and not isinstance(value, str):
            raise InvalidClaims(f"The claim {name} is not a string.")
        if value:
            return str(value)
    return None


def _present(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
