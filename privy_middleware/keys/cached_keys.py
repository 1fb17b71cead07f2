"""The keys that a source has fetched: how long they are fresh, how long usable, and when the next fetch may start."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from privy_middleware.fetching.backoff import Backoff
from privy_middleware.keys.keyset import KeySet

__all__ = ["CachePolicy", "CachedKeys", "FetchFailure", "FetchedKeys", "Outcome"]

# The longest Retry-After of a key server that is honoured, in seconds.
_MAX_RETRY_AFTER = 300.0
_SHORTEST_LIFETIME = 60.0
_LONGEST_LIFETIME = 86_400.0
# How long after the end of freshness, or of a back-off, stale keys are used without waiting for a fetch, in seconds.
_TOLERANCE = 60.0

_NO_KEYS = KeySet(())
_NO_FAILURES = Backoff(_MAX_RETRY_AFTER, reason="they have not been fetched yet")


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """Keys from the key server or from the shared cache; ``age`` and ``lifetime`` (freshness) are in seconds."""

    keys: KeySet
    age: float
    lifetime: float


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Why a fetch has failed, and the server's ``Retry-After`` in seconds."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a fetch; if there are both keys and a failure, the keys are older ones from the shared cache."""

    fetched: FetchedKeys | None = None
    failure: FetchFailure | None = None


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How long keys are fresh and usable.

    Attributes:
        lifetime: how long they are fresh if the server does not say, in seconds.
        grace: how long they are usable after that, in seconds.
    """

    lifetime: float
    grace: float

    def lifetime_of(self, max_age: float | None) -> float:
        """Return how long a response is fresh: its ``max-age`` within bounds, or else the default."""
        if max_age is None:
            return self.lifetime
        return min(max(max_age, _SHORTEST_LIFETIME), _LONGEST_LIFETIME)

    def limit_shared(self, lifetime: float) -> float:
        """Return the lifetime that the shared cache claims for a response, within bounds."""
        return min(lifetime, max(self.lifetime, _LONGEST_LIFETIME))


@dataclass(frozen=True, slots=True)
class CachedKeys:
    """The keys that a source has, and their times; replaced as a whole, so that readers need no lock.

    All times are on the source's clock, in seconds.

    Attributes:
        keys: the keys; none before the first fetch.
        generation: a number that changes whenever the keys change.
        fetched_at: when the keys were fetched, by this worker or another.
        fresh_until: when the keys have to be fetched again.
        usable_until: when the keys must no longer be used, even if no fetch succeeds.
        failed_at: when a fetch of this worker failed last.
        backoff: when the next fetch may start after failures, and why the last one failed.
        fetches: how many fetches have ended.
    """

    keys: KeySet = _NO_KEYS
    generation: int = 0
    fetched_at: float = -math.inf
    fresh_until: float = -math.inf
    usable_until: float = -math.inf
    failed_at: float = -math.inf
    backoff: Backoff = _NO_FAILURES
    fetches: int = 0

    def after(self, outcome: Outcome, now: float, policy: CachePolicy) -> CachedKeys:
        """Return the cached keys after a fetch that ended at ``now``."""
        cached = replace(self, fetches=self.fetches + 1)
        if outcome.fetched is not None:
            cached = cached._updated(outcome.fetched, now, policy)
        if outcome.failure is None:
            return replace(cached, backoff=self.backoff.after_success())
        backoff = self.backoff.after_failure(now, outcome.failure.reason, outcome.failure.retry_after)
        return replace(cached, failed_at=now, backoff=backoff)

    def must_be_fetched(self, now: float) -> bool:
        """Return whether a request has to wait for a fetch before it may use these keys.

        It has to if the keys are no longer usable. It also has to if they stopped being fresh more than a minute ago
        and no fetch has been tried recently, because the server may have withdrawn a key in the meantime.
        """
        return now >= self.usable_until or now >= max(self.fresh_until, self.backoff.retry_at) + _TOLERANCE

    @property
    def may_lack_a_key(self) -> bool:
        """Return whether a fetch has failed since these keys were fetched, so that there may be a new key.

        Keys from the shared cache can be older than this worker's last failure.
        """
        return self.failed_at > self.fetched_at

    def _updated(self, fetched: FetchedKeys, now: float, policy: CachePolicy) -> CachedKeys:
        fetched_at = now - fetched.age
        if fetched_at < self.fetched_at:
            return self
        fresh_until = fetched_at + fetched.lifetime
        return replace(
            self,
            keys=fetched.keys,
            generation=self.generation + (not fetched.keys.same_keys(self.keys)),
            fetched_at=fetched_at,
            fresh_until=fresh_until,
            usable_until=fresh_until + policy.grace,
        )
