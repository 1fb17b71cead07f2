"""The tables of the documentation."""

from __future__ import annotations

from collections.abc import Iterator

from tests.docs.pages import ROOT

__all__ = ["rows", "text"]


def text(page: str) -> str:
    """Return a page of the documentation."""
    return (ROOT / "docs" / page).read_text()


def rows(page: str, first: str) -> Iterator[list[str]]:
    """Return the rows of every table whose first column has the heading ``first``, without backticks."""
    inside = False
    for line in text(page).splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif inside and not set(cells[0]) <= set("-"):
            yield cells
        inside = inside or (line.startswith("|") and cells[0] == first)
