"""Users whose Django account is inactive: a token does not let them in, as a session does not."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.http import HttpRequest

from django_privy.authentication import issuer_of, maps_users, privy_backends
from django_privy.request_attributes import afind_auth, find_auth, lookup_of
from privy_middleware import PrivyAuth
from privy_middleware.errors import InactiveUser

__all__ = ["active", "afind_active", "find_active"]


def active(auth: PrivyAuth, request: HttpRequest | None = None) -> PrivyAuth:
    """Return the ``PrivyAuth`` of a request, without the user if the user's Django account is inactive.

    Every check that requires a user calls this, because Django's own sessions reject inactive users too. It makes one
    query, whose result ``request.user`` reuses. A user without an account is not rejected, and no account is created.
    """
    if auth.user is None or not maps_users():
        return auth
    from django_privy.accounts.known import find_account  # noqa: PLC0415 (it needs models, which only some projects have)

    user = find_account(request, issuer_of(auth), auth.user)
    if user is None or any(backend.user_can_authenticate(user) for backend in privy_backends()):
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
