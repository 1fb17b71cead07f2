"""What the families of tokens have in common that come as ``Authorization: Bearer`` and in no other place."""

from __future__ import annotations

import functools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast

from privy_middleware.auth import PrivyAuth, VerifiedToken
from privy_middleware.config import RequestSettings
from privy_middleware.errors import ConditionNotMet, ConfigurationError, WrongIssuer
from privy_middleware.fetching.waiting import Steps
from privy_middleware.http.credentials import Credential, Slot, Source
from privy_middleware.keys import KeySource, aready_all, ready_all
from privy_middleware.tokens.claims import Claims, TokenKind
from privy_middleware.users.user import PrivyUser
from privy_middleware.verifiers.privy import Verifier
from privy_middleware.verifiers.token import Rules, TokenReader, Trust, Verified

__all__ = ["BearerSettings", "BearerVerifier", "user_of", "verifier_for"]

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class BearerSettings(RequestSettings, ABC):
    """What holds for every family of token that has no cookie."""

    kind: ClassVar[TokenKind]

    sources: tuple[Source, ...] = ("header",)

    def __post_init__(self) -> None:
        """Check every setting.

        Raises:
            ConfigurationError: naming the first field that is wrong, and the mend.
        """
        super().__post_init__()
        if self.sources != ("header",):
            raise ConfigurationError("sources", 'leave it out: these tokens come by "header" only')

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Return the one place where such a token stands."""
        return (Slot(self.kind, "authorization", bearer=True),)

    @property
    @abstractmethod
    def issuers(self) -> tuple[str, ...]:
        """Return every ``iss`` that is accepted, exactly as tokens spell it."""


@functools.singledispatch
def verifier_for(settings: BearerSettings) -> Verifier:
    """Return a verifier with these settings; each family of tokens registers its verifier for its settings.

    Raises:
        ConfigurationError: if no verifier is registered for settings of this type.
    """
    raise ConfigurationError("config", f"no verifier is registered for {type(settings).__name__}: give a verifier")


class BearerVerifier(Generic[_T]):
    """Verify the tokens of one such family; the trust is picked by the exact ``iss``, before any key is asked for.

    One verifier serves any number of threads and event loops; its sync and async methods share keys and cache.
    """

    def __init__(
        self,
        settings: BearerSettings,
        trusts: Sequence[Trust],
        check: Callable[[Mapping[str, Any], str], _T],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the settings, one trust for each issuer, named by it, and what builds the user of verified claims."""
        self.settings = settings
        self.now: Callable[[], float] = clock
        self._issuers = frozenset(trust.name for trust in trusts)
        self._sources: tuple[KeySource, ...] = tuple(dict.fromkeys(trust.source for trust in trusts))
        rules = Rules(self._issuer_of, check, always_choose=True)
        self._reader = TokenReader(trusts, rules, settings=settings, clock=clock)

    def _issuer_of(self, claims: Claims) -> str:
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._issuers:
            raise WrongIssuer
        return issuer

    def ready(self) -> None:
        """Fetch the keys now, ahead of the first request.

        Raises:
            KeysUnavailable: when they cannot be had, naming the address and the reason.
        """
        ready_all(self._sources)

    async def aready(self) -> None:
        """Fetch the keys now; raises as ``ready`` does."""
        await aready_all(self._sources)

    def settled(self, credentials: Sequence[Credential]) -> bool:
        """Say whether the token of a request can be verified without waiting for keys."""
        return all(self._reader.settled(credential.token) for credential in credentials)

    def recall(self, credentials: Sequence[Credential], now: float) -> PrivyAuth | None:
        """Return what a request with this token gets, if it was verified before and is valid ``now``."""
        (credential,) = credentials
        verified = self._reader.recall(credential.token, now)
        return None if verified is None else self._describe(credential, verified)

    def steps(self, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Verify the token of a request, yielding wherever keys have to be waited for."""
        (credential,) = credentials
        return self._describe(credential, (yield from self._reader.first(credential.token, now)))

    def _describe(self, credential: Credential, verified: Verified[_T]) -> PrivyAuth:
        token = VerifiedToken(self.settings.kind, credential.source, verified.claims, verified.expires_at)
        # PrivyAuth is typed for what nearly every app gets; the others ask ``user_of`` for their own type.
        user = cast(PrivyUser, verified.value)
        return PrivyAuth(user, tokens=(token,), on_invalid=self.settings.on_invalid)


def user_of(auth: PrivyAuth, kind: type[_T]) -> _T:
    """Return the request's user, who must be there and of this type.

    Raises:
        AuthenticationError: when there is no user.
        AuthorizationError: when the user is of another family of tokens, or the request is cross-site.
        ServiceUnavailable: when our side cannot tell.
    """
    user: object = auth.require()
    if not isinstance(user, kind):
        raise ConditionNotMet
    return user
