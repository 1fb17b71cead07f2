"""Verify the tokens of one kind: header, key, signature, then claims, with the verified-token cache in front."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from privy_middleware.config import RequestSettings
from privy_middleware.errors import BadSignature, InvalidToken, KeysUnavailable, PrivyError, UnknownKey
from privy_middleware.fetching.waiting import Steps, arun, run
from privy_middleware.keys import KeySource, VerificationKey
from privy_middleware.tokens.base64url import decode_base64url
from privy_middleware.tokens.claims import SAME_IN_ALL, Claims, check_times, share_strings
from privy_middleware.tokens.jws import LONGEST_HEADER, Header, check_algorithm, find_dots, read_header, read_payload
from privy_middleware.users.frozen import freeze_object
from privy_middleware.verifiers.revocation import RevocationCheck
from privy_middleware.verifiers.token_cache import TokenCache

__all__ = ["TokenVerifier", "TrustedSigner", "Verified", "verifying_key"]

_T = TypeVar("_T")

# Every token signed by one key has the same header, so a handful of them covers a rotation.
_HEADERS_KEPT = 16
# The same for issuers and audiences: the strings of one token serve all tokens with these values.
_COMMON_KEPT = 16
# A key set from the shared cache may be older than the token's key: then keys are fetched once more.
_MOST_WAITS = 2


@dataclass(frozen=True, slots=True)
class TrustedSigner:
    """Whose signatures are accepted.

    Attributes:
        name: the app id or the issuer.
        source: the keys.
        algorithms: the algorithms that are allowed with them.
        max_age: how many seconds after ``iat`` a token expires at the latest, whatever its ``exp`` says.
    """

    name: str
    source: KeySource
    algorithms: frozenset[str]
    max_age: float | None = None


@dataclass(slots=True)
class Verified(Generic[_T]):
    """A token that has been verified.

    Attributes:
        value: what the token says: a user, or the claims of an access token.
        claims: all claims, immutable.
        expires_at: ``exp``, or when ``max_age`` ends if that is earlier, in Unix seconds.
        signer: the name of the trusted signer.
        auths: the results of requests with this token alone, by the source of the token; ``None`` before the first.
    """

    value: _T
    claims: Claims = field(repr=False)
    expires_at: float
    signer: str
    auths: dict[str, Any] | None = field(default=None, repr=False, compare=False)


class _KnownHeader(NamedTuple):
    """The header of a verified token, and the source of the key that verified it."""

    header: Header
    source: KeySource


@dataclass(slots=True)
class _Entry(Generic[_T]):
    """A verified token in the cache: from when until when it is valid, and the key that verified it."""

    verified: Verified[_T]
    since: float
    until: float
    signer: TrustedSigner
    header: Header
    fingerprint: bytes
    generation: int


class TokenVerifier(Generic[_T]):
    """Verify tokens of one kind.

    For a cached token its expiry, the keys, ``revocations`` and ``is_revoked`` are checked again.
    """

    def __init__(
        self,
        signers: Sequence[TrustedSigner],
        choose: Callable[[Claims], str],
        check: Callable[[Claims, str], _T],
        *,
        settings: RequestSettings,
        clock: Callable[[], float],
        always_choose: bool = False,
    ) -> None:
        """Create a verifier.

        Args:
            signers: whose signatures are accepted.
            choose: returns the name of the signer by the claims, which are not verified yet.
            check: requires issuer, audience and kind of verified claims, and returns the value; it gets the claims and
                the name of the signer.
            settings: the limits for tokens and their cache, ``leeway``, ``revocations`` and ``is_revoked``.
            clock: returns Unix time in seconds.
            always_choose: ask ``choose`` also where there is one signer, so that a token of another issuer never
                causes a fetch of keys.
        """
        self._signers: Mapping[str, TrustedSigner] = {signer.name: signer for signer in signers}
        self._only = signers[0] if len(signers) == 1 and not always_choose else None
        self._choose = choose
        self._check = check
        self._leeway = settings.leeway
        self._max_bytes = settings.max_token_bytes
        self._cache: TokenCache[_Entry[_T]] = TokenCache(settings.token_cache_size, settings.token_cache_bytes)
        self._cache_seconds = settings.token_cache_seconds
        self._revocation = RevocationCheck(settings)
        self._revocations = settings.stored_revocations
        self._clock = clock
        self._headers: dict[str, _KnownHeader] = {}
        self._common: dict[str, str] = {}

    def verify(self, token: str) -> Verified[_T]:
        """Verify a token, blocking if keys have to be fetched.

        Raises:
            InvalidToken: if the token is refused.
            KeysUnavailable: if there are no keys.
        """
        now = self._clock()
        if self._revocations is not None and self._revocations.is_loading:
            return run(self.steps(token, now))
        key, known = self._cached(token, now)
        return known or run(self._first(token, now, key))

    async def averify(self, token: str) -> Verified[_T]:
        """Verify a token, awaiting keys if they have to be fetched; raises as ``verify`` does."""
        now = self._clock()
        if self._revocations is not None and self._revocations.is_loading:
            return await arun(self.steps(token, now))
        key, known = self._cached(token, now)
        return await arun(self._first(token, now, key)) if known is None else known

    def settled(self, token: str) -> bool:
        """Return whether a token can be verified without waiting, as nearly every one can."""
        known = self._known(token)
        if self._revocations is not None and self._revocations.is_loading:
            return False
        return known is not None and known.source.holds(known.header.kid, known.header.alg)

    def _known(self, token: str) -> _KnownHeader | None:
        end = token.find(".", 0, LONGEST_HEADER)
        return self._headers.get(token[:end]) if end > 0 else None

    def steps(self, token: str, now: float) -> Steps[Verified[_T]]:
        """Verify a token, which has to be valid ``now`` (Unix seconds), yielding what has to be waited for.

        That is the key source, or the revocations while they are being loaded.

        Raises:
            InvalidToken: if the token is refused.
            KeysUnavailable: if there are no keys.
            ConfigurationError: if ``is_revoked`` returns something to await.
        """
        if self._revocations is not None and self._revocations.is_loading:
            yield self._revocations
        key, known = self._cached(token, now)
        return known or (yield from self._first(token, now, key))

    def _cached(self, token: str, now: float) -> tuple[bytes | None, Verified[_T] | None]:
        """Return the key of a token in the cache, if it may be there, and the token if it is, and is valid ``now``."""
        if not self._cache.enabled or not isinstance(token, str) or len(token) > self._max_bytes:
            return None, None
        # A token with an unknown header cannot be in the cache, so garbage need not be hashed.
        if self._known(token) is None:
            return None, None
        key = self._cache.key_of(token)
        entry = self._cache.get(key)
        if entry is None:
            return key, None
        current = entry.signer.source.is_current(entry.generation) or self._still_trusted(entry)
        if not (current and entry.since <= now < entry.until):
            self._cache.discard(key)
            return key, None
        if self._revocation.needed:
            self._revocation.require_valid(entry.verified.value, entry.verified.claims)
        return key, entry.verified

    def _first(self, token: str, now: float, key: bytes | None) -> Steps[Verified[_T]]:
        """Verify a token that is not in the cache, whose key there may be known."""
        try:
            first, last = find_dots(token, self._max_bytes)
            known = self._headers.get(token[:first])
            header = read_header(token[:first]) if known is None else known.header
            signer = self._only or self._signers[self._choose(read_payload(token[first + 1 : last]))]
            check_algorithm(header.alg, signer.algorithms)
            generation, signed_by = yield from verifying_key(signer, header, token[:last], token[last + 1 :])
            verified = self._checked(read_payload(token[first + 1 : last]), signer, now)
            if known is None:
                self._keep_header(token[:first], _KnownHeader(header, signer.source))
            if self._cache.enabled:
                entry = _Entry(verified, *self._span(verified), signer, header, signed_by.fingerprint, generation)
                self._cache.put(key or self._cache.key_of(token), entry, len(token))
            if self._revocation.needed:
                self._revocation.require_valid(verified.value, verified.claims)
        except PrivyError as error:
            raise error.without_traces() from None
        return verified

    def _still_trusted(self, entry: _Entry[_T]) -> bool:
        # ``lookup`` starts a refresh, and no longer returns keys that have expired.
        source = entry.signer.source
        generation = source.generation
        keys = source.lookup(entry.header.kid, entry.header.alg) or ()
        if not any(key.fingerprint == entry.fingerprint for key in keys):
            return False
        entry.generation = generation
        return True

    def _checked(self, claims: dict[str, Any], signer: TrustedSigner, now: float) -> Verified[_T]:
        expires_at = check_times(claims, now, self._leeway, self._revocation.max_age(signer.max_age))
        # Cached claims serve many requests, so none may change them; and there are many of them.
        frozen = freeze_object(share_strings(claims, self._common) if self._cache.enabled else claims)
        value = self._check(frozen, signer.name)
        self._keep_common(frozen)
        return Verified(value, frozen, expires_at, signer.name)

    def _keep_common(self, claims: Claims) -> None:
        # Only values that the check has accepted are kept, and not many of these.
        if len(self._common) < _COMMON_KEPT:
            self._common |= {claims[name]: claims[name] for name in SAME_IN_ALL if isinstance(claims.get(name), str)}

    def _span(self, verified: Verified[_T]) -> tuple[float, float]:
        """Return from when until when a cached token would pass if it were verified again."""
        since = max(verified.claims.get("nbf", 0), verified.claims.get("iat", 0)) - self._leeway
        return since, min(verified.expires_at + self._leeway, self._clock() + self._cache_seconds)

    def _keep_header(self, segment: str, known: _KnownHeader) -> None:
        # Only headers of verified tokens are kept, so an attacker cannot fill the table.
        if len(self._headers) >= _HEADERS_KEPT:
            self._headers = {}
        self._headers[segment] = known


def verifying_key(
    signer: TrustedSigner, header: Header, signed: str, signature: str
) -> Steps[tuple[int, VerificationKey]]:
    """Return the key of a signer that verifies a signature, and the generation of its keys.

    Yields the key source if it has to be waited for.

    Raises:
        InvalidToken: if none of the keys verifies it, or the signature is not base64url.
        KeysUnavailable: if there are no keys, or a key that cannot be fetched now might verify it.
    """
    source = signer.source
    generation = source.generation
    keys: Sequence[VerificationKey] | None = source.lookup(header.kid, header.alg)
    if keys is None:
        generation, keys = yield from _waited_for(source, header)
    key = _verifying(keys, header.alg, signed, decode_base64url(signature))
    if key is None:
        raise source.uncertain(header.kid, generation) or _unverified(signer, header.kid, keys)
    return generation, key


def _waited_for(source: KeySource, header: Header) -> Steps[tuple[int, Sequence[VerificationKey]]]:
    for _ in range(_MOST_WAITS):
        try:
            yield source
        except KeysUnavailable:
            # The caller cannot wait, so a thread fetches the keys.
            source.fetch_in_background()
            raise
        generation, keys = source.generation, source.lookup(header.kid, header.alg)
        if keys is not None:
            return generation, keys
    raise source.unavailable() or KeysUnavailable("The keys are still being fetched.")


def _unverified(signer: TrustedSigner, kid: str | None, keys: Sequence[VerificationKey]) -> InvalidToken:
    """Return the error for a token that none of the signer's keys verifies; ``keys`` are those that fit its header."""
    if keys:
        return BadSignature(
            f"The signature does not verify with {signer.source.summary()}: the token was changed, or is another app's."
        )
    looked_for = "it names no kid" if kid is None else "its kid is not among them"
    return UnknownKey(f"The token is signed with none of the known keys ({signer.source.summary()}): {looked_for}.")


def _verifying(keys: Sequence[VerificationKey], alg: str, signed: str, signature: bytes) -> VerificationKey | None:
    signing_input = signed.encode("ascii")
    return next((key for key in keys if key.verifies(alg, signing_input, signature)), None)
