"""A clock that tests move."""

from __future__ import annotations


class Clock:
    """Stand still until a test moves it on."""

    def __init__(self, time: float = 1_000.0) -> None:
        """Start at ``time``, in seconds."""
        self.time = time

    def __call__(self) -> float:
        """Return the time."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``."""
        self.time += seconds
