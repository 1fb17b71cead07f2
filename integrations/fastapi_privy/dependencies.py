"""The dependencies for FastAPI's routes, for HTTP and for WebSockets."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, NoReturn, TypeAlias, Unpack, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from fastapi_privy.parameters import acheck
from fastapi_privy.security import ACCESS, ANY, OPTIONAL
from privy_middleware import AccessTokenClaims, ConfigurationError, PrivyAuth, PrivyUser, condition
from privy_middleware.asgi import ask
from privy_middleware.config import OnInvalid, check_on_invalid
from privy_middleware.plugin import (
    ConditionWords,
    Predicate,
    requirement,
    requires_access_token,
    show_rule,
    takes_no_condition,
)
from privy_middleware.plugin import optional as optional_rule

__all__ = [
    "AccessClaims",
    "CurrentUser",
    "OptionalUser",
    "current_access",
    "current_user",
    "optional",
    "optional_user",
    "require",
]

# FastAPI always gives the connection; apps may call the functions in their own tests without one.
_NO_CONNECTION: Any = None


def _scope_of(connection: HTTPConnection | None) -> Mapping[str, Any]:
    return {} if connection is None else connection.scope


async def current_user(
    auth: Annotated[PrivyAuth, Depends(ANY)], connection: HTTPConnection = _NO_CONNECTION
) -> PrivyUser:
    """Return the user, who is required.

    Raises:
        PrivyError: if the request is rejected.
    """
    return ask(_scope_of(connection), auth.require)


async def optional_user(
    auth: Annotated[PrivyAuth, Depends(OPTIONAL)], connection: HTTPConnection = _NO_CONNECTION
) -> PrivyUser | None:
    """Return the user, or ``None``; the setting ``on_invalid`` decides about invalid tokens.

    Raises:
        PrivyError: if the request is rejected.
    """
    return ask(_scope_of(connection), auth.optional)


async def current_access(
    auth: Annotated[PrivyAuth, Depends(ACCESS)], connection: HTTPConnection = _NO_CONNECTION
) -> AccessTokenClaims:
    """Return the claims of the access token, which is required.

    Raises:
        PrivyError: if the request is rejected.
    """
    return ask(_scope_of(connection), auth.require_access)


show_rule(current_user, requirement())
show_rule(optional_user, optional_rule())
show_rule(current_access, requires_access_token())

CurrentUser: TypeAlias = Annotated[PrivyUser, Depends(current_user)]
OptionalUser: TypeAlias = Annotated[PrivyUser | None, Depends(optional_user)]
AccessClaims: TypeAlias = Annotated[AccessTokenClaims, Depends(current_access)]


class _ToBeCalled:
    """A dependency of functions that return dependencies; it raises an error if they are used without a call.

    In ``Depends(require)`` the client could choose the arguments, and the user would be the function that ``require``
    returns. FastAPI reads the signatures of all dependencies when a route is created, which raises the error.
    """

    def __init__(self, name: str, *examples: str) -> None:
        self._name = name
        self._fix = f"call it in the dependency: {', '.join(examples)}"

    @property
    def __signature__(self) -> NoReturn:
        raise ConfigurationError(self._name, self._fix)

    def __call__(self) -> NoReturn:
        """Raise the error; FastAPI accepts only callables as dependencies."""
        raise ConfigurationError(self._name, self._fix)


_CALL_REQUIRE = _ToBeCalled("require", "Depends(require())", 'Depends(require(wallet="ethereum"))')
_CALL_OPTIONAL = _ToBeCalled("optional", 'Depends(optional(on_invalid="anonymous"))')


def require(
    *predicates: Annotated[Predicate, Depends(_CALL_REQUIRE)], **words: Unpack[ConditionWords]
) -> Callable[[HTTPConnection, PrivyUser], Awaitable[PrivyUser]]:
    """Return a dependency that requires a user who meets the conditions: ``Depends(require(wallet="ethereum"))``.

    The condition keywords are those of ``privy_middleware.condition``. The user comes from the dependency
    ``current_user``, so overrides of it in ``app.dependency_overrides`` apply.
    """
    rule = requirement(condition(*predicates, **words))

    async def required_user(connection: HTTPConnection, user: CurrentUser) -> PrivyUser:
        return cast(PrivyUser, await acheck(connection, rule, PrivyAuth(user)))

    return show_rule(required_user, rule)


@takes_no_condition
def optional(
    *, on_invalid: Annotated[OnInvalid, Depends(_CALL_OPTIONAL)]
) -> Callable[[PrivyAuth], Awaitable[PrivyUser | None]]:
    """Return a dependency like ``optional_user``, with another ``on_invalid``; equal arguments return the same object.

    Raises:
        ConfigurationError: if ``on_invalid`` has another value than ``"reject"`` and ``"anonymous"``.
    """
    check_on_invalid(on_invalid)
    return _optional(on_invalid)


@functools.cache
def _optional(on_invalid: OnInvalid) -> Callable[[PrivyAuth], Awaitable[PrivyUser | None]]:
    async def optional_user(
        auth: Annotated[PrivyAuth, Depends(OPTIONAL)], connection: HTTPConnection = _NO_CONNECTION
    ) -> PrivyUser | None:
        return ask(_scope_of(connection), functools.partial(auth.optional, on_invalid))

    return show_rule(optional_user, optional_rule(on_invalid))
