"""The charts of docs/performance.md, drawn from the rows of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.apps.contender import NOTHING, OURS
from benchmarks.report import Row, short
from benchmarks.svg import Bar, Chart, Group
from benchmarks.tokens import FOUR, THIRTY
from benchmarks.verification import CACHED

__all__ = ["draw"]

_RAW = "raw: one P-256 verification by cryptography; lines: quartiles"
_FRAMEWORKS = ("Starlette", "FastAPI", "Flask", "Django", "REST framework")


def draw(rows: Sequence[Row], folder: Path, machine: str) -> None:
    """Write the charts of a complete run; ``machine`` describes the run."""
    folder.mkdir(parents=True, exist_ok=True)
    day, *_, python, rounds = machine.partition(". ")[0].split(", ")
    run = f"{day}, {python}, {rounds}"
    for name, chart in _CHARTS.items():
        (folder / f"{name}.svg").write_text(chart(rows, run).svg(), encoding="utf-8")


def _requests(rows: Sequence[Row], run: str) -> Chart:
    groups = [Group(each, list(_of_framework(rows, each))) for each in _FRAMEWORKS]
    subtitle = f"× raw over the same app without authentication, the same token again, {FOUR}; less is better"
    return Chart("What authentication adds to a request", subtitle, groups, f"{_RAW}; {run}")


def _of_framework(rows: Iterable[Row], framework: str) -> Iterator[Bar]:
    for row in _section(rows, "requests, cached"):
        name = row.name.removeprefix(f"{framework}: ")
        if name not in (row.name, NOTHING):
            yield _bar(row, name)


def _verification(rows: Sequence[Row], run: str) -> Chart:
    again = [
        _bar(row, "privy-middleware, the same token again")
        for row in _section(rows, f"verification, {FOUR}")
        if row.name == CACHED
    ]
    groups = [
        Group(f"A user with {FOUR}", [*again, *_of_size(rows, FOUR)]),
        Group(f"A user with {THIRTY}", list(_of_size(rows, THIRTY))),
    ]
    subtitle = "× raw, each token seen for the first time where nothing else is said; less is better"
    return Chart("From a token to a user", subtitle, groups, f"{_RAW}; {run}")


def _of_size(rows: Iterable[Row], size: str) -> Iterator[Bar]:
    for row in _section(rows, "first sight"):
        if f", {size}" in row.name:
            yield _bar(row, row.name.replace(f", {size}", "").replace("and its ", ""))


def _memory(rows: Sequence[Row], run: str) -> Chart:
    bars = [_bar(row, row.name, ours=True) for row in _section(rows, "memory")]
    groups = [Group("10,000 cached users with four accounts each", bars)]
    return Chart("Memory of the token cache", "MB by tracemalloc; the dashed line is the goal", groups, run)


def _section(rows: Iterable[Row], key: str) -> list[Row]:
    return [row for row in rows if row.section.key == key]


def _bar(row: Row, label: str, *, ours: bool | None = None) -> Bar:
    is_ours = label.startswith(OURS) if ours is None else ours
    goal = row.at_most if row.unit == "MB" else None
    unit = "MB" if row.unit == "MB" else "×"
    return Bar(label, row.median, row.low, row.high, f"{short(row.median)} {unit}", is_ours, goal)


_CHARTS: dict[str, Callable[[Sequence[Row], str], Chart]] = {
    "requests": _requests,
    "verification": _verification,
    "memory": _memory,
}
