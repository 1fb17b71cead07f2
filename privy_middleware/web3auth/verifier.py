"""Verify Web3Auth's tokens: those of social logins and, if configured, of external wallets."""

from __future__ import annotations

import time
from collections.abc import Callable

from privy_middleware.keys import FixedKeys, KeySet, KeySource
from privy_middleware.tokens.claims import Claims, check_audience, check_issuer, required_date
from privy_middleware.verifiers.base import jwks_source
from privy_middleware.verifiers.bearer import BearerVerifier, verifier_for
from privy_middleware.verifiers.token import TrustedSigner
from privy_middleware.web3auth.config import Web3AuthConfig
from privy_middleware.web3auth.users import Web3AuthUser, external_user, social_user

__all__ = ["Web3AuthVerifier"]


class Web3AuthVerifier(BearerVerifier[Web3AuthUser]):
    """Verify Web3Auth's tokens and return their users."""

    def __init__(self, config: Web3AuthConfig, *, clock: Callable[[], float] = time.time) -> None:
        """Create a verifier; ``clock`` returns Unix time in seconds, for ``exp``."""
        super().__init__(config, _signers(config), self._read, clock=clock)
        self._social_issuers = frozenset(config.social_issuers)
        self._client_id = config.client_id
        self._wrong_issuer = f"The issuer (iss) is not {' or '.join(config.issuers)}."
        self._external_audiences = frozenset(config.external_audiences)
        self._expected = f"accepted is {' or '.join(config.external_audiences)}"

    def verify_token(self, token: str) -> Web3AuthUser:
        """Return the user of a token, blocking if keys have to be fetched.

        Raises:
            InvalidToken: if the token is refused.
            KeysUnavailable: if keys are missing and cannot be fetched.
        """
        return self._verifier.verify(token).value

    async def averify_token(self, token: str) -> Web3AuthUser:
        """Return the user of a token without blocking the event loop; raises as ``verify_token`` does."""
        return (await self._verifier.averify(token)).value

    def _read(self, claims: Claims, issuer: str) -> Web3AuthUser:
        check_issuer(claims, issuer)
        # All projects share the issuer's keys, so only the audience shows which project a token is for.
        if issuer in self._social_issuers:
            check_audience(claims, self._client_id.__eq__, lists=False, expected=f"this client is {self._client_id}")
            required_date(claims, "iat")
            return social_user(claims)
        check_audience(claims, self._external_audiences.__contains__, lists=False, expected=self._expected)
        return external_user(claims)


verifier_for.register(Web3AuthConfig, Web3AuthVerifier)


def _signers(config: Web3AuthConfig) -> list[TrustedSigner]:
    algorithms = frozenset(config.algorithms)
    signers = [
        TrustedSigner(issuer, _source(config, config.key_sets.get(issuer), config.jwks_url_of(issuer)), algorithms)
        for issuer in config.social_issuers
    ]
    if config.external_issuers:
        external = _source(config, config.external_keys, config.external_jwks_url)
        signers += (
            TrustedSigner(name, external, algorithms, config.external_max_age) for name in config.external_issuers
        )
    return signers


def _source(config: Web3AuthConfig, fixed: KeySet | None, url: str) -> KeySource:
    return jwks_source(config, url, config.algorithms) if fixed is None else FixedKeys(fixed)
