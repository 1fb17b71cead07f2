"""Keys fetched from a JWKS URL; `JWKSSource` lists what is guaranteed."""

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
from privy_middleware.events import KeysStale
from privy_middleware.fetching.download import Downloader
from privy_middleware.fetching.urls import check_fetch_url
from privy_middleware.keys.algorithms import VerificationKey, check_algorithms
from privy_middleware.keys.cache_signature import CacheSigner
from privy_middleware.keys.cached_keys import CachedKeys, CachePolicy, FetchFailure, Outcome
from privy_middleware.keys.fetcher import KeyFetcher, KeyFlight
from privy_middleware.keys.log import KeyLog
from privy_middleware.keys.shared_cache import KeyCache, SharedJWKS
from privy_middleware.keys.unknown_kids import UnknownKids
from privy_middleware.reporting import Reporter

__all__ = ["JWKSSource", "SourceStats"]

# Keys that were fetched less than this ago are not fetched again for an unknown kid, in seconds.
_JUST_FETCHED = 1.0
_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SourceStats:
    """What a source has done since it was made.

    Attributes:
        fetches: how many fetches were started.
        failures: how many of them failed.
        unknown_kid_fetches: how many of them were started for a ``kid`` that is not in a fresh set.
        stale_lookups: how many lookups were answered with keys that are no longer fresh.
    """

    fetches: int = 0
    failures: int = 0
    unknown_kid_fetches: int = 0
    stale_lookups: int = 0


class JWKSSource:
    """The keys published at a URL.

    What is guaranteed:

    - A fresh key is returned at once: its lookup waits neither for the network nor for a lock that is held during a
      fetch.
    - Any number of threads, and of tasks on any number of event loops, cause one fetch and wait for it together. If
      the request that makes it is cancelled, a thread continues the fetch, and the others are not left waiting.
    - Keys are fresh for ``lifetime``, or for the ``max-age`` of the response (60 s to 24 h). For one minute after
      that, a lookup returns them at once and starts a refresh in the background. Later, for example when a worker was
      idle, all lookups wait for the same fetch.
    - While fetches fail, the last good keys are used for ``grace``, and lookups do not wait: not during the back-off,
      and not for the next attempt if it starts within a minute of the end of the back-off. After the grace, or
      without any keys, there is an error that says when to try again, never a refused token.
    - If the last fetch failed, a token that none of the keys verifies is not refused either, unless its ``kid`` is
      that of one of them: a new key may have signed it. This too is an error that says when to try again.
    - Failed fetches are repeated after 1, 2, 4, … at most 30 s, or after the server's ``Retry-After`` up to 300 s.
    - A ``kid`` that is not in a fresh set causes one fetch, then no ``kid`` does for ``cooldown``. So a new key is
      found after that time at most, even while a client sends made-up ones. A bad signature never causes a fetch.
    - A key that is no longer published verifies nothing after the next refresh, and ``generation`` changes.
    - A fetch takes at most ``timeout`` in all and ``max_bytes`` after decompression, follows no redirect, and uses
      https except on loopback. Unusable keys are skipped, and a set without a usable one is a failed fetch.
    - No thread, connection or object of an event loop outlives a fetch. A forked child inherits the keys, but no lock
      and no fetch of its parent.
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
        cache_secrets: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        reporter: Reporter | None = None,
    ) -> None:
        """Set the URL and the times, in seconds; nothing is fetched yet.

        ``client_options`` are passed to httpx2's clients, and ``cache`` is shared with other workers. With
        ``cache_secrets``, its entries are signed with the first of them, and used only if one of them has signed them.
        ``wall_clock`` is used for the age of the cache's entries, ``clock`` for everything else. ``reporter`` gets the
        events.

        Raises:
            ConfigurationError: if a value is wrong, naming it and the fix.
        """
        self._url = check_fetch_url(url, "jwks_url")
        _check_positive(lifetime=lifetime, cooldown=cooldown, timeout=timeout, max_bytes=max_bytes)
        if grace != 0:
            _check_positive(grace=grace)
        self._policy = CachePolicy(lifetime, grace)
        self._reporter = reporter or Reporter()
        shared = None
        if cache is not None:
            signer = CacheSigner(cache_secrets) if cache_secrets else None
            shared = SharedJWKS(
                cache, url, max_bytes=max_bytes, clock=wall_clock, signer=signer, reporter=self._reporter
            )
        downloader = Downloader(url, timeout=timeout, max_bytes=max_bytes, options=client_options)
        self._fetcher = KeyFetcher(downloader, shared, check_algorithms(algorithms), self._policy)
        self._unknown_kids = UnknownKids(cooldown)
        # The total time of a fetch, twice because connecting may come on top of it, and the time of the shared cache.
        self._flight_seconds = 2 * timeout + 3.0
        self._clock = clock
        self._cached = CachedKeys()
        self._lock = threading.Lock()
        self._flight: KeyFlight | None = None
        self._log = KeyLog(url, self._reporter)
        self._stale_after = -1
        self._counts = dict.fromkeys(SourceStats.__slots__, 0)
        _SOURCES.add(self)

    @property
    def generation(self) -> int:
        """Return a number that changes whenever the set of keys changes."""
        return self._cached.generation

    @property
    def fresh_until(self) -> float:
        """Return the time, on the source's clock, at which the keys have to be fetched again."""
        return self._cached.fresh_until

    def now(self) -> float:
        """Return the time on the source's clock, in seconds."""
        return self._clock()

    def stats(self) -> SourceStats:
        """Return what the source has done up to now."""
        return SourceStats(**self._counts)

    def lookup(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...] | None:
        """Return the keys that fit: none if there is no such key, ``None`` if a fetch may find one.

        Never blocks; in the minute after freshness, and while fetches fail, it starts a refresh in the background.
        """
        cached, now = self._cached, self._clock()
        if cached.must_be_fetched(now):
            return None
        if now >= cached.fresh_until:
            self._counts["stale_lookups"] += 1
            if self._stale_after != cached.fetches:
                self._stale_after = cached.fetches
                self._reporter.report(KeysStale(url=self._url, usable_for=cached.usable_until - now))
            self.fetch_in_background()
        return cached.keys.find(kid, alg) or self._not_found(cached, kid, now)

    def summary(self) -> str:
        """Return how many keys there are, and the URL."""
        count = len(self._cached.keys.keys)
        return f"the {count} key{'' if count == 1 else 's'} from {self._url}"

    def is_current(self, generation: int) -> bool:
        """Return whether the keys are fresh, and still those of a generation."""
        cached = self._cached
        return cached.generation == generation and self._clock() < cached.fresh_until

    def holds(self, kid: str | None, alg: str) -> bool:
        """Return whether ``lookup`` will return fresh keys."""
        cached = self._cached
        return self._clock() < cached.fresh_until and bool(cached.keys.find(kid, alg))

    def fetch(self) -> None:
        """Block until a fetch has ended, this caller's or one in progress; return at once if none may start."""
        while joined := self._join():
            flight, leads = joined
            if leads:
                return self._lead(flight)
            if flight.wait():
                return None
        return None

    async def afetch(self) -> None:
        """Wait as ``fetch`` does without blocking the event loop (asyncio or trio)."""
        while joined := self._join():
            flight, leads = joined
            if leads:
                return await self._alead(flight)
            if await flight.wait_async():
                return None
        return None

    def fetch_in_background(self) -> None:
        """Start a fetch in its own thread if one may start now, and return at once."""
        if self._flight is not None and not self._flight.is_overdue():
            return
        joined = self._join()
        if joined is not None and joined[1]:
            self._lead_in_thread(joined[0])

    def unavailable(self) -> KeysUnavailable | None:
        """Return the error that says why there are no keys at all, or ``None`` if there are some."""
        cached, now = self._cached, self._clock()
        if now < cached.usable_until:
            return None
        detail = f"No keys are available from {self._url}: {cached.backoff.reason}."
        return KeysUnavailable(detail, retry_after=max(1.0, cached.backoff.retry_at - now))

    def uncertain(self, kid: str | None, generation: int) -> KeysUnavailable | None:
        """Return the error for a token that no key of this generation verifies but a new key may.

        ``None`` means that the token is bad: its ``kid`` is that of a cached key, or no fetch has failed since the
        cached keys were fetched.
        """
        cached, now = self._cached, self._clock()
        if cached.keys.has_kid(kid):
            return None
        if not cached.may_lack_a_key:
            return (
                None
                if cached.generation == generation
                else KeysUnavailable("The keys have just changed, and the token is to be verified again.")
            )
        retry_at = cached.backoff.retry_at
        detail = (
            f"A new key may have signed the token, and no keys are available from {self._url}: {cached.backoff.reason}."
        )
        next_fetch = retry_at if now >= cached.fresh_until else max(retry_at, self._unknown_kids.cooldown_ends_at)
        return KeysUnavailable(detail, retry_after=max(1.0, next_fetch - now))

    def ready(self) -> None:
        """Fetch the keys now if there are no fresh ones, blocking.

        Raises:
            KeysUnavailable: if there are no keys, naming the URL and the reason.
        """
        if self._clock() >= self._cached.fresh_until:
            self.fetch()
        self._require_keys()

    async def aready(self) -> None:
        """Fetch the keys now without blocking the event loop; raises as ``ready`` does."""
        if self._clock() >= self._cached.fresh_until:
            await self.afetch()
        self._require_keys()

    def __repr__(self) -> str:
        """Show the URL and the number of keys."""
        return f"<JWKSSource {self._url} {self._cached.keys!r}>"

    def _require_keys(self) -> None:
        error = self.unavailable()
        if error is not None:
            raise error

    def _not_found(self, cached: CachedKeys, kid: str | None, now: float) -> tuple[VerificationKey, ...] | None:
        """Return what ``lookup`` returns if no cached key fits."""
        if cached.keys.covers(kid) or now < cached.fetched_at + _JUST_FETCHED:
            return ()
        if self._flight is not None:
            return None
        waits = now < cached.backoff.retry_at or not self._unknown_kids.request_fetch(cached.fetches, now)
        return () if waits else None

    def _join(self) -> tuple[KeyFlight, bool] | None:
        """Return the flight to wait for, and whether this caller has to lead it; ``None`` if no fetch may start."""
        with self._lock:
            if self._flight is not None and not self._flight.is_overdue():
                return self._flight, False
            cached, now = self._cached, self._clock()
            fresh = now < cached.fresh_until
            requested = self._unknown_kids.is_fetch_requested(cached.fetches, now)
            if now < cached.backoff.retry_at or (fresh and not requested):
                return None
            if fresh:
                self._unknown_kids.start_cooldown(now)
                self._counts["unknown_kid_fetches"] += 1
            self._counts["fetches"] += 1
            self._flight = KeyFlight(self._flight_seconds, younger_than=0.0 if fresh else now - cached.fetched_at)
            return self._flight, True

    def _lead(self, flight: KeyFlight) -> None:
        try:
            outcome = self._fetcher.fetch(younger_than=flight.younger_than)
        except BaseException:
            self._lead_in_thread(flight)
            raise
        self._finish(flight, outcome)

    async def _alead(self, flight: KeyFlight) -> None:
        try:
            outcome = await self._fetcher.afetch(younger_than=flight.younger_than)
        except BaseException:
            self._lead_in_thread(flight)
            raise
        self._finish(flight, outcome)

    def _lead_in_thread(self, flight: KeyFlight) -> None:
        """Make the fetch in a thread that ends with it."""
        flight.extend(self._flight_seconds)
        thread = threading.Thread(target=self._run_in_thread, args=(flight,), name="privy-keys", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._finish(flight, Outcome(failure=FetchFailure("no thread can be started to fetch them")))

    def _run_in_thread(self, flight: KeyFlight) -> None:
        try:
            outcome = self._fetcher.fetch(younger_than=flight.younger_than)
        except BaseException as error:
            # Nobody would see an exception of this thread, so it is passed on to those who wait.
            outcome = Outcome(failure=FetchFailure(f"the fetch was interrupted by {type(error).__name__}"))
        self._finish(flight, outcome)

    def _finish(self, flight: KeyFlight, outcome: Outcome) -> None:
        with self._lock:
            # If the flight was overdue and another one has started, its result is the newer one.
            if self._flight is flight:
                self._flight = None
                self._cached = self._cached.after(outcome, self._clock(), self._policy)
                self._counts["failures"] += outcome.failure is not None
        self._log.report(outcome, self._cached, self._clock())
        flight.finish()

    def _after_fork(self) -> None:
        """Drop what only a thread of the parent could have finished."""
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


# On systems without fork the function does not exist.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_after_fork)
