"""Token families that are sent only as ``Authorization: Bearer``."""

from __future__ import annotations

import functools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast

from privy_middleware.auth import PrivyAuth, VerifiedToken
from privy_middleware.config import RequestSettings
from privy_middleware.errors import ConditionNotMet, ConfigurationError, PrivyError, WrongIssuer
from privy_middleware.fetching.waiting import Steps
from privy_middleware.http.credentials import Credential, Source, TokenLocation
from privy_middleware.keys import KeySource, aready_all, ready_all
from privy_middleware.tokens.claims import Claims, TokenKind
from privy_middleware.users.user import PrivyUser
from privy_middleware.verifiers.base import Verifier
from privy_middleware.verifiers.token import TokenVerifier, TrustedSigner, Verified

__all__ = ["BearerSettings", "BearerVerifier", "user_of", "verifier_for"]

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class BearerSettings(RequestSettings, ABC):
    """The settings of a token family without a cookie."""

    kind: ClassVar[TokenKind]

    sources: Sequence[Source] = ("header",)
    """Where tokens are read from: these have no cookie."""

    def __post_init__(self) -> None:
        """Check every setting.

        Raises:
            ConfigurationError: naming the first field that is wrong, and the fix.
        """
        super().__post_init__()
        if self.sources != ("header",):
            raise ConfigurationError("sources", 'leave it out: these tokens come by "header" only')

    @property
    def locations(self) -> tuple[TokenLocation, ...]:
        """Return the one location of such a token."""
        return (TokenLocation(self.kind, "authorization", bearer=True),)

    @property
    @abstractmethod
    def issuers(self) -> tuple[str, ...]:
        """Return every ``iss`` that is accepted, exactly as in the tokens."""


@functools.singledispatch
def verifier_for(settings: BearerSettings) -> Verifier:
    """Return a verifier with these settings; each family of tokens registers its verifier for its settings.

    Raises:
        ConfigurationError: if no verifier is registered for settings of this type.
    """
    raise ConfigurationError("config", f"no verifier is registered for {type(settings).__name__}: give a verifier")


class BearerVerifier(Generic[_T]):
    """Verify the tokens of one such family; the signer is chosen by the exact ``iss``, before any key is asked for.

    One verifier serves any number of threads and event loops; its sync and async methods share keys and cache.
    """

    def __init__(
        self,
        settings: BearerSettings,
        signers: Sequence[TrustedSigner],
        check: Callable[[Mapping[str, Any], str], _T],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Create a verifier with one signer for each issuer; ``check`` returns the user of verified claims."""
        self.settings = settings
        self.now: Callable[[], float] = clock
        self._issuers = frozenset(signer.name for signer in signers)
        self._wrong_issuer = "The issuer (iss) is none of those that are configured."
        self._sources: tuple[KeySource, ...] = tuple(dict.fromkeys(signer.source for signer in signers))
        self._verifier = TokenVerifier(
            signers, self._issuer_of, check, settings=settings, clock=clock, always_choose=True
        )

    def _issuer_of(self, claims: Claims) -> str:
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._issuers:
            raise WrongIssuer(self._wrong_issuer)
        return issuer

    def ready(self) -> None:
        """Fetch the keys now, before the first request.

        Raises:
            KeysUnavailable: if they cannot be fetched, naming the address and the reason.
        """
        ready_all(self._sources)

    async def aready(self) -> None:
        """Fetch the keys now; raises as ``ready`` does."""
        await aready_all(self._sources)

    def settled(self, credentials: Sequence[Credential]) -> bool:
        """Return whether the token of a request can be verified without waiting for keys."""
        return all(self._verifier.settled(credential.token) for credential in credentials)

    def steps(self, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Verify the token of a request, yielding wherever keys have to be waited for."""
        (credential,) = credentials
        try:
            verified = yield from self._verifier.steps(credential.token, now)
        except PrivyError as error:
            raise error.of_token(self.settings.kind, credential.source) from None
        return self._describe(credential, verified)

    def _describe(self, credential: Credential, verified: Verified[_T]) -> PrivyAuth:
        token = VerifiedToken(self.settings.kind, credential.source, verified.claims, verified.expires_at)
        # PrivyAuth is typed for Privy's users; ``user_of`` returns others with their own type.
        user = cast(PrivyUser, verified.value)
        return PrivyAuth(user, tokens=(token,), on_invalid=self.settings.on_invalid)


def user_of(auth: PrivyAuth, kind: type[_T]) -> _T:
    """Return the request's user, who must be there and of this type.

    Raises:
        AuthenticationError: if there is no user.
        AuthorizationError: if the user is of another token family, or the request is cross-site.
        ServiceUnavailable: if the token could not be verified, such as without keys.
    """
    user: object = auth.require()
    if not isinstance(user, kind):
        raise ConditionNotMet(f"The user is not a {kind.__name__}: the token is of another family.")
    return user
