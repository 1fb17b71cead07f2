"""Users that a webhook reported as deleted, so that their tokens are refused."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from privy_middleware.errors import ConfigurationError

__all__ = ["DeletedUsers"]


class DeletedUsers:
    """The users that were deleted in the last day, so that their tokens are refused; no token is valid for longer.

    Use it as ``PrivyConfig(is_revoked=deleted)`` and ``on_deleted=deleted.add``. It is in the memory of one process;
    several workers need a store that they share.
    """

    def __init__(
        self, *, size: int = 100_000, seconds: float = 86_400.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Set how many users are kept at most, and for how many seconds.

        Raises:
            ConfigurationError: if a number is not positive.
        """
        for name, value in (("size", size), ("seconds", seconds)):
            if not value > 0:
                raise ConfigurationError(name, "give a positive number")
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, claims: Mapping[str, Any]) -> bool:
        """Return whether a token's claims are those of a deleted user."""
        return self._clock() < self._until.get(claims.get("sub", ""), -math.inf)

    def add(self, user_id: str) -> None:
        """Add a user, and drop those whose time is over, and the oldest one if there are too many."""
        with self._lock:
            now = self._clock()
            self._until[user_id] = now + self._seconds
            self._until.move_to_end(user_id)
            while len(self._until) > self._size or next(iter(self._until.values())) <= now:
                self._until.popitem(last=False)
