"""Fixtures for the command line: an empty working directory, and a way to run commands."""

from __future__ import annotations

import importlib
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from privy_middleware.development import DevelopmentIssuer
from privy_middleware.settings import hints
from tests.cli.running import CommandLine
from tests.support.interrupts import heed_interrupts


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run each test in an empty directory, without what earlier tests have warned of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hints, "_warned", set())
    # Commands add the working directory, and pytest-django sets the variable for all tests.
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    return tmp_path


@pytest.fixture(autouse=True, scope="session")
def heeded_interrupts() -> None:
    """Let the programs that tests start react to SIGINT, which a test run in the background of a shell ignores."""
    heed_interrupts()


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Run commands in this process."""
    return CommandLine(capsys, monkeypatch)


@pytest.fixture
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run an issuer without a state file."""
    with DevelopmentIssuer() as running:
        yield running


@pytest.fixture
def module(directory: Path) -> Iterator[Callable[..., str]]:
    """Write modules into the working directory, and forget them after the test; each call returns a module's name."""
    names: list[str] = []

    def write(*lines: str) -> str:
        names.append(f"written_{len(names)}_{uuid.uuid4().hex}")
        (directory / f"{names[-1]}.py").write_text("\n".join(lines) + "\n")
        importlib.invalidate_caches()
        return names[-1]

    yield write
    for name in names:
        sys.modules.pop(name, None)
