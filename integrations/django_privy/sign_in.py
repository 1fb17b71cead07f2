"""Views for ``LOGIN_URL``, the admin and the sign-out button; ``django_privy.urls`` routes them.

Where Django requires a user, it redirects to ``LOGIN_URL`` with ``?next=``. ``sign_in`` then redirects the browser on
to the pages in ``settings.PRIVY``, with the address to return to.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from django_privy.conf import login_url_problem
from django_privy.inactive_users import find_active
from django_privy.refusals import refuse
from django_privy.request_attributes import find_auth, lookup_of
from django_privy.signing_out import clear_privy_cookies
from privy_middleware import AuthorizationError
from privy_middleware.errors import ServiceUnavailable
from privy_middleware.plugin import html_page, is_local

__all__ = ["sign_in", "sign_out"]

_RETURNED = "privy-returned"
_SECONDS = 30


@login_not_required
@never_cache
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to refresh its session or to sign in, and from there to ``next``; a user goes there at once.

    A user who is sent here again for the same page may not see it, and gets 403.

    Raises:
        ImproperlyConfigured: if ``PRIVY["LOGIN_URL"]`` is missing, or is this view.
    """
    lookup, auth = lookup_of(request), find_active(request)
    problem = login_url_problem(lookup.gate.settings.login_url, request.path)
    if problem is not None:
        raise ImproperlyConfigured(problem)
    target = _next(request, resolve_url(settings.LOGIN_REDIRECT_URL))
    if isinstance(auth.refusal, AuthorizationError):
        return _forbidden(request, auth.refusal)
    if auth.user is None:
        return refuse(request, lookup.gate.sign_in(lookup.request, auth, target))
    mark = hashlib.sha256(target.encode()).hexdigest()
    if request.COOKIES.get(_RETURNED) == mark:
        return _forbidden(request, AuthorizationError("the user is signed in, but was sent here again for one page"))
    response = HttpResponseRedirect(target)
    response.set_cookie(
        _RETURNED, mark, _SECONDS, path=request.path, secure=request.is_secure(), httponly=True, samesite="Lax"
    )
    return response


@login_not_required
@never_cache
@require_POST
@csrf_protect
def sign_out(request: HttpRequest) -> HttpResponse:
    """End Django's session, delete Privy's cookies, and redirect to ``next`` or ``LOGOUT_REDIRECT_URL``.

    With the setting ``REVOCATIONS`` the session of the token is revoked, too.
    """
    if hasattr(request, "session") and apps.is_installed("django.contrib.auth"):
        if isinstance(find_auth(request).refusal, ServiceUnavailable):
            # The session can be ended in an outage too: it does not matter which user it belongs to.
            lookup_of(request).user = None
        logout(request)
    if lookup_of(request).gate.settings.stored_revocations is not None:
        lookup_of(request).revoke()
    response = HttpResponseRedirect(_next(request, resolve_url(settings.LOGOUT_REDIRECT_URL or "/")))
    return clear_privy_cookies(response, request)


def _forbidden(request: HttpRequest, error: AuthorizationError) -> HttpResponse:
    error.page = html_page("You cannot see this page", "You are signed in, but your account has no access to it.")
    return refuse(request, error)


def _next(request: HttpRequest, default: str) -> str:
    """Return the local path and query in the parameter ``next``; the default if there is none, or another host's."""
    given = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    if not url_has_allowed_host_and_scheme(given, {request.get_host()}, require_https=request.is_secure()):
        return default
    parts = urlsplit(iri_to_uri(given))
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return target if is_local(target) else default
