"""Bar charts as SVG, readable in light and dark.

The charts are written by hand instead of by matplotlib: they follow the reader's colour scheme with one style sheet,
keep their text as text, are a few kilobytes long, and change between two runs only where a figure changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Bar", "Chart", "Group"]

_WIDTH = 760
_LEFT = 290
_RIGHT = 96
_TOP = 64
_BAR = 16
_STEP = 24
_GROUP = 34
_STYLE = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
    .heading { font-size: 16px; font-weight: 600 }
    .group { font-weight: 600 }
    .note { font-size: 12px; fill: #59636e }
    .ours { fill: #0969da }
    .other { fill: #9aa4ae }
    .spread, .axis { stroke: #1f2328; stroke-width: 1.5 }
    .axis { stroke: #9aa4ae; stroke-width: 1 }
    .goal { stroke: #bc4c00; stroke-width: 2; stroke-dasharray: 3 2 }
    .background { fill: #ffffff }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .note { fill: #9198a1 }
      .ours { fill: #4493f8 }
      .other { fill: #656c76 }
      .spread { stroke: #e6edf3 }
      .goal { stroke: #f0883e }
      .background { fill: #0d1117 }
    }"""


@dataclass(frozen=True)
class Bar:
    """A bar.

    Attributes:
        label: what it shows.
        median: its length.
        low: the lower quartile.
        high: the upper quartile.
        figure: the text beside it.
        ours: whether it is this library's.
        goal: where its goal is marked, if anywhere.
    """

    label: str
    median: float
    low: float
    high: float
    figure: str
    ours: bool = False
    goal: float | None = None

    @property
    def end(self) -> float:
        """Return the largest number that it shows."""
        return max(self.median, self.high, self.goal or 0.0)


@dataclass(frozen=True)
class Group:
    """Bars with a common heading.

    Attributes:
        label: the heading.
        bars: the bars.
    """

    label: str
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Chart:
    """A chart.

    Attributes:
        heading: its heading.
        subtitle: what the bars measure.
        groups: the bars.
        note: the line below them.
    """

    heading: str
    subtitle: str
    groups: Sequence[Group]
    note: str

    def svg(self) -> str:
        """Return the chart as a document."""
        body = list(self._groups())
        height = self._bottom + 34
        size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title description">',
            f'  <title id="title">{escape(self.heading)}</title>',
            f'  <desc id="description">{escape(self._description)}</desc>',
            f"  <style>{_STYLE}\n  </style>",
            f'  <rect class="background" width="{_WIDTH}" height="{height}" rx="6"/>',
            _text(16, 28, "heading", self.heading),
            _text(16, 48, "note", self.subtitle),
            *body,
            _text(16, self._bottom + 22, "note", self.note),
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    @property
    def _bottom(self) -> int:
        return _TOP + sum(_GROUP + _STEP * len(group.bars) for group in self.groups)

    @property
    def _description(self) -> str:
        groups = (f"{group.label}: {', '.join(_spoken(bar) for bar in group.bars)}." for group in self.groups)
        return " ".join([f"{self.subtitle}.", *groups])

    def _groups(self) -> Iterator[str]:
        scale = (_WIDTH - _LEFT - _RIGHT) / max(bar.end for group in self.groups for bar in group.bars)
        top = _TOP
        for group in self.groups:
            yield _text(16, top + 22, "group", group.label)
            top += _GROUP
            yield _line("axis", _LEFT, top - 4, _LEFT, top + _STEP * len(group.bars) - 4)
            for bar in group.bars:
                yield from _drawn(bar, top, scale)
                top += _STEP


def _drawn(bar: Bar, top: int, scale: float) -> Iterator[str]:
    middle = top + _BAR / 2
    length, low, high = (max(0.0, each) * scale for each in (bar.median, bar.low, bar.high))
    yield f'  <text x="{_LEFT - 10}" y="{top + 13}" text-anchor="end">{escape(bar.label)}</text>'
    kind = "ours" if bar.ours else "other"
    yield f'  <rect class="{kind}" x="{_LEFT}" y="{top}" width="{length:.1f}" height="{_BAR}" rx="2"/>'
    if high > low:
        yield _line("spread", _LEFT + low, middle, _LEFT + high, middle)
    if bar.goal is not None:
        yield _line("goal", _LEFT + bar.goal * scale, top - 3, _LEFT + bar.goal * scale, top + _BAR + 3)
    ends = [length, high, (bar.goal or 0.0) * scale]
    yield _text(_LEFT + max(ends) + 8, top + 13, "figure", bar.figure)


def _text(x: float, y: float, kind: str, words: str) -> str:
    return f'  <text class="{kind}" x="{x:.1f}" y="{y}">{escape(words)}</text>'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'  <line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _spoken(bar: Bar) -> str:
    return f"{bar.label} {bar.figure}"
