"""The settings for Web3Auth's tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from privy_middleware.bearer import BearerSettings
from privy_middleware.claims import TokenKind, is_text
from privy_middleware.config import Material, PrivyConfig
from privy_middleware.errors import ConfigurationError
from privy_middleware.keys import KeySet, check_jwks_url, load_key_set
from privy_middleware.web3auth.verifier import ALGORITHMS, Web3AuthVerifier

__all__ = ["Web3AuthConfig"]

_VISIBLE = re.compile("[!-~]+")


@dataclass(frozen=True, kw_only=True)
class Web3AuthConfig(BearerSettings):
    """The settings of one Web3Auth project, whose tokens come as ``Authorization: Bearer``.

    External wallets are accepted once both ``external_issuers`` and ``external_audiences`` are given.

    Raises:
        ConfigurationError: at construction, naming the field that is wrong and the mend.
    """

    issuer_name: ClassVar[str] = "https://api-auth.web3auth.io"
    kind: ClassVar[TokenKind] = "web3auth"

    client_id: str
    """The project's client id from the dashboard, which is the ``aud`` of its social logins."""
    verification_key: Material | None = field(default=None, repr=False)
    """The dashboard's verification key, for social logins: PEM in any form, a JWK or a JWKS."""
    jwks_url: str = "https://api-auth.web3auth.io/.well-known/jwks.json"
    """Where the keys of social logins are fetched without a ``verification_key``."""
    external_issuers: tuple[str, ...] = ()
    """Each ``iss`` of external wallets' tokens: ``https://authjs.web3auth.io``, or connectors such as ``metamask``."""
    external_audiences: tuple[str, ...] = ()
    """Each ``aud`` of external wallets' tokens: the client id, or the host or URL of a page, exactly."""
    external_jwks_url: str = "https://authjs.web3auth.io/jwks"
    """Where the keys of external wallets' tokens are fetched without an ``external_verification_key``."""
    external_verification_key: Material | None = field(default=None, repr=False)
    """A fixed key for external wallets' tokens, in the same forms as ``verification_key``."""
    external_max_age: float = 86400.0
    """How many seconds after ``iat`` an external wallet's token expires at the latest: its client chose the ``exp``."""
    keys: KeySet | None = field(init=False, repr=False, compare=False, default=None)
    """The fixed keys of social logins, read from ``verification_key``."""
    external_keys: KeySet | None = field(init=False, repr=False, compare=False, default=None)
    """The fixed keys of external wallets, read from ``external_verification_key``."""

    def __post_init__(self) -> None:
        """Check every setting, and read the keys.

        Raises:
            ConfigurationError: naming the first field that is wrong, and the mend.
        """
        super().__post_init__()
        if not isinstance(self.client_id, str) or not _VISIBLE.fullmatch(self.client_id):
            raise ConfigurationError("client_id", "copy the client id from the Web3Auth dashboard, exactly")
        self._freeze_sequences("external_issuers", "external_audiences")
        self._check_external()
        self._read_keys("keys", "verification_key", "jwks_url")
        self._read_keys("external_keys", "external_verification_key", "external_jwks_url")

    @property
    def issuers(self) -> tuple[str, ...]:
        """Return every ``iss`` that is accepted, exactly as tokens spell it."""
        return (self.issuer_name, *self.external_issuers)

    def verifier(self) -> Web3AuthVerifier:
        """Return a verifier with these settings."""
        return Web3AuthVerifier(self)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, prefix: str = "WEB3AUTH_") -> Self:
        """Build a configuration from environment variables such as ``WEB3AUTH_CLIENT_ID``.

        Raises:
            ConfigurationError: when a value is missing or wrong.
        """
        return super().from_env(environ, prefix=prefix)

    def _check_external(self) -> None:
        names: dict[str, tuple[Any, ...]] = {
            "external_issuers": self.external_issuers,
            "external_audiences": self.external_audiences,
        }
        for name, values in names.items():
            if not all(map(is_text, values)):
                raise ConfigurationError(name, "list strings that are not empty")
            if not values and any(names.values()):
                raise ConfigurationError(name, "give external_issuers and external_audiences together")
        if not {self.issuer_name, PrivyConfig.issuer_name}.isdisjoint(self.external_issuers):
            raise ConfigurationError("external_issuers", "list the issuers of external wallets only")
        if isinstance(self.external_max_age, bool) or not isinstance(self.external_max_age, int | float):
            raise ConfigurationError("external_max_age", "set a number of seconds")
        if not 0 < self.external_max_age <= 30 * 86400:
            raise ConfigurationError("external_max_age", "set a number of seconds, at most 30 days")

    def _read_keys(self, target: str, key_field: str, url_field: str) -> None:
        material = getattr(self, key_field)
        if material is None:
            check_jwks_url(getattr(self, url_field), url_field)
        else:
            object.__setattr__(self, target, load_key_set(material, algorithms=ALGORITHMS, field=key_field))
