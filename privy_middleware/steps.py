"""The one difference between sync and async: how to wait for keys.

What is verified is written once, as a generator that yields whatever it has to wait for.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeAlias, TypeVar

__all__ = ["Steps", "Waitable", "arun", "run"]

_T = TypeVar("_T")


class Waitable(Protocol):
    """Something that can be waited for in both worlds; neither way raises what waiting found out."""

    def fetch(self) -> None:
        """Wait by blocking."""
        ...

    async def afetch(self) -> None:
        """Wait without blocking the event loop."""
        ...


Steps: TypeAlias = Generator[Waitable, None, _T]


def run(steps: Steps[_T]) -> _T:
    """Return what the steps return, blocking wherever they wait."""
    try:
        while True:
            next(steps).fetch()
    except StopIteration as end:
        result: _T = end.value
        return result


async def arun(steps: Steps[_T]) -> _T:
    """Return what the steps return, awaiting wherever they wait."""
    try:
        while True:
            await next(steps).afetch()
    except StopIteration as end:
        result: _T = end.value
        return result
