"""What a source of fetched keys reports and logs: fetches, an outage and its end, keys that cannot be used."""

from __future__ import annotations

import logging
import math

from privy_middleware.events import KeysChanged, KeysFailed, KeysFetched
from privy_middleware.keys.cached_keys import CachedKeys, Outcome
from privy_middleware.keys.keyset import KeySet
from privy_middleware.reporting import Reporter

__all__ = ["KeyLog"]

_logger = logging.getLogger("privy_middleware.keys")

_SECONDS_BETWEEN_WARNINGS = 300.0


class KeyLog:
    """Log each kind of problem once, and an outage again every five minutes while it lasts."""

    def __init__(self, url: str, reporter: Reporter) -> None:
        """Set the URL that the keys are fetched from, and what gets the events."""
        self._url = url
        self._reporter = reporter
        self._keys: KeySet | None = None
        self._skipped = ""
        self._failing = False
        self._warned_at = -math.inf

    def report(self, outcome: Outcome, cached: CachedKeys, now: float) -> None:
        """Report and log the outcome of a fetch; ``cached`` are the keys after it."""
        if outcome.fetched is not None:
            self._report_keys(cached, now)
        if outcome.failure is not None:
            self._report_failure(cached, now)
        elif self._failing:
            self._failing = False
            self._warned_at = -math.inf
            _logger.info("Keys can be fetched from %s again.", self._url)
        self._report_skipped(cached.keys.skipped)

    def _report_keys(self, cached: CachedKeys, now: float) -> None:
        fresh_for, before = max(0.0, cached.fresh_until - now), self._keys
        self._keys = cached.keys
        self._reporter.report(KeysFetched(url=self._url, count=len(cached.keys.keys), fresh_for=fresh_for))
        _logger.debug("Keys were fetched from %s: %d, fresh for %.0f s.", self._url, len(cached.keys.keys), fresh_for)
        if before is not None and not before.same_keys(cached.keys):
            new, gone = cached.keys.count_missing(before), before.count_missing(cached.keys)
            self._reporter.report(KeysChanged(url=self._url, added=new, removed=gone))
            _logger.info("The keys of %s have changed: %d new, %d gone.", self._url, new, gone)

    def _report_failure(self, cached: CachedKeys, now: float) -> None:
        backoff, usable_for = cached.backoff, max(0.0, cached.usable_until - now)
        retry_in = max(0.0, backoff.retry_at - now)
        self._reporter.report(
            KeysFailed(url=self._url, reason=backoff.reason, retry_in=retry_in, usable_for=usable_for)
        )
        self._failing = True
        if now < self._warned_at + _SECONDS_BETWEEN_WARNINGS:
            return
        self._warned_at = now
        if usable_for:
            effect = f"the last keys are used for up to {usable_for:.0f} s more"
        else:
            effect = "there are no usable keys: requests that need them get 503"
        _logger.warning("Keys cannot be fetched from %s: %s; %s.", self._url, backoff.reason, effect)

    def _report_skipped(self, skipped: str) -> None:
        if skipped and skipped != self._skipped:
            _logger.warning("Some keys of %s are skipped: %s.", self._url, skipped)
        self._skipped = skipped
