"""The servers run as they would anywhere."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no server under coverage, which slows it down and handles its signals; other tests reach every line."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
