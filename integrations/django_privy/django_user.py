"""The Django user that ``django_privy.accounts`` has for a Privy user: ``request.user``, and whether it is active."""

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
    """Return whether Privy users have Django users here."""
    return apps.is_installed("django_privy.accounts")


def active(auth: PrivyAuth, request: HttpRequest | None = None) -> PrivyAuth:
    """Return what is known about a request, without the user if the user's account is inactive.

    Every guard asks this: what Django's own sessions refuse, a token does not let in. It takes one query, which
    ``request.user`` does not repeat. A user who has no account yet is not refused, and none is made here.
    """
    if auth.user is None or not maps_users():
        return auth
    from django_privy.accounts.known import find_account  # noqa: PLC0415 (it needs models, which only some projects have)

    user = find_account(request, _issuer_of(auth), auth.user)
    if user is None or any(backend.user_can_authenticate(user) for backend in _backends()):
        return auth
    return PrivyAuth(refusal=InactiveUser(), on_invalid=auth.on_invalid)


def find_active(request: HttpRequest) -> PrivyAuth:
    """Return what is known about the request for a guard: an inactive user is refused from now on."""
    auth = find_auth(request)
    checked = active(auth, request)
    if checked is not auth:
        lookup_of(request).auth = checked
    return checked


async def afind_active(request: HttpRequest) -> PrivyAuth:
    """Return what ``find_active`` does, without blocking the event loop."""
    auth = await afind_auth(request)
    if auth.user is None or not maps_users():
        return auth
    return await sync_to_async(find_active)(request)


def attach_user(request: HttpRequest) -> None:
    """Let ``request.user`` be the Privy user's Django user; without a verified token it stays the session's."""
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
    """Return the Django user of the request's Privy user, looked for once; ``None`` if there is neither.

    Raises:
        ServiceUnavailable: when our side cannot tell.
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
    # Nobody would be taken for signed out, and sent to sign in. Who looks once the request is answered is not stopped.
    if isinstance(auth.refusal, ServiceUnavailable) and not lookup.answered:
        lookup.outage = auth.refusal
        raise auth.refusal
    return auth.user


def _authenticate(request: HttpRequest, auth: PrivyAuth) -> Any:
    # Not ``django.contrib.auth.authenticate``: it would announce a failed login at every request of an inactive user.
    issuer = _issuer_of(auth)
    users = (backend.authenticate(request, privy_user=auth.user, issuer=issuer) for backend in _backends())
    return next((user for user in users if user is not None), None)


def _issuer_of(auth: PrivyAuth) -> str:
    if auth.issuer is None:
        raise ConfigurationError("verifier", "return the verified claims with iss: accounts are kept by issuer and id")
    return auth.issuer


def _backends() -> list[Any]:
    from django_privy.backends import PrivyBackend  # noqa: PLC0415 (it needs models, which only some projects have)

    return [backend for backend in get_backends() if isinstance(backend, PrivyBackend)]
