"""A tutorial starts programs in the foreground, which must react to Ctrl+C."""

from __future__ import annotations

import pytest

from tests.support.chromium import chrome
from tests.support.interrupts import heed_interrupts

__all__ = ["chrome", "heeded_interrupts"]


@pytest.fixture(autouse=True, scope="session")
def heeded_interrupts() -> None:
    """Let the programs that tests start react to SIGINT, which a test run in the background of a shell ignores."""
    heed_interrupts()
