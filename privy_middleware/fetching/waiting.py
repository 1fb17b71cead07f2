"""Waiting, the only difference between sync and async code.

Code that may have to wait is written once, as a generator that yields what it has to wait for.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeAlias, TypeVar

from privy_middleware.errors import KeysUnavailable

__all__ = ["Steps", "Waitable", "arun", "run", "run_now"]

_T = TypeVar("_T")


class Waitable(Protocol):
    """Something to wait for, blocking or not; what it waits for may fail, and neither way raises that."""

    def fetch(self) -> None:
        """Wait by blocking."""
        ...

    async def afetch(self) -> None:
        """Wait without blocking the event loop."""
        ...


Steps: TypeAlias = Generator[Waitable, None, _T]


def run(steps: Steps[_T]) -> _T:
    """Return the result of the steps, blocking whenever they wait."""
    try:
        while True:
            next(steps).fetch()
    except StopIteration as end:
        result: _T = end.value
        return result


async def arun(steps: Steps[_T]) -> _T:
    """Return the result of the steps, without blocking the event loop."""
    try:
        while True:
            await next(steps).afetch()
    except StopIteration as end:
        result: _T = end.value
        return result


def run_now(steps: Steps[_T]) -> _T:
    """Return the result of the steps without waiting: if they would wait, ``KeysUnavailable`` is raised in them."""
    try:
        next(steps)
        while True:
            steps.throw(KeysUnavailable("They have to be fetched, and this call cannot wait.", retry_after=1))
    except StopIteration as end:
        result: _T = end.value
        return result
