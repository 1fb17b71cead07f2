"""A clock that tests set."""

from __future__ import annotations


class Clock:
    """A clock that changes only when a test advances it."""

    def __init__(self, time: float = 1_000.0) -> None:
        """Start at ``time``, in seconds."""
        self.time = time

    def __call__(self) -> float:
        """Return the time."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Advance the clock by ``seconds``."""
        self.time += seconds
