"""The ``state`` of an ASGI scope, in which the user is found when somebody looks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from privy_middleware.lookup import Lookup

__all__ = ["State"]

_FOUND = ("privy_user", "privy_auth")


class State(dict[str, Any]):
    """Hold what others put into the state, and ``privy_user`` and ``privy_auth`` from when somebody looks for them.

    Whoever copies it or goes through the whole of it looks as well, so that it cannot be told from a plain dict.
    """

    __slots__ = ("_lookup",)

    def __init__(self, lookup: Lookup, state: Mapping[str, Any] | None) -> None:
        """Take what finds the user, and the state so far, which is copied: a server may hand it to every request."""
        self._lookup: Lookup | None = lookup
        # Where another middleware of this kind is around this one, nobody looks at its user.
        inherited = dict.items(state) if isinstance(state, State) else state
        if inherited:
            self.update(inherited)
            for name in _FOUND:
                super().pop(name, None)

    def __missing__(self, key: str) -> Any:
        """Return what nobody has looked at before; raises ``KeyError`` for every other key."""
        if self._lookup is None or key not in _FOUND:
            raise KeyError(key)
        self._look()
        return self[key]

    def _look(self) -> None:
        lookup = self._lookup
        if lookup is not None:
            auth = lookup.find_now()
            lookup.looked, self._lookup = True, None
            # What the app has put there itself stays.
            super().setdefault("privy_user", auth.user)
            super().setdefault("privy_auth", auth)

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Copy and pickle as a plain dict."""
        return dict, (dict(self),)


def _for_a_key(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def looking(self: State, key: object, *default: object) -> Any:
        if key in _FOUND:
            self._look()
        return method(self, key, *default)

    return looking


def _for_all(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def looking(self: State, *other: object) -> Any:
        self._look()
        return method(self, *other)

    return looking


# Set from outside the class, so that type checkers keep the signatures of dict.
for _name in ("__contains__", "__delitem__", "get", "pop", "setdefault"):
    setattr(State, _name, _for_a_key(getattr(dict, _name)))
for _name in ("__eq__", "__ne__", "__iter__", "__len__", "__or__", "__repr__", "__reversed__"):
    setattr(State, _name, _for_all(getattr(dict, _name)))
for _name in ("copy", "items", "keys", "popitem", "values"):
    setattr(State, _name, _for_all(getattr(dict, _name)))
