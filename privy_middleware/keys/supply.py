"""Bring keys once: from the cache that workers share if it has fresh ones, or else from their address."""

from __future__ import annotations

import math
from collections.abc import Collection

import anyio

from privy_middleware.fetching.download import Answer, Downloader, FetchFailed
from privy_middleware.keys.errors import InvalidKeySet
from privy_middleware.keys.freshness import Arrival, Failure, Outcome, Policy
from privy_middleware.keys.jwks import read_jwks
from privy_middleware.keys.shared import SharedAnswers, Stored

__all__ = ["Supplier"]

# What is not there within this time does not hold up the fetch that would do without it, in seconds.
_CACHE_SECONDS = 1.0


class Supplier:
    """Bring keys, blocking or not; the outcome says how it went, and nothing is raised."""

    def __init__(
        self,
        downloader: Downloader,
        shared: SharedAnswers | None,
        algorithms: Collection[str],
        policy: Policy,
    ) -> None:
        """Take where keys come from, which keys count, and for how long."""
        self._downloader = downloader
        self._shared = shared
        self._algorithms = algorithms
        self._policy = policy

    def bring(self, *, younger_than: float) -> Outcome:
        """Bring keys, blocking; keys from the shared cache are enough if they are younger than this, in seconds."""
        cached = self._open(self._shared.read()) if self._shared and younger_than > 0 else None
        if cached is not None and cached.age < min(cached.lifetime, younger_than):
            return Outcome(cached)
        try:
            answer = self._downloader.get()
            arrival = self._arrival(answer)
        except (FetchFailed, InvalidKeySet) as error:
            return Outcome(cached, _failure(error))
        if self._shared:
            self._shared.write(*self._to_keep(answer, arrival))
        return Outcome(arrival)

    async def abring(self, *, younger_than: float) -> Outcome:
        """Bring keys without blocking the event loop, the shared cache's own calls being made in a thread."""
        cached = await self._aread() if younger_than > 0 else None
        if cached is not None and cached.age < min(cached.lifetime, younger_than):
            return Outcome(cached)
        try:
            answer = await self._downloader.aget()
            arrival = self._arrival(answer)
        except (FetchFailed, InvalidKeySet) as error:
            return Outcome(cached, _failure(error))
        await self._awrite(answer, arrival)
        return Outcome(arrival)

    async def _aread(self) -> Arrival | None:
        stored = None
        if self._shared:
            with anyio.move_on_after(_CACHE_SECONDS):
                stored = await anyio.to_thread.run_sync(self._shared.read, abandon_on_cancel=True)
        return self._open(stored)

    async def _awrite(self, answer: Answer, arrival: Arrival) -> None:
        if self._shared:
            entry = self._to_keep(answer, arrival)
            with anyio.move_on_after(_CACHE_SECONDS):
                await anyio.to_thread.run_sync(self._shared.write, *entry, abandon_on_cancel=True)

    def _to_keep(self, answer: Answer, arrival: Arrival) -> tuple[bytes, float, float]:
        return answer.body, arrival.lifetime, math.ceil(arrival.lifetime + self._policy.grace)

    def _arrival(self, answer: Answer) -> Arrival:
        keys = read_jwks(answer.body, algorithms=self._algorithms)
        return Arrival(keys, 0.0, self._policy.lifetime_of(answer.max_age))

    def _open(self, stored: Stored | None) -> Arrival | None:
        """Return what the cache holds if it is a key set that could still serve."""
        if stored is None:
            return None
        lifetime = self._policy.bounded(stored.lifetime)
        if stored.age >= lifetime + self._policy.grace:
            return None
        try:
            return Arrival(read_jwks(stored.body, algorithms=self._algorithms), stored.age, lifetime)
        except InvalidKeySet:
            return None


def _failure(error: FetchFailed | InvalidKeySet) -> Failure:
    if isinstance(error, FetchFailed):
        return Failure(error.reason, error.retry_after)
    return Failure(f"what it answers is no key set: {error}")
