"""Fixtures for the command line: an empty working directory, and a way to run commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from privy_middleware import hints
from privy_middleware.cli import issuers
from privy_middleware.development import DevelopmentIssuer
from tests.cli import state_stand_in
from tests.cli.running import CommandLine


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run each test in an empty directory, without what earlier tests have warned of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hints, "_warned", set())
    monkeypatch.setattr(issuers, "DevelopmentIssuer", DevelopmentIssuer)
    state_stand_in.install()
    return tmp_path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Run commands in this process."""
    return CommandLine(capsys, monkeypatch)


@pytest.fixture
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run an issuer without a state file."""
    with DevelopmentIssuer() as running:
        yield running
