"""The settings for Web3Auth's tokens."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from privy_middleware.config import PrivyConfig
from privy_middleware.errors import ConfigurationError
from privy_middleware.fetching.urls import check_fetch_url
from privy_middleware.keys import KeyMaterial, KeySet, load_key_set
from privy_middleware.keys.by_name import check_jwks_urls, load_key_sets
from privy_middleware.settings.placeholders import check_no_placeholder
from privy_middleware.settings.sources import named_settings
from privy_middleware.tokens.claims import TokenKind, is_text
from privy_middleware.verifiers.bearer import BearerSettings

__all__ = ["Web3AuthConfig"]

_VISIBLE = re.compile("[!-~]+")
_JWKS_URL = "https://api-auth.web3auth.io/.well-known/jwks.json"


@named_settings
@dataclass(frozen=True, kw_only=True)
class Web3AuthConfig(BearerSettings):
    """The settings of one Web3Auth project, whose tokens come as ``Authorization: Bearer``.

    External wallets are accepted if both ``external_issuers`` and ``external_audiences`` are set.

    Raises:
        ConfigurationError: if a setting is wrong, naming it and the fix.
    """

    issuer_name: ClassVar[str] = "https://api-auth.web3auth.io"
    kind: ClassVar[TokenKind] = "web3auth"
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("verification_key", "jwks_url"),
        ("external_verification_key", "external_jwks_url"),
    )
    algorithms: ClassVar[tuple[str, ...]] = ("ES256",)

    client_id: str
    """The project's client id from the dashboard, which is the ``aud`` of its social logins."""
    issuer: str | Sequence[str] = issuer_name
    """The ``iss`` of social logins, exactly as in the tokens; several if clients have different versions."""
    verification_key: KeyMaterial | None = field(default=None, repr=False)
    """The dashboard's verification key, for social logins: PEM in any form, a JWK or a JWKS; or a dict by issuer."""
    jwks_url: str | Mapping[str, str] | None = None
    """The URL that keys of social logins are fetched from without a ``verification_key``; or a dict by issuer.

    Only Web3Auth's documented issuer has a default, ``https://api-auth.web3auth.io/.well-known/jwks.json``.
    """
    external_issuers: Sequence[str] = ()
    """Each ``iss`` of external wallets' tokens: ``https://authjs.web3auth.io``, or connectors such as ``metamask``."""
    external_audiences: Sequence[str] = ()
    """Each ``aud`` of external wallets' tokens: the client id, or the host or URL of a page, exactly."""
    external_jwks_url: str = "https://authjs.web3auth.io/jwks"
    """The URL that keys of external wallets are fetched from without an ``external_verification_key``."""
    external_verification_key: KeyMaterial | None = field(default=None, repr=False)
    """A fixed key for external wallets' tokens, in the same forms as ``verification_key``."""
    external_max_age: float = 86400.0
    """After how many seconds an external wallet's token expires, whatever its ``exp``: the client chooses that."""
    key_sets: Mapping[str, KeySet] = field(init=False, repr=False, compare=False, default_factory=dict)
    """The fixed keys of social logins by issuer, read from ``verification_key``."""
    external_keys: KeySet | None = field(init=False, repr=False, compare=False, default=None)
    """The fixed keys of external wallets, read from ``external_verification_key``."""

    def __post_init__(self) -> None:
        """Check every setting, and read the keys.

        Raises:
            ConfigurationError: if a setting is wrong, naming it and the fix.
        """
        super().__post_init__()
        check_no_placeholder(self.client_id, "client_id", "client id")
        if not isinstance(self.client_id, str) or not _VISIBLE.fullmatch(self.client_id):
            raise ConfigurationError("client_id", "copy the client id from the Web3Auth dashboard, exactly")
        self._check_issuers()
        self._read_social_keys()
        self._freeze_sequences("external_issuers", "external_audiences")
        self._check_external()
        self._read_external_keys()

    @property
    def issuers(self) -> tuple[str, ...]:
        """Return every ``iss`` that is accepted, exactly as in the tokens."""
        return (*self.social_issuers, *self.external_issuers)

    @property
    def social_issuers(self) -> tuple[str, ...]:
        """Return every ``iss`` of social logins, one or several."""
        return (self.issuer,) if isinstance(self.issuer, str) else tuple(self.issuer)

    def jwks_url_of(self, issuer: str) -> str:
        """Return the URL of the keys of an issuer of social logins, or an empty string if none is set."""
        url = self.jwks_url.get(issuer) if isinstance(self.jwks_url, Mapping) else self.jwks_url
        if url is None:
            return _JWKS_URL if issuer == self.issuer_name else ""
        return url

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, prefix: str = "WEB3AUTH_", **settings: Any) -> Self:
        """Build a configuration from environment variables such as ``WEB3AUTH_CLIENT_ID``.

        Keyword arguments are settings that take precedence over the environment.

        Raises:
            ConfigurationError: if a value is missing or wrong.
        """
        return super().from_env(environ, prefix=prefix, **settings)

    def _check_issuers(self) -> None:
        fix = 'set the iss of your tokens, exactly, such as "https://api-auth.web3auth.io"'
        if not isinstance(self.issuer, str):
            if not isinstance(self.issuer, Collection):
                raise ConfigurationError("issuer", fix)
            self._freeze_sequences("issuer")
        named = self.social_issuers
        if not named or not all(isinstance(each, str) and _VISIBLE.fullmatch(each) for each in named):
            raise ConfigurationError("issuer", fix)
        if PrivyConfig.issuer_name in named:
            raise ConfigurationError("issuer", "leave out the issuer of Privy's own tokens")
        if len(set(named)) != len(named):
            raise ConfigurationError("issuer", "name each issuer once")

    def _read_social_keys(self) -> None:
        issuers = self.social_issuers
        check_jwks_urls(self.jwks_url, issuers, "issuer")
        object.__setattr__(self, "key_sets", load_key_sets(self.verification_key, issuers, "issuer", self.algorithms))
        fetching = [each for each in issuers if each not in self.key_sets]
        if len(issuers) > 1 and fetching and isinstance(self.jwks_url, str):
            raise ConfigurationError("jwks_url", "for several issuers give a dict from issuer to address")
        for each in fetching:
            url = self.jwks_url_of(each)
            if not url:
                raise ConfigurationError("jwks_url", f"give a dict with the address of the keys of {each}")
            check_fetch_url(url, "jwks_url")

    def _check_external(self) -> None:
        names: dict[str, Sequence[Any]] = {
            "external_issuers": self.external_issuers,
            "external_audiences": self.external_audiences,
        }
        for name, values in names.items():
            if not all(map(is_text, values)):
                raise ConfigurationError(name, "list strings that are not empty")
            if not values and any(names.values()):
                raise ConfigurationError(name, "give external_issuers and external_audiences together")
        if not {*self.social_issuers, PrivyConfig.issuer_name}.isdisjoint(self.external_issuers):
            raise ConfigurationError("external_issuers", "list the issuers of external wallets only")
        if len(set(self.external_issuers)) != len(self.external_issuers):
            raise ConfigurationError("external_issuers", "name each issuer once")
        if isinstance(self.external_max_age, bool) or not isinstance(self.external_max_age, int | float):
            raise ConfigurationError("external_max_age", "set a number of seconds")
        if not 0 < self.external_max_age <= 30 * 86400:
            raise ConfigurationError("external_max_age", "set a number of seconds, at most 30 days")

    def _read_external_keys(self) -> None:
        material, name = self.external_verification_key, "external_verification_key"
        if material is None:
            check_fetch_url(self.external_jwks_url, "external_jwks_url")
        else:
            object.__setattr__(self, "external_keys", load_key_set(material, algorithms=self.algorithms, field=name))
