"""Published test vectors: where they lie, and how many of them came out as their publishers say.

They are not part of this repository: ``PRIVY_VECTORS`` names their folder, with ``wycheproof/`` (C2SP/wycheproof,
``testvectors_v1``), ``cookbook/`` (ietf-jose/cookbook) and ``rfc/``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

__all__ = ["FAMILIES", "Count", "Counts", "load", "summary", "vector_folder", "wycheproof"]

COUNTS = pytest.StashKey[dict[str, "Count"]]()

FAMILIES = ("JWS", "JWK sets", "primitives", "JOSE crypto", "DER refused", "RFCs")
"""The families of vectors, in the order in which their counts are shown."""


@dataclass
class Count:
    """How many vectors of a family ran, and which of them came out wrong."""

    ran: int = 0
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return ``401 of 401``, with the notes in brackets."""
        notes = f" ({'; '.join(self.notes)})" if self.notes else ""
        return f"{self.ran - len(self.wrong):,} of {self.ran:,}{notes}"


class Counts:
    """Count vectors for the summary at the end of the run."""

    def __init__(self, config: pytest.Config) -> None:
        """Take the run's configuration, which outlives the tests."""
        self._counts = config.stash.setdefault(COUNTS, {})

    def hold(self, family: str, outcomes: Sequence[tuple[str, bool]], *notes: str) -> None:
        """Count the outcomes, and fail with the names of those that are wrong."""
        wrong = [name for name, right in outcomes if not right]
        count = self._counts.setdefault(family, Count())
        count.ran += len(outcomes)
        count.wrong += wrong
        count.notes += notes
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


def summary(config: pytest.Config) -> str:
    """Say how many vectors ran, or that they are absent."""
    if vector_folder() is None:
        return "vectors: ABSENT, none ran (PRIVY_VECTORS names no folder)"
    counts = config.stash.get(COUNTS, {})
    shown = [f"{family} {counts[family]}" for family in FAMILIES if family in counts]
    return f"vectors: {', '.join(shown)}" if shown else "vectors: present, none selected"
