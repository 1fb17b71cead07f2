"""The ``state`` of an ASGI scope: a plain dict for each request, with the user in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TypeVar

from privy_middleware.asgi.types import Scope
from privy_middleware.auth import PrivyAuth
from privy_middleware.errors import ConfigurationError, PrivyError
from privy_middleware.lookup import Lookup

__all__ = [
    "RequestState",
    "ask",
    "auth_in",
    "lookup_in",
    "put_state",
    "remember",
    "remove_lookup",
    "required_auth_in",
    "required_lookup_in",
]

_KEY = "privy_middleware.state"
_OURS = frozenset({"privy_user", "privy_auth"})
_ABSENT = object()
_T = TypeVar("_T")


class RequestState:
    """Give one request its own ``state``, and copy the app's changes back to the original.

    A server or a framework may use one state for many requests, so the user must never be written to the original, only
    to a copy. Middleware outside may hold the original: ``pass_on`` repeats there what has changed in the copy, except
    our two entries. The copy is a plain dict, in which code written in C, such as orjson, finds every entry.

    Example:
        A server gives ``{"pool": pool}`` to all requests. The app finds ``{"pool": pool, "privy_user": user, …}`` and
        adds ``"locale"``; middleware outside then finds ``{"pool": pool, "locale": …}``, and no user.

    Attributes:
        own: the state of this request, a plain dict.
        lookup: what is known about the request.
        looked: whether it is known that the response depends on the user.
    """

    __slots__ = ("_outer", "_outer_state", "_passed_on", "looked", "lookup", "own")

    def __init__(self, scope: Scope, auth: PrivyAuth, lookup: Lookup) -> None:
        """Copy the original, if there is one, and add what is known about the request."""
        outer: MutableMapping[str, Any] | None = scope.get("state")
        self._outer_state: RequestState | None = scope.get(_KEY)
        own: dict[str, Any] = {} if outer is None else dict(outer)
        own["privy_user"] = auth.user
        own["privy_auth"] = auth
        self.own: dict[str, Any] = own
        self.lookup: Lookup = lookup
        self.looked: bool = False
        self._outer = outer
        self._passed_on = own.copy()

    def pass_on(self) -> None:
        """Repeat in the original what was set or deleted in the copy since the last call."""
        outer, before = self._outer, self._passed_on
        if outer is None:
            return
        # A copy, since a thread of the app may be writing to it.
        now = self.own.copy()
        changed = {key: value for key, value in now.items() if before.get(key, _ABSENT) is not value}
        if changed or len(now) != len(before):
            self._passed_on = now
            outer.update({key: changed[key] for key in changed.keys() - _OURS})
            for key in before.keys() - now.keys() - _OURS:
                outer.pop(key, None)


def remove_lookup(scope: Scope, state: RequestState) -> None:
    """Take the lookup out of a scope at the end of the request: it refers to the scope, which would be a cycle."""
    if state._outer_state is None:
        scope.pop(_KEY, None)
    else:
        scope[_KEY] = state._outer_state


def put_state(scope: Scope, auth: PrivyAuth, lookup: Lookup) -> RequestState:
    """Replace the state in a scope by one with the user in it.

    The scope itself is not copied, since middleware outside reads what routers add to it.
    """
    state = RequestState(scope, auth, lookup)
    scope["state"] = state.own
    scope[_KEY] = state
    return state


def auth_in(scope: Scope) -> PrivyAuth | None:
    """Return the result in a scope, ``None`` without the middleware; the response then depends on the user."""
    state: RequestState | None = scope.get(_KEY)
    if state is not None:
        state.looked = True
    auth = (scope.get("state") or {}).get("privy_auth")
    return auth if isinstance(auth, PrivyAuth) else None


def required_auth_in(scope: Scope, fix: str) -> PrivyAuth:
    """Return the result in a scope, as ``auth_in`` does; ``fix`` says how to add the middleware.

    Raises:
        ConfigurationError: if the scope has not passed the middleware.
    """
    return _installed(auth_in(scope), fix)


def lookup_in(scope: Mapping[str, object]) -> Lookup | None:
    """Return the lookup of the request that a scope is of, ``None`` without the middleware."""
    state = scope.get(_KEY)
    return state.lookup if isinstance(state, RequestState) else None


def remember(scope: Mapping[str, object], error: PrivyError) -> None:
    """Remember a refusal for the event of the request in a scope, also if the app answers it.

    Without the middleware, as in tests that replace the user, this does nothing.
    """
    lookup = lookup_in(scope)
    if lookup is not None:
        lookup.remember(error)


def ask(scope: Mapping[str, object], question: Callable[[], _T]) -> _T:
    """Return what a method of ``PrivyAuth`` returns, such as ``auth.require``; a refusal is remembered.

    Raises:
        PrivyError: the refusal.
    """
    try:
        return question()
    except PrivyError as error:
        remember(scope, error)
        raise


def required_lookup_in(scope: Mapping[str, object], fix: str) -> Lookup:
    """Return the lookup in a scope, as ``lookup_in`` does; ``fix`` says how to add the middleware.

    Raises:
        ConfigurationError: if the scope has not passed the middleware.
    """
    return _installed(lookup_in(scope), fix)


def _installed(found: _T | None, fix: str) -> _T:
    if found is None:
        raise ConfigurationError("PrivyMiddleware", f"is not installed; {fix}")
    return found
