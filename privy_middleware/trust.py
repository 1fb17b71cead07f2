"""Verify the tokens of one kind: header, key, signature, then claims, behind the verified-token cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from privy_middleware.cache import TokenCache
from privy_middleware.claims import Claims, check_times
from privy_middleware.config import RequestSettings
from privy_middleware.errors import BadSignature, PrivyError, TokenRevoked, UnknownKey, WrongAlgorithm
from privy_middleware.frozen import freeze_object
from privy_middleware.jws import Header, SignedToken, read_header, split_token
from privy_middleware.keys import KeySource, VerificationKey
from privy_middleware.steps import Steps, arun, run

__all__ = ["Rules", "TokenReader", "Trust", "Verified"]

_T = TypeVar("_T")

# Every token signed by one key has the same header, so a handful of them covers a rotation.
_HEADERS_KEPT = 16
_DOTS = 2
# A set that other workers have shared may be older than the token's key: then it is asked for once more.
_MOST_WAITS = 2


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures count: an issuer's or an app's name, its keys, and the algorithms allowed with them.

    ``max_age`` is how many seconds after ``iat`` a token expires at the latest, whatever its ``exp`` says.
    """

    name: str
    source: KeySource
    algorithms: frozenset[str]
    max_age: float | None = None


@dataclass(slots=True)
class Verified(Generic[_T]):
    """What a token turned out to say.

    ``alone`` is for the verifier to keep what a request with this token alone gets, by the place it stood in.
    """

    value: _T
    claims: Claims = field(repr=False)
    expires_at: float
    trust: str
    alone: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Rules(Generic[_T]):
    """What one kind of token must satisfy.

    ``choose`` names the trust by the claims, not yet verified, where there are several; ``check`` takes the verified
    claims and the trust's name, requires issuer, audience and kind, and builds the value. With ``always_choose`` a
    single trust is chosen as well, so that a token of somebody else's never causes a fetch.
    """

    choose: Callable[[Claims], str]
    check: Callable[[Claims, str], _T]
    always_choose: bool = False


@dataclass(slots=True)
class _Entry(Generic[_T]):
    verified: Verified[_T]
    since: float
    until: float
    trust: Trust
    header: Header
    fingerprint: bytes
    generation: int


class TokenReader(Generic[_T]):
    """Turn a token of one kind into what it says, or refuse it.

    A cache hit honours expiry, key removal and revocation as a first verification does.
    """

    def __init__(
        self,
        trusts: Sequence[Trust],
        rules: Rules[_T],
        *,
        settings: RequestSettings,
        clock: Callable[[], float],
    ) -> None:
        """Take whom to trust and what to check; ``clock`` gives Unix time in seconds."""
        self._trusts: Mapping[str, Trust] = {trust.name: trust for trust in trusts}
        self._only = trusts[0] if len(trusts) == 1 and not rules.always_choose else None
        self._rules = rules
        self._leeway = settings.leeway
        self._max_bytes = settings.max_token_bytes
        self._cache: TokenCache[_Entry[_T]] = TokenCache(settings.token_cache_size)
        self._cache_seconds = settings.token_cache_seconds
        self._is_revoked = settings.is_revoked
        self._clock = clock
        self._headers: dict[bytes, Header] = {}

    def verify(self, token: str) -> Verified[_T]:
        """Verify a token, blocking if keys have to be fetched.

        Raises:
            InvalidToken: when the token is refused, for whichever reason.
            KeysUnavailable: when no keys can be had.
        """
        key = self._key_of(token)
        hit = self._recall(key)
        return hit if hit is not None else run(self._first(token, key))

    async def averify(self, token: str) -> Verified[_T]:
        """Verify a token, awaiting keys if they have to be fetched; raises as ``verify`` does."""
        return await arun(self.steps(token))

    def steps(self, token: str) -> Steps[Verified[_T]]:
        """Verify a token, yielding the key source wherever keys have to be waited for."""
        key = self._key_of(token)
        hit = self._recall(key)
        return hit if hit is not None else (yield from self._first(token, key))

    def _first(self, token: str, key: bytes | None) -> Steps[Verified[_T]]:
        try:
            verified = yield from self._read(token, key)
        except PrivyError as error:
            raise error.without_traces() from None
        self._check_revoked(verified)
        return verified

    def _check_revoked(self, verified: Verified[_T]) -> None:
        if self._is_revoked is not None and self._is_revoked(verified.claims):
            raise TokenRevoked

    def _key_of(self, token: str) -> bytes | None:
        """Return the key in the cache, ``None`` for what is never kept there."""
        if not self._cache.enabled or not isinstance(token, str) or len(token) > self._max_bytes:
            return None
        # Hashing is most of what garbage costs, so what cannot be a token is not hashed.
        return self._cache.key_of(token) if token.count(".") == _DOTS else None

    def _recall(self, key: bytes | None) -> Verified[_T] | None:
        if key is None or (entry := self._cache.get(key)) is None:
            return None
        if not (entry.since <= self._clock() < entry.until and self._still_trusted(entry)):
            self._cache.discard(key)
            return None
        self._check_revoked(entry.verified)
        return entry.verified

    def _still_trusted(self, entry: _Entry[_T]) -> bool:
        source = entry.trust.source
        if source.generation == entry.generation and source.now() < source.fresh_until:
            return True
        # Asking the source is what starts a refresh, and what ends the trust in stale keys.
        generation = source.generation
        keys = source.lookup(entry.header.kid, entry.header.alg) or ()
        if not any(key.fingerprint == entry.fingerprint for key in keys):
            return False
        entry.generation = generation
        return True

    def _read(self, token: str, cache_key: bytes | None) -> Steps[Verified[_T]]:
        signed = split_token(token, self._max_bytes)
        header = self._headers.get(signed.header_segment) or read_header(signed.header_segment)
        trust = self._only or self._trusts[self._rules.choose(signed.payload())]
        if header.alg not in trust.algorithms:
            raise WrongAlgorithm
        source = trust.source
        generation = source.generation
        keys = source.lookup(header.kid, header.alg)
        waits = 0
        while keys is None:
            if waits == _MOST_WAITS:
                raise source.unavailable() or UnknownKey()
            waits += 1
            yield source
            generation = source.generation
            keys = source.lookup(header.kid, header.alg)
        key = _signer(keys, header, signed)
        verified = self._check(signed.payload(), trust)
        self._keep_header(signed.header_segment, header)
        if cache_key is not None:
            span = self._span(verified)
            self._cache.put(cache_key, _Entry(verified, *span, trust, header, key.fingerprint, generation))
        return verified

    def _check(self, claims: dict[str, Any], trust: Trust) -> Verified[_T]:
        expires_at = check_times(claims, self._clock(), self._leeway, trust.max_age)
        # What is kept serves many requests, so none of them may change it.
        frozen = freeze_object(claims)
        return Verified(self._rules.check(frozen, trust.name), frozen, expires_at, trust.name)

    def _span(self, verified: Verified[_T]) -> tuple[float, float]:
        """Return from when until when what is kept is what a first verification would give."""
        since = max(verified.claims.get("nbf", 0), verified.claims.get("iat", 0)) - self._leeway
        return since, min(verified.expires_at + self._leeway, self._clock() + self._cache_seconds)

    def _keep_header(self, segment: bytes, header: Header) -> None:
        # Only headers of verified tokens are kept, so nobody else can fill the table.
        if segment not in self._headers:
            if len(self._headers) >= _HEADERS_KEPT:
                self._headers = {}
            self._headers[segment] = header


def _signer(keys: Sequence[VerificationKey], header: Header, signed: SignedToken) -> VerificationKey:
    if not keys:
        raise UnknownKey
    for key in keys:
        if key.verifies(header.alg, signed.signing_input, signed.signature):
            return key
    raise BadSignature
