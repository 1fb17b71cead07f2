"""``@require_privy_user`` and ``@optional_privy_user``, for functions, coroutine functions and view classes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from flask import Flask

from flask_privy.guards import enter
from privy_middleware import Condition, ConfigurationError, condition
from privy_middleware.config import OnInvalid
from privy_middleware.plugin import (
    ConditionWords,
    GuardedViews,
    Predicate,
    Rule,
    optional,
    requirement,
    view_or_predicate,
)

__all__ = ["Decorator", "GUARDED", "is_optional", "optional_privy_user", "require_privy_user"]

P = ParamSpec("P")
R = TypeVar("R")

GUARDED: GuardedViews[Flask] = GuardedViews(lambda app: [*app.view_functions.values()])
"""The views that are decorated, for ``Privy`` to find those that are served without."""


class Decorator(Protocol):
    """Wrap a view and keep its signature."""

    def __call__(self, view: Callable[P, R], /) -> Callable[P, R]:
        """Return the wrapped view."""
        ...


@overload
def require_privy_user(
    predicate: Predicate, /, *predicates: Predicate, **words: Unpack[ConditionWords]
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@overload
def require_privy_user(**words: Unpack[ConditionWords]) -> Decorator: ...
@overload
def require_privy_user(view: Callable[P, R], /) -> Callable[P, R]: ...
def require_privy_user(*given: Callable[..., Any], **words: Any) -> Any:
    """Require a user for a view, who meets the condition if one is given.

    Write ``@require_privy_user``, ``@require_privy_user(wallet="ethereum")`` or ``@require_privy_user(predicate)``;
    in a view class ``decorators = [require_privy_user]``. Without the user the view is not run, and the answer is
    the refusal's own.
    """
    if len(given) == 1 and not words and not isinstance(given[0], Condition):
        # Flask calls views with the URL's values by name, and methods with their object, but never with one function.
        either = view_or_predicate(given[0], _guard, inspect.isroutine)
        GUARDED.add(given[0], either)
        return either
    return functools.partial(_guard, requirement(condition(*given, **words)))


@overload
def optional_privy_user(*, on_invalid: OnInvalid | None = None) -> Decorator: ...
@overload
def optional_privy_user(view: Callable[P, R], /) -> Callable[P, R]: ...
def optional_privy_user(view: Any = None, /, *, on_invalid: OnInvalid | None = None) -> Any:
    """Run a view with the user if there is one.

    A bad token is refused, or with ``on_invalid="anonymous"`` counts as none; without a word for this route the app's
    setting ``PRIVY_ON_INVALID`` holds.

    Raises:
        ConfigurationError: when ``on_invalid`` is anything else.
    """
    decorate = functools.partial(_guard, optional(on_invalid), is_optional=True)
    return decorate if view is None else decorate(view)


def is_optional(view: Callable[..., Any] | None) -> bool:
    """Return whether a view is decorated with ``@optional_privy_user``."""
    return getattr(view, "privy_optional", False) is True


def _guard(rule: Rule, view: Callable[P, R], *, is_optional: bool = False) -> Callable[P, R]:
    guarded = _wrap(rule, view, is_optional=is_optional)
    GUARDED.add(view, guarded)
    return guarded


def _wrap(rule: Rule, view: Callable[P, R], *, is_optional: bool) -> Callable[P, R]:
    if not callable(view):
        # Some extensions' route decorators return nothing.
        raise ConfigurationError("view", "decorate a function: write the route's decorator above this one")
    wrapped = _wrap_async(rule, view) if inspect.iscoroutinefunction(view) else _wrap_sync(rule, view)
    # Read by a guard over the whole app; set in either case, as a decorator below may have set it.
    vars(wrapped)["privy_optional"] = is_optional
    return cast("Callable[P, R]", wrapped)


def _wrap_sync(rule: Rule, view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        answer = enter(rule)
        return view(*args, **kwargs) if answer is None else answer

    return wrapped


def _wrap_async(rule: Rule, view: Callable[..., Any]) -> Callable[..., Any]:
    # Flask runs each async view in an event loop of its own, in the thread of its request: waiting for keys there the
    # blocking way keeps nobody else waiting, and needs no second thread and no client bound to a passing loop.
    @functools.wraps(view)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        answer = enter(rule)
        return await view(*args, **kwargs) if answer is None else answer

    return wrapped
