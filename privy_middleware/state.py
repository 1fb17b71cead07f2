"""The ``state`` of an ASGI scope, in which the user is found when somebody looks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from privy_middleware.lookup import Lookup

__all__ = ["State"]

_FOUND = ("privy_user", "privy_auth")
_ABSENT = object()


class State(dict[str, Any]):
    """Be the state of a connection, with ``privy_user`` and ``privy_auth`` in it from when somebody looks for them.

    Whoever copies it or goes through the whole of it looks as well, so that it can be taken for a plain dict. All else
    is kept in the state that was there before, which middleware further out may hold in its hands; only the two stay
    here, since a server might hand one state to many requests.
    """

    __slots__ = ("_lookup", "_rest")

    def __init__(self, lookup: Lookup, state: dict[str, Any] | None) -> None:
        """Take what finds the user, and the state so far."""
        self._lookup: Lookup | None = lookup
        # Where another middleware of this kind is around this one, its user is none of ours.
        rest = state._rest if isinstance(state, State) else state
        self._rest: dict[str, Any] = {} if rest is None else rest

    def _look(self) -> None:
        lookup = self._lookup
        if lookup is not None:
            auth = lookup.find_now()
            # Several threads may look at once: all see the same, and none sees half of it.
            dict.setdefault(self, "privy_user", auth.user)
            dict.setdefault(self, "privy_auth", auth)
            lookup.looked = True
            self._lookup = None

    def __missing__(self, key: str) -> Any:
        """Return what nobody has looked at before, or what others have put there; raises ``KeyError``."""
        if key not in _FOUND:
            return self._rest[key]
        self._look()
        value = dict.get(self, key, _ABSENT)
        if value is _ABSENT:
            raise KeyError(key)
        return value

    def _all(self) -> dict[str, Any]:
        self._look()
        return {**self._rest, **dict(dict.items(self))}

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Put entries in."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def popitem(self) -> tuple[str, Any]:
        """Take an entry out, and return it; raises ``KeyError`` where there is none."""
        self._look()
        return super().popitem() if super().__len__() else self._rest.popitem()

    def clear(self) -> None:
        """Take everything out."""
        self._look()
        super().clear()
        self._rest.clear()

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Copy and pickle as a plain dict."""
        return dict, (self._all(),)


def _for_a_key(name: str) -> Callable[..., Any]:
    own = getattr(dict, name)

    @functools.wraps(own)
    def method(self: State, key: object, *value: object) -> Any:
        if key not in _FOUND:
            return getattr(self._rest, name)(key, *value)
        self._look()
        return own(self, key, *value)

    return method


def _for_all(name: str) -> Callable[..., Any]:
    whole = getattr(dict, name)

    @functools.wraps(whole)
    def method(self: State, *other: object) -> Any:
        return whole(self._all(), *other)

    return method


def _put_in(self: State, other: Any) -> State:
    self.update(other)
    return self


_METHODS = {
    **{each: _for_a_key(each) for each in ("__contains__", "__delitem__", "__setitem__", "get", "pop", "setdefault")},
    **{each: _for_all(each) for each in ("__eq__", "__ne__", "__iter__", "__len__", "__or__", "__repr__", "__ror__")},
    **{each: _for_all(each) for each in ("__reversed__", "copy", "items", "keys", "values")},
    "__ior__": _put_in,
}
# Set from outside the class, so that type checkers keep the signatures of dict.
for _name, _method in _METHODS.items():
    setattr(State, _name, _method)
