"""Functions that an app gives us to call: which of them have to be awaited, and what if nobody awaits them.

A coroutine is neither true nor false: taken for an answer it would refuse everybody, or let everybody in.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Coroutine
from typing import Any, TypeVar

from privy_middleware.errors import ConfigurationError

__all__ = ["is_async", "require_sync", "returned"]

_T = TypeVar("_T")


def is_async(function: object) -> bool:
    """Return whether a callable is known to need ``await``: an async function, or an object whose ``__call__`` is one.

    It may stand behind ``functools.partial``. Of a plain function that hands on a coroutine nothing shows beforehand.
    """
    return any(inspect.iscoroutinefunction(each) for each in _forms(function))


def require_sync(function: object, field: str) -> None:
    """Require a plain function, or something that is no function at all.

    Raises:
        ConfigurationError: when ``function`` is async.
    """
    if is_async(function) or any(inspect.isasyncgenfunction(each) for each in _forms(function)):
        raise ConfigurationError(field, "give a plain function: an async one is not awaited here")


def returned(answer: _T, field: str, fix: str = "return the answer itself: it is not awaited here") -> _T:
    """Return what a plain function has returned.

    Raises:
        ConfigurationError: when that has to be awaited, saying how to ``fix`` it; it is closed or cancelled.
    """
    if answer is None or isinstance(answer, bool):
        return answer
    if inspect.isawaitable(answer) or inspect.isasyncgen(answer):
        _discard(answer)
        raise ConfigurationError(field, fix)
    return answer


def _forms(function: object) -> tuple[object, object]:
    """Return the function behind any partial, and what calling it as an object runs."""
    while isinstance(function, functools.partial):
        function = function.func
    return function, getattr(type(function), "__call__", None)  # noqa: B004 (the class's own)


def _discard(answer: Any) -> None:
    if isinstance(answer, Coroutine):
        answer.close()
    elif callable(getattr(answer, "cancel", None)):
        answer.cancel()
