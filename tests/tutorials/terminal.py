"""A terminal: a shell that keeps its directory and its variables from one command to the next."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.support.patience import PATIENCE

__all__ = ["Terminal"]

_DONE = "--- that was all ---"
_INSTALLING = 5 * PATIENCE
_numbers = itertools.count()


class Terminal:
    """A shell in a process group of its own, as a terminal has one."""

    def __init__(self, directory: Path, environ: Mapping[str, str], scratch: Path) -> None:
        """Start it in a directory; ``scratch`` is for files that the reader would not have."""
        self._scratch = scratch
        self._log = scratch / f"{next(_numbers)}.log"
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End everything that still runs in it."""
        self._signal(signal.SIGKILL)
        self._shell.communicate()

    def run(self, commands: str) -> tuple[int, str]:
        """Run commands, and return the exit code and the output; the first command that fails ends the shell."""
        self._type(f"set -e\n{commands}", f"</dev/null; set +e; echo '{_DONE}'")
        timer = threading.Timer(_INSTALLING, self._signal, [signal.SIGKILL])
        timer.start()
        assert self._shell.stdout is not None
        printed: list[str] = []
        try:
            for line in self._shell.stdout:
                before, found, _ = line.partition(_DONE)
                printed.append(before)
                if found:
                    return 0, "".join(printed)
        finally:
            timer.cancel()
        return self._shell.wait(), "".join(printed)

    def start(self, command: str) -> None:
        """Start a command that keeps running, in place of the shell."""
        self._type(f"exec {command}", f"</dev/null >{self._log} 2>&1")

    def interrupt(self) -> str:
        """Send SIGINT to the running command, and return what it has printed.

        A terminal would send it to every program that the command has started, too. Without one, the command has to.
        """
        os.kill(self._shell.pid, signal.SIGINT)
        self._shell.communicate(timeout=PATIENCE)
        return self.shown

    @property
    def has_ended(self) -> bool:
        """Return whether the shell has ended."""
        return self._shell.poll() is not None

    @property
    def shown(self) -> str:
        """Return what the running command has printed until now."""
        return self._log.read_text() if self._log.exists() else ""

    def _type(self, commands: str, rest: str) -> None:
        # The commands must not read what is typed after them, so they are in a file.
        script = self._scratch / f"{next(_numbers)}.sh"
        script.write_text(commands)
        assert self._shell.stdin is not None
        self._shell.stdin.write(f". {script} {rest}\n")
        self._shell.stdin.flush()

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._shell.pid, number)
        except ProcessLookupError:
            pass
