"""Signing out: the revocation of the session, and the deletion of Privy's cookies."""

from http.cookies import SimpleCookie
from typing import Any, TypeVar

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from privy_middleware.asgi import required_lookup_in

__all__ = ["clear_privy_cookies", "sign_out"]

_FIX = "make the app with plugins=[Privy(…)]"

R = TypeVar("R", bound=Response[Any])


def clear_privy_cookies(response: R, connection: ASGIConnection[Any, Any, Any, Any]) -> R:
    """Delete Privy's cookies in the browser that gets the response, which is returned.

    The user's tokens stay valid until they expire, and Privy's client in the browser must log out too.

    Raises:
        ConfigurationError: if the plugin is not installed in the app.
    """
    lookup = required_lookup_in(connection.scope, _FIX)
    for value in lookup.gate.settings.cleared_cookies:
        ((name, morsel),) = SimpleCookie(value).items()
        domain, secure = morsel["domain"] or None, bool(morsel["secure"]) or None
        response.set_cookie(Cookie(name, value="", max_age=0, expires=0, domain=domain, secure=secure))
    return response


async def sign_out(response: R, connection: ASGIConnection[Any, Any, Any, Any]) -> R:
    """Revoke the session of the request, and delete Privy's cookies with the response, which is returned.

    Without an access token the session is not known, and all tokens of the user until now are revoked. Privy's client
    in the browser must log out too.

    Raises:
        ConfigurationError: if the setting ``revocations`` is missing, or the plugin is not installed in the app.
        ServiceUnavailable: if the token cannot be verified now, or the revocation cannot be stored.
        CrossSiteRequest: if a page of another site sent the request, with a token in a cookie.
    """
    await required_lookup_in(connection.scope, _FIX).arevoke()
    return clear_privy_cookies(response, connection)
