"""Keys fetched from a JWKS address: fresh, stale but serving, or dead; see `JWKSSource` for what is guaranteed."""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from privy_middleware.errors import ConfigurationError, KeysUnavailable
from privy_middleware.fetching.download import Downloader
from privy_middleware.fetching.flight import Flight
from privy_middleware.fetching.urls import check_fetch_url
from privy_middleware.keys.algorithms import VerificationKey, check_algorithms
from privy_middleware.keys.freshness import Failure, Held, Outcome, Policy
from privy_middleware.keys.log import KeyLog
from privy_middleware.keys.shared import KeyCache, SharedAnswers
from privy_middleware.keys.supply import Supplier

__all__ = ["JWKSSource", "SourceStats"]

# A set this young answers for itself: asking again could bring nothing new, in seconds.
_JUST_OBTAINED = 1.0
_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SourceStats:
    """Count what a source has done since it was made.

    ``fetches`` were started, ``failures`` of them brought no keys; ``unknown_kid_fetches`` were started for a
    ``kid`` that is not in a fresh set; ``stale_lookups`` were answered from keys past their freshness.
    """

    fetches: int = 0
    failures: int = 0
    unknown_kid_fetches: int = 0
    stale_lookups: int = 0


class JWKSSource:
    """Give the keys published at an address.

    What is guaranteed:

    - A key that is held and fresh is returned at once: its lookup waits neither for the network nor for a lock that
      is held during a fetch.
    - Any number of threads, and of tasks on any number of event loops, cause one fetch and wait for it together.
      A cancelled request hands its fetch over to a thread of its own, and nobody is left waiting.
    - Keys are fresh for ``lifetime``, or for the ``max-age`` of the answer (60 s to 24 h). For one minute after that,
      a lookup returns them at once and starts a refresh in the background. Later, for example when a worker was
      idle, all lookups wait for the same fetch.
    - While fetches fail, the last good keys are used for ``grace``, and lookups do not wait: not during the back-off,
      and not for the next attempt if it starts within a minute of the end of the back-off. After the grace, or
      without any keys, there is an error that says when to try again, never a refused token.
    - If the last fetch failed, a token that none of the held keys verifies is not refused either, unless its ``kid``
      is that of a held key: a new key may have signed it. This too is an error that says when to try again.
    - Failed fetches are repeated after 1, 2, 4, … at most 30 s, or after the server's ``Retry-After`` up to 300 s.
    - A ``kid`` that a fresh set does not hold causes one fetch, then none for ``cooldown``, whoever asks; so a
      rotation is known after at most that time, amid invented ids as well. A bad signature never causes one.
    - A key that is no longer published verifies nothing after the next refresh, and ``generation`` changes.
    - A fetch takes at most ``timeout`` in all and ``max_bytes`` after decompression, follows no redirect and
      speaks https only, save to loopback. Unusable keys are passed over, and a set without a usable one is a
      failed fetch.
    - No thread, connection or object of an event loop outlives a fetch; a forked child inherits the keys, and
      neither a lock nor a fetch of its parent.
    """

    def __init__(
        self,
        url: str,
        *,
        algorithms: Collection[str] = ("ES256",),
        lifetime: float = 3600.0,
        grace: float = 86400.0,
        cooldown: float = 30.0,
        timeout: float = 5.0,
        max_bytes: int = 262_144,
        client_options: Mapping[str, Any] = _NO_OPTIONS,
        cache: KeyCache | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the address and the times, in seconds; nothing is fetched yet.

        ``client_options`` go to httpx2's clients, ``cache`` is shared with other workers, ``clock`` times
        everything but the cache's entries, whose age ``wall_clock`` tells.

        Raises:
            ConfigurationError: naming what is wrong and the mend.
        """
        self._url = check_fetch_url(url, "jwks_url")
        _check_positive(lifetime=lifetime, cooldown=cooldown, timeout=timeout, max_bytes=max_bytes)
        if grace != 0:
            _check_positive(grace=grace)
        self._policy = Policy(lifetime, grace)
        shared = SharedAnswers(cache, url, max_bytes=max_bytes, clock=wall_clock) if cache is not None else None
        downloader = Downloader(url, timeout=timeout, max_bytes=max_bytes, options=client_options)
        self._supplier = Supplier(downloader, shared, check_algorithms(algorithms), self._policy)
        self._cooldown = cooldown
        # The deadline of a fetch, a connection that took its own time before, and the shared cache.
        self._patience = 2 * timeout + 3.0
        self._clock = clock
        self._held = Held()
        self._lock = threading.Lock()
        self._flight: Flight | None = None
        self._unknown_at = -math.inf
        self._wish = -1
        self._log = KeyLog(url)
        self._counts = dict.fromkeys(SourceStats.__slots__, 0)
        _SOURCES.add(self)

    @property
    def generation(self) -> int:
        """Return a number that changes whenever the set of keys changes."""
        return self._held.generation

    @property
    def fresh_until(self) -> float:
        """Return when, on the source's clock, the keys have to be asked for anew."""
        return self._held.fresh_until

    def now(self) -> float:
        """Return the time on the source's clock, in seconds."""
        return self._clock()

    def stats(self) -> SourceStats:
        """Return the counts up to now."""
        return SourceStats(**self._counts)

    def lookup(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...] | None:
        """Return the keys that fit, none if that is settled, or ``None`` if waiting for a fetch could help.

        Never blocks; in the minute after freshness, and while fetches fail, it starts a refresh in the background.
        """
        held, now = self._held, self._clock()
        if held.must_be_fetched(now):
            return None
        if now >= held.fresh_until:
            self._counts["stale_lookups"] += 1
            self.fetch_behind()
        return held.keys.find(kid, alg) or self._settle(held, kid, now)

    def is_current(self, generation: int) -> bool:
        """Say whether the keys are fresh, and still those of a generation."""
        held = self._held
        return held.generation == generation and self._clock() < held.fresh_until

    def holds(self, kid: str | None, alg: str) -> bool:
        """Say whether fresh keys that fit are at hand, so that ``lookup`` gives them."""
        held = self._held
        return self._clock() < held.fresh_until and bool(held.keys.find(kid, alg))

    def fetch(self) -> None:
        """Block until a fetch has ended: one's own, or one that is under way; return at once if none may start."""
        while boarding := self._board():
            flight, leads = boarding
            if leads:
                return self._lead(flight)
            if flight.wait():
                return None
        return None

    async def afetch(self) -> None:
        """Wait as ``fetch`` does without blocking the event loop (asyncio or trio)."""
        while boarding := self._board():
            flight, leads = boarding
            if leads:
                return await self._alead(flight)
            if await flight.await_landing():
                return None
        return None

    def fetch_behind(self) -> None:
        """Start a fetch in a thread of its own, if one may start now, and wait for nothing."""
        if self._flight is not None and not self._flight.overdue():
            return
        boarding = self._board()
        if boarding is not None and boarding[1]:
            self._lead_behind(boarding[0])

    def unavailable(self) -> KeysUnavailable | None:
        """Return why there are no keys at all and when to come back, or ``None`` if there are some."""
        held, now = self._held, self._clock()
        if now < held.dead_after:
            return None
        detail = f"No keys can be had from {self._url}: {held.backoff.reason}."
        return KeysUnavailable(detail, retry_after=max(1.0, held.backoff.retry_at - now))

    def uncertain(self, kid: str | None, generation: int) -> KeysUnavailable | None:
        """Return why a token may be good although no key of this generation verifies it, or ``None`` if it is bad.

        It is bad if its ``kid`` is that of a held key, or if no fetch has failed since the held keys were fetched.
        """
        held, now = self._held, self._clock()
        if held.keys.names(kid):
            return None
        if not held.may_lack_a_key:
            return None if held.generation == generation else KeysUnavailable("The keys have just changed.")
        detail = f"A new key may have signed the token, and no keys can be had from {self._url}: {held.backoff.reason}."
        next_fetch = held.backoff.retry_at if now >= held.fresh_until else max(held.backoff.retry_at, self._unknown_at)
        return KeysUnavailable(detail, retry_after=max(1.0, next_fetch - now))

    def ready(self) -> None:
        """Have keys now, fetching them unless they are fresh.

        Raises:
            KeysUnavailable: there are none to be had; names the address and the reason.
        """
        if self._clock() >= self._held.fresh_until:
            self.fetch()
        self._require_keys()

    async def aready(self) -> None:
        """Have keys now without blocking the event loop; raises as ``ready`` does."""
        if self._clock() >= self._held.fresh_until:
            await self.afetch()
        self._require_keys()

    def __repr__(self) -> str:
        """Show the address and what is held."""
        return f"<JWKSSource {self._url} {self._held.keys!r}>"

    def _require_keys(self) -> None:
        error = self.unavailable()
        if error is not None:
            raise error

    def _settle(self, held: Held, kid: str | None, now: float) -> tuple[VerificationKey, ...] | None:
        """Tell whether a fetch may help to find a ``kid`` that is not held."""
        if held.keys.knows(kid) or now < held.obtained_at + _JUST_OBTAINED:
            return ()
        if self._flight is None:
            if now < self._unknown_at or now < held.backoff.retry_at:
                return ()
            # Whoever acts on this only after another fetch has landed must look again first.
            self._wish = held.landed
        return None

    def _board(self) -> tuple[Flight, bool] | None:
        """Return the flight to wait for, and whether to lead it; ``None`` if no fetch may start now."""
        with self._lock:
            if self._flight is not None and not self._flight.overdue():
                return self._flight, False
            held, now = self._held, self._clock()
            fresh = now < held.fresh_until
            if now < held.backoff.retry_at or (fresh and (self._wish != held.landed or now < self._unknown_at)):
                return None
            if fresh:
                self._unknown_at = now + self._cooldown
                self._counts["unknown_kid_fetches"] += 1
            self._counts["fetches"] += 1
            self._flight = Flight(self._patience, younger_than=0.0 if fresh else now - held.obtained_at)
            return self._flight, True

    def _lead(self, flight: Flight) -> None:
        try:
            outcome = self._supplier.bring(younger_than=flight.younger_than)
        except BaseException:
            self._lead_behind(flight)
            raise
        self._land(flight, outcome)

    async def _alead(self, flight: Flight) -> None:
        try:
            outcome = await self._supplier.abring(younger_than=flight.younger_than)
        except BaseException:
            self._lead_behind(flight)
            raise
        self._land(flight, outcome)

    def _lead_behind(self, flight: Flight) -> None:
        """Lead a flight in a thread that ends with it."""
        flight.prolong(self._patience)
        thread = threading.Thread(target=self._lead_alone, args=(flight,), name="privy-keys", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._land(flight, Outcome(failure=Failure("no thread can be started to fetch them")))

    def _lead_alone(self, flight: Flight) -> None:
        try:
            outcome = self._supplier.bring(younger_than=flight.younger_than)
        except BaseException as error:
            # The thread is the fetch's own: those who wait for it are the ones to be told.
            outcome = Outcome(failure=Failure(f"the fetch was broken off by {type(error).__name__}"))
        self._land(flight, outcome)

    def _land(self, flight: Flight, outcome: Outcome) -> None:
        with self._lock:
            # Whoever comes after another has taken over must not undo what that one has brought.
            if self._flight is flight:
                self._flight = None
                self._held = self._held.after(outcome, self._clock(), self._policy)
                self._counts["failures"] += outcome.failure is not None
        self._log.report(outcome, self._held, self._clock())
        flight.land()

    def _after_fork(self) -> None:
        """Forget what only the parent's threads could have finished."""
        self._lock = threading.Lock()
        self._flight = None


def _check_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value < math.inf:
            raise ConfigurationError(name, "give a positive number")


_SOURCES: weakref.WeakSet[JWKSSource] = weakref.WeakSet()


def _after_fork() -> None:
    for source in _SOURCES:
        source._after_fork()


# Where there is no fork there is nothing to register with.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_after_fork)
