"""Async callables, in the forms that apps use."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Generator
from typing import Any

__all__ = ["ASYNC", "UNSEEN"]


async def coroutine_function(*_: object) -> bool:
    """A coroutine function."""
    return False


class Called:
    """An object with async methods."""

    async def __call__(self, *_: object) -> bool:
        """A coroutine method."""
        return False

    async def method(self, *_: object) -> bool:
        """A coroutine method."""
        return False

    @classmethod
    async def of_the_class(cls, *_: object) -> bool:
        """A coroutine method."""
        return False


class Promise:
    """An awaitable that is not a coroutine."""

    def __await__(self) -> Generator[Any, None, bool]:
        """Yield nothing."""
        yield from asyncio.sleep(0).__await__()
        return False


def in_a_plain_function(function: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Return a plain function that returns the result of ``function``, as some decorators do."""

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
"""The callables that can be recognised as async before they are called."""

UNSEEN: dict[str, Callable[..., Any]] = {
    "lambda": lambda *_: coroutine_function(),
    "wrapper": in_a_plain_function(coroutine_function),
    "partial of a lambda": functools.partial(lambda *_: coroutine_function(), 1),
    "promise": lambda *_: Promise(),
}
"""The callables that can be recognised as async only by their result."""
