"""Signing out: the revocation of the session, and the deletion of Privy's cookies."""

from __future__ import annotations

from typing import TypeVar

from werkzeug.wrappers import Response

from flask_privy.request import current_lookup

__all__ = ["clear_privy_cookies", "sign_out"]

R = TypeVar("R", bound=Response)


def clear_privy_cookies(response: R) -> R:
    """Delete Privy's cookies in the browser that gets the response, which is returned.

    The user's tokens stay valid until they expire, and Privy's client in the browser must log out too.

    Raises:
        RuntimeError: if there is no current request, or its app has no ``Privy``.
    """
    for value in current_lookup().gate.settings.cleared_cookies:
        response.headers.add("Set-Cookie", value)
    return response


def sign_out(response: R) -> R:
    """Revoke the session of the request, and delete Privy's cookies with the response, which is returned.

    Without an access token the session is not known, and all tokens of the user until now are revoked. Privy's client
    in the browser must log out too.

    Raises:
        ConfigurationError: if the setting ``revocations`` is missing.
        ServiceUnavailable: if the token cannot be verified now, or the revocation cannot be stored.
        CrossSiteRequest: if a page of another site sent the request, with a token in a cookie.
        RuntimeError: if there is no current request, or its app has no ``Privy``.
    """
    current_lookup().revoke()
    return clear_privy_cookies(response)
