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
    """Remember deleted users for a day, beyond any token's life, and refuse their tokens until then.

    It is made for ``PrivyConfig(is_revoked=deleted)`` with ``on_deleted=deleted.add``, and lives in the memory of
    one process: several workers need a store that they share.
    """

    def __init__(
        self, *, size: int = 100_000, seconds: float = 86_400.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep ``size`` users at the most, each for ``seconds``.

        Raises:
            ConfigurationError: a number is not positive.
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
        """Tell whether a token's claims are those of a deleted user."""
        return self._clock() < self._until.get(claims.get("sub", ""), -math.inf)

    def add(self, user_id: str) -> None:
        """Remember a user, and forget whoever was deleted long ago or is one too many."""
        with self._lock:
            now = self._clock()
            self._until[user_id] = now + self._seconds
            self._until.move_to_end(user_id)
            while len(self._until) > self._size or next(iter(self._until.values())) <= now:
                self._until.popitem(last=False)
