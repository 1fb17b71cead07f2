"""``@require_privy_user`` and ``@optional_privy_user``, for functions, coroutine functions and view classes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest

from django_privy.refusals import arun, run
from privy_middleware import Condition, condition
from privy_middleware.config import OnInvalid
from privy_middleware.plugin import (
    ConditionWords,
    Predicate,
    Rule,
    check_view,
    optional,
    requirement,
    show_rule,
    takes_no_condition,
    unguarded,
    view_or_predicate,
)

__all__ = ["Decorator", "optional_privy_user", "require_privy_user"]

P = ParamSpec("P")
R = TypeVar("R")


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

    Write ``@require_privy_user``, ``@require_privy_user(wallet="ethereum")`` or ``@require_privy_user(predicate)``. For
    a view class, use ``@method_decorator(require_privy_user, name="dispatch")`` or ``PrivyUserRequiredMixin``. Without
    such a user the view does not run, and the error response is returned.
    """
    if len(given) == 1 and not words and not isinstance(given[0], Condition):
        # Django calls a view with a request, never with a function as the only argument.
        return view_or_predicate(given[0], _wrap, callable)
    return functools.partial(_wrap, requirement(condition(*given, **words)))


@overload
def optional_privy_user(*, on_invalid: OnInvalid | None = None) -> Decorator: ...
@overload
def optional_privy_user(view: Callable[P, R], /) -> Callable[P, R]: ...
@takes_no_condition
def optional_privy_user(view: Any = None, /, *, on_invalid: OnInvalid | None = None) -> Any:
    """Run a view with or without a user.

    An invalid token is rejected. With ``on_invalid="anonymous"`` it counts as no token. The default is the setting
    ``PRIVY["ON_INVALID"]``.

    Raises:
        ConfigurationError: if ``on_invalid`` has another value.
    """
    decorate = functools.partial(_wrap, optional(on_invalid))
    return decorate if view is None else decorate(view)


def _wrap(rule: Rule, view: Callable[P, R]) -> Callable[P, R]:
    check_view(view)
    # django-ninja sets this attribute on views that it serves. It would serve this one without the guard.
    if "_ninja_operation" in getattr(view, "__dict__", ()):
        raise unguarded(view)
    wrapped = _wrap_async(rule, view) if iscoroutinefunction(view) else _wrap_sync(rule, view)
    return cast("Callable[P, R]", show_rule(wrapped, rule))


def _wrap_sync(rule: Rule, view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return run(_request_of(args), rule, functools.partial(view, *args, **kwargs))

    return wrapped


def _wrap_async(rule: Rule, view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        return await arun(_request_of(args), rule, functools.partial(view, *args, **kwargs))

    return wrapped


def _request_of(args: tuple[Any, ...]) -> HttpRequest:
    for each in args:
        # REST framework's request wraps Django's.
        request = getattr(each, "_request", each)
        if isinstance(request, HttpRequest):
            return request
    raise TypeError("the decorated function was called without a request; decorate only views and their methods")
