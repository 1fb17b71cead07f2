"""Count what a request and a verification execute: figures that do not depend on the speed of the machine.

``python -m benchmarks.counts`` counts Python functions called, C functions called from Python, and bytecode
instructions executed. The figures of a request are those of our app minus those of the bare app. ``--callgrind`` also
counts the instructions of the processor, with Valgrind. ``--calls`` lists the functions of each task.

Valgrind's processor lacks newer instructions, so signatures and hashes take several times as many instructions there as
in reality. This part is the same for every token of a length, so differences between two runs are real.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks import callgrind, tasks
from benchmarks.pairing import Timer

__all__ = ["Count", "count", "main"]

_CALLS = 10
_HEAD = ("functions", "C calls", "bytecodes", "instructions")
# An interpreter that hashes text differently in each process takes different paths through dicts and sets.
_SEED = "PYTHONHASHSEED"


@dataclass(frozen=True)
class Count:
    """What a call of a task executes on average.

    Attributes:
        functions: how often each Python function is called or resumed.
        c_calls: how often each C function is called from Python.
        bytecodes: how many instructions of each Python function are executed.
    """

    functions: Counter[str]
    c_calls: Counter[str]
    bytecodes: Counter[str]

    def minus(self, other: Count) -> Count:
        """Return what remains without another task."""
        pairs = zip(self._counters, other._counters, strict=True)
        return Count(*(_difference(ours, theirs) for ours, theirs in pairs))

    @property
    def totals(self) -> list[float]:
        """Return the three sums."""
        return [each.total() for each in self._counters]

    @property
    def _counters(self) -> tuple[Counter[str], Counter[str], Counter[str]]:
        return self.functions, self.c_calls, self.bytecodes


def _difference(ours: Counter[str], theirs: Counter[str]) -> Counter[str]:
    return Counter({name: ours[name] - theirs[name] for name in {*ours, *theirs} if ours[name] != theirs[name]})


def count(timer: Timer) -> Count:
    """Count what a call executes."""
    timer(_CALLS)
    gc.collect()
    gc.disable()
    try:
        functions, c_calls = _profiled(timer)
        return Count(_average(functions), _average(c_calls), _average(_traced(timer)))
    finally:
        gc.enable()


def _profiled(timer: Timer) -> tuple[Counter[str], Counter[str]]:
    functions: Counter[str] = Counter()
    c_calls: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            functions[_name(frame)] += 1
        elif event == "c_call":
            c_calls[str(arg.__qualname__)] += 1

    sys.setprofile(profile)
    try:
        timer(_CALLS)
    finally:
        sys.setprofile(None)
    return functions, c_calls


def _traced(timer: Timer) -> Counter[str]:
    bytecodes: Counter[str] = Counter()

    def trace(frame: FrameType, event: str, _arg: Any) -> Callable[..., Any]:
        if event == "opcode":
            bytecodes[_name(frame)] += 1
        else:
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return trace

    sys.settrace(trace)
    try:
        timer(2)
        bytecodes.clear()
        timer(_CALLS)
    finally:
        sys.settrace(None)
    return bytecodes


def _name(frame: FrameType) -> str:
    return f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])} {frame.f_code.co_qualname}"


def _average(counter: Counter[str]) -> Counter[str]:
    totals: dict[str, Any] = {name: number / _CALLS for name, number in counter.items()}
    return Counter(totals)


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, and print the results."""
    options = _options(arguments)
    logging.disable(logging.CRITICAL)
    if os.environ.get(_SEED) != "0":
        command = [sys.executable, "-m", "benchmarks.counts", *(sys.argv[1:] if arguments is None else arguments)]
        os.execve(sys.executable, command, {**os.environ, _SEED: "0"})
    found = [task for task in tasks.all_tasks(asyncio.new_event_loop()) if options.only in task.name]
    if options.child:
        callgrind.run(found)
        return 0
    instructions = callgrind.measure(options.only) if options.callgrind else {}
    print("\n".join(_lines(found, instructions, calls=options.calls)))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counts", description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="a part of the names of the tasks, such as FastAPI")
    parser.add_argument("--calls", action="store_true", help="list the functions of each task")
    parser.add_argument("--callgrind", action="store_true", help="also count instructions of the processor")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _lines(found: Sequence[tasks.Task], instructions: dict[str, float], *, calls: bool) -> Iterator[str]:
    yield _line("", _HEAD[: 4 if instructions else 3])
    for task in found:
        counted = count(task.timer)
        if task.minus is not None:
            counted = counted.minus(count(task.minus))
        figures = [*counted.totals, *([instructions[task.name]] if instructions else [])]
        yield _line(task.name, [f"{figure:,.1f}" for figure in figures])
        if calls:
            yield from _listed(counted)


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:66}" + "".join(f"{cell:>13}" for cell in cells)


def _listed(counted: Count) -> Iterator[str]:
    for name, _ in counted.bytecodes.most_common():
        yield _line(f"    {name}", [f"{counted.functions[name]:,.1f}", "", f"{counted.bytecodes[name]:,.1f}"])
    for name, number in counted.c_calls.most_common():
        yield _line(f"    {name}", ["", f"{number:,.1f}"])


if __name__ == "__main__":
    sys.exit(main())
