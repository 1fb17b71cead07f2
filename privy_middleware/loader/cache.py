"""Users that were loaded, kept for a while."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from privy_middleware.users.user import PrivyUser

__all__ = ["Failed", "Kept", "Loaded", "Question"]


class Question(NamedTuple):
    """Name a user of an app."""

    app_id: str
    did: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """The user, or ``None`` for one who does not exist."""

    user: PrivyUser | None


@dataclass(frozen=True, slots=True)
class Failed:
    """Why nothing could be loaded, and in how many seconds it makes sense to ask again.

    With ``pauses`` nobody asks until then, whichever user it is about.
    """

    reason: str
    retry_after: float = 0.0
    pauses: bool = True


class Kept:
    """Users by question for ``ttl`` seconds, the least recently used beyond ``size`` dropped; not locked."""

    def __init__(self, ttl: float, size: int) -> None:
        """Take the time in seconds and the number of users."""
        self._ttl = ttl
        self._size = size
        self._entries: OrderedDict[Question, tuple[Loaded, float]] = OrderedDict()

    def get(self, question: Question, now: float) -> Loaded | None:
        """Return who is kept, unless it is too long ago."""
        loaded, until = self._entries.get(question, (None, -math.inf))
        if now >= until:
            return None
        self._entries.move_to_end(question)
        return loaded

    def put(self, question: Question, loaded: Loaded, now: float) -> None:
        """Keep a user from now on."""
        self._entries[question] = loaded, now + self._ttl
        self._entries.move_to_end(question)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def discard(self, question: Question) -> None:
        """Drop a user."""
        self._entries.pop(question, None)
