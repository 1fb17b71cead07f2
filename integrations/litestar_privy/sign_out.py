"""Signing out: the deletion of Privy's cookies."""

from http.cookies import SimpleCookie
from typing import Any, TypeVar

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from privy_middleware.asgi import required_lookup_in

__all__ = ["clear_privy_cookies"]

R = TypeVar("R", bound=Response[Any])


def clear_privy_cookies(response: R, connection: ASGIConnection[Any, Any, Any, Any]) -> R:
    """Delete Privy's cookies in the browser that gets the response, which is returned.

    The user's tokens stay valid until they expire, and Privy's client in the browser must log out too.

    Raises:
        ConfigurationError: if the plugin is not installed in the app.
    """
    lookup = required_lookup_in(connection.scope, "make the app with plugins=[Privy(…)]")
    for value in lookup.gate.settings.cleared_cookies:
        ((name, morsel),) = SimpleCookie(value).items()
        domain, secure = morsel["domain"] or None, bool(morsel["secure"]) or None
        response.set_cookie(Cookie(name, value="", max_age=0, expires=0, domain=domain, secure=secure))
    return response
