"""What a source of fetched keys logs: an outage and its end, and published keys that cannot be used."""

from __future__ import annotations

import logging
import math

from privy_middleware.keys.cached_keys import CachedKeys, Outcome

__all__ = ["KeyLog"]

_logger = logging.getLogger("privy_middleware.keys")

_SECONDS_BETWEEN_WARNINGS = 300.0


class KeyLog:
    """Log each kind of problem once, and an outage again every five minutes while it lasts."""

    def __init__(self, url: str) -> None:
        """Set the URL that the keys are fetched from."""
        self._url = url
        self._skipped = ""
        self._failing = False
        self._warned_at = -math.inf

    def report(self, outcome: Outcome, cached: CachedKeys, now: float) -> None:
        """Log the outcome of a fetch; ``cached`` are the keys after it."""
        if outcome.failure is not None:
            self._report_failure(cached, now)
        elif self._failing:
            self._failing = False
            self._warned_at = -math.inf
            _logger.info("Keys can be fetched from %s again.", self._url)
        self._report_skipped(cached.keys.skipped)

    def _report_failure(self, cached: CachedKeys, now: float) -> None:
        self._failing = True
        if now < self._warned_at + _SECONDS_BETWEEN_WARNINGS:
            return
        self._warned_at = now
        if now < cached.usable_until:
            effect = f"the last keys are used for up to {cached.usable_until - now:.0f} s more"
        else:
            effect = "there are no usable keys: requests that need them get 503"
        _logger.warning("Keys cannot be fetched from %s: %s; %s.", self._url, cached.backoff.reason, effect)

    def _report_skipped(self, skipped: str) -> None:
        if skipped and skipped != self._skipped:
            _logger.warning("Some keys of %s are skipped: %s.", self._url, skipped)
        self._skipped = skipped
