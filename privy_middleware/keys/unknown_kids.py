"""The cooldown for unknown ``kid``s: a new key is found soon, and made-up ones cause few fetches."""

from __future__ import annotations

import math

__all__ = ["UnknownKids"]


class UnknownKids:
    """Limit the fetches that are made for a ``kid`` that is not in a fresh set: one, then none during the cooldown.

    Attributes:
        cooldown_ends_at: when another fetch may start, in seconds of the source's clock.
    """

    def __init__(self, cooldown: float) -> None:
        """Set the cooldown, in seconds."""
        self._cooldown = cooldown
        self.cooldown_ends_at: float = -math.inf
        # The number of fetches when a lookup last asked for one: a later fetch has answered it.
        self._requested_after = -1

    def request_fetch(self, fetches: int, now: float) -> bool:
        """Ask for a fetch after this number of ``fetches``, and return whether it may start."""
        if now < self.cooldown_ends_at:
            return False
        self._requested_after = fetches
        return True

    def is_fetch_requested(self, fetches: int, now: float) -> bool:
        """Return whether a lookup has asked for a fetch since this number of ``fetches``, and it may start."""
        return self._requested_after == fetches and now >= self.cooldown_ends_at

    def start_cooldown(self, now: float) -> None:
        """Allow no other fetch until the cooldown ends."""
        self.cooldown_ends_at = now + self._cooldown
