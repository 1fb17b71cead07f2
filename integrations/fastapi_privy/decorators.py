"""Decorators for Starlette's endpoints: functions, methods of ``HTTPEndpoint`` and WebSocket endpoints."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, Unpack, cast, overload

from starlette.requests import HTTPConnection

from fastapi_privy.connection import answer_preflight, privy_auth
from fastapi_privy.parameters import acheck, check
from fastapi_privy.routes import endpoints_of
from privy_middleware import ConfigurationError, condition
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
)

__all__ = ["GUARDED", "optional_privy_user", "require_privy_user"]

P = ParamSpec("P")
R = TypeVar("R")

GUARDED = GuardedViews(endpoints_of)
"""The decorated endpoints. ``Privy`` uses it to find endpoints that are served without their decorator."""


@overload
def require_privy_user(
    *predicates: Predicate, **words: Unpack[ConditionWords]
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@overload
def require_privy_user(endpoint: Callable[P, R], /) -> Callable[P, R]: ...
def require_privy_user(*given: Callable[..., Any], **words: Any) -> Any:
    """Require a user who meets the conditions, on an endpoint with a parameter ``request`` or ``websocket``.

    Write ``@require_privy_user``, or with conditions ``@require_privy_user(wallet="ethereum")``. The condition keywords
    are those of ``privy_middleware.condition``.

    Raises:
        ConfigurationError: if the decorated function has no such parameter.
    """
    if len(given) == 1 and not words and callable(given[0]) and _is_endpoint(given[0]):
        return _guarded(requirement(), given[0])
    return functools.partial(_guarded, requirement(condition(*given, **words)))


@overload
def optional_privy_user(*, on_invalid: OnInvalid | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@overload
def optional_privy_user(endpoint: Callable[P, R], /) -> Callable[P, R]: ...
@takes_no_condition
def optional_privy_user(endpoint: Callable[..., Any] | None = None, /, *, on_invalid: OnInvalid | None = None) -> Any:
    """Run an endpoint with or without a user.

    An invalid token is rejected. With ``on_invalid="anonymous"`` it counts as no token. The default is the setting
    ``on_invalid``.

    Raises:
        ConfigurationError: if ``on_invalid`` has another value, or the decorated function has no parameter ``request``
            or ``websocket``.
    """
    decorate = functools.partial(_guarded, optional(on_invalid))
    return decorate if endpoint is None else decorate(endpoint)


def _is_endpoint(function: Callable[..., Any]) -> bool:
    return not {"request", "websocket"}.isdisjoint(inspect.signature(function).parameters)


def _guarded(rule: Rule, endpoint: Callable[P, R]) -> Callable[P, R]:
    check_view(endpoint)
    if not _is_endpoint(endpoint):
        raise ConfigurationError("endpoint", "decorate a function with a parameter named request or websocket")

    @functools.wraps(endpoint)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        connection = _connection(args, kwargs)
        answer_preflight(connection)
        check(connection, rule, privy_auth(connection))
        return endpoint(*args, **kwargs)

    @functools.wraps(endpoint)
    async def aguarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        connection = _connection(args, kwargs)
        answer_preflight(connection)
        await acheck(connection, rule, privy_auth(connection))
        return await cast(Any, endpoint)(*args, **kwargs)

    chosen = cast(Callable[P, R], aguarded) if inspect.iscoroutinefunction(endpoint) else guarded
    GUARDED.add(endpoint, chosen)
    return show_rule(chosen, rule)


def _connection(args: tuple[object, ...], kwargs: Mapping[str, object]) -> HTTPConnection:
    for value in args:
        if isinstance(value, HTTPConnection):
            return value
    return next(value for value in kwargs.values() if isinstance(value, HTTPConnection))
