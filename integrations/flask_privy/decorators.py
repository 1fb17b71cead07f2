"""``@require_privy_user`` and ``@optional_privy_user``, for functions, coroutine functions and view classes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from flask import Flask

from flask_privy.guards import enter
from privy_middleware import Condition, condition
from privy_middleware.config import OnInvalid
from privy_middleware.plugin import (
    ConditionWords,
    GuardedViews,
    Predicate,
    Rule,
    check_view,
    optional,
    requirement,
    show_rule,
    takes_no_condition,
    view_or_predicate,
)

__all__ = ["Decorator", "GUARDED", "is_optional", "optional_privy_user", "require_privy_user"]

P = ParamSpec("P")
R = TypeVar("R")

GUARDED: GuardedViews[Flask] = GuardedViews(lambda app: [*app.view_functions.values()])
"""The decorated views. ``Privy`` uses it to find views that are served without their decorator."""


class Decorator(Protocol):
    """A decorator that keeps the signature of the view."""

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
    """Require a user for a view; with conditions, the user must meet them.

    Write ``@require_privy_user``, ``@require_privy_user(wallet="ethereum")`` or ``@require_privy_user(predicate)``.
    In a view class, set ``decorators = [require_privy_user]``. Without such a user the view does not run, and the
    error response is returned.
    """
    if len(given) == 1 and not words and not isinstance(given[0], Condition):
        # Flask passes URL values as keyword arguments, so it never calls a view with one function as its argument.
        either = view_or_predicate(given[0], _guard, inspect.isroutine)
        GUARDED.add(given[0], either)
        return either
    return functools.partial(_guard, requirement(condition(*given, **words)))


@overload
def optional_privy_user(*, on_invalid: OnInvalid | None = None) -> Decorator: ...
@overload
def optional_privy_user(view: Callable[P, R], /) -> Callable[P, R]: ...
@takes_no_condition
def optional_privy_user(view: Any = None, /, *, on_invalid: OnInvalid | None = None) -> Any:
    """Run a view with or without a user.

    An invalid token is rejected. With ``on_invalid="anonymous"`` it counts as no token. The default is the app's
    setting ``PRIVY_ON_INVALID``.

    Raises:
        ConfigurationError: if ``on_invalid`` has another value.
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
    check_view(view)
    wrapped = _wrap_async(rule, view) if inspect.iscoroutinefunction(view) else _wrap_sync(rule, view)
    # Read with ``on_missing="reject"``. It is always set, because ``functools.wraps`` copies the value of the view.
    vars(wrapped)["privy_optional"] = is_optional
    show_rule(wrapped, rule)
    return cast("Callable[P, R]", wrapped)


def _wrap_sync(rule: Rule, view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        answer = enter(rule)
        return view(*args, **kwargs) if answer is None else answer

    return wrapped


def _wrap_async(rule: Rule, view: Callable[..., Any]) -> Callable[..., Any]:
    # Flask runs each async view in its own event loop, in the thread of its request. So a blocking wait for keys delays
    # no other request, and needs neither a second thread nor a client that belongs to a short-lived event loop.
    @functools.wraps(view)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        answer = enter(rule)
        return await view(*args, **kwargs) if answer is None else answer

    return wrapped
