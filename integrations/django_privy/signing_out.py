"""Signing out: revoking the session, and deleting Privy's cookies, also after ``django.contrib.auth.logout``."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any, TypeVar

from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_privy.request_attributes import find_lookup, lookup_of

__all__ = ["asign_out", "clear_privy_cookies", "mark_signed_out", "sign_out"]

R = TypeVar("R", bound=HttpResponseBase)


def clear_privy_cookies(response: R, request: HttpRequest) -> R:
    """Delete Privy's cookies in the browser that gets the response, which is returned.

    The user's tokens stay valid until they expire, and Privy's client in the browser must log out too.

    Raises:
        ImproperlyConfigured: if the middleware did not run.
    """
    for value in lookup_of(request).gate.settings.cleared_cookies:
        for name, cookie in SimpleCookie(value).items():
            # The same name for another domain is another cookie, for which Django has one entry only.
            response.cookies[f"{name} {cookie['domain']}".strip()] = cookie
    return response


def sign_out(response: R, request: HttpRequest) -> R:
    """Revoke the session of the request, and delete Privy's cookies with the response, which is returned.

    Without an access token the session is not known, and all tokens of the user until now are revoked. Privy's client
    in the browser must log out too.

    Raises:
        ConfigurationError: if the setting ``revocations`` is missing.
        ServiceUnavailable: if the token cannot be verified now, or the revocation cannot be stored.
        CrossSiteRequest: if a page of another site sent the request, with a token in a cookie.
        ImproperlyConfigured: if the middleware did not run.
    """
    lookup_of(request).revoke()
    return clear_privy_cookies(response, request)


async def asign_out(response: R, request: HttpRequest) -> R:
    """Do what ``sign_out`` does, without blocking the event loop."""
    await lookup_of(request).arevoke()
    return clear_privy_cookies(response, request)


def mark_signed_out(request: Any, **_: object) -> None:
    """Let the middleware delete the cookies with the response: the receiver of Django's ``user_logged_out``."""
    # REST framework's request wraps Django's.
    request = getattr(request, "_request", request)
    lookup = find_lookup(request) if isinstance(request, HttpRequest) else None
    if lookup is not None:
        lookup.signed_out = True


user_logged_out.connect(mark_signed_out, dispatch_uid=__name__)
