"""The Python code examples of the documentation, which are run in the order of the page."""

from __future__ import annotations

import logging
import re
import types
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.test import override_settings
from sqlmodel import SQLModel

APP_ID = "an-app-of-the-documentation"
"""What replaces ``your-app-id``, which is a placeholder and not accepted."""

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^(`{3,})(\w*)\s*$")
_HEADING = re.compile(r"^#{1,6} (.+)$")
_TITLE = re.compile(r"# (\w+\.py)$")


@dataclass(frozen=True)
class Block:
    """A code example: its heading, the number of its first line, its language, and its code."""

    section: str
    line: int
    language: str
    text: str

    @property
    def title(self) -> str | None:
        """Return the name of the file in the first line of the example."""
        match = _TITLE.match(self.text.partition("\n")[0])
        return match and match[1]


@dataclass
class Section:
    """The names that the examples under one heading define."""

    names: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)

    def configured(self, **more: Any) -> AbstractContextManager[object]:
        """Apply the section's Django settings, if it has any; with accounts only if the settings say so."""
        settings = {"INSTALLED_APPS": ["django_privy"], **self.settings, **more}
        return override_settings(**settings) if self.settings else nullcontext()


def blocks(page: Path) -> Iterator[Block]:
    """Return the code examples of a page in their order."""
    section, fence, language, start = "", "", "", 0
    lines: list[str] = []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        match = _FENCE.match(line)
        if fence and match and match[1] == fence and not match[2]:
            yield Block(section, start, language, "\n".join([*lines, ""]))
            fence = ""
        elif fence:
            lines.append(line)
        elif match:
            fence, language, start, lines = match[1], match[2], number + 1, []
        elif heading := _HEADING.match(line):
            section = heading[1]


def run(page: Path, jwks_url: str) -> dict[str, Section]:
    """Run a page's Python examples, and return the names that each section defines.

    A section starts with the names of the previous ones, and does not change names that those use.

    ``settings.py`` becomes the Django settings for the rest of its section, with keys from ``jwks_url``.
    """
    names: dict[str, Any] = {"__name__": "snippets"}
    sections: dict[str, Section] = {}
    # SQLModel keeps the tables and classes of the whole process, and pages are run more than once.
    SQLModel.metadata.clear()
    SQLModel._sa_registry.dispose()
    for block in blocks(page):
        if block.language == "python":
            if block.section not in sections:
                names = dict(names)
                sections[block.section] = Section(names)
            section = sections[block.section]
            # Snippets do not have what this module imports from __future__.
            code = compile("\n" * (block.line - 1) + runnable(block.text), str(page), "exec", dont_inherit=True)
            if block.title == "settings.py":
                section.settings = _settings(code, jwks_url)
            else:
                with section.configured(), own_logging():
                    exec(code, names)
    return sections


def runnable(text: str) -> str:
    """Return the code of an example with an app ID instead of the placeholder."""
    return text.replace("your-app-id", APP_ID)


@contextmanager
def own_logging() -> Iterator[None]:
    """Keep how the tests log: Litestar's apps set up the root logger of the process, and examples set levels."""
    root, ours = logging.getLogger(), logging.getLogger("privy_middleware")
    handlers, levels = [*root.handlers], (root.level, ours.level)
    try:
        yield
    finally:
        root.handlers = handlers
        root.level, ours.level = levels
        # Loggers remember whether a level is enabled.
        root.setLevel(root.level)


def _settings(code: types.CodeType, jwks_url: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)
    settings = {name: value for name, value in names.items() if name.isupper()}
    privy = settings.get("PRIVY", {})
    # Without its own settings the project uses the environment, which has the same address.
    own = privy.keys() - {"PROTECT", "EXEMPT"}
    settings["PRIVY"] = {**privy, "JWKS_URL": jwks_url} if own else privy or None
    return settings
