"""The goals in ``goals.toml``, and whether a run reaches them.

With ``--compare`` a run fails if a row misses its goal in more than three quarters of its rounds: the median alone
would fail by the noise of a shared machine.
"""

from __future__ import annotations

import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.report import Row, changes

__all__ = ["add_options", "conclude", "with_goals"]

_FILE = Path(__file__).with_name("goals.toml")
_KINDS = {"≤": "at_most", "≥": "at_least"}


def with_goals(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with their goals."""
    goals = _read()
    return [replace(row, **goals.get((row.section.key, row.name), {})) for row in rows]


def add_options(parser: ArgumentParser) -> None:
    """Add the options for what is done with the results."""
    parser.add_argument("--compare", action="store_true", help="show the goals, and fail if one is missed")
    parser.add_argument("--since", type=Path, metavar="FILE", help="show the changes since a saved run")
    parser.add_argument("--update", type=Path, metavar="FILE", help="write the tables and pictures of a document")


def conclude(rows: Sequence[Row], options: Namespace) -> int:
    """Print the comparisons that the options ask for, and return the exit status."""
    if options.since:
        print(f"\n{changes(rows, options.since)}")
    if not options.compare:
        return 0
    print("\n".join(["", *_compared(rows)]))
    return 1 if any(row.verdict == "NO" for row in rows) else 0


_WORDS = {"yes": "held", "nearly": "nearly", "NO": "MISSED"}


def _compared(rows: Sequence[Row]) -> Iterator[str]:
    yield "Goals:"
    for row in rows:
        if row.goal:
            yield f"{_WORDS[row.verdict]:7} {row.section.key}: {row.name}: {row.figure}, goal {row.goal}"
    sections, found = {row.section.key for row in rows}, {(row.section.key, row.name) for row in rows}
    for key, name in _read():
        if key in sections and (key, name) not in found:
            yield f"absent  {key}: {name}"


def _read() -> dict[tuple[str, str], dict[str, Any]]:
    sections: dict[str, dict[str, str]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {(key, name): _goal(words) for key, goals in sections.items() for name, words in goals.items()}


def _goal(words: str) -> dict[str, Any]:
    sign, _, number = words.partition(" ")
    return {_KINDS[sign]: float(number)}
