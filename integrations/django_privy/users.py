"""``request.user`` for a Privy user: the Django user that ``django_privy.accounts`` has for the DID."""

from __future__ import annotations

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth import get_backends
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from django_privy.requests import Lookup, afind_auth, find_auth, lookup_of
from privy_middleware import PrivyAuth, PrivyUser
from privy_middleware.errors import ServiceUnavailable

__all__ = ["afind_django_user", "attach_user", "find_django_user", "maps_users"]


def maps_users() -> bool:
    """Say whether Privy users have Django users here."""
    return apps.is_installed("django_privy.accounts")


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
        privy_user = _user_of(lookup, find_auth(request))
        lookup.user = None if privy_user is None else _authenticate(request, privy_user)
    return lookup.user


async def afind_django_user(request: HttpRequest) -> Any:
    """Return the Django user as ``find_django_user`` does."""
    if _user_of(lookup_of(request), await afind_auth(request)) is None:
        return None
    return await sync_to_async(find_django_user)(request)


def _user_of(lookup: Lookup, auth: PrivyAuth) -> PrivyUser | None:
    # Nobody would be taken for signed out, and sent to sign in. Who looks once the request is answered is not stopped.
    if isinstance(auth.refusal, ServiceUnavailable) and not lookup.answered:
        lookup.outage = auth.refusal
        raise auth.refusal
    return auth.user


def _authenticate(request: HttpRequest, privy_user: Any) -> Any:
    # Not ``django.contrib.auth.authenticate``: it would announce a failed login at every request of an inactive user.
    from django_privy.backends import PrivyBackend  # noqa: PLC0415 (it needs models, which only some projects have)

    # Where one verifier takes tokens of several issuers, a user says whose it is.
    issuer = getattr(privy_user, "issuer", lookup_of(request).gate.settings.issuer_name)
    backends = (backend for backend in get_backends() if isinstance(backend, PrivyBackend))
    users = (backend.authenticate(request, privy_user=privy_user, issuer=issuer) for backend in backends)
    return next((user for user in users if user is not None), None)
