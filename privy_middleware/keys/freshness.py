"""What a source of fetched keys holds at one moment, and what the outcome of a fetch makes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from privy_middleware.fetching.backoff import Backoff
from privy_middleware.keys.keyset import KeySet

__all__ = ["Arrival", "Failure", "Held", "Outcome", "Policy"]

# The longest time that a key server can ask for, in seconds.
_MAX_RETRY_AFTER = 300.0
_SHORTEST_LIFETIME = 60.0
_LONGEST_LIFETIME = 86_400.0
# How long after the end of freshness, or of a back-off, stale keys are used without waiting for a fetch, in seconds.
_TOLERANCE = 60.0

_NO_KEYS = KeySet(())
_NO_FAILURES = Backoff(_MAX_RETRY_AFTER, reason="they have not been fetched yet")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Keys that a fetch or the shared cache has brought: their age and for how long they are fresh, in seconds."""

    keys: KeySet
    age: float
    lifetime: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a fetch has brought none, and when the server wants to be asked again, in seconds."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fetch has brought; keys beside a failure are older ones from the shared cache."""

    arrival: Arrival | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """For how long keys are fresh if nobody else says so, and for how long they serve after that, in seconds."""

    lifetime: float
    grace: float

    def lifetime_of(self, max_age: float | None) -> float:
        """Return for how long an answer is fresh: what its server says within bounds, or else the default."""
        if max_age is None:
            return self.lifetime
        return min(max(max_age, _SHORTEST_LIFETIME), _LONGEST_LIFETIME)

    def bounded(self, lifetime: float) -> float:
        """Return the lifetime of an answer that another worker fetched, whatever it claims."""
        return min(lifetime, max(self.lifetime, _LONGEST_LIFETIME))


@dataclass(frozen=True, slots=True)
class Held:
    """The keys and their times on the source's clock; replaced as a whole, so that readers need no lock."""

    keys: KeySet = _NO_KEYS
    generation: int = 0
    obtained_at: float = -math.inf
    fresh_until: float = -math.inf
    dead_after: float = -math.inf
    failed_at: float = -math.inf
    backoff: Backoff = _NO_FAILURES
    landed: int = 0

    def after(self, outcome: Outcome, now: float, policy: Policy) -> Held:
        """Return what is held once a fetch has ended at ``now``."""
        held = replace(self, landed=self.landed + 1)
        if outcome.arrival is not None:
            held = held._with(outcome.arrival, now, policy)
        if outcome.failure is None:
            return replace(held, backoff=self.backoff.after_success())
        backoff = self.backoff.after_failure(now, outcome.failure.reason, outcome.failure.retry_after)
        return replace(held, failed_at=now, backoff=backoff)

    def must_be_fetched(self, now: float) -> bool:
        """Return whether a request has to wait for a fetch before it may use these keys.

        That is so if they are dead. It is also so if they stopped being fresh more than a minute ago and no fetch has
        been tried recently, because the server may have withdrawn a key in the meantime.
        """
        return now >= self.dead_after or now >= max(self.fresh_until, self.backoff.retry_at) + _TOLERANCE

    @property
    def may_lack_a_key(self) -> bool:
        """Return whether a fetch has failed since these keys were fetched, so that there may be a new key.

        Keys from the shared cache can be older than this worker's last failure.
        """
        return self.failed_at > self.obtained_at

    def _with(self, arrival: Arrival, now: float, policy: Policy) -> Held:
        obtained_at = now - arrival.age
        if obtained_at < self.obtained_at:
            return self
        fresh_until = obtained_at + arrival.lifetime
        return replace(
            self,
            keys=arrival.keys,
            generation=self.generation + (not arrival.keys.same_keys(self.keys)),
            obtained_at=obtained_at,
            fresh_until=fresh_until,
            dead_after=fresh_until + policy.grace,
        )
