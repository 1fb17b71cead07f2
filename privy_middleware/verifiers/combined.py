"""Several token families in one app: Privy's, Web3Auth's and those of custom keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from privy_middleware.auth import PrivyAuth
from privy_middleware.config import RequestSettings
from privy_middleware.errors import ConfigurationError, InvalidToken, TokensDisagree, WrongIssuer
from privy_middleware.fetching.waiting import Steps
from privy_middleware.http.credentials import Credential, TokenLocation
from privy_middleware.keys import aready_all, ready_all
from privy_middleware.tokens.jws import find_dots, read_payload
from privy_middleware.verifiers.base import Verifier
from privy_middleware.verifiers.bearer import BearerSettings

__all__ = ["CombinedVerifier"]

# How many tokens are remembered by their hash, so that their payloads are not decoded again.
_MOST_HASHES = 4096


@dataclass(frozen=True, kw_only=True)
class _CombinedSettings(RequestSettings):
    """The first verifier's settings, with every location where any of them looks for a token."""

    all_locations: tuple[TokenLocation, ...] = ()

    @property
    def locations(self) -> tuple[TokenLocation, ...]:
        return self.all_locations


class CombinedVerifier:
    """Accept what any of several verifiers accepts, and nothing more.

    A token in ``Authorization: Bearer`` goes to the one verifier that is configured for its exact ``iss``, and must
    then satisfy that verifier's keys, algorithms and audience. A request with tokens of two families is refused.
    Settings that are not about tokens, such as ``on_missing``, are those of the first verifier.
    """

    def __init__(self, *verifiers: Verifier) -> None:
        """Create it from two or more verifiers; Privy's, the only one that reads cookies, comes first.

        Raises:
            ConfigurationError: if two of them share an issuer, or the first reads no headers.
        """
        self._verifiers = verifiers
        self.settings: RequestSettings = _settings(verifiers)
        self.now: Callable[[], float] = verifiers[0].now
        self._by_issuer = _by_issuer(verifiers)
        self._max_bytes = max(each.settings.max_token_bytes for each in verifiers)
        # By the hash of the token. Two tokens with one hash would do no harm: the wrong verifier refuses a token.
        self._by_hash: dict[int, Verifier] = {}

    def ready(self) -> None:
        """Fetch the keys now, before the first request.

        Raises:
            KeysUnavailable: if they cannot be fetched, naming the address and the reason.
        """
        ready_all(self._verifiers)

    async def aready(self) -> None:
        """Fetch the keys now; raises as ``ready`` does."""
        await aready_all(self._verifiers)

    def settled(self, credentials: Sequence[Credential]) -> bool:
        """Return whether the tokens of a request can be verified, or refused, without waiting for keys."""
        try:
            return self._verifier_for(credentials).settled(credentials)
        except InvalidToken:
            return True

    def steps(self, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Verify the tokens of a request, at least one, yielding wherever keys have to be waited for."""
        return self._adapted((yield from self._verifier_for(credentials).steps(credentials, now)))

    def _adapted(self, auth: PrivyAuth) -> PrivyAuth:
        # The object stays the same if nothing changes.
        on_invalid = self.settings.on_invalid
        return auth if auth.on_invalid == on_invalid else dataclasses.replace(auth, on_invalid=on_invalid)

    def _verifier_for(self, credentials: Sequence[Credential]) -> Verifier:
        verifier, *others = (self._verifier_of(credential) for credential in credentials)
        if any(other is not verifier for other in others):
            raise TokensDisagree("The request has tokens of two families.")
        return verifier

    def _verifier_of(self, credential: Credential) -> Verifier:
        if credential.source != "header" or not credential.bearer:
            return self._verifiers[0]
        number = hash(credential.token)
        verifier = self._by_hash.get(number)
        if verifier is None:
            verifier = self._by_issuer[self._issuer_of(credential.token)]
            if len(self._by_hash) >= _MOST_HASHES:
                self._by_hash = {}
            self._by_hash[number] = verifier
        return verifier

    def _issuer_of(self, token: str) -> str:
        """Return the issuer that a token names, which chooses the verifier that has to accept or refuse the token."""
        first, last = find_dots(token, self._max_bytes)
        issuer = read_payload(token[first + 1 : last]).get("iss")
        if not isinstance(issuer, str) or issuer not in self._by_issuer:
            raise WrongIssuer("The issuer (iss) of the bearer token is none of those that are configured.")
        return issuer


def _by_issuer(verifiers: Sequence[Verifier]) -> Mapping[str, Verifier]:
    """Return the verifier of each issuer's bearer tokens; Privy's settings may read none."""
    owners: dict[str, Verifier] = {}
    for verifier in verifiers:
        for issuer in _issuers(verifier.settings):
            if issuer in owners:
                raise ConfigurationError("verifiers", "each issuer must belong to one verifier only")
            owners[issuer] = verifier
    reading = [verifier for verifier in verifiers if any(each.bearer for each in verifier.settings.locations)]
    return {issuer: verifier for issuer, verifier in owners.items() if verifier in reading}


def _issuers(settings: RequestSettings) -> tuple[str, ...]:
    return settings.issuers if isinstance(settings, BearerSettings) else (settings.issuer_name,)


def _settings(verifiers: Sequence[Verifier]) -> RequestSettings:
    if len(verifiers) < 2 or not all(isinstance(each.settings, BearerSettings) for each in verifiers[1:]):
        raise ConfigurationError("verifiers", "give two or more: Privy's first, then those of bearer tokens")
    first = verifiers[0].settings
    if "header" not in first.sources:
        raise ConfigurationError("sources", 'name "header" too: the other tokens come by no other way')
    values = {each.name: getattr(first, each.name) for each in dataclasses.fields(RequestSettings) if each.init}
    locations = first.locations
    if not any(each.bearer for each in locations):
        locations += verifiers[-1].settings.locations
    if any(each.settings.stored_revocations is not first.stored_revocations for each in verifiers):
        raise ConfigurationError("revocations", "give every verifier the same store: a user signs out of all of them")
    settings = _CombinedSettings(**values, all_locations=locations)
    # Whatever listens to the requests also gets the events about the keys of every family.
    for each in verifiers:
        each.settings.reporter.follow(settings.reporter)
    return settings
