"""What the middleware left on a request or a WebSocket."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from privy_middleware import ConfigurationError, PrivyAuth

__all__ = ["privy_auth"]


def privy_auth(connection: HTTPConnection) -> PrivyAuth:
    """Return what the middleware found out about a request or a WebSocket.

    Raises:
        ConfigurationError: when the middleware is not around the app.
    """
    auth = connection.scope.get("state", {}).get("privy_auth")
    if not isinstance(auth, PrivyAuth):
        raise ConfigurationError("PrivyMiddleware", "is not around this app; call Privy(app) where the app is made")
    return auth
