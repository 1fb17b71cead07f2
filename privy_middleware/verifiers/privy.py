"""Verify Privy's identity and access tokens."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from privy_middleware.auth import PrivyAuth, VerifiedToken
from privy_middleware.config import PrivyConfig, RequestSettings
from privy_middleware.errors import TokensDisagree, WrongAudience
from privy_middleware.fetching.waiting import Steps
from privy_middleware.http.credentials import Credential
from privy_middleware.keys import FixedKeys, JWKSSource, KeySource, aready_all, ready_all
from privy_middleware.tokens.claims import Claims, TokenKind, check_access, check_audience, check_identity, check_issuer
from privy_middleware.users.user import AccessTokenClaims, PrivyUser, user_from_access_claims, user_from_claims
from privy_middleware.verifiers.token import Rules, TokenReader, Trust, Verified

__all__ = ["PrivyVerifier", "Verifier", "jwks_source"]

_ALGORITHMS = ("ES256",)


class Verifier(Protocol):
    """What a middleware needs of a verifier, of whichever family of tokens."""

    @property
    def settings(self) -> RequestSettings:
        """Return the settings that say where tokens stand."""
        ...

    @property
    def now(self) -> Callable[[], float]:
        """Return the clock that ``exp`` is held against, in Unix seconds."""
        ...

    def settled(self, credentials: Sequence[Credential]) -> bool:
        """Say whether the tokens of a request can be verified without waiting for keys."""
        ...

    def recall(self, credentials: Sequence[Credential], now: float) -> PrivyAuth | None:
        """Return what a request with these tokens gets, if all were verified before and are valid ``now``."""
        ...

    def steps(self, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Verify the tokens of a request, at least one, which have to be valid ``now`` (Unix seconds)."""
        ...

    def ready(self) -> None:
        """Fetch the keys now."""
        ...

    async def aready(self) -> None:
        """Fetch the keys now, without blocking the event loop."""
        ...


def jwks_source(
    settings: RequestSettings, url: str, algorithms: Collection[str], clock: Callable[[], float] = time.monotonic
) -> JWKSSource:
    """Return a source of the keys published at ``url``, with the times and options of the settings."""
    return JWKSSource(
        url,
        algorithms=algorithms,
        lifetime=settings.key_lifetime,
        grace=settings.key_grace,
        cooldown=settings.key_cooldown,
        timeout=settings.key_timeout,
        client_options=settings.client_options,
        cache=settings.key_cache,
        clock=clock,
    )


class PrivyVerifier:
    """Turn Privy tokens into users and claims.

    One verifier serves any number of threads and event loops; its sync and async methods share keys and cache.
    """

    def __init__(
        self,
        config: PrivyConfig,
        *,
        clock: Callable[[], float] = time.time,
        key_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the settings, the clock that ``exp`` is held against, in Unix seconds, and the one that keys age by."""
        self.settings = config
        self.now: Callable[[], float] = clock
        self._sources = {app_id: _source(config, app_id, key_clock) for app_id in config.app_ids}
        trusts = [Trust(app_id, source, frozenset(_ALGORITHMS)) for app_id, source in self._sources.items()]
        identity = Rules(self._app_of, _read_identity)
        access = Rules(self._app_of, _read_access)
        self._identity = TokenReader(trusts, identity, settings=config, clock=clock)
        self._access = TokenReader(trusts, access, settings=config, clock=clock)
        self._readers: dict[TokenKind, TokenReader[Any]] = {"identity": self._identity, "access": self._access}

    def verify_identity_token(self, token: str) -> PrivyUser:
        """Return the user of an identity token, blocking if keys have to be fetched.

        Raises:
            InvalidToken: when the token is refused, for whichever reason.
            KeysUnavailable: when no keys can be had.
        """
        return self._identity.verify(token).value

    async def averify_identity_token(self, token: str) -> PrivyUser:
        """Return the user of an identity token; raises as ``verify_identity_token`` does."""
        return (await self._identity.averify(token)).value

    def verify_access_token(self, token: str) -> AccessTokenClaims:
        """Return the claims of an access token, blocking if keys have to be fetched.

        Raises:
            InvalidToken: when the token is refused, for whichever reason.
            KeysUnavailable: when no keys can be had.
        """
        return self._access.verify(token).value

    async def averify_access_token(self, token: str) -> AccessTokenClaims:
        """Return the claims of an access token; raises as ``verify_access_token`` does."""
        return (await self._access.averify(token)).value

    def ready(self) -> None:
        """Fetch the keys of every app now, ahead of the first request.

        Raises:
            KeysUnavailable: when an app's keys cannot be had, naming the address and the reason.
        """
        ready_all(self._sources.values())

    async def aready(self) -> None:
        """Fetch the keys of every app now; raises as ``ready`` does."""
        await aready_all(self._sources.values())

    def settled(self, credentials: Sequence[Credential]) -> bool:
        """Say whether the tokens of a request can be verified without waiting for keys."""
        return False not in [self._readers[each.kind].settled(each.token) for each in credentials]

    def recall(self, credentials: Sequence[Credential], now: float) -> PrivyAuth | None:
        """Return what a request with these tokens gets, if all were verified before and are valid ``now``."""
        verified: list[Verified[Any]] = []
        for each in credentials:
            known = self._readers[each.kind].recall(each.token, now)
            if known is None:
                return None
            verified.append(known)
        return self._describe(credentials, verified)

    def steps(self, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Verify the tokens of a request, at least one, yielding wherever keys have to be waited for."""
        verified: list[Verified[Any]] = []
        for each in credentials:
            verified += [(yield from self._readers[each.kind].first(each.token, now))]
        return self._describe(credentials, verified)

    def _describe(self, credentials: Sequence[Credential], verified: Sequence[Verified[Any]]) -> PrivyAuth:
        if len(credentials) > 1:
            return self._describe_all(credentials, verified)
        # A cached token alone is nearly every request, and what it says does not change.
        known, source = verified[0].alone, credentials[0].source
        auth = known.get(source)
        if auth is None:
            auth = known[source] = self._describe_all(credentials, verified)
        return auth

    def _describe_all(self, credentials: Sequence[Credential], verified: Sequence[Verified[Any]]) -> PrivyAuth:
        by_kind = {credential.kind: each for credential, each in zip(credentials, verified, strict=True)}
        access = by_kind.get("access")
        return PrivyAuth(
            user=_agree(by_kind.get("identity"), access),
            access=None if access is None else access.value,
            tokens=tuple(map(_described, credentials, verified)),
            on_invalid=self.settings.on_invalid,
        )

    def _app_of(self, claims: Claims) -> str:
        """Return which of the configured apps the token says it is for; its keys then have to prove it."""
        audience = claims.get("aud")
        members = audience if isinstance(audience, list) else [audience]
        for app_id in self._sources:
            if app_id in members:
                return app_id
        raise WrongAudience


def _source(config: PrivyConfig, app_id: str, clock: Callable[[], float]) -> KeySource:
    fixed = config.key_sets.get(app_id)
    if fixed is not None:
        return FixedKeys(fixed)
    return jwks_source(config, config.jwks_url_of(app_id), _ALGORITHMS, clock)


def _read_identity(claims: Claims, app_id: str) -> PrivyUser:
    check_issuer(claims, PrivyConfig.issuer_name)
    check_audience(claims, app_id.__eq__, lists=True)
    accounts, metadata = check_identity(claims)
    return user_from_claims(claims, accounts, metadata)


def _read_access(claims: Claims, app_id: str) -> AccessTokenClaims:
    check_issuer(claims, PrivyConfig.issuer_name)
    check_audience(claims, app_id.__eq__, lists=False)
    check_access(claims)
    return AccessTokenClaims(app_id, claims["sub"], claims["iss"], claims["iat"], claims["exp"], claims["sid"])


def _described(credential: Credential, verified: Verified[Any]) -> VerifiedToken:
    return VerifiedToken(credential.kind, credential.source, verified.claims, verified.expires_at)


def _agree(identity: Verified[PrivyUser] | None, access: Verified[AccessTokenClaims] | None) -> PrivyUser | None:
    if identity is None or access is None:
        return identity.value if identity is not None else _alone(access)
    if (identity.value.id, identity.trust) != (access.value.user_id, access.trust):
        raise TokensDisagree
    return identity.value


def _alone(access: Verified[AccessTokenClaims] | None) -> PrivyUser | None:
    return user_from_access_claims(access.claims) if access is not None else None
