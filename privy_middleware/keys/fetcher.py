"""Fetch keys once: from the shared cache if it has fresh ones, or else from their URL."""

from __future__ import annotations

import math
from collections.abc import Collection

import anyio

from privy_middleware.fetching.download import Document, Downloader, FetchFailed
from privy_middleware.fetching.single_flight import SingleFlight
from privy_middleware.keys.cached_keys import CachePolicy, FetchedKeys, FetchFailure, Outcome
from privy_middleware.keys.errors import InvalidKeySet
from privy_middleware.keys.jwks import read_jwks
from privy_middleware.keys.shared_cache import SharedJWKS, StoredJWKS

__all__ = ["KeyFetcher", "KeyFlight"]

# A shared cache that takes longer than this is ignored, so that it does not delay the fetch, in seconds.
_CACHE_SECONDS = 1.0


class KeyFlight(SingleFlight):
    """A fetch of keys in progress.

    Attributes:
        younger_than: keys of the shared cache will do if they are younger than this, in seconds.
    """

    def __init__(self, seconds: float, *, younger_than: float = math.inf) -> None:
        """Start the flight with a deadline ``seconds`` from now."""
        super().__init__(seconds)
        self.younger_than = younger_than


class KeyFetcher:
    """Fetch keys, blocking or not; a failure is returned in the outcome, never raised."""

    def __init__(
        self,
        downloader: Downloader,
        shared: SharedJWKS | None,
        algorithms: Collection[str],
        policy: CachePolicy,
    ) -> None:
        """Set where keys come from, the algorithms they may be used with, and how long they are fresh."""
        self._downloader = downloader
        self._shared = shared
        self._algorithms = algorithms
        self._policy = policy

    def fetch(self, *, younger_than: float) -> Outcome:
        """Fetch keys, blocking; keys of the shared cache will do if they are younger than this many seconds."""
        cached = self._read(self._shared.read()) if self._shared and younger_than > 0 else None
        if cached is not None and cached.age < min(cached.lifetime, younger_than):
            return Outcome(cached)
        try:
            document = self._downloader.get()
            fetched = self._fetched(document)
        except (FetchFailed, InvalidKeySet) as error:
            return Outcome(cached, _failure(error))
        if self._shared:
            self._shared.write(*self._entry(document, fetched))
        return Outcome(fetched)

    async def afetch(self, *, younger_than: float) -> Outcome:
        """Fetch keys without blocking the event loop; the shared cache is used in a thread."""
        cached = await self._aread_shared() if younger_than > 0 else None
        if cached is not None and cached.age < min(cached.lifetime, younger_than):
            return Outcome(cached)
        try:
            document = await self._downloader.aget()
            fetched = self._fetched(document)
        except (FetchFailed, InvalidKeySet) as error:
            return Outcome(cached, _failure(error))
        await self._awrite_shared(document, fetched)
        return Outcome(fetched)

    async def _aread_shared(self) -> FetchedKeys | None:
        stored = None
        if self._shared:
            with anyio.move_on_after(_CACHE_SECONDS):
                stored = await anyio.to_thread.run_sync(self._shared.read, abandon_on_cancel=True)
        return self._read(stored)

    async def _awrite_shared(self, document: Document, fetched: FetchedKeys) -> None:
        if self._shared:
            entry = self._entry(document, fetched)
            with anyio.move_on_after(_CACHE_SECONDS):
                await anyio.to_thread.run_sync(self._shared.write, *entry, abandon_on_cancel=True)

    def _entry(self, document: Document, fetched: FetchedKeys) -> tuple[bytes, float, float]:
        return document.body, fetched.lifetime, math.ceil(fetched.lifetime + self._policy.grace)

    def _fetched(self, document: Document) -> FetchedKeys:
        keys = read_jwks(document.body, algorithms=self._algorithms)
        return FetchedKeys(keys, 0.0, self._policy.lifetime_of(document.max_age))

    def _read(self, stored: StoredJWKS | None) -> FetchedKeys | None:
        """Return the keys of a cache entry, or ``None`` if it is too old or no key set."""
        if stored is None:
            return None
        lifetime = self._policy.limit_shared(stored.lifetime)
        if stored.age >= lifetime + self._policy.grace:
            return None
        try:
            return FetchedKeys(read_jwks(stored.body, algorithms=self._algorithms), stored.age, lifetime)
        except InvalidKeySet:
            return None


def _failure(error: FetchFailed | InvalidKeySet) -> FetchFailure:
    if isinstance(error, FetchFailed):
        return FetchFailure(error.reason, error.retry_after)
    return FetchFailure(f"its answer is not a key set: {error}")
