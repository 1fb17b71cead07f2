"""Run a command, such as a server, until it ends: signals are forwarded to it, and its exit code is ours."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import click

__all__ = ["run_command"]

# There is no SIGHUP on Windows.
_FORWARDED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def run_command(command: Sequence[str], environ: Mapping[str, str], *, after_ctrl_c: int | None = None) -> int:
    """Run a command and return its exit code, 128 and the number of the signal if a signal has ended it.

    ``after_ctrl_c`` is returned instead of 0 if there was a SIGINT.

    Raises:
        UsageError: if the command cannot be started.
    """
    with _Forwarding() as forwarding:
        forwarding.process = process = _start(command, environ)
        code = process.wait()
    if code == 0 and after_ctrl_c is not None and forwarding.interrupted:
        return after_ctrl_c
    if code >= 0:
        return code
    click.echo(f"privy-middleware: {command[0]} was ended by {_name(-code)}", err=True)
    return 128 - code


def _name(number: int) -> str:
    """Return the name of a signal; most of the real-time signals have none."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def _start(command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, env=environ)  # noqa: S603 (the user's own command)
    except FileNotFoundError:
        fix = "activate the virtual environment that has it, or give its whole path"
        raise click.UsageError(f"{command[0]}: there is no such command; {fix}") from None
    except OSError as error:
        raise click.UsageError(f"{command[0]} cannot be started: {error.strerror}") from None


class _Forwarding:
    """Forward signals to a process while it runs, instead of ending this program."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.interrupted = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Forwarding:
        self._before = {each: signal.signal(each, self._forward) for each in _FORWARDED}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _forward(self, number: int, _: FrameType | None) -> None:
        self.interrupted |= number == signal.SIGINT
        if self.process is not None and not (number == signal.SIGINT and _has_terminal()):
            self.process.send_signal(number)


def _has_terminal() -> bool:
    """Return whether this is the program in the foreground of a terminal, which sends Ctrl+C to the command as well.

    A second SIGINT would make servers stop without waiting for requests.
    """
    for descriptor in range(3):
        if os.isatty(descriptor) and hasattr(os, "tcgetpgrp"):
            # It is an error if the terminal does not control this program, and so sends it no signals.
            with suppress(OSError):
                return os.tcgetpgrp(descriptor) == os.getpgrp()
    return False
