"""What every verifier has in common, and where its keys come from."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from privy_middleware.auth import PrivyAuth
from privy_middleware.config import RequestSettings
from privy_middleware.fetching.waiting import Steps
from privy_middleware.http.credentials import Credential
from privy_middleware.keys import JWKSSource

__all__ = ["Verifier", "jwks_source"]


class Verifier(Protocol):
    """What the gate needs of a verifier, of whichever family of tokens."""

    @property
    def settings(self) -> RequestSettings:
        """Return the settings, which say where tokens are."""
        ...

    @property
    def now(self) -> Callable[[], float]:
        """Return the clock that ``exp`` is compared with, in Unix seconds."""
        ...

    def settled(self, credentials: Sequence[Credential]) -> bool:
        """Return whether the tokens of a request can be verified, or refused, without waiting for keys."""
        ...

    def steps(self, credentials: Sequence[Credential], now: float) -> Steps[PrivyAuth]:
        """Verify the tokens of a request, at least one, which have to be valid ``now`` (Unix seconds).

        Yields what has to be waited for; ``fetching.waiting`` runs the steps, blocking or not.

        Raises:
            InvalidToken: if a token is refused.
            KeysUnavailable: if there are no keys.
        """
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
        cache_secrets=settings.key_cache_secrets,
        clock=clock,
        reporter=settings.reporter,
    )
