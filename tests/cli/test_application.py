"""The program itself: its name, its errors and its exit codes."""

from __future__ import annotations

import importlib
import importlib.metadata
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import NoReturn

import click
import pytest

import privy_middleware
from privy_middleware import ConfigurationError, KeysUnavailable
from privy_middleware.cli import application, main
from privy_middleware.cli.output import echo_text, in_words
from tests.cli.running import CommandLine


def test_the_entry_point_is_the_program() -> None:
    """``privy-middleware`` is the function that ``python -m privy_middleware`` calls."""
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="privy-middleware")
    assert script.load() is main
    assert importlib.import_module("privy_middleware.__main__").main is main


def test_python_m_runs_it() -> None:
    """``python -m privy_middleware --version`` shows the version."""
    run = subprocess.run(
        [sys.executable, "-m", "privy_middleware", "--version"], capture_output=True, text=True, check=True
    )
    assert privy_middleware.__version__ in run.stdout


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_it_says_which_to_install(missing: str, tmp_path: Path) -> None:
    """Without one of its libraries there is one line that names the extra, and exit code 2."""
    blocker = (
        "import sys\n"
        "import importlib.util\n"
        "found = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *args: None if name == {missing!r} else found(name, *args)\n"
        "import runpy; sys.argv = ['privy-middleware']\n"
        "runpy.run_module('privy_middleware', run_name='__main__')\n"
    )
    run = subprocess.run([sys.executable, "-c", blocker], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.splitlines() == [
        'privy-middleware: the command line needs an extra: pip install "privy-middleware[cli]"'
    ]


@pytest.mark.parametrize(
    ("raised", "code", "shown"),
    [
        (KeyboardInterrupt(), 130, ""),
        (ConfigurationError("port", "is in use"), 2, "Error: port: is in use"),
        (KeysUnavailable("No keys."), 1, "Error: No keys."),
        (BrokenPipeError(), 1, ""),
        (click.ClickException("It failed."), 1, "Error: It failed."),
        (KeysUnavailable("\x1b[2Jred\nline"), 1, "Error: \\x1b[2Jred\nline"),
    ],
)
def test_errors_have_exit_codes_and_no_traceback(
    raised: BaseException, code: int, shown: str, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that a command raises is one line, and Ctrl+C is none."""

    def fail() -> NoReturn:
        raise raised

    monkeypatch.setitem(application.application.commands, "fail", click.Command("fail", callback=fail))
    result = cli("fail")
    assert (result.code, result.out, result.err.strip()) == (code, "", shown)


def test_help_and_wrong_usage(cli: CommandLine) -> None:
    """Help is exit code 0; an unknown command is 2."""
    assert cli("--help").code == 0
    assert cli("tokn").code == 2


def test_an_output_without_an_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that calls the command line may collect its output in memory."""
    output = StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    assert application.run(["--version"]) == 0
    assert privy_middleware.__version__ in output.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "now"), (-1, "1 second ago"), (-200, "3 minutes ago"), (7300, "in 2 hours"), (86400 * 800, "in 2 years")],
)
def test_times_in_words(seconds: float, words: str) -> None:
    """A time span is shown in its largest unit."""
    assert in_words(seconds) == words


def test_text_cannot_control_the_terminal() -> None:
    """Control characters are shown as escapes."""
    assert echo_text("a\x1b[31mb\u202ec Å") == "a\\x1b[31mb\\u202ec Å"
