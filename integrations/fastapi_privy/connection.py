"""Access to the result of the middleware for a request or a WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from privy_middleware import PrivyAuth
from privy_middleware.asgi import ASGIRequest, required_auth_in, required_lookup_in
from privy_middleware.plugin import PREFLIGHT_ANSWER, Lookup, is_preflight

__all__ = ["answer_preflight", "clear_privy_cookies", "find_lookup", "privy_auth", "sign_out"]

_FIX = "call Privy(app) after creating the app"

if TYPE_CHECKING:
    # Apps can type the state of their requests, so accept any type.
    _Connection: TypeAlias = HTTPConnection[Any]
else:
    # FastAPI reads the annotations of a dependency, and knows this class only without type parameters.
    _Connection = HTTPConnection

_Response = TypeVar("_Response", bound=Response)


def privy_auth(connection: _Connection) -> PrivyAuth:
    """Return the ``PrivyAuth`` of a request or a WebSocket.

    Raises:
        ConfigurationError: if the middleware is not installed in the app.
    """
    return required_auth_in(connection.scope, _FIX)


def find_lookup(connection: _Connection) -> Lookup:
    """Return the lookup of a request or a WebSocket.

    Raises:
        ConfigurationError: if the middleware is not installed in the app.
    """
    return required_lookup_in(connection.scope, _FIX)


def clear_privy_cookies(response: _Response, connection: _Connection) -> _Response:
    """Delete Privy's cookies in the browser that gets the response, which is returned.

    The user's tokens stay valid until they expire, and Privy's client in the browser must log out too.

    Raises:
        ConfigurationError: if the middleware is not installed in the app.
    """
    for value in find_lookup(connection).gate.settings.cleared_cookies:
        response.headers.append("Set-Cookie", value)
    return response


async def sign_out(response: _Response, connection: _Connection) -> _Response:
    """Revoke the session of the request, and delete Privy's cookies with the response, which is returned.

    Without an access token the session is not known, and all tokens of the user until now are revoked. Privy's client
    in the browser must log out too.

    Raises:
        ConfigurationError: if the setting ``revocations`` is missing, or the middleware is not installed in the app.
        ServiceUnavailable: if the token cannot be verified now, or the revocation cannot be stored.
        CrossSiteRequest: if a page of another site sent the request, with a token in a cookie.
    """
    await find_lookup(connection).arevoke()
    return clear_privy_cookies(response, connection)


def answer_preflight(connection: _Connection) -> None:
    """Respond to a CORS preflight instead of the endpoint, which requires a user: a preflight has no credentials.

    Raises:
        HTTPException: if the request is a preflight; contains the response, to which a CORS middleware adds headers.
    """
    if is_preflight(ASGIRequest(connection.scope)):
        raise HTTPException(PREFLIGHT_ANSWER.status, headers=dict(PREFLIGHT_ANSWER.headers))
