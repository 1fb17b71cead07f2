"""The results as rows: a table to read, and JSON to compare later runs with."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.pairing import Quartiles

__all__ = ["Row", "compare", "exact", "machine", "markdown", "paired", "save", "text", "update"]

_PACKAGES = ("cryptography", "PyJWT", "joserfc", "Authlib", "python-jose", "Flask", "Django", "fastapi", "starlette")


@dataclass(frozen=True)
class Row:
    """A result.

    Attributes:
        section: the heading of its table.
        name: its name in the table.
        unit: its unit.
        median: the median.
        low: the lower quartile.
        high: the upper quartile.
        at_most: the goal, if it is an upper limit.
        at_least: the goal, if it is a lower limit.
        microseconds: the absolute time.
    """

    section: str
    name: str
    unit: str
    median: float
    low: float
    high: float
    at_most: float | None = None
    at_least: float | None = None
    microseconds: float | None = None

    @property
    def holds(self) -> bool | None:
        """Return whether the goal is reached, or ``None`` if there is no goal."""
        if self.at_most is not None:
            return self.median <= self.at_most
        return None if self.at_least is None else self.median >= self.at_least

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the columns of the table."""
        spread = "" if self.low == self.high else f" ({_short(self.low)}–{_short(self.high)})"
        absolute = "" if self.microseconds is None else _short(self.microseconds)
        verdict = {True: "yes", False: "NO", None: ""}[self.holds]
        return self.name, f"{_short(self.median)}{spread} {self.unit}".rstrip(), absolute, self._goal, verdict

    @property
    def _goal(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return "" if self.at_least is None else f"≥ {self.at_least:g}"


_HEAD = ("what", "median (quartiles)", "µs", "goal", "reached")


def paired(section: str, name: str, unit: str, figure: Quartiles, **more: float | None) -> Row:
    """Return the row of a result that was measured in every round."""
    return Row(section, name, unit, figure.median, figure.low, figure.high, **more)


def exact(section: str, name: str, unit: str, figure: float, **more: float | None) -> Row:
    """Return the row of a result that was measured once."""
    return Row(section, name, unit, figure, figure, figure, **more)


def _short(number: float) -> str:
    if number == int(number) or abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}" if abs(number) >= 0.1 else f"{number:.4f}"


def _sections(rows: Iterable[Row]) -> dict[str, list[Row]]:
    sections: dict[str, list[Row]] = {}
    for row in rows:
        sections.setdefault(row.section, []).append(row)
    return sections


def text(rows: Sequence[Row]) -> str:
    """Return the table for a terminal."""
    cells = [row.cells for row in rows]
    widths = [max(len(each[column]) for each in (*cells, _HEAD)) for column in range(len(_HEAD))]

    def line(columns: Sequence[str]) -> str:
        return "  ".join(each.ljust(width) for each, width in zip(columns, widths, strict=True)).rstrip()

    lines = [line(_HEAD)]
    for section, members in _sections(rows).items():
        lines += ["", section, *(line(row.cells) for row in members)]
    return "\n".join(lines)


def markdown(rows: Sequence[Row], machine: str) -> str:
    """Return the table for a document, without absolute times, which depend on the machine."""
    lines = [f"{machine}.", ""]
    for section, members in _sections(rows).items():
        lines += [f"| {section} | median (quartiles) | goal | reached |", "|---|---|---|---|"]
        lines += [f"| {name} | {figure} | {goal} | {verdict} |" for name, figure, _, goal, verdict in _cells(members)]
        lines.append("")
    return "\n".join(lines)


def _cells(rows: Iterable[Row]) -> list[tuple[str, str, str, str, str]]:
    return [row.cells for row in rows]


def update(document: Path, table: str, name: str) -> None:
    """Write a table between two marks of a document, ``<!-- name -->`` and ``<!-- end of name -->``."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = document.read_text(encoding="utf-8").partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{document} has no marks {start} and {end}")
    document.write_text(f"{before}{start}\n{table}\n{end}{after}", encoding="utf-8")


def machine(rounds: int) -> str:
    """Return a line that describes the machine and the run."""
    day = time.strftime("%Y-%m-%d")
    return f"{day}, {os.cpu_count()} cores, shared with others, CPython {platform.python_version()}, {rounds} rounds"


def save(folder: Path, name: str, rows: Sequence[Row], **more: Any) -> Path:
    """Write the rows as JSON and return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{time.strftime('%Y%m%dT%H%M%S')}.json"
    packages = {package: version(package) for package in _PACKAGES}
    document = {**more, "packages": packages, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def compare(rows: Sequence[Row], saved: Path) -> str:
    """Return the changes compared with a saved run, and mark those outside the quartiles of both runs."""
    document = json.loads(saved.read_text(encoding="utf-8"))
    before = {(each.section, each.name): each for each in (Row(**row) for row in document["rows"])}
    lines = [f"Compared with {saved.name}:"]
    for row in rows:
        old = before.get((row.section, row.name))
        if old is None:
            lines.append(f"  {row.name}: new")
            continue
        apart = row.low > old.high or row.high < old.low
        change = (row.median / old.median - 1) * 100 if old.median else 0.0
        mark = "  <-- outside the quartiles" if apart else ""
        lines.append(f"  {row.name}: {_short(old.median)} -> {_short(row.median)} {row.unit} ({change:+.0f} %){mark}")
    return "\n".join(lines)
