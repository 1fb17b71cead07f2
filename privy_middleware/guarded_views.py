"""Views with a guard, and whether the app serves them with it.

A route's decorator registers the function below it. A guard above the route's decorator has no effect: the route serves
the function without the guard, and nothing shows it.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet, ref

from privy_middleware.errors import ConfigurationError

__all__ = ["GuardedViews", "layers_of", "unguarded", "view_name"]

_App = TypeVar("_App")


class GuardedViews(Generic[_App]):
    """Remember which views have a guard, and find those that an app serves without it.

    A view may be served both ways on purpose. It counts as a mistake unless the guarded version is served too, by this
    app or another one, or the view's name still refers to the view without the guard, which cannot be checked for a
    function inside another function.
    """

    def __init__(self, views_of: Callable[[_App], Iterable[object]]) -> None:
        """Create it from a function that lists the views that an app serves."""
        self._views_of = views_of
        self._guards: WeakKeyDictionary[Any, list[ref[Any]]] = WeakKeyDictionary()
        self._apps: WeakSet[Any] = WeakSet()
        self._lock = threading.Lock()

    def add(self, view: object, guarded: object) -> None:
        """Remember the guarded version of a view."""
        # Some objects allow no weak reference.
        with self._lock, suppress(TypeError):
            self._guards.setdefault(view, []).append(ref(guarded))

    def watch(self, app: _App) -> None:
        """Add an app whose views count."""
        with self._lock:
            self._apps.add(app)

    def check(self, app: _App) -> None:
        """Check the views of an app, once it has them all.

        Raises:
            ConfigurationError: if one of them is served without its guard by mistake, naming it and the right order.
        """
        for view in self._views_of(app):
            layers = list(layers_of(view))
            for each in layers:
                guards = self._guards_of(each)
                if guards is not None and not self._intended(each, guards, layers):
                    raise unguarded(each)

    def _guards_of(self, view: object) -> list[object] | None:
        """Return the guarded versions of a view that still exist, ``None`` if there never was one."""
        found = None
        with suppress(TypeError):
            found = self._guards.get(view)
        return None if found is None else [each() for each in found]

    def _intended(self, view: object, guards: Sequence[object], layers: Sequence[object]) -> bool:
        return _share(guards, layers) or _bears_its_name(view) or self._served(guards)

    def _served(self, guards: Sequence[object]) -> bool:
        with self._lock:
            apps = list(self._apps)
        return any(_share(guards, list(layers_of(view))) for app in apps for view in self._views_of(app))


def unguarded(view: object) -> ConfigurationError:
    """Return the error for a view that its route serves without the guard."""
    fix = "is served without the guard above its route: write the route's decorator first, and the guard's below it"
    return ConfigurationError(view_name(view), fix)


def view_name(view: object) -> str:
    """Return the module and the name of a view, for messages."""
    return f"{getattr(view, '__module__', None)}.{getattr(view, '__qualname__', type(view).__qualname__)}"


def layers_of(view: object) -> Iterator[object]:
    """Yield a view and what it wraps, from the outside to the inside."""
    while view is not None:
        yield view
        if isinstance(view, functools.partial):
            view = view.func
        else:
            view = getattr(view, "__func__", None) or getattr(view, "__wrapped__", None)


def _share(some: Sequence[object], others: Sequence[object]) -> bool:
    return any(one is another for one in some for another in others)


def _bears_its_name(view: object) -> bool:
    """Return whether the name that a view was defined under still refers to it, as far as that can be seen."""
    name = getattr(view, "__qualname__", None)
    namespace = getattr(inspect.unwrap(view), "__globals__", None) if callable(view) else None
    if name is None or namespace is None:
        return True
    if "<locals>" in name:
        return False
    first, *others = name.split(".")
    found = namespace.get(first, view)
    for each in others:
        found = getattr(found, each, view)
    return found is view
