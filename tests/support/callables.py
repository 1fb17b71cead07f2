"""Callables that have to be awaited, in the shapes that apps write."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Generator
from typing import Any

__all__ = ["ASYNC", "UNSEEN"]


async def coroutine_function(*_: object) -> bool:
    """Be what most people write."""
    return False


class Called:
    """Be an object with methods to await."""

    async def __call__(self, *_: object) -> bool:
        """Be awaited."""
        return False

    async def method(self, *_: object) -> bool:
        """Be awaited."""
        return False

    @classmethod
    async def of_the_class(cls, *_: object) -> bool:
        """Be awaited."""
        return False


class Promise:
    """Be something to await that is no coroutine."""

    def __await__(self) -> Generator[Any, None, bool]:
        """Give nothing."""
        yield from asyncio.sleep(0).__await__()
        return False


def in_a_plain_function(function: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Return a plain function that hands on what ``function`` returns, as careless decorators do."""

    @functools.wraps(function)
    def plain(*args: object) -> Any:
        return function(*args)

    return plain


ASYNC: dict[str, Callable[..., Any]] = {
    "function": coroutine_function,
    "object": Called(),
    "method": Called().method,
    "class method": Called.of_the_class,
    "partial": functools.partial(coroutine_function, 1),
    "partial of a partial": functools.partial(functools.partial(coroutine_function, 1), 2),
    "partial of an object": functools.partial(Called(), 1),
    "partial of a method": functools.partial(Called().method, 1),
}
"""Those of which it shows before they are called."""

UNSEEN: dict[str, Callable[..., Any]] = {
    "lambda": lambda *_: coroutine_function(),
    "wrapper": in_a_plain_function(coroutine_function),
    "partial of a lambda": functools.partial(lambda *_: coroutine_function(), 1),
    "promise": lambda *_: Promise(),
}
"""Those of which it shows only by what they return."""
