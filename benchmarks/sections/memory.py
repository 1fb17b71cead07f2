"""The memory that cached users need."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import memory
from benchmarks.report import Row, Section, exact
from benchmarks.sections.run import Run, progress
from benchmarks.tokens import LONG, SIZES

__all__ = ["USERS", "rows"]

_USERS = 10_000
_FEW = 500
USERS = Section("memory", f"memory of {_USERS:,} cached users with four accounts each")
_LOOKS = {"as they were verified": False, "after the accounts of each were used": True}


def rows(run: Run) -> Iterator[Row]:
    """Measure many users, and the memory of one with tokens of several sizes."""
    progress("memory")
    for name, look in _LOOKS.items():
        yield exact(USERS, name, "MB", memory.cached_users(run.bench, _USERS, look=look))
    for size in (*SIZES, LONG):
        length, counted = memory.estimate(run.bench, size)
        section = Section(f"memory, {size}", f"memory of a cached token, {size}, {length:,} bytes")
        for name, look in (("as it was verified", False), ("after its accounts were used", True)):
            taken = memory.cached_users(run.bench, _FEW, size=size, look=look) / _FEW * 1e6
            yield exact(section, name, "bytes", taken, at_most=counted)
