"""The user on Django's request: ``request.privy_user``, ``request.privy_auth``, ``await request.aprivy_user()``.

They are members of ``HttpRequest`` itself, so nothing can be put in their place on a request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from django_privy.fields import Fields
from privy_middleware import PrivyAuth, PrivyError, PrivyUser
from privy_middleware.gate import Gate

__all__ = ["Lookup", "afind", "afind_auth", "attach", "find", "find_auth", "lookup_of"]

_KEY = "_privy_lookup"


@dataclass(slots=True)
class Lookup:
    """What became of looking for a user on one request."""

    gate: Gate
    auth: PrivyAuth | None = None
    looked: bool = False
    refused: PrivyError | None = None
    user: Any = ...


def attach(request: HttpRequest, gate: Gate) -> Lookup:
    """Make a request ready for being looked at."""
    lookup = vars(request)[_KEY] = Lookup(gate)
    return lookup


def lookup_of(request: HttpRequest) -> Lookup:
    """Return what the middleware has attached.

    Raises:
        ImproperlyConfigured: when there is no middleware.
    """
    lookup = vars(request).get(_KEY)
    if lookup is None:
        raise ImproperlyConfigured(
            'This request has no Privy user: add "django_privy.middleware.PrivyMiddleware" to settings.MIDDLEWARE, '
            "after the authentication middleware if there is one."
        )
    found: Lookup = lookup
    return found


def find(request: HttpRequest) -> PrivyAuth:
    """Return what is known about the request, found out once; blocks if keys have to be fetched."""
    lookup = lookup_of(request)
    if lookup.auth is None:
        lookup.auth = lookup.gate.authenticate(Fields(request))
    return lookup.auth


async def afind(request: HttpRequest) -> PrivyAuth:
    """Return what is known about the request, found out once."""
    lookup = lookup_of(request)
    if lookup.auth is None:
        lookup.auth = await lookup.gate.aauthenticate(Fields(request))
    return lookup.auth


def find_auth(request: HttpRequest) -> PrivyAuth:
    """Return what is known about the request, and remember that the response depends on it."""
    lookup_of(request).looked = True
    return find(request)


async def afind_auth(request: HttpRequest) -> PrivyAuth:
    """Return what is known about the request, and remember that the response depends on it."""
    lookup_of(request).looked = True
    return await afind(request)


def _find_user(request: HttpRequest) -> PrivyUser | None:
    return find_auth(request).user


async def _afind_user(request: HttpRequest) -> PrivyUser | None:
    return (await afind_auth(request)).user


_MEMBERS = {"privy_auth": property(find_auth), "privy_user": property(_find_user), "aprivy_user": _afind_user}
for _name, _member in _MEMBERS.items():
    setattr(HttpRequest, _name, _member)
