"""The page with every public name. ``python -m tests.docs.reference`` updates its tables from the code.

Sentences on the page are kept. A new name gets the sentence that another section has for it, or else the first
sentence of its docstring.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
from typing import Any

import django

import privy_middleware
from tests.docs.pages import ROOT

__all__ = ["COMMAND", "PAGE", "exports", "internal", "new_modules", "tables", "updated"]

PAGE = ROOT / "docs" / "reference.md"
COMMAND = "python -m tests.docs.reference"

_CORE = privy_middleware.__name__
_SECTION = re.compile(r"^(?=##)", re.MULTILINE)
_MODULE = re.compile(r"### `([\w.]+)`\n")
_TABLE = re.compile(r"^\| name \| description \|\n\| --- \| --- \|\n(?:\|.*\n)*", re.MULTILINE)
_ROW = re.compile(r"^\| `(\w+)` \| (.*) \|$", re.MULTILINE)

Tables = dict[str, dict[str, str]]


def tables(page: str) -> Tables:
    """Return the names in the table of each module's section, with their sentences."""
    found = {match[1]: section for section in _SECTION.split(page) if (match := _MODULE.match(section))}
    return {module: dict(_ROW.findall(section)) for module, section in found.items()}


def internal(page: str) -> set[str]:
    """Return the modules directly in the core that the page calls internal."""
    sentence = re.search(r"modules are internal: ([^.]+)\.", page.replace(f"{_CORE}.", ""))
    return {f"{_CORE}.{name}" for name in re.findall(r"`(\w+)`", sentence[1] if sentence else "")}


def exports(module: str) -> list[str]:
    """Return the public names of a module; it has none without ``__all__``."""
    return list(getattr(importlib.import_module(module), "__all__", ()))


def new_modules(page: str) -> list[str]:
    """Return the modules directly in the core that export names, and that are neither listed nor named as internal."""
    children = [f"{_CORE}.{each.name}" for each in pkgutil.iter_modules(privy_middleware.__path__)]
    known = tables(page).keys() | internal(page)
    return [module for module in children if module not in known and exports(module)]


def updated(page: str) -> str:
    """Return the page with a table for every public module, each with exactly the names that the module exports."""
    known = tables(page)
    sections = _SECTION.split(page)
    end = max(number for number, each in enumerate(sections) if each.startswith(f"### `{_CORE}")) + 1
    sections[end:end] = [f"### `{module}`\n\n" for module in new_modules(page)]
    return "".join(_updated_section(section, known) for section in sections)


def _updated_section(section: str, known: Tables) -> str:
    match = _MODULE.match(section)
    if match is None:
        return section
    rows = [f"| `{name}` | {_sentence(match[1], name, known)} |\n" for name in exports(match[1])]
    table = "".join(["| name | description |\n| --- | --- |\n", *rows])
    before, found, after = _TABLE.sub("\0", section).partition("\0")
    return before + table + (after if found else "\n")


def _sentence(module: str, name: str, known: Tables) -> str:
    written = known.get(module, {}).get(name)
    return written or _sentence_elsewhere(module, name, known) or _docstring(_value(module, name))


def _sentence_elsewhere(module: str, name: str, known: Tables) -> str | None:
    value = _value(module, name)
    found = (rows[name] for other, rows in known.items() if name in rows and _value(other, name) is value)
    return next(found, None)


def _docstring(value: object) -> str:
    if not (inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value)):
        return "A constant or a type alias."
    paragraph = (inspect.getdoc(value) or "").partition("\n\n")[0].replace("\n", " ").replace("``", "`")
    return re.split(r"(?<=\.) (?=[A-Z`])", paragraph)[0].replace("|", "\\|")


def _value(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name, None)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.django_settings")
    django.setup()
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
