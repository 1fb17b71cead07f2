"""Signing out: the deletion of Privy's cookies."""

from __future__ import annotations

from typing import TypeVar

from werkzeug.wrappers import Response

from flask_privy.request import current_lookup

__all__ = ["clear_privy_cookies"]

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
