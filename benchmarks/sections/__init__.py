"""The sections of a run: each measures its candidates together, and returns rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.report import Row
from benchmarks.sections import features, first_sight, memory, paths, rejections, requests, verification
from benchmarks.sections.run import Run

__all__ = ["SECTIONS", "Run"]

SECTIONS: dict[str, Callable[[Run], Iterator[Row]]] = {
    "verification": verification.rows,
    "first-sight": first_sight.rows,
    "requests": requests.rows,
    "features": features.rows,
    "rejections": rejections.rows,
    "paths": paths.rows,
    "memory": memory.rows,
}
