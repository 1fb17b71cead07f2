"""The dependencies for FastAPI's routes, for HTTP and for WebSockets."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Annotated, Generic, NoReturn, TypeAlias, TypeVar, Unpack, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from fastapi_privy.connection import answer_preflight, privy_auth
from fastapi_privy.parameters import acheck
from fastapi_privy.security import PrivyScheme
from privy_middleware import AccessTokenClaims, ConfigurationError, PrivyAuth, PrivyUser, condition
from privy_middleware.asgi import ask
from privy_middleware.config import OnInvalid, check_on_invalid
from privy_middleware.plugin import (
    ConditionWords,
    Predicate,
    Rule,
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
    "PrivyDependency",
    "current_access",
    "current_user",
    "optional",
    "optional_user",
    "require",
]

_T = TypeVar("_T")


class PrivyDependency(PrivyScheme, Generic[_T]):
    """A dependency that asks for the user of a request; it is its own security scheme.

    A scheme that it depends on would be a second dependency, for which FastAPI takes as long as for everything else
    that a request with a known token needs.
    """

    def __init__(
        self, scheme_name: str, rule: Rule, question: Callable[[PrivyAuth], _T], *kinds: str, optional: bool = False
    ) -> None:
        """Set the rule that tools show, and the method of ``PrivyAuth`` whose result is the value."""
        super().__init__(scheme_name, *kinds, optional=optional)
        self._question = question
        show_rule(self, rule)

    async def __call__(self, connection: HTTPConnection) -> _T:
        """Return the value for a request or a WebSocket.

        Raises:
            PrivyError: if the request is rejected.
            ConfigurationError: if the middleware is not installed in the app.
            HTTPException: if the request is a preflight; contains the response.
        """
        answer_preflight(connection)
        return ask(connection.scope, functools.partial(self._question, privy_auth(connection)))


current_user: PrivyDependency[PrivyUser] = PrivyDependency("Privy", requirement(), PrivyAuth.require)
"""Returns the user, who is required."""
optional_user: PrivyDependency[PrivyUser | None] = PrivyDependency(
    "PrivyOptional", optional_rule(), PrivyAuth.optional, optional=True
)
"""Returns the user, or ``None``; the setting ``on_invalid`` decides about invalid tokens."""
current_access: PrivyDependency[AccessTokenClaims] = PrivyDependency(
    "PrivyAccess", requires_access_token(), PrivyAuth.require_access, "access"
)
"""Returns the claims of the access token, which is required."""

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
def optional(*, on_invalid: Annotated[OnInvalid, Depends(_CALL_OPTIONAL)]) -> PrivyDependency[PrivyUser | None]:
    """Return a dependency like ``optional_user``, with another ``on_invalid``; equal arguments return the same object.

    Raises:
        ConfigurationError: if ``on_invalid`` has another value than ``"reject"`` and ``"anonymous"``.
    """
    check_on_invalid(on_invalid)
    return _optional(on_invalid)


@functools.cache
def _optional(on_invalid: OnInvalid) -> PrivyDependency[PrivyUser | None]:
    rule = optional_rule(on_invalid)
    return PrivyDependency("PrivyOptional", rule, lambda auth: auth.optional(on_invalid), optional=True)
