"""Verify the tokens of one kind: header, key, signature, then claims, behind the verified-token cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from privy_middleware.callbacks import returned
from privy_middleware.config import RequestSettings
from privy_middleware.errors import BadSignature, KeysUnavailable, PrivyError, TokenRevoked, UnknownKey, WrongAlgorithm
from privy_middleware.fetching.waiting import Steps, arun, run
from privy_middleware.keys import KeySource, VerificationKey
from privy_middleware.tokens.base64url import decode_base64url
from privy_middleware.tokens.claims import Claims, check_times, share_names
from privy_middleware.tokens.jws import LONGEST_HEADER, Header, find_dots, read_header, read_payload
from privy_middleware.users.frozen import freeze_object
from privy_middleware.verifiers.token_cache import TokenCache

__all__ = ["Rules", "TokenReader", "Trust", "Verified"]

_T = TypeVar("_T")

# Every token signed by one key has the same header, so a handful of them covers a rotation.
_HEADERS_KEPT = 16
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


class _Known(NamedTuple):
    """A header that a verified token had, and whose key that was."""

    header: Header
    source: KeySource


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
        self._cache: TokenCache[_Entry[_T]] = TokenCache(settings.token_cache_size, settings.token_cache_bytes)
        self._cache_seconds = settings.token_cache_seconds
        self._is_revoked = settings.is_revoked
        self._clock = clock
        self._headers: dict[str, _Known] = {}

    def verify(self, token: str) -> Verified[_T]:
        """Verify a token, blocking if keys have to be fetched.

        Raises:
            InvalidToken: when the token is refused, for whichever reason.
            KeysUnavailable: when no keys can be had.
        """
        now = self._clock()
        return self.recall(token, now) or run(self.first(token, now))

    async def averify(self, token: str) -> Verified[_T]:
        """Verify a token, awaiting keys if they have to be fetched; raises as ``verify`` does."""
        now = self._clock()
        known = self.recall(token, now)
        return await arun(self.first(token, now)) if known is None else known

    def settled(self, token: str) -> bool:
        """Say whether a token can be verified without waiting for keys, as nearly every one can."""
        known = self._known(token)
        return known is not None and known.source.holds(known.header.kid, known.header.alg)

    def recall(self, token: str, now: float) -> Verified[_T] | None:
        """Return what a token is known to say, if it was verified before and is valid ``now`` (Unix seconds).

        Raises:
            TokenRevoked: when it has been withdrawn since.
            ConfigurationError: when ``is_revoked`` returns something to await.
        """
        if not self._cache.enabled or not isinstance(token, str) or len(token) > self._max_bytes:
            return None
        # Hashing is most of what garbage costs: what has not the header of a verified token was not verified.
        if self._known(token) is None:
            return None
        key = self._cache.key_of(token)
        entry = self._cache.get(key)
        if entry is None:
            return None
        current = entry.trust.source.is_current(entry.generation) or self._still_trusted(entry)
        if not (current and entry.since <= now < entry.until):
            self._cache.discard(key)
            return None
        self._check_revoked(entry.verified)
        return entry.verified

    def _known(self, token: str) -> _Known | None:
        end = token.find(".", 0, LONGEST_HEADER)
        return self._headers.get(token[:end]) if end > 0 else None

    def first(self, token: str, now: float) -> Steps[Verified[_T]]:
        """Verify a token that was not to be recalled, yielding the key source wherever keys have to be waited for."""
        try:
            first, last = find_dots(token, self._max_bytes)
            known = self._headers.get(token[:first])
            header = read_header(token[:first]) if known is None else known.header
            trust = self._only or self._trusts[self._rules.choose(read_payload(token[first + 1 : last]))]
            if header.alg not in trust.algorithms:
                raise WrongAlgorithm
            source = trust.source
            generation = source.generation
            keys: Sequence[VerificationKey] | None = source.lookup(header.kid, header.alg)
            if keys is None:
                generation, keys = yield from _waited_for(source, header)
            key = _signer(keys, header.alg, token[:last], decode_base64url(token[last + 1 :]))
            if key is None:
                raise source.uncertain(header.kid, generation) or (BadSignature() if keys else UnknownKey())
            verified = self._check(read_payload(token[first + 1 : last]), trust, now)
            if known is None:
                self._keep_header(token[:first], _Known(header, source))
            if self._cache.enabled:
                entry = _Entry(verified, *self._span(verified), trust, header, key.fingerprint, generation)
                self._cache.put(self._cache.key_of(token), entry, len(token))
            self._check_revoked(verified)
        except PrivyError as error:
            raise error.without_traces() from None
        return verified

    def _check_revoked(self, verified: Verified[_T]) -> None:
        if self._is_revoked is not None and returned(self._is_revoked(verified.claims), "is_revoked"):
            raise TokenRevoked

    def _still_trusted(self, entry: _Entry[_T]) -> bool:
        # Asking the source is what starts a refresh, and what ends the trust in stale keys.
        source = entry.trust.source
        generation = source.generation
        keys = source.lookup(entry.header.kid, entry.header.alg) or ()
        if not any(key.fingerprint == entry.fingerprint for key in keys):
            return False
        entry.generation = generation
        return True

    def _check(self, claims: dict[str, Any], trust: Trust, now: float) -> Verified[_T]:
        expires_at = check_times(claims, now, self._leeway, trust.max_age)
        # What is kept serves many requests, so none of them may change it; and there is much of it.
        frozen = freeze_object(share_names(claims) if self._cache.enabled else claims)
        return Verified(self._rules.check(frozen, trust.name), frozen, expires_at, trust.name)

    def _span(self, verified: Verified[_T]) -> tuple[float, float]:
        """Return from when until when what is kept is what a first verification would give."""
        since = max(verified.claims.get("nbf", 0), verified.claims.get("iat", 0)) - self._leeway
        return since, min(verified.expires_at + self._leeway, self._clock() + self._cache_seconds)

    def _keep_header(self, segment: str, known: _Known) -> None:
        # Only headers of verified tokens are kept, so nobody else can fill the table.
        if len(self._headers) >= _HEADERS_KEPT:
            self._headers = {}
        self._headers[segment] = known


def _waited_for(source: KeySource, header: Header) -> Steps[tuple[int, Sequence[VerificationKey]]]:
    for _ in range(_MOST_WAITS):
        try:
            yield source
        except KeysUnavailable:
            # Whoever cannot wait leaves the fetch to a thread of its own.
            source.fetch_in_background()
            raise
        generation, keys = source.generation, source.lookup(header.kid, header.alg)
        if keys is not None:
            return generation, keys
    raise source.unavailable() or KeysUnavailable("The keys are still being fetched.")


def _signer(keys: Sequence[VerificationKey], alg: str, signed: str, signature: bytes) -> VerificationKey | None:
    signing_input = signed.encode("ascii")
    return next((key for key in keys if key.verifies(alg, signing_input, signature)), None)
