"""The user that a Web3Auth token describes, and the wallets that it proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from privy_middleware.errors import InvalidClaims
from privy_middleware.tokens.claims import Claims, is_text
from privy_middleware.users.frozen import FrozenDict
from privy_middleware.users.pydantic_schema import OnlyFromTokens, PydanticOutputOnly
from privy_middleware.web3auth.addresses import canonical_address, derive_address, whole_key

__all__ = ["Web3AuthUser", "Web3AuthWallet", "external_user", "social_user"]

_APP_KEY = "web3auth_app_key"

# Each field with its claim, then the name that older tokens have for it.
_CONNECTION = {
    "user_id": ("userId", "verifierId"),
    "auth_connection": ("authConnection", "verifier"),
    "auth_connection_id": ("authConnectionId",),
    "grouped_auth_connection_id": ("groupedAuthConnectionId", "aggregateVerifier"),
}
_PROFILE = {"email": ("email",), "name": ("name",), "profile_image": ("profileImage",)}
_CHAINS = {"secp256k1": "ethereum", "ed25519": "solana"}


@dataclass(frozen=True, slots=True)
class Web3AuthWallet:
    """Describe a wallet: of a social login by ``public_key`` (hexadecimal) and ``curve``, else by ``address``."""

    type: str
    curve: str | None = None
    public_key: str | None = None
    address: str | None = None

    @property
    def chain_type(self) -> str:
        """Return the chain whose addresses the wallet has, such as ``"ethereum"``; its own type where unknown."""
        return _CHAINS.get(self.curve or "", self.type)

    @property
    def is_embedded(self) -> bool:
        """Say whether it is a wallet of Web3Auth's own, which tokens tell of by its key."""
        return self.public_key is not None

    def derive_address(self) -> str | None:
        """Return the address, derived from the public key where the token states none; ``None`` if neither helps.

        Raises:
            ConfigurationError: when the libraries of the extra ``web3auth`` are needed and not installed.
        """
        return self.address if self.address is not None else derive_address(self.curve, self.public_key)

    def to_dict(self) -> dict[str, str]:
        """Return a fresh JSON object of what the token says."""
        return _present(type=self.type, curve=self.curve, public_key=self.public_key, address=self.address)


@dataclass(frozen=True, slots=True)
class Web3AuthUser(PydanticOutputOnly):
    """Describe a verified user of Web3Auth; immutable throughout, since one object serves many requests.

    ``id`` follows from what the token proves, as such tokens have no ``sub``; each part is percent-encoded:

    - ``web3auth:user:<connection>:<user id>`` for a social login. The connection is the grouped connection's id,
      else the connection's id, else its name: Web3Auth derives the wallets from the same two.
    - ``web3auth:key:<curve>:<public key>`` for a social login whose token does not tell these two.
    - ``web3auth:wallet:<type>:<address>`` for an external wallet, an EVM address in lower case.

    The user id of many connections is the e-mail address, so the ``repr`` shows neither.
    """

    _not_in_output: ClassVar[frozenset[str]] = frozenset({"claims", "complete"})

    # A condition asks these of any user, and nothing is known of them here: one that wants them is not met.
    linked_accounts: ClassVar[tuple[()]] = ()
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
    claims: Mapping[str, Any] = field(default_factory=FrozenDict, repr=False, compare=False)
    complete: bool = True

    def accounts(self, _type: str) -> tuple[()]:
        """Return no accounts: these tokens tell of none."""
        return ()

    def find_wallet(self, wallet_type: str, curve: str | None = None) -> Web3AuthWallet | None:
        """Return the first wallet of a type, and where a curve is given of that curve."""
        fitting = (each for each in self.wallets if each.type == wallet_type and curve in (None, each.curve))
        return next(fitting, None)

    def owns_app_key(self, public_key: str, *, wallet_type: str = _APP_KEY) -> bool:
        """Tell whether a public key in hexadecimal is the user's, whole: curve, X and Y.

        The negated key, an X coordinate alone and a key of another curve are not.
        """
        return any(each.type == wallet_type and _same_key(each, public_key) for each in self.wallets)

    def owns_wallet(self, address: str) -> bool:
        """Tell whether the address is that of a wallet; of EVM addresses the case of the letters does not count.

        Raises:
            ConfigurationError: when the libraries of the extra ``web3auth`` are needed and not installed.
        """
        if not is_text(address):
            return False
        wanted = canonical_address(address)
        return any(canonical_address(mine) == wanted for mine in self.addresses())

    def addresses(self) -> tuple[str, ...]:
        """Return the addresses of the wallets, in their order; raises as ``owns_wallet`` does."""
        derived = (wallet.derive_address() for wallet in self.wallets)
        return tuple(address for address in derived if address is not None)

    def to_dict(self) -> dict[str, Any]:
        """Return a fresh JSON object, without what the token does not say."""
        names = ("id", "issuer", "email", "name", "profile_image", *_CONNECTION)
        values = _present(**{name: getattr(self, name) for name in names})
        return {**values, "wallets": [wallet.to_dict() for wallet in self.wallets]}


def social_user(claims: Claims) -> Web3AuthUser:
    """Return the user of a social login's verified claims.

    Raises:
        InvalidClaims: when a claim is of the wrong type, or nothing tells who it is.
    """
    wallets = _wallets(claims)
    values: dict[str, Any] = {field: _text(claims, *names) for field, names in (_CONNECTION | _PROFILE).items()}
    return Web3AuthUser(_social_id(values, wallets), claims["iss"], wallets, claims=claims, **values)


def external_user(claims: Claims) -> Web3AuthUser:
    """Return the user of an external wallet's verified claims: an address is all that such a login proves.

    Raises:
        InvalidClaims: when a claim is of the wrong type, or there is not exactly one wallet, with its address.
    """
    wallets = _wallets(claims)
    proved = [(wallet.type, wallet.address) for wallet in wallets if wallet.address is not None]
    if len(wallets) != 1 or len(proved) != 1:
        raise InvalidClaims("an external login must prove one address")
    chain, address = proved[0]
    return Web3AuthUser(_joined("wallet", chain, canonical_address(address)), claims["iss"], wallets, claims=claims)


def _social_id(values: Mapping[str, str | None], wallets: tuple[Web3AuthWallet, ...]) -> str:
    connection = values["grouped_auth_connection_id"] or values["auth_connection_id"] or values["auth_connection"]
    user_id = values["user_id"]
    if connection and user_id:
        return _joined("user", connection, user_id)
    for curve in _CHAINS:
        keys = (whole_key(curve, wallet.public_key) for wallet in wallets if wallet.curve == curve)
        for key in filter(None, keys):
            return _joined("key", curve, key.hex())
    raise InvalidClaims("nothing tells who the user is")


def _joined(*parts: str) -> str:
    # Encoded, so that no two different lists of parts give one id.
    return ":".join(["web3auth", *(quote(part, safe="@+") for part in parts)])


def _same_key(wallet: Web3AuthWallet, public_key: str) -> bool:
    mine = whole_key(wallet.curve, wallet.public_key)
    return mine is not None and mine == whole_key(wallet.curve, public_key)


def _wallets(claims: Claims) -> tuple[Web3AuthWallet, ...]:
    found = claims.get("wallets")
    if not isinstance(found, list | tuple):
        raise InvalidClaims("wallets is not a list")
    return tuple(_wallet(item) for item in found)


def _wallet(item: object) -> Web3AuthWallet:
    if not isinstance(item, Mapping) or not is_text(item.get("type")):
        raise InvalidClaims("a wallet is not an object with a type")
    return Web3AuthWallet(item["type"], _text(item, "curve"), _text(item, "public_key"), _text(item, "address"))


def _text(claims: Claims, *names: str) -> str | None:
    for name in names:
        value = claims.get(name)
        if value is not None and not isinstance(value, str):
            raise InvalidClaims(f"{name} is not a string")
        if value:
            return str(value)
    return None


def _present(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
