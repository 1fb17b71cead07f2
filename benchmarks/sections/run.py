"""What all sections of a run share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks import node, verification
from benchmarks.pairing import Candidate, Times, calling, measure
from benchmarks.report import Row, Section, paired
from benchmarks.tokens import Bench
from benchmarks.verification import RAW

__all__ = ["CACHE_SIZE", "EACH_ROUND", "Run", "UNIT", "progress", "ratio"]

UNIT = "× raw"
CACHE_SIZE = 1_024
"""The size of caches in measurements with many tokens; each token has left the cache when its turn comes again."""
EACH_ROUND = 64
"""How many different tokens a round has at least in these measurements."""


@dataclass(frozen=True)
class Run:
    """A run.

    Attributes:
        rounds: how often each candidate is measured.
        peers: the libraries for Node, or ``None``.
        bench: the tokens and their settings.
    """

    rounds: int
    peers: node.Peers | None = None
    bench: Bench = field(default_factory=Bench)

    def measure(self, candidates: Sequence[Candidate]) -> Times:
        """Measure the candidates beside the reference."""
        raw = Candidate(RAW, calling(verification.raw_verification(self.bench, self.bench.token())))
        return measure([raw, *candidates], self.rounds)

    def tokens(self, size: str) -> list[str]:
        """Return tokens that no cache has seen: enough for all rounds, or twice as many as a cache keeps."""
        return self.bench.tokens(min(2 * CACHE_SIZE, EACH_ROUND * 2 * (self.rounds + 1)), size)


def ratio(section: Section, name: str, times: Times) -> Row:
    """Return the row of a candidate in units of the reference."""
    return paired(section, name, UNIT, times.ratio(name, RAW), microseconds=times.seconds(name).median * 1e6)


def progress(what: str) -> None:
    """Print what is measured now."""
    print(f"measuring: {what}", file=sys.stderr, flush=True)
