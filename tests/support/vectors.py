"""Published test vectors, and the number of those whose result is as published.

They are not part of this repository: ``PRIVY_VECTORS`` is the path of their directory, which contains ``wycheproof/``
(C2SP/wycheproof, ``testvectors_v1``), ``cookbook/`` (ietf-jose/cookbook) and ``rfc/``.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest

__all__ = ["FAMILIES", "Count", "Counts", "Record", "load", "summary", "vector_folder", "wycheproof"]

Record: TypeAlias = Callable[[str, object], None]
_Recorded: TypeAlias = tuple[str, int, list[str], list[str]]
_PROPERTY = "vectors"

FAMILIES = ("JWS", "JWK sets", "primitives", "JOSE crypto", "DER refused", "RFCs")
"""The families of vectors, in the order of the summary."""


@dataclass
class Count:
    """The number of vectors of a family that ran, and the names of those with a wrong result."""

    ran: int = 0
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, ran: int, wrong: list[str], notes: list[str]) -> None:
        """Add the count of a test."""
        self.ran += ran
        self.wrong += wrong
        self.notes += notes

    def __str__(self) -> str:
        """Return ``401 of 401``, with the notes in brackets."""
        notes = f" ({'; '.join(self.notes)})" if self.notes else ""
        return f"{self.ran - len(self.wrong):,} of {self.ran:,}{notes}"


class Counts:
    """Counts vectors for the summary at the end of the test run."""

    def __init__(self, record: Record) -> None:
        """Create it; ``record`` stores a property in the report of the test, which also works across processes."""
        self._record = record

    def hold(self, family: str, outcomes: Sequence[tuple[str, bool]], *notes: str) -> None:
        """Count the outcomes, and fail with the names of the wrong ones."""
        wrong = [name for name, right in outcomes if not right]
        self._record(_PROPERTY, [family, len(outcomes), wrong, list(notes)])
        assert outcomes
        assert not wrong


def vector_folder() -> Path | None:
    """Return the directory of the vectors, or ``None``."""
    named = os.environ.get("PRIVY_VECTORS")
    return Path(named) if named and Path(named).is_dir() else None


def load(name: str) -> Any:
    """Return the content of a file of vectors, which must exist if the directory does."""
    folder = vector_folder()
    assert folder is not None
    return json.loads((folder / name).read_text(encoding="utf-8"))


def wycheproof(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each test of a Wycheproof file with its group, and check that the file is complete."""
    document = load(f"wycheproof/{name}_test.json")
    pairs = [(group, test) for group in document["testGroups"] for test in group["tests"]]
    assert len(pairs) == document["numberOfTests"]
    yield from pairs


def summary(reports: Iterable[pytest.TestReport]) -> str:
    """Return a line with the number of vectors that ran, or that says that they are absent."""
    if vector_folder() is None:
        return "vectors: ABSENT, none ran (PRIVY_VECTORS is not set to their directory)"
    counts: defaultdict[str, Count] = defaultdict(Count)
    for name, value in (each for report in reports for each in report.user_properties):
        if name == _PROPERTY:
            family, ran, wrong, notes = cast("_Recorded", value)
            counts[family].add(ran, wrong, notes)
    shown = [f"{family} {counts[family]}" for family in FAMILIES if family in counts]
    return f"vectors: {', '.join(shown)}" if shown else "vectors: present, none selected"
