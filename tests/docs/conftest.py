"""Fixtures for the code examples of the documentation."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest

from tests.support.patience import PATIENCE


@pytest.fixture(scope="session", autouse=True)
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the examples that need a database a new one."""
    path = tmp_path_factory.mktemp("database") / "examples.sqlite3"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", f"sqlite:///{path}?timeout={PATIENCE:.0f}")
        yield


@pytest.fixture(scope="session", autouse=True)
def snippets_module() -> Iterator[None]:
    """Make the module ``snippets`` importable, because frameworks import the module of the examples by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "snippets", types.ModuleType("snippets"))
        yield
