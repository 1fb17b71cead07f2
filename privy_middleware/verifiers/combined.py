"""Several families of tokens in one app: Privy's, Web3Auth's and those of one's own keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from privy_middleware.auth import PrivyAuth
from privy_middleware.config import RequestSettings
from privy_middleware.errors import ConfigurationError, InvalidToken, TokensDisagree, WrongIssuer
from privy_middleware.fetching.waiting import Steps
from privy_middleware.http.credentials import Credential, Slot
from privy_middleware.keys import aready_all, ready_all
from privy_middleware.tokens.jws import find_dots, read_payload
from privy_middleware.verifiers.bearer import BearerSettings, user_of
from privy_middleware.verifiers.privy import Verifier

__all__ = ["CombinedVerifier", "user_of"]


@dataclass(frozen=True, kw_only=True)
class _CombinedSettings(RequestSettings):
    """The first verifier's settings, with every place where any of them looks for a token."""

    places: tuple[Slot, ...] = ()

    @property
    def slots(self) -> tuple[Slot, ...]:
        return self.places


class CombinedVerifier:
    """Accept what any of several verifiers accepts, and nothing more.

    What stands in ``Authorization: Bearer`` goes to the one verifier that is configured for its exact ``iss``, and is
    then held to that one's keys, algorithms and audience alone. A request with tokens of two families is refused.
    Everything that is not about tokens, such as ``on_missing``, is as the first verifier's settings say.
    """

    def __init__(self, *verifiers: Verifier) -> None:
        """Take the verifiers; Privy's, the only one that reads cookies, comes first.

        Raises:
            ConfigurationError: when two of them share an issuer, or the first reads no headers.
        """
        self._verifiers = verifiers
        self.settings: RequestSettings = _settings(verifiers)
        self.now: Callable[[], float] = verifiers[0].now
        self._by_issuer = _by_issuer(verifiers)
        self._max_bytes = max(each.settings.max_token_bytes for each in verifiers)

    def ready(self) -> None:
        """Fetch the keys now, ahead of the first request.

        Raises:
            KeysUnavailable: when they cannot be had, naming the address and the reason.
        """
        ready_all(self._verifiers)

    async def aready(self) -> None:
        """Fetch the keys now; raises as ``ready`` does."""
        await aready_all(self._verifiers)

    def settled(self, credentials: Sequence[Credential]) -> bool:
        """Say whether the tokens of a request can be verified, or refused, without waiting for keys."""
        try:
            return self._verifier_for(credentials).settled(credentials)
        except InvalidToken:
            return True

    def recall(self, credentials: Sequence[Credential], now: float) -> PrivyAuth | None:
        """Return what a request with these tokens gets, if all were verified before and are valid ``now``."""
        auth = self._verifier_for(credentials).recall(credentials, now)
        return None if auth is None else self._adapted(auth)

    def steps(self, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Verify the tokens of a request, at least one, yielding wherever keys have to be waited for."""
        return self._adapted((yield from self._verifier_for(credentials).steps(credentials, now)))

    def _adapted(self, auth: PrivyAuth) -> PrivyAuth:
        return dataclasses.replace(auth, on_invalid=self.settings.on_invalid)

    def _verifier_for(self, credentials: Sequence[Credential]) -> Verifier:
        verifier, *others = (self._verifier_of(credential) for credential in credentials)
        if any(other is not verifier for other in others):
            raise TokensDisagree
        return verifier

    def _verifier_of(self, credential: Credential) -> Verifier:
        if credential.source != "header" or not credential.bearer:
            return self._verifiers[0]
        # Not verified yet, so it decides no more than which verifier has to accept or refuse the token.
        first, last = find_dots(credential.token, self._max_bytes)
        issuer = read_payload(credential.token[first + 1 : last]).get("iss")
        if not isinstance(issuer, str) or issuer not in self._by_issuer:
            raise WrongIssuer
        return self._by_issuer[issuer]


def _by_issuer(verifiers: Sequence[Verifier]) -> Mapping[str, Verifier]:
    """Return who reads the bearer tokens of each issuer; Privy's may be set to read none."""
    owners: dict[str, Verifier] = {}
    for verifier in verifiers:
        for issuer in _issuers(verifier.settings):
            if issuer in owners:
                raise ConfigurationError("verifiers", "each issuer must belong to one verifier only")
            owners[issuer] = verifier
    reading = [verifier for verifier in verifiers if any(slot.bearer for slot in verifier.settings.slots)]
    return {issuer: verifier for issuer, verifier in owners.items() if verifier in reading}


def _issuers(settings: RequestSettings) -> tuple[str, ...]:
    return settings.issuers if isinstance(settings, BearerSettings) else (settings.issuer_name,)


def _settings(verifiers: Sequence[Verifier]) -> RequestSettings:
    if len(verifiers) < 2 or not all(isinstance(each.settings, BearerSettings) for each in verifiers[1:]):
        raise ConfigurationError("verifiers", "give two or more: Privy's first, then those of bearer tokens")
    first = verifiers[0].settings
    if "header" not in first.sources:
        raise ConfigurationError("sources", 'name "header" too: the other tokens come by no other way')
    values = {each.name: getattr(first, each.name) for each in dataclasses.fields(RequestSettings)}
    slots = first.slots
    if not any(slot.bearer for slot in slots):
        slots += verifiers[-1].settings.slots
    return _CombinedSettings(**values, places=slots)
