"""Published test vectors: where they lie, and how many of them came out as their publishers say.

They are not part of this repository: ``PRIVY_VECTORS`` names their folder, with ``wycheproof/`` (C2SP/wycheproof,
``testvectors_v1``), ``cookbook/`` (ietf-jose/cookbook) and ``rfc/``.
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
"""The families of vectors, in the order in which their counts are shown."""


@dataclass
class Count:
    """How many vectors of a family ran, and which of them came out wrong."""

    ran: int = 0
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, ran: int, wrong: list[str], notes: list[str]) -> None:
        """Add what a test has counted."""
        self.ran += ran
        self.wrong += wrong
        self.notes += notes

    def __str__(self) -> str:
        """Return ``401 of 401``, with the notes in brackets."""
        notes = f" ({'; '.join(self.notes)})" if self.notes else ""
        return f"{self.ran - len(self.wrong):,} of {self.ran:,}{notes}"


class Counts:
    """Count vectors for the summary at the end of the run."""

    def __init__(self, record: Record) -> None:
        """Take what records a property in the test's report, which comes back from another process as well."""
        self._record = record

    def hold(self, family: str, outcomes: Sequence[tuple[str, bool]], *notes: str) -> None:
        """Count the outcomes, and fail with the names of those that are wrong."""
        wrong = [name for name, right in outcomes if not right]
        self._record(_PROPERTY, [family, len(outcomes), wrong, list(notes)])
        assert outcomes
        assert not wrong


def vector_folder() -> Path | None:
    """Return the folder of the vectors, ``None`` where there is none."""
    named = os.environ.get("PRIVY_VECTORS")
    return Path(named) if named and Path(named).is_dir() else None


def load(name: str) -> Any:
    """Return the content of a file of vectors, which must be there when the folder is."""
    folder = vector_folder()
    assert folder is not None
    return json.loads((folder / name).read_text(encoding="utf-8"))


def wycheproof(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each test of a Wycheproof file with the group it belongs to; none may be lost on the way."""
    document = load(f"wycheproof/{name}_test.json")
    pairs = [(group, test) for group in document["testGroups"] for test in group["tests"]]
    assert len(pairs) == document["numberOfTests"]
    yield from pairs


def summary(reports: Iterable[pytest.TestReport]) -> str:
    """Say how many vectors ran, or that they are absent."""
    if vector_folder() is None:
        return "vectors: ABSENT, none ran (PRIVY_VECTORS names no folder)"
    counts: defaultdict[str, Count] = defaultdict(Count)
    for name, value in (each for report in reports for each in report.user_properties):
        if name == _PROPERTY:
            family, ran, wrong, notes = cast("_Recorded", value)
            counts[family].add(ran, wrong, notes)
    shown = [f"{family} {counts[family]}" for family in FAMILIES if family in counts]
    return f"vectors: {', '.join(shown)}" if shown else "vectors: present, none selected"
