"""The user on Django's request: ``request.privy_user``, ``request.privy_auth``, ``await request.aprivy_user()``.

They are members of the class ``HttpRequest``, so code cannot replace the properties on a single request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from django_privy import signals
from django_privy.request_adapter import DjangoRequest, is_asgi
from privy_middleware import PrivyAuth, PrivyError, PrivyUser
from privy_middleware.events import RequestEvent
from privy_middleware.plugin import Gate, Lookup

__all__ = ["DjangoLookup", "afind_auth", "attach", "find_auth", "find_lookup", "lookup_of"]

_KEY = "_privy_lookup"


class DjangoLookup(Lookup):
    """The lookup for one request, which also stores the state of the request.

    Attributes:
        looked: whether the response depends on the user, because code used it.
        events: the events about the request for which no signal was sent yet.
        user: the Django user, ``None`` if there is none, or ``...`` if it has not been looked up yet.
        account: a pair with the key and the Django user of the last account that was looked up.
        outage: the error that was raised because ``request.user`` was used during an outage, or ``None``.
        answered: whether the response exists.
        signed_out: whether the user has signed out, so that the response deletes Privy's cookies.
    """

    __slots__ = ("_on_event_loop", "account", "answered", "events", "looked", "outage", "signed_out", "user")

    def __init__(self, gate: Gate, request: HttpRequest) -> None:
        """Create the lookup of a request."""
        super().__init__(gate, DjangoRequest(request))
        self._on_event_loop = is_asgi(request)
        self.looked: bool = False
        self.events: list[RequestEvent] = []
        self.user: Any = ...
        self.account: tuple[object, Any] | None = None
        self.outage: PrivyError | None = None
        self.answered: bool = False
        self.signed_out: bool = False

    def look(self) -> PrivyAuth:
        """Return the ``PrivyAuth`` of the request, and remember that the response depends on it.

        Under ASGI this may run on the event loop, so it does not wait for keys: the middleware has already fetched them
        if necessary.
        """
        self.looked = True
        return self.find_now() if self._on_event_loop else self.find()

    def remember(self, error: PrivyError) -> None:
        """Remember the error that the request is rejected with, for the event and the signal."""
        # The traceback would keep the frames alive, and with them the request.
        super().remember(error.with_traceback(None))

    def listens(self) -> bool:
        """Return whether anything would be done with an event about a request that was not rejected."""
        return bool(signals.event.receivers) or super().listens()

    def announce(self, event: RequestEvent) -> None:
        """Report an event, and keep it for the signal, which the middleware sends with the response."""
        super().announce(event)
        if signals.event.receivers:
            self.events.append(event)

    def __reduce__(self) -> tuple[Callable[[PrivyAuth, Any], DjangoLookup], tuple[PrivyAuth, Any]]:
        """Pickle only the result, because settings and keys cannot be pickled."""
        return _restored, (self.look(), self.user)


def _restored(auth: PrivyAuth, user: Any) -> DjangoLookup:
    """Return the lookup of a request that was pickled, with the result that was found before."""
    lookup = DjangoLookup.__new__(DjangoLookup)
    lookup.auth, lookup.user = auth, user
    lookup.looked = lookup.answered = True
    lookup.signed_out = False
    lookup.refused = lookup.outage = lookup.account = lookup._answered = None
    lookup._credentials, lookup._on_event_loop = (), False
    lookup._ended, lookup._reported, lookup.events = False, auth, []
    return lookup


def attach(request: HttpRequest, gate: Gate) -> DjangoLookup:
    """Attach a lookup to a request."""
    lookup = vars(request)[_KEY] = DjangoLookup(gate, request)
    return lookup


def find_lookup(request: HttpRequest) -> DjangoLookup | None:
    """Return the lookup that the middleware attached, or ``None`` if the middleware did not run."""
    lookup: DjangoLookup | None = vars(request).get(_KEY)
    return lookup


def lookup_of(request: HttpRequest) -> DjangoLookup:
    """Return the lookup that the middleware attached.

    Raises:
        ImproperlyConfigured: if the middleware did not run.
    """
    lookup = find_lookup(request)
    if lookup is None:
        raise ImproperlyConfigured(
            'This request has no Privy user: add "django_privy.middleware.PrivyMiddleware" to settings.MIDDLEWARE, '
            "after the authentication middleware if there is one."
        )
    return lookup


def find_auth(request: HttpRequest) -> PrivyAuth:
    """Return the ``PrivyAuth`` of the request, and remember that the response depends on it."""
    return _unstored(request, lookup_of(request).look())


async def afind_auth(request: HttpRequest) -> PrivyAuth:
    """Return the same as ``find_auth``, without blocking the event loop."""
    lookup = lookup_of(request)
    lookup.looked = True
    return _unstored(request, await lookup.afind())


def _unstored(request: HttpRequest, auth: PrivyAuth) -> PrivyAuth:
    if auth.presented:
        # ``cache_page`` stores the response of a view before the middleware can mark the response as private.
        vars(request)["_cache_update_cache"] = False
    return auth


def _find_user(request: HttpRequest) -> PrivyUser | None:
    return find_auth(request).user


async def _afind_user(request: HttpRequest) -> PrivyUser | None:
    return (await afind_auth(request)).user


_MEMBERS = {"privy_auth": property(find_auth), "privy_user": property(_find_user), "aprivy_user": _afind_user}
for _name, _member in _MEMBERS.items():
    setattr(HttpRequest, _name, _member)
