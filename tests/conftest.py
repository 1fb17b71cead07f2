"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("fuzz", deadline=None, max_examples=20_000)
settings.load_profile("default")


@pytest.fixture(params=["asyncio", "trio"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each ``anyio`` test under asyncio and under trio."""
    return str(request.param)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud whether the published vectors were there to run."""
    folder = os.environ.get("PRIVY_VECTORS")
    if folder and Path(folder).is_dir():
        terminalreporter.write_line(f"vectors: present in {folder}")
    else:
        terminalreporter.write_line("vectors: ABSENT, none ran (PRIVY_VECTORS names no folder)")
