"""The user on Django's request: ``request.privy_user``, ``request.privy_auth``, ``await request.aprivy_user()``.

They are members of ``HttpRequest`` itself, so nothing can be put in their place on a request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from django_privy.request_adapter import Fields, is_asgi
from privy_middleware import PrivyAuth, PrivyError, PrivyUser
from privy_middleware.plugin import Gate, Lookup

__all__ = ["DjangoLookup", "afind_auth", "attach", "find_auth", "find_lookup", "lookup_of"]

_KEY = "_privy_lookup"


class DjangoLookup(Lookup):
    """Find the user of one request, and keep what else became of it."""

    __slots__ = ("_on_event_loop", "account", "answered", "looked", "outage", "refused", "user")

    def __init__(self, gate: Gate, request: HttpRequest) -> None:
        """Take what decides, and the request."""
        super().__init__(gate, Fields(request))
        self._on_event_loop = is_asgi(request)
        self.looked: bool = False
        self.refused: PrivyError | None = None
        self.user: Any = ...
        self.account: tuple[object, Any] | None = None
        self.outage: PrivyError | None = None
        self.answered: bool = False

    def look(self) -> PrivyAuth:
        """Return what is known about the request, and remember that the response depends on it.

        By ASGI this may be on the event loop, so keys are not waited for: the middleware has seen to it that they are
        here.
        """
        self.looked = True
        return self.find_now() if self._on_event_loop else self.find()

    def __reduce__(self) -> tuple[Callable[[PrivyAuth, Any], DjangoLookup], tuple[PrivyAuth, Any]]:
        """Pickle as what was found, since settings and keys cannot be pickled."""
        return _restored, (self.look(), self.user)


def _restored(auth: PrivyAuth, user: Any) -> DjangoLookup:
    """Return the lookup of a request that was pickled, which has nothing more to find out."""
    lookup = DjangoLookup.__new__(DjangoLookup)
    lookup.auth, lookup.user = auth, user
    lookup.looked = lookup.answered = True
    lookup.refused = lookup.outage = lookup.account = None
    lookup._credentials, lookup._on_event_loop = (), False
    return lookup


def attach(request: HttpRequest, gate: Gate) -> DjangoLookup:
    """Make a request ready for being looked at."""
    lookup = vars(request)[_KEY] = DjangoLookup(gate, request)
    return lookup


def find_lookup(request: HttpRequest) -> DjangoLookup | None:
    """Return what the middleware has attached, ``None`` if there is no middleware."""
    lookup: DjangoLookup | None = vars(request).get(_KEY)
    return lookup


def lookup_of(request: HttpRequest) -> DjangoLookup:
    """Return what the middleware has attached.

    Raises:
        ImproperlyConfigured: if there is no middleware.
    """
    lookup = find_lookup(request)
    if lookup is None:
        raise ImproperlyConfigured(
            'This request has no Privy user: add "django_privy.middleware.PrivyMiddleware" to settings.MIDDLEWARE, '
            "after the authentication middleware if there is one."
        )
    return lookup


def find_auth(request: HttpRequest) -> PrivyAuth:
    """Return what is known about the request, and remember that the response depends on it."""
    return _unstored(request, lookup_of(request).look())


async def afind_auth(request: HttpRequest) -> PrivyAuth:
    """Return what is known about the request, and remember that the response depends on it."""
    lookup = lookup_of(request)
    lookup.looked = True
    return _unstored(request, await lookup.afind())


def _unstored(request: HttpRequest, auth: PrivyAuth) -> PrivyAuth:
    if auth.presented:
        # ``cache_page`` around a view stores the response before the middleware can say that it is one user's own.
        vars(request)["_cache_update_cache"] = False
    return auth


def _find_user(request: HttpRequest) -> PrivyUser | None:
    return find_auth(request).user


async def _afind_user(request: HttpRequest) -> PrivyUser | None:
    return (await afind_auth(request)).user


_MEMBERS = {"privy_auth": property(find_auth), "privy_user": property(_find_user), "aprivy_user": _afind_user}
for _name, _member in _MEMBERS.items():
    setattr(HttpRequest, _name, _member)
