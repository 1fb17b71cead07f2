"""The ways to wait: blocking, with asyncio, with trio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias, TypeVar

import pytest
import trio

Way: TypeAlias = Literal["blocking", "asyncio", "trio"]
T = TypeVar("T")

every_way = pytest.mark.parametrize("way", ["blocking", "asyncio", "trio"])


def call(way: Way, blocking: Callable[[], T], waiting: Callable[[], Awaitable[T]]) -> T:
    """Call ``blocking``, or ``waiting`` on a new event loop."""
    if way == "blocking":
        return blocking()

    async def main() -> T:
        return await waiting()

    return asyncio.run(main()) if way == "asyncio" else trio.run(main)
