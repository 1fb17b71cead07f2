"""Immutable JSON values, because one user object is used by many requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from privy_middleware.errors import InvalidClaims
from privy_middleware.tokens.strict_json import MAX_DEPTH

__all__ = ["FrozenDict", "freeze", "freeze_object", "thaw", "thaw_object"]

_NESTED = (dict, list, tuple)
_NESTED_TYPES = frozenset(_NESTED)


class FrozenDict(dict[str, Any]):
    """An immutable ``dict`` for a JSON object; every change raises ``TypeError``.

    It works with ``json.dumps``, ``copy``, ``pickle`` and ``dataclasses.asdict``. Its method ``copy`` and ``|`` return
    a plain ``dict``. Make one with ``freeze_object``, which freezes the values too.
    """

    __slots__ = ()

    def __copy__(self) -> FrozenDict:
        """Return the object itself, because it is immutable."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenDict:
        """Return the object itself, because it is immutable."""
        return self

    def __reduce__(self) -> tuple[type[FrozenDict], tuple[dict[str, Any]]]:
        """Pickle as a call with a plain dict, because items cannot be set one by one."""
        return FrozenDict, (dict(self),)


def _refuse(*_args: object, **_kwargs: object) -> NoReturn:
    """Refuse to change the object.

    Raises:
        TypeError: always.
    """
    raise TypeError("this mapping is shared between requests: change a copy, dict(mapping)")


# Set outside the class, so that type checkers use the signatures of dict.
for _name in ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update"):
    setattr(FrozenDict, _name, _refuse)


def freeze_object(value: Mapping[str, Any], depth: int = MAX_DEPTH) -> FrozenDict:
    """Return an immutable copy of a JSON object: dicts become ``FrozenDict``, lists become tuples.

    A ``FrozenDict`` is returned as it is.

    Raises:
        InvalidClaims: if it is nested more than ``depth`` deep, which could overflow the stack later.
    """
    if isinstance(value, FrozenDict):
        return value
    if _NESTED_TYPES.isdisjoint(map(type, value.values())):
        return FrozenDict(value)
    return FrozenDict({k: freeze(v, depth - 1) if isinstance(v, _NESTED) else v for k, v in value.items()})


def freeze(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return an immutable copy of a JSON value: dicts become ``FrozenDict``, lists become tuples.

    Raises:
        InvalidClaims: if it is nested more than ``depth`` deep, which could overflow the stack later.
    """
    if depth < 0:
        raise InvalidClaims("A claim is nested too deeply.")
    if isinstance(value, dict):
        return freeze_object(value, depth)
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item, depth - 1) for item in value)
    return value


def thaw_object(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a frozen JSON object as plain dicts and lists."""
    return {key: thaw(item) for key, item in value.items()}


def thaw(value: Any) -> Any:
    """Return a copy of a frozen JSON value as plain dicts and lists."""
    if isinstance(value, Mapping):
        return thaw_object(value)
    if isinstance(value, (list, tuple)):
        return [thaw(item) for item in value]
    return value
