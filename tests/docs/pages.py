"""The Python snippets of the documents, run in their order as a reader would."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.test import override_settings

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^(`{3,})(\w*)\s*$")
_HEADING = re.compile(r"^#{1,6} (.+)$")
_TITLE = re.compile(r"# (\w+\.py)$")


@dataclass(frozen=True)
class Block:
    """A snippet: the heading above it, its first line's number, its language, its file if it names one."""

    section: str
    line: int
    language: str
    text: str

    @property
    def title(self) -> str | None:
        """Return the file that the snippet's first line names."""
        match = _TITLE.match(self.text.partition("\n")[0])
        return match and match[1]


@dataclass
class Section:
    """What the snippets under one heading have left behind."""

    names: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)

    def configured(self, **more: Any) -> AbstractContextManager[object]:
        """Put Django's settings into effect, if the section has any; accounts are kept only where it says so."""
        settings = {"INSTALLED_APPS": ["django_privy"], **self.settings, **more}
        return override_settings(**settings) if self.settings else nullcontext()


def blocks(page: Path) -> Iterator[Block]:
    """Return the snippets of a page in their order."""
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
    """Run a page's Python snippets, and return what each section has left behind.

    A section begins with the names of those before it, and changes none that they use.

    ``settings.py`` becomes Django's settings for the rest of its section, with keys from ``jwks_url``.
    """
    names: dict[str, Any] = {"__name__": "snippets"}
    sections: dict[str, Section] = {}
    for block in blocks(page):
        if block.language == "python":
            if block.section not in sections:
                names = dict(names)
                sections[block.section] = Section(names)
            section = sections[block.section]
            code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
            if block.title == "settings.py":
                section.settings = _settings(code, jwks_url)
            else:
                with section.configured():
                    exec(code, names)
    return sections


def _settings(code: types.CodeType, jwks_url: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)
    settings = {name: value for name, value in names.items() if name.isupper()}
    privy = settings.get("PRIVY", {})
    # Without settings of its own the project reads the environment, which names the same address.
    own = privy.keys() - {"PROTECT", "EXEMPT"}
    settings["PRIVY"] = {**privy, "JWKS_URL": jwks_url} if own else privy or None
    return settings
