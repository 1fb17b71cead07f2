"""What the snippets of the documents need."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def snippets_module() -> Iterator[None]:
    """Let the module that snippets say they are in be found, where a framework looks for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "snippets", types.ModuleType("snippets"))
        yield
