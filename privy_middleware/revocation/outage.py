"""Reports when the store of revocations cannot be reached, and when it can be again."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable

from privy_middleware.events import Event, RevocationsFailed, RevocationsRecovered
from privy_middleware.reporting import Reporter

__all__ = ["Outage"]

_logger = logging.getLogger("privy_middleware.revocation")


class Outage:
    """The state of the store: one log line and one event for the beginning of an outage, and for its end.

    Attributes:
        reason: why the store could not be reached the last time.
    """

    def __init__(self, *, refusing: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Set whether requests are refused in an outage."""
        self.reason: str = ""
        self._refusing = refusing
        self._clock = clock
        self._since: float | None = None
        self._reporters: weakref.WeakSet[Reporter] = weakref.WeakSet()

    def report_to(self, reporter: Reporter) -> None:
        """Send the events to a reporter as well."""
        self._reporters.add(reporter)

    def begin(self, reason: str) -> None:
        """Note that the store cannot be reached."""
        self.reason = reason
        if self._since is None:
            self._since = self._clock()
            effect = "requests with a token get 503" if self._refusing else "the last copy is used, if there is one"
            _logger.warning("Revocations cannot be read: %s; %s.", reason, effect)
            self._report(RevocationsFailed(reason=reason, refusing=self._refusing))

    def end(self) -> None:
        """Note that the copy is up to date."""
        since, self._since = self._since, None
        if since is not None:
            after = self._clock() - since
            _logger.warning("Revocations can be read again, after %.0f s.", after)
            self._report(RevocationsRecovered(after=after))

    def _report(self, event: Event) -> None:
        # Reporters of verifiers that are combined have the same hooks, which get an event once.
        for reporter in {id(each.waiting): each for each in self._reporters}.values():
            reporter.report(event)
