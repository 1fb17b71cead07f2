"""The page of threats names tests that exist, and every advisory that is tested."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.pages import ROOT
from tests.docs.tables import rows, text
from tests.security.test_advisories import TOKENS

THREATS = [row for row in rows("security.md", "threat") if "::" in row[2]]
UNDEFENDED = [row for row in rows("security.md", "threat") if "::" not in row[2]]
ADVISORIES = list(rows("security.md", "kind of bug"))
TESTS = sorted({name for row in (*THREATS, *ADVISORIES) for name in row[-1].split(", ")})

_ID = re.compile(r"CVE-\d{4}-\d+|GHSA(?:-\w{4})+")


@pytest.mark.parametrize("name", TESTS)
def test_named_test_exists(name: str) -> None:
    """Each test is a function of its file, or of a class there."""
    path, *names = name.split("::")
    scope: ast.AST | None = ast.parse((ROOT / "tests" / path).read_text())
    for each in names:
        assert scope is not None
        scope = next((node for node in ast.iter_child_nodes(scope) if getattr(node, "name", None) == each), None)
    assert isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef), f"{name} does not exist"
    assert scope.name.startswith("test_")


def test_every_threat_has_a_test() -> None:
    """Each row has the threat, what is done about it and a test; what is not defended has the reason."""
    assert len(THREATS) >= 60
    for row in (*THREATS, *ADVISORIES):
        assert all(row)
        assert all("::test_" in name for name in row[-1].split(", ")), row[0]
    assert len(UNDEFENDED) >= 10
    assert all(len(row) == 3 and all(row) for row in UNDEFENDED)


def test_every_advisory_is_listed() -> None:
    """The page has each advisory whose tokens are tested, and names that test only for these."""
    listed = set(_ID.findall(text("security.md")))
    names = [set(_ID.findall(name)) for name in TOKENS]
    for ids in names:
        assert {each for each in ids if each.startswith("CVE")} <= listed
        assert not ids or ids & listed
    tested = set().union(*names)
    for row in ADVISORIES:
        if row[-1] == "security/test_advisories.py::test_token_is_refused":
            assert set(_ID.findall(row[1])) <= tested, row[0]


def test_advisories_of_other_tests() -> None:
    """A test that is named after an advisory is on the page with it."""
    source = ast.parse((ROOT / "tests" / "security" / "test_advisories.py").read_text())
    names = [node.name for node in ast.walk(source) if isinstance(node, ast.FunctionDef) and "_cve_" in node.name]
    assert len(names) >= 10
    for name in names:
        (row,) = (row for row in ADVISORIES if f"::{name}" in row[-1])
        for year, number in re.findall(r"cve_(\d{4})_(\d+)", name):
            assert f"CVE-{year}-{number}" in row[1]
