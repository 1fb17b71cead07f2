"""The ``state`` of an ASGI scope: a plain dict for each request, with the user in it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from privy_middleware.asgi.types import Scope
from privy_middleware.auth import PrivyAuth
from privy_middleware.errors import ConfigurationError
from privy_middleware.gate import Gate

__all__ = ["RequestState", "auth_in", "gate_in", "put_state", "required_auth_in"]

_KEY = "privy_middleware.state"
_OURS = frozenset({"privy_user", "privy_auth"})
_ABSENT = object()


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
        gate: what has decided about the request.
        looked: whether it is known that the response depends on the user.
    """

    __slots__ = ("_outer", "_passed_on", "gate", "looked", "own")

    def __init__(self, outer: MutableMapping[str, Any] | None, auth: PrivyAuth, gate: Gate) -> None:
        """Copy the original, if there is one, and add what is known about the request."""
        own: dict[str, Any] = {} if outer is None else dict(outer)
        own["privy_user"] = auth.user
        own["privy_auth"] = auth
        self.own: dict[str, Any] = own
        self.gate: Gate = gate
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


def put_state(scope: Scope, auth: PrivyAuth, gate: Gate) -> RequestState:
    """Replace the state in a scope by one with the user in it.

    The scope itself is not copied, since middleware outside reads what routers add to it.
    """
    state = RequestState(scope.get("state"), auth, gate)
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
    auth = auth_in(scope)
    if auth is None:
        raise ConfigurationError("PrivyMiddleware", f"is not installed; {fix}")
    return auth


def gate_in(scope: Scope) -> Gate | None:
    """Return the gate of the middleware that a scope has passed, ``None`` without the middleware."""
    state: RequestState | None = scope.get(_KEY)
    return None if state is None else state.gate
