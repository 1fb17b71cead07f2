"""Hints for developers: the right name for a mistyped one, and warnings that are logged once."""

from __future__ import annotations

import difflib
import functools
import inspect
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from privy_middleware.errors import ConfigurationError

__all__ = ["closest", "give_by_name", "known_keywords", "quoted_list", "share_defaults", "warn_once"]

_logger = logging.getLogger("privy_middleware.settings")
_lock = threading.Lock()
_warned: set[str] = set()

_NO_HINTS: Mapping[str, str] = {}

_P = ParamSpec("_P")
_R = TypeVar("_R")


def warn_once(subject: str, message: str) -> None:
    """Log a warning about a setting, one line, once per process and subject; it must contain no value of a secret."""
    with _lock:
        if subject in _warned:
            return
        _warned.add(subject)
    _logger.warning("%s: %s", subject, message)


def closest(given: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the name that is most similar to ``given``, regardless of case, or ``None`` if none is similar."""
    found = difflib.get_close_matches(given.casefold(), list(names), 1, cutoff)
    return found[0] if found else None


def quoted_list(names: Iterable[str]) -> str:
    """Return names in quotation marks, separated by commas."""
    return ", ".join(f'"{name}"' for name in names)


def known_keywords(
    usage: str, hints: Mapping[str, str] = _NO_HINTS, others: Iterable[str] = ()
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Return a decorator that turns an unknown keyword argument into a ``ConfigurationError``.

    Python's own error for it, a ``TypeError``, does not say what to do.

    Args:
        usage: what to do about an unknown keyword without a hint.
        hints: what to do about certain keywords.
        others: the keywords that the function takes as ``**kwargs``.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        parameters = inspect.signature(function).parameters.values()
        named = {each.name for each in parameters if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)}
        known = sorted((named | set(others)) - {"self"})

        @functools.wraps(function)
        def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            for name in kwargs:
                if name not in known:
                    raise ConfigurationError(name, hints.get(name) or _with_suggestion(name, known, usage))
            return function(*args, **kwargs)

        share_defaults(function, checked)
        return checked

    return decorate


def share_defaults(function: Any, wrapper: Any) -> None:
    """Give a wrapper the defaults of its function, which ``functools.wraps`` leaves out."""
    wrapper.__kwdefaults__ = function.__kwdefaults__


def _with_suggestion(name: str, known: Iterable[str], usage: str) -> str:
    near = closest(name, known, 0.75)
    return usage if near is None else f'is not known; did you mean "{near}"?'


def give_by_name(example: str) -> str:
    """Return the hint for settings that were passed as keyword arguments of a plugin or a middleware."""
    return f"is not an option; pass settings together, as in {example}"
