"""One token again and again, verified by this library and by others."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import node, verification
from benchmarks.pairing import Times, measure
from benchmarks.report import Row, Section, paired
from benchmarks.sections.run import Run, progress, ratio
from benchmarks.tokens import FOUR, SIZES
from benchmarks.verification import CACHED, COLD, PARSING

__all__ = ["rows"]


def rows(run: Run) -> Iterator[Row]:
    """Measure tokens of three sizes."""
    for size in SIZES:
        token = run.bench.token(size)
        progress(f"verification of a token of {len(token):,} bytes")
        candidates = verification.candidates(run.bench, token)
        if run.peers is not None:
            candidates += run.peers.candidates(run.bench, token)
        times = measure(candidates, run.rounds)
        section = Section(f"verification, {size}", f"one token → user, {size}, {len(token):,} bytes")
        for each in candidates:
            yield ratio(section, each.name, times)
        if size == FOUR:
            yield from _faster(section, times, official=run.peers is not None)


def _faster(section: Section, times: Times, *, official: bool) -> Iterator[Row]:
    unit = "times as fast"
    parsing = "than PyJWT and the inner JSON"
    yield paired(section, f"nothing cached, {parsing}", unit, times.ratio(PARSING, COLD))
    yield paired(section, f"the same token again, {parsing}", unit, times.ratio(PARSING, CACHED))
    if official:
        sdk = "nothing cached, than the official Node SDK"
        yield paired(section, sdk, unit, times.ratio(node.OFFICIAL, COLD))
