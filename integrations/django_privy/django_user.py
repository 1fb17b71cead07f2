"""The Django user of a Privy user (``django_privy.accounts``): ``request.user``, and whether it is active."""

from __future__ import annotations

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth import get_backends
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from django_privy.request_attributes import DjangoLookup, afind_auth, find_auth, lookup_of
from privy_middleware import ConfigurationError, PrivyAuth, PrivyUser
from privy_middleware.errors import InactiveUser, ServiceUnavailable

__all__ = [
    "active",
    "afind_active",
    "afind_django_user",
    "attach_user",
    "find_active",
    "find_django_user",
    "maps_users",
]


def maps_users() -> bool:
    """Return whether the project uses Django users for Privy users."""
    return apps.is_installed("django_privy.accounts")


def active(auth: PrivyAuth, request: HttpRequest | None = None) -> PrivyAuth:
    """Return the ``PrivyAuth`` of a request, without the user if the user's Django account is inactive.

    Every check that requires a user calls this, because Django's own sessions reject inactive users too. It makes one
    query, whose result ``request.user`` reuses. A user without an account is not rejected, and no account is created.
    """
    if auth.user is None or not maps_users():
        return auth
    from django_privy.accounts.known import find_account  # noqa: PLC0415 (it needs models, which only some projects have)

    user = find_account(request, _issuer_of(auth), auth.user)
    if user is None or any(backend.user_can_authenticate(user) for backend in _backends()):
        return auth
    return PrivyAuth(refusal=InactiveUser(), on_invalid=auth.on_invalid)


def find_active(request: HttpRequest) -> PrivyAuth:
    """Return the same as ``active`` for the request, and remember it for the rest of the request."""
    auth = find_auth(request)
    checked = active(auth, request)
    if checked is not auth:
        lookup_of(request).auth = checked
    return checked


async def afind_active(request: HttpRequest) -> PrivyAuth:
    """Return the same as ``find_active``, without blocking the event loop."""
    auth = await afind_auth(request)
    if auth.user is None or not maps_users():
        return auth
    return await sync_to_async(find_active)(request)


def attach_user(request: HttpRequest) -> None:
    """Set ``request.user`` to the Django user of the Privy user; without a valid token it is that of the session."""
    if not hasattr(request, "user") or not maps_users():
        return
    vars(request).update(
        user=SimpleLazyObject(partial(_find_either, request, request.user)),
        auser=partial(_afind_either, request, request.auser),
    )


def _find_either(request: HttpRequest, session_user: Any) -> Any:
    return find_django_user(request) or session_user


async def _afind_either(request: HttpRequest, asession_user: Any) -> Any:
    return await afind_django_user(request) or await asession_user()


def find_django_user(request: HttpRequest) -> Any:
    """Return the Django user of the request's Privy user, or ``None``; it is looked up only once.

    Raises:
        ServiceUnavailable: if the token cannot be verified at the moment.
    """
    lookup = lookup_of(request)
    if lookup.user is ...:
        auth = find_auth(request)
        lookup.user = None if _user_of(lookup, auth) is None else _authenticate(request, auth)
    return lookup.user


async def afind_django_user(request: HttpRequest) -> Any:
    """Return the Django user as ``find_django_user`` does."""
    if _user_of(lookup_of(request), await afind_auth(request)) is None:
        return None
    return await sync_to_async(find_django_user)(request)


def _user_of(lookup: DjangoLookup, auth: PrivyAuth) -> PrivyUser | None:
    # In an outage, an anonymous user would be redirected to the login page, so raise an error instead. There is no
    # error for code that runs after the response was created.
    if isinstance(auth.refusal, ServiceUnavailable) and not lookup.answered:
        lookup.outage = auth.refusal
        raise auth.refusal
    return auth.user


def _authenticate(request: HttpRequest, auth: PrivyAuth) -> Any:
    # Not ``django.contrib.auth.authenticate``: it would send ``user_login_failed`` on each request of an inactive user.
    issuer = _issuer_of(auth)
    users = (backend.authenticate(request, privy_user=auth.user, issuer=issuer) for backend in _backends())
    return next((user for user in users if user is not None), None)


def _issuer_of(auth: PrivyAuth) -> str:
    if auth.issuer is None:
        raise ConfigurationError("verifier", "return claims with iss: accounts are identified by issuer and ID")
    return auth.issuer


def _backends() -> list[Any]:
    from django_privy.backends import PrivyBackend  # noqa: PLC0415 (it needs models, which only some projects have)

    return [backend for backend in get_backends() if isinstance(backend, PrivyBackend)]
