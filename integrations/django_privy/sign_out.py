"""Signing out: the deletion of Privy's cookies, also after ``django.contrib.auth.logout``."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any, TypeVar

from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_privy.request_attributes import find_lookup, lookup_of

__all__ = ["clear_privy_cookies", "mark_signed_out"]

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


def mark_signed_out(request: Any, **_: object) -> None:
    """Let the middleware delete the cookies with the response: the receiver of Django's ``user_logged_out``."""
    # REST framework's request wraps Django's.
    request = getattr(request, "_request", request)
    lookup = find_lookup(request) if isinstance(request, HttpRequest) else None
    if lookup is not None:
        lookup.signed_out = True


user_logged_out.connect(mark_signed_out, dispatch_uid=__name__)
