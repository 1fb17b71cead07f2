"""Users that were loaded, kept for a while."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from privy_middleware.users.user import PrivyUser

__all__ = ["LoadFailed", "Loaded", "UserCache", "UserRef"]


class UserRef(NamedTuple):
    """A user of an app, by their ids."""

    app_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A user that was loaded, or ``None`` if there is no such user."""

    user: PrivyUser | None


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """Why a user could not be loaded.

    Attributes:
        reason: the problem, in a few words.
        retry_after: after how many seconds it makes sense to try again.
        backs_off: whether the problem is the API's and not the user's: no user is then asked for until the end of the
            back-off.
    """

    reason: str
    retry_after: float = 0.0
    backs_off: bool = True


class UserCache:
    """Loaded users, at most ``size``, each for ``ttl`` seconds; the caller holds the lock."""

    def __init__(self, ttl: float, size: int) -> None:
        """Set how long a user is kept, in seconds, and how many users are."""
        self._ttl = ttl
        self._size = size
        self._entries: OrderedDict[UserRef, tuple[Loaded, float]] = OrderedDict()

    def get(self, ref: UserRef, now: float) -> Loaded | None:
        """Return the user, or ``None`` if it is not in the cache or was loaded too long ago."""
        loaded, until = self._entries.get(ref, (None, -math.inf))
        if now >= until:
            return None
        self._entries.move_to_end(ref)
        return loaded

    def put(self, ref: UserRef, loaded: Loaded, now: float) -> None:
        """Add a user, and drop the least recently used one if there are too many."""
        self._entries[ref] = loaded, now + self._ttl
        self._entries.move_to_end(ref)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def discard(self, ref: UserRef) -> None:
        """Drop a user, if it is in the cache."""
        self._entries.pop(ref, None)
