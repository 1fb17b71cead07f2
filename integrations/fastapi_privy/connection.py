"""Access to the result of the middleware for a request or a WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from privy_middleware import ConfigurationError, PrivyAuth
from privy_middleware.asgi import ASGIRequest, auth_in
from privy_middleware.plugin import PREFLIGHT_ANSWER, is_preflight

__all__ = ["answer_preflight", "not_installed", "privy_auth"]

if TYPE_CHECKING:
    # Apps can type the state of their requests, so accept any type.
    _Connection: TypeAlias = HTTPConnection[Any]
else:
    # FastAPI reads the annotations of a dependency, and knows this class only without type parameters.
    _Connection = HTTPConnection


def privy_auth(connection: _Connection) -> PrivyAuth:
    """Return the ``PrivyAuth`` of a request or a WebSocket.

    Raises:
        ConfigurationError: if the middleware is not installed in the app.
    """
    auth = auth_in(connection.scope)
    if auth is None:
        raise not_installed()
    return auth


def not_installed() -> ConfigurationError:
    """Return the error for an app without the middleware."""
    return ConfigurationError("PrivyMiddleware", "is not installed; call Privy(app) after creating the app")


def answer_preflight(connection: _Connection) -> None:
    """Respond to a CORS preflight instead of the endpoint, which requires a user: a preflight has no credentials.

    Raises:
        HTTPException: if the request is a preflight; contains the response, to which a CORS middleware adds headers.
    """
    if is_preflight(ASGIRequest(connection.scope)):
        raise HTTPException(PREFLIGHT_ANSWER.status, headers=dict(PREFLIGHT_ANSWER.headers))
