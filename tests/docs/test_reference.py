"""The reference lists every public name, and the documentation and the example apps use no other names."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import privy_middleware
from tests.docs.pages import PAGES, ROOT, blocks
from tests.docs.reference import COMMAND, PAGE, exports, internal, new_modules, tables, updated
from tests.unit.test_typing_tests import PUBLIC

TEXT = PAGE.read_text("utf-8")
TABLES = tables(TEXT)
HOW = f"docs/reference.md does not list what the code exports. Run `{COMMAND}` and read the new rows."
PACKAGES = [
    Path(path).name
    for path in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
]
EXAMPLES = sorted((ROOT / "example_apps").glob("*.py"))

_CLASS = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)*\.[A-Z]\w*")


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Yield the Python code of the documentation and the example apps, with the place of each."""
    for page in PAGES:
        for block in blocks(page):
            if block.language == "python":
                yield f"{page.name}, line {block.line}", ast.parse(block.text)
    for path in EXAMPLES:
        yield path.name, ast.parse(path.read_text("utf-8"))


def used(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names of our packages that a program imports, or that are in its strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _CLASS.fullmatch(node.value):
            yield node.value


def test_the_page_is_up_to_date() -> None:
    """Updating the page changes nothing."""
    assert updated(TEXT) == TEXT, HOW


@pytest.mark.parametrize("module", TABLES)
def test_the_names_of_a_module(module: str) -> None:
    """Its table has exactly the names in ``__all__``, each with one sentence."""
    assert list(TABLES[module]) == exports(module), HOW
    for name, sentence in TABLES[module].items():
        assert re.fullmatch(r"[A-Z`].*\.", sentence), f"{module}.{name} needs a sentence"
        assert not re.search(r"[^.]\. [A-Z]", sentence), f"{module}.{name} has more than one sentence"


def test_every_module_of_the_core_is_public_or_internal() -> None:
    """A module directly in the core that exports names either has a section or is named as internal."""
    assert not new_modules(TEXT), HOW
    assert not internal(TEXT) & TABLES.keys()
    children = {f"privy_middleware.{each.name}" for each in pkgutil.iter_modules(privy_middleware.__path__)}
    assert internal(TEXT) <= children, "docs/reference.md calls a module internal that does not exist"


def test_the_modules_of_the_typing_tests_are_listed() -> None:
    """The modules that the typing tests use as public, and every package of the distribution, have a section."""
    assert {*PUBLIC, *PACKAGES} <= TABLES.keys()


def test_a_module_that_is_not_public_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets a section after those of the core, with the sentences that other sections have for its names."""
    module = importlib.import_module("privy_middleware.verifiers")
    monkeypatch.setattr(module, "PrivyVerifier", privy_middleware.PrivyVerifier, raising=False)
    monkeypatch.setattr(module, "__all__", ["PrivyVerifier"], raising=False)
    without = TEXT.replace("### `privy_middleware.verifiers`\n", "### gone\n")
    found = tables(updated(without))
    assert found["privy_middleware.verifiers"] == {"PrivyVerifier": TABLES["privy_middleware"]["PrivyVerifier"]}


def test_a_name_that_the_page_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new name gets the first sentence of its docstring; a removed one loses its row and its sentence."""
    monkeypatch.setattr("flask_privy.signals.__all__", ["Path", "request_refused"])
    monkeypatch.setattr("flask_privy.signals.Path", tables, raising=False)
    found = tables(updated(TEXT))["flask_privy.signals"]
    assert found == {
        "Path": "Return the names in the table of each module's section, with their sentences.",
        "request_refused": TABLES["flask_privy.signals"]["request_refused"],
    }


def test_documents_and_examples_use_public_names_only() -> None:
    """Everything that they import of our packages is a public module, or a name in its table."""
    public = {f"{module}.{name}" for module, names in TABLES.items() for name in names} | TABLES.keys()
    wrong = {
        f"{place}: {name}"
        for place, tree in sources()
        for name in used(tree)
        if name.partition(".")[0] in PACKAGES and name not in public
    }
    assert wrong == set()
