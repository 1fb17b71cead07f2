"""The steps of a tutorial, as its page has them.

A code block that starts with a comment with the name of a file is the content of this file, or with ``(at the end)``
an addition to it. A block of ``sh`` is typed into the terminal, and a block of ``text`` below it is what the terminal
shows, line by line, where ``…`` stands for anything. Comments, which readers do not see, say the rest:

- ``<!-- runs at URL -->``: the next commands start a server, and other commands go to a second terminal from then on;
- ``<!-- Ctrl+C -->``: the server is stopped;
- ``<!-- browser: open URL; press NAME; see TEXT -->``: what is done in the browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT

__all__ = ["TUTORIALS", "Browser", "Commands", "File", "Interrupt", "Step", "steps"]

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$|^<!-- (?P<comment>.*?) -->$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"(?:#|<!--) (?P<name>[\w./-]+\.\w+)(?P<more> \(at the end\))?(?: -->)?\n")


@dataclass(frozen=True)
class File:
    """A file that the reader writes, whole or at the end of what is there."""

    name: str
    text: str
    appended: bool


@dataclass
class Commands:
    """Commands for the terminal, what they print, and the address of the server that they start, if they do."""

    text: str
    printed: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Interrupt:
    """Stop the server."""


@dataclass(frozen=True)
class Browser:
    """What is done in the browser: pairs such as ``("open", "http://localhost:8000/")``."""

    actions: tuple[tuple[str, str], ...]


Step = File | Commands | Interrupt | Browser


def steps(page: Path) -> list[Step]:
    """Return the steps of a tutorial."""
    found: list[Step] = []
    url = None
    for match in _BLOCK.finditer(page.read_text()):
        comment, language, text = match["comment"], match["language"], match["text"]
        if comment is not None:
            if comment.startswith("runs at "):
                url = comment.removeprefix("runs at ")
            found += _from_comment(comment)
        elif language == "sh":
            found.append(Commands(text, url=url))
            url = None
        elif language == "text":
            commands = found[-1]
            assert isinstance(commands, Commands), f"{page.name}: which commands print this?\n{text}"
            commands.printed = text
        else:
            name = _NAME.match(text)
            assert name, f"{page.name}: the first line does not name the file:\n{text}"
            found.append(File(name["name"], text[name.end() :], bool(name["more"])))
    return found


def _from_comment(comment: str) -> Iterator[Step]:
    if comment == "Ctrl+C":
        yield Interrupt()
    elif comment.startswith("browser: "):
        actions = [action.strip().partition(" ") for action in comment.removeprefix("browser: ").split(";")]
        yield Browser(tuple((verb, rest) for verb, _, rest in actions))
    else:
        assert comment.startswith("runs at "), comment
