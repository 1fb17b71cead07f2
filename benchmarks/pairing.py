"""Compare the time of candidates on a machine whose speed changes from one minute to the next.

Each round measures all candidates one after another, for a few milliseconds each. The result is the median of the
ratios to the reference in the same round. Each round has another order, and the first calls of a candidate are not
timed, so that the one before it, which leaves its own data in the caches of the processor, does not always affect the
same candidate. The garbage collector runs as in production, but does not look at what existed before: the apps and
tokens of all other measurements.

Times are processor times of the process, because those of the clock also contain the time in which other programs ran.
"""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

__all__ = ["Candidate", "Quartiles", "Times", "Timer", "awaiting", "calling", "measure"]

Timer = Callable[[int], float]
"""Calls something a number of times and returns the processor time that it took, in seconds."""

_SLICE_SECONDS = 0.003
_WARM_UP = 3


@dataclass(frozen=True)
class Candidate:
    """Code whose time is measured.

    Attributes:
        name: the name in the table.
        timer: measures the time.
        least: how many calls a round has at least, where all of them must differ.
    """

    name: str
    timer: Timer
    least: int = 1


@dataclass(frozen=True)
class Quartiles:
    """The median of some numbers, and the range of the middle half.

    Attributes:
        low: the lower quartile.
        median: the median.
        high: the upper quartile.
    """

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Quartiles:
        """Return the quartiles of at least two numbers."""
        low, median, high = statistics.quantiles(figures, n=4)
        return cls(low, median, high)


def calling(call: Callable[[], object]) -> Timer:
    """Return a timer for a function."""

    def timer(count: int) -> float:
        start = time.process_time()
        for _ in range(count):
            call()
        return time.process_time() - start

    return timer


def awaiting(loop: asyncio.AbstractEventLoop, call: Callable[[], Awaitable[object]]) -> Timer:
    """Return a timer for a coroutine function, which is called repeatedly by one task."""

    async def repeat(count: int) -> float:
        start = time.process_time()
        for _ in range(count):
            await call()
        return time.process_time() - start

    return lambda count: loop.run_until_complete(repeat(count))


class Times:
    """The seconds that one call of each candidate took in each round."""

    def __init__(self, rounds: Sequence[dict[str, float]]) -> None:
        """Create it from at least two rounds."""
        self._rounds = rounds

    def seconds(self, name: str) -> Quartiles:
        """Return how long a call of a candidate took."""
        return Quartiles.of([each[name] for each in self._rounds])

    def ratio(self, name: str, to: str) -> Quartiles:
        """Return the ratio of the times of two candidates."""
        return Quartiles.of([each[name] / each[to] for each in self._rounds])

    def added(self, name: str, over: str, to: str) -> Quartiles:
        """Return how much longer a candidate took than ``over``, in units of the time of ``to``."""
        return Quartiles.of([(each[name] - each[over]) / each[to] for each in self._rounds])

    def times_less(self, name: str, than: str, over: str) -> Quartiles:
        """Return how many times less a candidate adds to ``over`` than another one."""
        added = [(each[name] - each[over], each[than] - each[over]) for each in self._rounds]
        # In a round in which it seems to add nothing, the ratio is as good as infinite.
        return Quartiles.of([more / max(less, more / 1e3) for less, more in added if more > 0])


def measure(candidates: Sequence[Candidate], rounds: int) -> Times:
    """Measure the candidates."""
    counts = {each.name: max(each.least, _calibrated(each.timer)) for each in candidates}
    gc.collect()
    gc.freeze()
    try:
        return Times([_round(_shuffled(candidates, number), counts) for number in range(rounds)])
    finally:
        gc.unfreeze()


def _calibrated(timer: Timer) -> int:
    """Warm up a candidate, and return how many calls take about one slice of time."""
    for _ in range(_WARM_UP):
        timer(10)
    return max(1, round(_SLICE_SECONDS / (timer(20) / 20)))


def _shuffled(candidates: Sequence[Candidate], number: int) -> list[Candidate]:
    return random.Random(number).sample(candidates, len(candidates))


def _round(candidates: Sequence[Candidate], counts: dict[str, int]) -> dict[str, float]:
    return {each.name: _timed(each.timer, counts[each.name]) for each in candidates}


def _timed(timer: Timer, count: int) -> float:
    timer(1 + count // 10)
    return timer(count) / count
