"""When a server that has failed may be asked again."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

__all__ = ["Backoff"]

_FIRST_DELAY = 1.0
_LONGEST_DELAY = 30.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """The exponential back-off after failed attempts: 1, 2, 4, … at most 30 s, or longer if the server asks for it.

    The delays are short, so that a server that is back is used again soon.

    Attributes:
        max_retry_after: the longest ``Retry-After`` that is honoured, in seconds.
        retry_at: no attempt is made before this time, on the caller's clock.
        failures: how many attempts have failed since the last one that succeeded.
        reason: why the last attempt failed.
    """

    max_retry_after: float
    retry_at: float = -math.inf
    failures: int = 0
    reason: str = ""

    def after_success(self) -> Backoff:
        """Return the back-off after an attempt that succeeded.

        ``retry_at`` stays as it is: another attempt that was made at the same time may have failed.
        """
        return replace(self, failures=0)

    def after_failure(self, now: float, reason: str, retry_after: float | None = None) -> Backoff:
        """Return the back-off after an attempt that failed at ``now``; ``retry_after`` is in seconds."""
        delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(self.failures, 10))
        delay = max(delay, min(self.max_retry_after, retry_after or 0.0))
        return replace(self, retry_at=max(self.retry_at, now + delay), failures=self.failures + 1, reason=reason)
