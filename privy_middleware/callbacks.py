"""Checks on functions of the app: whether they have to be awaited.

A coroutine that is not awaited counts as true. As the result of a check it would refuse or accept every request.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Coroutine
from typing import Any, TypeVar

from privy_middleware.errors import ConfigurationError

__all__ = ["discard", "is_async", "require_sync", "returned"]

_T = TypeVar("_T")


def is_async(function: object) -> bool:
    """Return whether a callable is known to need ``await``: an async function, or an object whose ``__call__`` is one.

    ``functools.partial`` is looked through. A plain function that returns a coroutine cannot be recognised beforehand.
    """
    return any(inspect.iscoroutinefunction(each) for each in _forms(function))


def require_sync(function: object, field: str) -> None:
    """Check that ``function`` is not async; it may also be something that is not a function.

    Raises:
        ConfigurationError: if ``function`` is async.
    """
    if is_async(function) or any(inspect.isasyncgenfunction(each) for each in _forms(function)):
        raise ConfigurationError(field, "give a plain function: an async one is not awaited here")


def returned(answer: _T, field: str, fix: str = "return the answer itself: it is not awaited here") -> _T:
    """Return the result of a plain function, unless it has to be awaited.

    Raises:
        ConfigurationError: if it has to be awaited; it is then closed or cancelled. ``fix`` says what to do about it.
    """
    if answer is None or isinstance(answer, bool):
        return answer
    if inspect.isawaitable(answer) or inspect.isasyncgen(answer):
        discard(answer)
        raise ConfigurationError(field, fix)
    return answer


def _forms(function: object) -> tuple[object, object]:
    """Return the function inside any partials, and the ``__call__`` of its class."""
    while isinstance(function, functools.partial):
        function = function.func
    return function, getattr(type(function), "__call__", None)  # noqa: B004 (the class's own)


def discard(answer: Any) -> None:
    """Close a coroutine, or cancel another thing that will not be awaited, so that Python does not warn of it."""
    if isinstance(answer, Coroutine):
        answer.close()
    elif callable(getattr(answer, "cancel", None)):
        answer.cancel()
