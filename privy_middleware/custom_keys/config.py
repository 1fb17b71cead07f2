"""The settings for tokens that an app signs with its own key."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from privy_middleware.config import PrivyConfig
from privy_middleware.errors import ConfigurationError
from privy_middleware.keys import KeyMaterial, KeySet, check_algorithms, load_key_set
from privy_middleware.settings.sources import named_settings
from privy_middleware.tokens.claims import TokenKind, is_text
from privy_middleware.verifiers.bearer import BearerSettings

__all__ = ["CustomKeyConfig"]


@named_settings
@dataclass(frozen=True, kw_only=True)
class CustomKeyConfig(BearerSettings):
    """The settings of one issuer with its own key, whose tokens come as ``Authorization: Bearer``.

    Raises:
        ConfigurationError: if a setting is wrong, naming it and the fix.
    """

    issuer_name: ClassVar[str] = "custom"
    kind: ClassVar[TokenKind] = "custom"

    public_key: KeyMaterial = field(repr=False)
    """The public key: PEM in any form, a JWK or a JWKS."""
    algorithms: Sequence[str]
    """The algorithms that are accepted; each must fit the key (RFC 8725 §3.1)."""
    issuer: str
    """The tokens' ``iss``, exactly; for Privy's earlier tokens it is the API key."""
    audience: str | Sequence[str]
    """The tokens' ``aud``, exactly, one or several; for Privy's earlier tokens it is ``api.privy.io``."""
    keys: KeySet = field(init=False, repr=False, compare=False, default_factory=lambda: KeySet(()))
    """The keys, read from ``public_key``."""

    def __post_init__(self) -> None:
        """Check every setting, and read the keys.

        Raises:
            ConfigurationError: if a setting is wrong, naming it and the fix.
        """
        super().__post_init__()
        if not is_text(self.issuer) or self.issuer == PrivyConfig.issuer_name:
            raise ConfigurationError("issuer", "set the iss of your own tokens, exactly")
        if not self.audiences or not all(map(is_text, self.audiences)):
            raise ConfigurationError("audience", "set the aud of your own tokens, exactly")
        self._freeze_sequences("algorithms")
        if not isinstance(self.audience, str):
            self._freeze_sequences("audience")
        algorithms = check_algorithms(self.algorithms)
        object.__setattr__(self, "keys", load_key_set(self.public_key, algorithms=algorithms, field="public_key"))
        unfit = sorted(algorithms.difference(*(key.algorithms for key in self.keys.keys)))
        if unfit:
            raise ConfigurationError("algorithms", f"leave out what does not fit the key: {', '.join(unfit)}")

    @property
    def audiences(self) -> tuple[str, ...]:
        """Return every ``aud`` that is accepted, one or several."""
        audience: object = self.audience
        if isinstance(audience, str):
            return (audience,)
        return tuple(audience) if isinstance(audience, Collection) else ()

    @property
    def issuers(self) -> tuple[str, ...]:
        """Return the only ``iss`` that is accepted."""
        return (self.issuer,)

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, *, prefix: str = "CUSTOM_KEY_", **settings: Any
    ) -> Self:
        """Build a configuration from environment variables such as ``CUSTOM_KEY_PUBLIC_KEY``.

        Keyword arguments are settings that take precedence over the environment.

        Raises:
            ConfigurationError: if a value is missing or wrong.
        """
        return super().from_env(environ, prefix=prefix, **settings)
