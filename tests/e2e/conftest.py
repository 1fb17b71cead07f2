"""Fixtures for the tests with real servers."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run servers without coverage, which slows them down and handles their signals; other tests cover these lines."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
