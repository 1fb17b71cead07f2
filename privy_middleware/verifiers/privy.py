"""Verify Privy's identity and access tokens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from privy_middleware.auth import PrivyAuth, VerifiedToken
from privy_middleware.config import PrivyConfig
from privy_middleware.errors import ConfigurationError, PrivyError, WrongAudience
from privy_middleware.fetching.waiting import Steps
from privy_middleware.http.credentials import Credential
from privy_middleware.keys import FixedKeys, KeySource, aready_all, ready_all
from privy_middleware.settings.hints import known_options
from privy_middleware.tokens.claims import (
    Claims,
    TokenKind,
    check_access,
    check_audience,
    check_identity,
    check_issuer,
    wrong_audience,
)
from privy_middleware.users.user import AccessTokenClaims, PrivyUser, user_from_claims
from privy_middleware.verifiers.agreement import agreed_user
from privy_middleware.verifiers.base import jwks_source
from privy_middleware.verifiers.token import TokenVerifier, TrustedSigner, Verified

__all__ = ["ALGORITHMS", "PrivyVerifier", "expected_audience", "trusted_signer"]

ALGORITHMS = ("ES256",)
"""The algorithms of Privy's tokens."""


class PrivyVerifier:
    """Turn Privy tokens into users and claims.

    One verifier serves any number of threads and event loops; its sync and async methods share keys and cache.
    """

    @known_options('PrivyVerifier(PrivyConfig(app_id="…"))')
    def __init__(
        self,
        config: PrivyConfig,
        *,
        clock: Callable[[], float] = time.time,
        key_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create a verifier; ``clock`` returns Unix time, for ``exp``; ``key_clock`` seconds, for the age of keys.

        Raises:
            ConfigurationError: if ``config`` is not a ``PrivyConfig``.
        """
        if not isinstance(config, PrivyConfig):
            raise ConfigurationError("config", 'give a PrivyConfig, such as PrivyConfig(app_id="…")')
        self.settings = config
        self.now: Callable[[], float] = clock
        signers = [trusted_signer(config, app_id, key_clock) for app_id in config.app_ids]
        self._sources = {signer.name: signer.source for signer in signers}
        self._identity = TokenVerifier(signers, self._app_of, _read_identity, settings=config, clock=clock)
        self._access = TokenVerifier(signers, self._app_of, _read_access, settings=config, clock=clock)
        self._verifiers: dict[TokenKind, TokenVerifier[Any]] = {"identity": self._identity, "access": self._access}

    def verify_identity_token(self, token: str) -> PrivyUser:
        """Return the user of an identity token, blocking if keys have to be fetched.

        Raises:
            InvalidToken: if the token is refused.
            KeysUnavailable: if there are no keys.
        """
        return self._identity.verify(token).value

    async def averify_identity_token(self, token: str) -> PrivyUser:
        """Return the user of an identity token; raises as ``verify_identity_token`` does."""
        return (await self._identity.averify(token)).value

    def verify_access_token(self, token: str) -> AccessTokenClaims:
        """Return the claims of an access token, blocking if keys have to be fetched.

        Raises:
            InvalidToken: if the token is refused.
            KeysUnavailable: if there are no keys.
        """
        return self._access.verify(token).value

    async def averify_access_token(self, token: str) -> AccessTokenClaims:
        """Return the claims of an access token; raises as ``verify_access_token`` does."""
        return (await self._access.averify(token)).value

    def ready(self) -> None:
        """Fetch the keys of every app now, before the first request.

        Raises:
            KeysUnavailable: if an app's keys could not be fetched, naming the address and the reason.
        """
        ready_all(self._sources.values())

    async def aready(self) -> None:
        """Fetch the keys of every app now; raises as ``ready`` does."""
        await aready_all(self._sources.values())

    def settled(self, credentials: Sequence[Credential]) -> bool:
        """Return whether the tokens of a request can be verified without waiting for keys."""
        return False not in [self._verifiers[each.kind].settled(each.token) for each in credentials]

    def steps(self, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Verify the tokens of a request, at least one, yielding wherever keys have to be waited for."""
        verified: list[Verified[Any]] = []
        for each in credentials:
            try:
                verified += [(yield from self._verifiers[each.kind].steps(each.token, now))]
            except PrivyError as error:
                raise error.of_token(each.kind, each.source) from None
        return self._describe(credentials, verified)

    def _describe(self, credentials: Sequence[Credential], verified: Sequence[Verified[Any]]) -> PrivyAuth:
        if len(credentials) > 1:
            return self._describe_all(credentials, verified)
        # Nearly every request has one cached token, and its result does not change.
        token, source = verified[0], credentials[0].source
        auths = token.auths
        if auths is None:
            auths = token.auths = {}
        auth = auths.get(source)
        if auth is None:
            auth = auths[source] = self._describe_all(credentials, verified)
        return auth

    def _describe_all(self, credentials: Sequence[Credential], verified: Sequence[Verified[Any]]) -> PrivyAuth:
        by_kind = {credential.kind: each for credential, each in zip(credentials, verified, strict=True)}
        access = by_kind.get("access")
        return PrivyAuth(
            user=agreed_user(by_kind.get("identity"), access),
            access=None if access is None else access.value,
            tokens=tuple(map(_verified_token, credentials, verified)),
            on_invalid=self.settings.on_invalid,
        )

    def _app_of(self, claims: Claims) -> str:
        """Return the configured app that the token names; the app's keys then have to verify the token."""
        audience = claims.get("aud")
        members = audience if isinstance(audience, list) else [audience]
        for app_id in self._sources:
            if app_id in members:
                return app_id
        raise WrongAudience(wrong_audience(claims, expected_audience(*self._sources)))


def trusted_signer(config: PrivyConfig, app_id: str, key_clock: Callable[[], float] = time.monotonic) -> TrustedSigner:
    """Return whose signatures an app accepts: the configured keys, or those at its ``jwks_url``."""
    fixed = config.key_sets.get(app_id)
    source: KeySource
    if fixed is not None:
        source = FixedKeys(fixed)
    else:
        source = jwks_source(config, config.jwks_url_of(app_id), ALGORITHMS, key_clock)
    return TrustedSigner(app_id, source, frozenset(ALGORITHMS))


def _read_identity(claims: Claims, app_id: str) -> PrivyUser:
    check_issuer(claims, PrivyConfig.issuer_name)
    check_audience(claims, app_id.__eq__, lists=True, expected=expected_audience(app_id))
    accounts, metadata = check_identity(claims)
    return user_from_claims(claims, accounts, metadata)


def _read_access(claims: Claims, app_id: str) -> AccessTokenClaims:
    check_issuer(claims, PrivyConfig.issuer_name)
    check_audience(claims, app_id.__eq__, lists=False, expected=expected_audience(app_id))
    check_access(claims)
    return AccessTokenClaims(app_id, claims["sub"], claims["iss"], claims["iat"], claims["exp"], claims["sid"])


def expected_audience(*app_ids: str) -> str:
    """Return in a few words which audience is accepted, for a message."""
    return f"this app is {app_ids[0]}" if len(app_ids) == 1 else f"these apps are {', '.join(app_ids)}"


def _verified_token(credential: Credential, verified: Verified[Any]) -> VerifiedToken:
    return VerifiedToken(credential.kind, credential.source, verified.claims, verified.expires_at)
