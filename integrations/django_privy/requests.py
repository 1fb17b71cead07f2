"""The user on Django's request: ``request.privy_user``, ``request.privy_auth``, ``await request.aprivy_user()``.

They are properties of ``HttpRequest`` itself, so nothing can be put in their place on a request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest as DjangoASGIRequest
from django.http import HttpRequest

from privy_middleware import PrivyAuth, PrivyError, PrivyUser
from privy_middleware.asgi import ASGIRequest
from privy_middleware.gate import Gate
from privy_middleware.wsgi import WSGIRequest

__all__ = [
    "Fields",
    "Lookup",
    "afind",
    "afind_auth",
    "attach",
    "find",
    "find_auth",
    "is_asgi",
    "lookup_of",
]

_KEY = "_privy_lookup"


class Fields:
    """A Django request as the gate sees it: headers and cookies as the server got them, the rest as Django sees it."""

    __slots__ = ("_raw", "_request")

    def __init__(self, request: HttpRequest) -> None:
        """Take a request of either protocol."""
        self._request = request
        self._raw: ASGIRequest | WSGIRequest
        self._raw = ASGIRequest(request.scope) if isinstance(request, DjangoASGIRequest) else WSGIRequest(request.META)

    @property
    def method(self) -> str:
        """Return the method that was sent, whatever a middleware made of it."""
        return self._raw.method

    @property
    def scheme(self) -> str:
        """Return the scheme, which behind a proxy ``SECURE_PROXY_SSL_HEADER`` tells."""
        return str(self._request.scheme)

    @property
    def path(self) -> str:
        """Return the path that Django looks up in the URLconf."""
        return self._request.path_info

    @property
    def target(self) -> str:
        """Return path and query, percent-encoded."""
        return self._request.get_full_path()

    def values(self, name: str) -> list[str]:
        """Return every value of a header field, in order."""
        return self._raw.values(name)


@dataclass(slots=True)
class Lookup:
    """What became of looking for a user on one request."""

    gate: Gate
    auth: PrivyAuth | None = None
    looked: bool = False
    refused: PrivyError | None = None
    user: Any = ...


def is_asgi(request: HttpRequest) -> bool:
    """Say whether the request came by ASGI, so that its view may run on the event loop."""
    return isinstance(request, DjangoASGIRequest)


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
