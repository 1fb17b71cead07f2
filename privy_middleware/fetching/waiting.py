"""The one difference between sync and async: how to wait for keys.

What is verified is written once, as a generator that yields whatever it has to wait for.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeAlias, TypeVar

from privy_middleware.errors import KeysUnavailable

__all__ = ["Steps", "Waitable", "arun", "run", "run_now"]

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


def run_now(steps: Steps[_T]) -> _T:
    """Return what the steps return once they are told, wherever they would wait, that there are no keys."""
    try:
        next(steps)
        while True:
            steps.throw(KeysUnavailable("They have to be fetched, which cannot be waited for here.", retry_after=1))
    except StopIteration as end:
        result: _T = end.value
        return result
