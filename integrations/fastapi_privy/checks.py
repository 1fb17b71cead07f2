"""Checks for parameters that FastAPI would read from the request although they are meant for the verified user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.routing import APIRoute, APIWebSocketRoute

from fastapi_privy import dependencies
from fastapi_privy.connection import privy_auth
from fastapi_privy.routes import walk
from privy_middleware import ConfigurationError
from privy_middleware.plugin import verified_class, view_name

__all__ = ["check_parameters"]

_GROUPS = ("path_params", "query_params", "header_params", "cookie_params", "body_params")
_ALIASES = (dependencies.CurrentUser, dependencies.OptionalUser, dependencies.AccessClaims)


def check_parameters(routes: Iterable[Any]) -> None:
    """Check the parameters of all routes, including those of their dependencies.

    Raises:
        ConfigurationError: if a parameter has one of our dependencies as its default value without ``Depends``, or a
            class of verified users or claims as its type, if an included router depends on ``require`` itself, or if a
            route has ``privy_auth`` in its list of dependencies.
    """
    for route in walk(routes):
        if hasattr(route, "effective_candidates"):
            # Otherwise FastAPI does this at the first request, which is too late to report a mistake at startup.
            route.effective_candidates()
        if isinstance(route, APIRoute | APIWebSocketRoute):
            _check_dependencies(route.dependant, view_name(route.endpoint))
            for field in _parameters(route.dependant):
                _check(field, view_name(route.endpoint))


def _check_dependencies(dependant: Any, view: str) -> None:
    for each in dependant.dependencies:
        if any(each.call is alias for alias in _ALIASES):
            fix = "has CurrentUser, OptionalUser or AccessClaims in Depends; they are annotations: user: CurrentUser"
            raise ConfigurationError(view, fix)
        _check_dependencies(each, view)
    # Those in a list, whose results nothing uses, have no name.
    if any(each.call is privy_auth and each.name is None for each in dependant.dependencies):
        fix = "its dependency privy_auth does not require a user: use Depends(require()) or Depends(current_user)"
        raise ConfigurationError(view, fix)


def _parameters(dependant: Any) -> Iterator[Any]:
    for group in _GROUPS:
        yield from getattr(dependant, group)
    for each in dependant.dependencies:
        yield from _parameters(each)


def _check(field: Any, view: str) -> None:
    default = field.field_info.default
    ours = callable(default) and getattr(default, "__module__", None) == dependencies.__name__
    if ours or any(default is each for each in _ALIASES):
        raise ConfigurationError(view, f"its parameter {field.name} lacks Depends: {field.name} = Depends(…)")
    made = verified_class(field.field_info.annotation)
    if made is not None:
        fix = "is read from the request: use CurrentUser, AccessClaims or another dependency"
        raise ConfigurationError(view, f"its parameter {field.name}: {made.__name__} {fix}")
