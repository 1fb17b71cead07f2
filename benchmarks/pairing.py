"""Time candidates against each other on a machine whose speed changes from one minute to the next.

Everything is paired: a round times every candidate in turn, for a few milliseconds each, and what is quoted is the
median over the rounds of a candidate's time relative to the reference's in the same round. Each round starts at
another candidate, so that none always follows the same one. The garbage collector runs as it does in production.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

__all__ = ["Candidate", "Quartiles", "Times", "Timer", "awaiting", "calling", "measure"]

Timer = Callable[[int], float]
"""Do something a number of times and return how long it took, in seconds."""

_SLICE_SECONDS = 0.003
_WARM_UP = 3


@dataclass(frozen=True)
class Candidate:
    """Something that is timed, under a name."""

    name: str
    timer: Timer


@dataclass(frozen=True)
class Quartiles:
    """The median of some figures, and between what half of them lie."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Quartiles:
        """Return the quartiles of at least two figures."""
        low, median, high = statistics.quantiles(figures, n=4)
        return cls(low, median, high)


def calling(call: Callable[[], object]) -> Timer:
    """Return a timer of a function."""

    def timer(count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            call()
        return time.perf_counter() - start

    return timer


def awaiting(loop: asyncio.AbstractEventLoop, call: Callable[[], Awaitable[object]]) -> Timer:
    """Return a timer of a coroutine function, called over and over by one task."""

    async def repeat(count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            await call()
        return time.perf_counter() - start

    return lambda count: loop.run_until_complete(repeat(count))


class Times:
    """The seconds that a call of each candidate took, in each round."""

    def __init__(self, rounds: Sequence[dict[str, float]]) -> None:
        """Take the rounds, at least two."""
        self._rounds = rounds

    def seconds(self, name: str) -> Quartiles:
        """Return how long a call took."""
        return Quartiles.of([each[name] for each in self._rounds])

    def ratio(self, name: str, to: str) -> Quartiles:
        """Return how many times as long as another candidate it took, round by round."""
        return Quartiles.of([each[name] / each[to] for each in self._rounds])

    def added(self, name: str, over: str, to: str) -> Quartiles:
        """Return how much longer than a second candidate it took, in terms of a third, round by round."""
        return Quartiles.of([(each[name] - each[over]) / each[to] for each in self._rounds])


def measure(candidates: Sequence[Candidate], rounds: int) -> Times:
    """Time the candidates against each other."""
    counts = {each.name: _calibrated(each.timer) for each in candidates}
    return Times([_round(_rotated(candidates, number), counts) for number in range(rounds)])


def _calibrated(timer: Timer) -> int:
    """Return how many calls fill a slice, once the candidate is warm."""
    for _ in range(_WARM_UP):
        timer(10)
    return max(1, round(_SLICE_SECONDS / (timer(20) / 20)))


def _rotated(candidates: Sequence[Candidate], number: int) -> list[Candidate]:
    start = number % len(candidates)
    return [*candidates[start:], *candidates[:start]]


def _round(candidates: Sequence[Candidate], counts: dict[str, int]) -> dict[str, float]:
    return {each.name: each.timer(counts[each.name]) / counts[each.name] for each in candidates}
