"""What is known of users that were loaded: who is kept, and when the API may be asked again."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from privy_middleware.users.user import PrivyUser

__all__ = ["Failed", "Kept", "Loaded", "Pause", "Question"]

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_LONGEST_WISH = 3600.0


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


class Pause:
    """The time in which an API that has failed is left alone; not locked."""

    def __init__(self) -> None:
        """Begin without one."""
        self._until = -math.inf
        self._failures = 0
        self._reason = ""

    def at(self, now: float) -> Failed | None:
        """Return the failure to report instead of asking."""
        return Failed(self._reason, self._until - now) if now < self._until else None

    def note(self, outcome: Loaded | Failed, now: float) -> None:
        """Take in how a request has ended: after 1, 2, 4, … at most 30 s, or when the API says, it is asked again."""
        if isinstance(outcome, Loaded):
            self._failures = 0
        elif outcome.pauses:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures, 10))
            self._until = max(self._until, now + max(pause, min(_LONGEST_WISH, outcome.retry_after)))
            self._failures += 1
            self._reason = outcome.reason
