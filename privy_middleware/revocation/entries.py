"""The copy in memory that every request is checked against."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from privy_middleware.revocation.rules import KINDS, Kind, Revocation, fingerprint, subjects
from privy_middleware.tokens.claims import Claims

__all__ = ["Entries"]

# How many entries are added between two clean-ups, and how many one clean-up checks.
_ADDED_BETWEEN = 100
_CHECKED_AT_ONCE = 1000


class _Mark(NamedTuple):
    """The value of an entry: tokens issued before a time are refused, until another time on the copy's own clock."""

    issued_before: float
    until: float


class Entries:
    """Revoked sessions, users and tokens by their keys.

    A check is a few look-ups in dicts, whatever their size. Times are rounded to seconds, and entries of the same
    second share one object, so that an entry takes less than 200 bytes. Entries expire by a clock that never jumps: a
    change of the system's clock brings no revoked token back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Create an empty copy; ``clock`` returns seconds and never jumps."""
        self._clock = clock
        self._marks: dict[Kind, dict[str, _Mark]] = {kind: {} for kind in KINDS}
        self._tokens = self._marks["token"]
        self._any = False
        self._added = 0
        self._last = _Mark(0.0, 0.0)
        self._unchecked: dict[Kind, Iterator[str]] = {kind: iter(()) for kind in KINDS}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many entries there are."""
        return sum(map(len, self._marks.values()))

    def add(self, entry: Revocation, seconds: float) -> None:
        """Add an entry for ``seconds``; another one with this key stays if it refuses more or lives longer."""
        with self._lock:
            marks = self._marks[entry.kind]
            mark = _Mark(entry.issued_before, float(math.ceil(self._clock() + seconds)))
            known = marks.get(entry.key)
            if known is not None:
                mark = _Mark(max(mark.issued_before, known.issued_before), max(mark.until, known.until))
            self._last = marks[entry.key] = self._last if mark == self._last else mark
            self._any = True
            self._added += 1
            if self._added >= _ADDED_BETWEEN:
                self._added = 0
                self._remove_expired()

    def revoked_by(self, user_id: str, claims: Claims) -> Kind | None:
        """Return what kind of entry refuses a token, by the id of its user and its claims."""
        if not self._any:
            return None
        issued_at = claims.get("iat", -math.inf)
        for kind, key in subjects(user_id, claims):
            if self._refuses(kind, key, issued_at):
                return kind
        if self._tokens and self._refuses("token", fingerprint(claims), issued_at):
            return "token"
        return None

    def includes(self, entry: Revocation) -> bool:
        """Return whether an entry would change nothing."""
        mark = self._marks[entry.kind].get(entry.key)
        return mark is not None and entry.issued_before <= mark.issued_before and self._clock() < mark.until

    def remaining(self) -> Iterator[tuple[Revocation, float]]:
        """Yield each entry that has not expired, and for how many seconds it is kept."""
        for kind, marks in self._marks.items():
            with self._lock:
                items = [*marks.items()]
            now = self._clock()
            for key, mark in items:
                if now < mark.until:
                    yield Revocation(kind, key, mark.issued_before), mark.until - now

    def reset_lock(self) -> None:
        """Replace the lock, which another thread of the parent may have held when this process was forked."""
        self._lock = threading.Lock()

    def _refuses(self, kind: Kind, key: str, issued_at: float) -> bool:
        mark = self._marks[kind].get(key)
        return mark is not None and issued_at < mark.issued_before and self._clock() < mark.until

    def _remove_expired(self) -> None:
        """Remove expired entries, checking a bounded number, and going on there the next time."""
        now = self._clock()
        for kind, marks in self._marks.items():
            keys = [*islice(self._unchecked[kind], _CHECKED_AT_ONCE)]
            for key in keys:
                if marks[key].until <= now:
                    del marks[key]
            if len(keys) < _CHECKED_AT_ONCE:
                self._unchecked[kind] = iter([*marks])
