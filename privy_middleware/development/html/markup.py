"""HTML from templates: whatever is put into one is escaped, unless it is HTML itself."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

__all__ = ["Html", "html", "joined"]


class Html(str):
    """A piece of HTML."""

    __slots__ = ()


def html(template: str, /, **values: object) -> Html:
    """Return a template with values, which are escaped if they are not ``Html``; ``None`` is nothing."""
    return Html(template.format(**{name: _escaped(value) for name, value in values.items()}))


def joined(pieces: Iterable[Html]) -> Html:
    """Return the pieces, one on each line."""
    return Html("\n".join(pieces))


def _escaped(value: object) -> str:
    if isinstance(value, Html):
        return value
    return "" if value is None else escape(str(value))
