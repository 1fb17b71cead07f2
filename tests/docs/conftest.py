"""Fixtures for the code examples of the documentation."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def snippets_module() -> Iterator[None]:
    """Make the module ``snippets`` importable, because frameworks import the module of the examples by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "snippets", types.ModuleType("snippets"))
        yield
