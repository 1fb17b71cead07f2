"""Run a command in this process, as the entry point does."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from privy_middleware.cli.application import run

__all__ = ["CommandLine", "Result"]


@dataclass(frozen=True)
class Result:
    """The exit code of a command, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the JSON that was printed."""
        return json.loads(self.out)


class Terminal(io.StringIO):
    """A stdin that says that it is a terminal."""

    def isatty(self) -> bool:
        """Return ``True``."""
        return True


class CommandLine:
    """Run commands and collect their output."""

    def __init__(self, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        """Use the test's own capturing and patching."""
        self._capsys = capsys
        self._patch = patch

    def __call__(self, *arguments: str, stdin: str | io.StringIO = "") -> Result:
        """Run a command with its arguments and the text of stdin."""
        self._patch.setattr(sys, "stdin", io.StringIO(stdin) if isinstance(stdin, str) else stdin)
        self._capsys.readouterr()
        code = run(arguments)
        out, err = self._capsys.readouterr()
        return Result(code, out, err)
