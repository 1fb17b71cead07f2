"""The ``state`` of an ASGI scope: a plain dict for each request, with the user in it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from privy_middleware.auth import PrivyAuth

__all__ = ["RequestState"]

_OURS = frozenset({"privy_user", "privy_auth"})
_ABSENT = object()


class RequestState:
    """Give one request a state of its own, and pass on what the app changes there.

    A server or a framework may use one state for many requests, so the user is only ever put into a copy. Middleware
    further out may hold the original: ``pass_on`` repeats there what has changed in the copy, except our two entries.
    ``looked`` is true once it is known that the response depends on the user.
    """

    __slots__ = ("_outer", "_passed_on", "looked", "own")

    def __init__(self, outer: MutableMapping[str, Any] | None, auth: PrivyAuth) -> None:
        """Take the state so far, if there is one, and what is known about the request."""
        own: dict[str, Any] = {} if outer is None else dict(outer)
        own["privy_user"] = auth.user
        own["privy_auth"] = auth
        self.own = own
        self.looked = False
        self._outer = outer
        self._passed_on = own.copy()

    def pass_on(self) -> None:
        """Repeat in the original what has been set or deleted in the copy since the last call."""
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
