"""What the middleware left on a request or a WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from privy_middleware import ConfigurationError, PrivyAuth
from privy_middleware.asgi import ASGIRequest, auth_in
from privy_middleware.plugin import PREFLIGHT_ANSWER, is_preflight

__all__ = ["answer_preflight", "not_installed", "privy_auth"]

if TYPE_CHECKING:
    # Whatever an app has typed the state of its requests as.
    _Connection: TypeAlias = HTTPConnection[Any]
else:
    # FastAPI looks at a dependency's annotations, and knows this class without parameters only.
    _Connection = HTTPConnection


def privy_auth(connection: _Connection) -> PrivyAuth:
    """Return what the middleware found out about a request or a WebSocket.

    Raises:
        ConfigurationError: when the middleware is not around the app.
    """
    auth = auth_in(connection.scope)
    if auth is None:
        raise not_installed()
    return auth


def not_installed() -> ConfigurationError:
    """Return the error of an app that the middleware is not around."""
    return ConfigurationError("PrivyMiddleware", "is not around this app; call Privy(app) where the app is made")


def answer_preflight(connection: _Connection) -> None:
    """Answer a CORS preflight in place of an endpoint that wants a user, which it cannot have.

    Raises:
        HTTPException: with the answer, to which CORS middleware adds its headers.
    """
    if is_preflight(ASGIRequest(connection.scope)):
        raise HTTPException(PREFLIGHT_ANSWER.status, headers=dict(PREFLIGHT_ANSWER.headers))
