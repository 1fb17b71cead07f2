"""What a source of fetched keys tells the log: an outage and its end, and published keys that are of no use."""

from __future__ import annotations

import logging
import math

from privy_middleware.keys.freshness import Held, Outcome

__all__ = ["KeyLog"]

_logger = logging.getLogger("privy_middleware.keys")

_WARNING_EVERY = 300.0


class KeyLog:
    """Log each kind of trouble once, and an outage that goes on every five minutes."""

    def __init__(self, url: str) -> None:
        """Take the address that the keys come from."""
        self._url = url
        self._skipped = ""
        self._failing = False
        self._warned_at = -math.inf

    def report(self, outcome: Outcome, held: Held, now: float) -> None:
        """Tell how a fetch has ended, and what is held since."""
        if outcome.failure is not None:
            self._report_failure(held, now)
        elif self._failing:
            self._failing = False
            self._warned_at = -math.inf
            _logger.info("Keys can be had from %s again.", self._url)
        self._report_skipped(held.keys.skipped)

    def _report_failure(self, held: Held, now: float) -> None:
        self._failing = True
        if now < self._warned_at + _WARNING_EVERY:
            return
        self._warned_at = now
        if now < held.dead_after:
            left = f"the last ones serve on for {held.dead_after - now:.0f} s"
        else:
            left = "and none are held: requests that need them get 503"
        _logger.warning("Keys cannot be fetched from %s: %s; %s.", self._url, held.backoff.reason, left)

    def _report_skipped(self, skipped: str) -> None:
        if skipped and skipped != self._skipped:
            _logger.warning("Keys of %s are passed over: %s.", self._url, skipped)
        self._skipped = skipped
