"""Hints for developers: the right name for a mistyped one, and warnings that are logged once."""

from __future__ import annotations

import difflib
import functools
import inspect
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from privy_middleware.errors import ConfigurationError

__all__ = [
    "check_keywords",
    "closest",
    "known_keywords",
    "known_options",
    "quoted_list",
    "share_defaults",
    "warn_once",
]

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
            check_keywords(kwargs, known, usage, hints)
            return function(*args, **kwargs)

        share_defaults(function, checked)
        return checked

    return decorate


def check_keywords(
    given: Iterable[str], known: Collection[str], usage: str, hints: Mapping[str, str] = _NO_HINTS
) -> None:
    """Check the names of keyword arguments; the arguments are those of ``known_keywords``.

    Raises:
        ConfigurationError: if a name is not known.
    """
    for name in given:
        if name not in known:
            near = closest(name, known, 0.75)
            raise ConfigurationError(
                name, hints.get(name) or (usage if near is None else f'is not known; did you mean "{near}"?')
            )


def share_defaults(function: Any, wrapper: Any) -> None:
    """Give a wrapper the defaults of its function, which ``functools.wraps`` leaves out."""
    wrapper.__kwdefaults__ = function.__kwdefaults__


def known_options(
    example: str, others: Iterable[str] = (), hints: Mapping[str, str] = _NO_HINTS
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Return ``known_keywords`` for a plugin or a middleware, which is given its settings as in ``example``."""
    return known_keywords(f"is not an option; give settings together, as in {example}", hints, others)
