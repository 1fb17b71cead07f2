"""The parts of the measurements that decide: the verdict about a goal, the exit status, and the charts."""

from __future__ import annotations

import tomllib
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import goals
from benchmarks.pairing import Candidate, Quartiles, Times, measure
from benchmarks.report import Row, Section, exact, paired, save
from benchmarks.svg import Bar, Chart, Group

SECTION = Section("requests, cached", "what authentication adds")
NAME = "FastAPI: privy-middleware"


def row(low: float, median: float, high: float, **goal: float) -> Row:
    """Return a row with quartiles and a goal."""
    return paired(SECTION, NAME, "units", Quartiles(low, median, high), **goal)


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [((0.1, 0.15, 0.3), "yes"), ((0.1, 0.2, 0.3), "nearly"), ((0.16, 0.2, 0.3), "NO")],
)
def test_verdict(figures: tuple[float, float, float], verdict: str) -> None:
    """A goal counts as missed only if three quarters of the rounds miss it, whichever its direction is."""
    low, median, high = figures
    assert row(low, median, high).verdict == ""
    assert row(low, median, high, at_most=0.15).verdict == verdict
    assert row(-high, -median, -low, at_least=-0.15).verdict == verdict


@pytest.mark.parametrize(("low", "status"), [(0.0, 0), (9.0, 1)])
def test_compare(low: float, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """``--compare`` names each goal with the result, and fails if one is missed."""
    parser = ArgumentParser()
    goals.add_options(parser)
    rows = goals.with_goals([row(low, 10, 11)])
    assert rows[0].at_most is not None
    assert goals.conclude(rows, parser.parse_args([])) == 0
    assert capsys.readouterr().out == ""
    assert goals.conclude(rows, parser.parse_args(["--compare"])) == status
    printed = capsys.readouterr().out
    assert f"{'MISSED' if status else 'nearly'}  {SECTION.key}: {NAME}" in printed
    assert "absent  requests, cached: Flask: privy-middleware" in printed


def test_since(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--since`` marks the changes outside the quartiles of both runs."""
    parser = ArgumentParser()
    goals.add_options(parser)
    before = row(1, 2, 3)
    saved = save(tmp_path, "bench", [before, replace(before, name="other")])
    options = parser.parse_args(["--since", str(saved)])
    assert goals.conclude([row(4, 5, 6), replace(before, name="other"), replace(before, name="third")], options) == 0
    changed, same, new = capsys.readouterr().out.splitlines()[-3:]
    assert changed.endswith("2 -> 5 units (+150 %)  <-- outside the quartiles")
    assert same.endswith("2 -> 2 units (+0 %)")
    assert new.endswith("third: new")


def test_goals() -> None:
    """Every goal in the file can be read, and belongs to its row alone."""
    written = tomllib.loads(Path(goals.__file__).with_name("goals.toml").read_text())
    rows = [exact(Section(key, ""), name, "", 0) for key, found in written.items() for name in found]
    assert len(rows) > 30
    assert all(each.goal in written[each.section.key][each.name] for each in goals.with_goals(rows))
    assert goals.with_goals([exact(SECTION, "something else", "", 0)])[0].goal == ""


def test_rounds() -> None:
    """Each candidate is called in each round, at least as often as it asks for."""
    counts: list[int] = []

    def timer(count: int) -> float:
        counts.append(count)
        return count * 1.0

    times = measure([Candidate("one", timer, least=64), Candidate("two", timer)], 3)
    assert counts.count(64) == 3
    # Those before are not timed.
    assert counts.count(7) >= 3
    assert times.ratio("one", "two") == Quartiles(1, 1, 1)


def test_times_less() -> None:
    """A round in which nothing is added does not make the ratio infinite."""
    rounds = [{"bare": 1.0, "ours": ours, "other": 11.0} for ours in (2.0, 2.0, 2.0, 0.9)]
    figure = Times(rounds).times_less("ours", "other", "bare")
    assert figure.low == 10
    assert figure.high <= 1_000


def test_chart() -> None:
    """A chart is well-formed, has a title and a description with every figure, and follows the colour scheme."""
    bars = [Bar("ours", 1, 0.9, 1.2, "1.00 MB", ours=True), Bar("theirs & others", 5, 5, 5, "5 MB", goal=7)]
    chart = Chart("Heading <1>", "subtitle", [Group("group", bars)], "note")
    text = chart.svg()
    root = ElementTree.fromstring(text)
    names = {each.get("id"): each.text for each in root if each.get("id")}
    assert names["title"] == "Heading <1>"
    assert names["description"] == "subtitle. group: ours 1.00 MB, theirs & others 5 MB."
    assert root.get("aria-labelledby") == "title description"
    assert "prefers-color-scheme: dark" in text
    assert text == chart.svg()
