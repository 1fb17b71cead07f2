"""Instructions of the processor, counted by Valgrind's tool callgrind in a process that runs the tasks.

Callgrind counts only inside of one C function of the interpreter, which the process calls for each task: the one of
``sys.call_tracing``, which calls a Python function and which nothing else uses. So imports and preparations are fast,
and are not counted.
"""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.tasks import Task

__all__ = ["measure", "run"]

_FUNCTION = "_PyEval_CallTracing"
_CALLS = 40
_TOTALS = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


def measure(only: str) -> dict[str, float]:
    """Return the instructions of one call of each task with ``only`` in its name, without those of the bare app."""
    with TemporaryDirectory(prefix="benchmark-callgrind-") as folder:
        command = [
            "valgrind",
            "--tool=callgrind",
            "--quiet",
            "--instr-atstart=no",
            f"--toggle-collect={_FUNCTION}",
            f"--dump-after={_FUNCTION}",
            f"--callgrind-out-file={folder}/out",
            *(sys.executable, "-m", "benchmarks.counts", "--child", only),
        ]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        names = [(line[0], line[1:]) for line in output.splitlines()]
        totals = [_total(Path(folder, f"out.{number}")) for number in range(1, len(names) + 1)]
    return _differences(names, totals)


def _total(dump: Path) -> float:
    found = _TOTALS.search(dump.read_text())
    assert found is not None
    return int(found[1]) / _CALLS


def _differences(names: Sequence[tuple[str, str]], totals: Sequence[float]) -> dict[str, float]:
    instructions: dict[str, float] = {}
    for (sign, name), total in zip(names, totals, strict=True):
        instructions[name] = instructions.get(name, 0.0) + (total if sign == "+" else -total)
    return instructions


def run(found: Sequence[Task]) -> None:
    """Run the tasks under callgrind, and print the sign and the name of each dump."""
    timers = [("+", task.name, task.timer) for task in found]
    timers += [("-", task.name, task.minus) for task in found if task.minus is not None]
    for _, _, timer in timers:
        timer(_CALLS)
    gc.collect()
    gc.disable()
    command = ["callgrind_control", "--instr=on", str(os.getpid())]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for sign, name, timer in timers:
        sys.call_tracing(timer, (_CALLS,))
        print(f"{sign}{name}")
