"""The results as rows: a table to read, and JSON to compare later runs with."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.pairing import Quartiles

__all__ = ["Row", "Section", "changes", "exact", "machine", "markdown", "paired", "save", "short", "text", "update"]

_PACKAGES = (
    "cryptography",
    "PyJWT",
    "joserfc",
    "Authlib",
    "python-jose",
    "fastapi-users",
    "Flask-JWT-Extended",
    "djangorestframework-simplejwt",
    "djangorestframework",
    "Django",
    "Flask",
    "fastapi",
    "starlette",
)


@dataclass(frozen=True)
class Section:
    """A table.

    Attributes:
        key: the name by which ``goals.toml`` finds it.
        heading: its heading.
    """

    key: str
    heading: str


@dataclass(frozen=True)
class Row:
    """A result.

    Attributes:
        section: its table.
        name: its name in the table.
        unit: its unit.
        median: the median.
        low: the lower quartile.
        high: the upper quartile.
        at_most: the goal, if it is an upper limit.
        at_least: the goal, if it is a lower limit.
        microseconds: the absolute time.
    """

    section: Section
    name: str
    unit: str
    median: float
    low: float
    high: float
    at_most: float | None = None
    at_least: float | None = None
    microseconds: float | None = None

    @property
    def verdict(self) -> str:
        """Return whether the goal is reached: ``yes``, ``nearly``, ``NO``, or nothing without a goal.

        It is nearly reached if the median misses it, but not the quarter of the rounds with the best results. The
        noise of the machine alone can cause that.
        """
        if self.at_most is not None:
            return "yes" if self.median <= self.at_most else "nearly" if self.low <= self.at_most else "NO"
        if self.at_least is not None:
            return "yes" if self.median >= self.at_least else "nearly" if self.high >= self.at_least else "NO"
        return ""

    @property
    def goal(self) -> str:
        """Return the goal in words, or nothing."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return "" if self.at_least is None else f"≥ {self.at_least:g}"

    @property
    def figure(self) -> str:
        """Return the median and the quartiles in words."""
        spread = "" if self.low == self.high else f" ({short(self.low)}–{short(self.high)})"
        return f"{short(self.median)}{spread} {self.unit}".rstrip()

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the columns of the table."""
        absolute = "" if self.microseconds is None else short(self.microseconds)
        return self.name, self.figure, absolute, self.goal, self.verdict


_HEAD = ("what", "median (quartiles)", "µs", "goal", "reached")


def paired(section: Section, name: str, unit: str, figure: Quartiles, **more: float | None) -> Row:
    """Return the row of a result that was measured in every round."""
    return Row(section, name, unit, figure.median, figure.low, figure.high, **more)


def exact(section: Section, name: str, unit: str, figure: float, **more: float | None) -> Row:
    """Return the row of a result that was measured once."""
    return Row(section, name, unit, figure, figure, figure, **more)


def short(number: float) -> str:
    """Return a number with two or three digits."""
    size = abs(number)
    if number == int(number) or size >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if size >= 10 else f"{number:.2f}" if size >= 0.1 else f"{number:.3f}"


def _sections(rows: Iterable[Row]) -> dict[Section, list[Row]]:
    sections: dict[Section, list[Row]] = {}
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
        lines += ["", f"{section.heading} [{section.key}]", *(line(row.cells) for row in members)]
    return "\n".join(lines)


def markdown(rows: Sequence[Row], machine: str) -> str:
    """Return the table for a document, without absolute times, which depend on the machine."""
    lines = [machine, ""]
    for section, members in _sections(rows).items():
        lines += [f"| {section.heading} | median (quartiles) | goal | reached |", "|---|---|---|---|"]
        lines += [f"| {row.name} | {row.figure} | {row.goal} | {row.verdict} |" for row in members]
        lines.append("")
    return "\n".join(lines).rstrip()


def update(document: Path, table: str, name: str) -> None:
    """Write a table between two marks of a document, ``<!-- name -->`` and ``<!-- end of name -->``."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = document.read_text(encoding="utf-8").partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{document} has no marks {start} and {end}")
    document.write_text(f"{before}{start}\n{table}\n{end}{after}", encoding="utf-8")


def machine(rounds: int) -> str:
    """Return two sentences that describe the machine and the run, and name the versions of all libraries."""
    day = time.strftime("%Y-%m-%d")
    run = f"{day}, {os.cpu_count()} cores, shared with others, CPython {platform.python_version()}, {rounds} rounds."
    return f"{run} {', '.join(f'{name} {number}' for name, number in _versions().items())}."


def _versions() -> dict[str, str]:
    versions: dict[str, str] = {}
    for package in _PACKAGES:
        # Not every session has all packages.
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def save(folder: Path, name: str, rows: Sequence[Row], **more: Any) -> Path:
    """Write the rows as JSON and return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{time.strftime('%Y%m%dT%H%M%S')}.json"
    document = {**more, "packages": _versions(), "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def changes(rows: Sequence[Row], saved: Path) -> str:
    """Return the changes since a saved run, and mark those outside the quartiles of both runs."""
    document = json.loads(saved.read_text(encoding="utf-8"))
    before = {(each["section"]["key"], each["name"]): each for each in document["rows"]}
    return "\n".join([f"Since {saved.name}:", *(_change(row, before.get((row.section.key, row.name))) for row in rows)])


def _change(row: Row, old: dict[str, Any] | None) -> str:
    name = f"  {row.section.key}: {row.name}"
    if old is None:
        return f"{name}: new"
    apart = row.low > old["high"] or row.high < old["low"]
    change = (row.median / old["median"] - 1) * 100 if old["median"] else 0.0
    mark = "  <-- outside the quartiles" if apart else ""
    return f"{name}: {short(old['median'])} -> {short(row.median)} {row.unit} ({change:+.0f} %){mark}"
