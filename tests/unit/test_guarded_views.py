"""Views that are served without the decorator above their route, as opposed to views that are meant to be open."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from privy_middleware import ConfigurationError
from privy_middleware.guarded_views import GuardedViews
from tests.support.garbage import only_new_objects


class App:
    """An app whose routes are entries in a list."""

    def __init__(self) -> None:
        self.views: list[object] = []

    def route(self, view: Any) -> Any:
        """Register a view, and return it like a route decorator."""
        self.views.append(view)
        return view


GUARDED: GuardedViews[App] = GuardedViews(lambda app: app.views)


def guard(view: Any) -> Any:
    """Put a guard around a view."""

    @functools.wraps(view)
    def guarded(*args: object) -> object:
        return view(*args)

    GUARDED.add(view, guarded)
    return guarded


def other(view: Any) -> Any:
    """Put another decorator around a view."""

    @functools.wraps(view)
    def wrapped(*args: object) -> object:
        return view(*args)

    return wrapped


def opaque(view: Any) -> Any:
    """Put a wrapper around a view that does not refer to it."""
    return lambda *_: view()


class Methods:
    """A class whose methods are views."""

    @guard
    def guarded(self) -> None:
        """A guarded method."""

    def plain(self) -> None:
        """An open method."""


class View:
    """An object that is a view."""

    def __call__(self) -> None:
        """Respond."""


@pytest.fixture
def app() -> App:
    """Return an app that is watched."""
    app = App()
    GUARDED.watch(app)
    return app


def defined(app: App, source: str) -> dict[str, Any]:
    """Run code in a new module that has the app."""
    names = {"app": app, "guard": guard, "other": other, "opaque": opaque, "__name__": "shop.views"}
    exec(source, names)
    return names


MISTAKES = {
    "above the route": "@guard\n@app.route\ndef view(): ...",
    "above the route and another decorator": "@guard\n@app.route\n@other\ndef view(): ...",
    "below another decorator": "@other\n@guard\n@app.route\ndef view(): ...",
    "below a decorator that hides it": "@opaque\n@guard\n@app.route\ndef view(): ...",
    "the second of two guards": "@guard\n@app.route\n@guard\ndef view(): ...",
    "in a class": "class Views:\n    @guard\n    @app.route\n    def view(self): ...",
    "with the name taken again": "@guard\n@app.route\ndef view(): ...\ndef view(): ...",
    "in a function": "def make():\n    @guard\n    @app.route\n    def view(): ...\nmake()",
    "in a function that keeps it": "def f():\n    @guard\n    @app.route\n    def view(): ...\n    return view\nx=f()",
    "afterwards": "@app.route\ndef view(): ...\nview = guard(view)",
}
RIGHT = {
    "below the route": "@app.route\n@guard\ndef view(): ...",
    "around others": "@app.route\n@other\n@guard\n@other\ndef view(): ...",
    "twice": "@app.route\n@guard\n@guard\ndef view(): ...",
    "two routes": "@app.route\n@app.route\n@guard\ndef view(): ...",
    "open and guarded": "@app.route\ndef view(): ...\napp.route(guard(view))",
    "guarded and open": "def view(): ...\napp.route(guard(view))\napp.route(view)",
    "open, and guarded under the name": "@app.route\ndef view(): ...\nview = app.route(guard(view))",
    "in a function": "def make():\n    def view(): ...\n    app.route(view)\n    app.route(guard(view))\nmake()",
    "open and guarded behind another decorator": "@app.route\ndef view(): ...\napp.route(other(guard(view)))",
    "open, and guarded where nobody can see": "@app.route\ndef view(): ...\nhandlers = [opaque(guard(view))]",
    "open, and guarded in passing": "@app.route\ndef view(): ...\nguard(view)",
    "a lambda": "app.route(guard(lambda: None))",
    "an open lambda": "view = app.route(lambda: None)\nhandlers = [guard(view)]",
    "in a class": "class Views:\n    @guard\n    def view(self): ...\napp.route(Views().view)\napp.route(Views.view)",
    "a partial": "import functools\n@guard\ndef view(*_): ...\napp.route(functools.partial(view, 1))",
}


@pytest.fixture(autouse=True)
def quick_collections() -> Iterator[None]:
    """Let the tests collect only their own garbage."""
    with only_new_objects():
        yield


@pytest.mark.parametrize("name", [*MISTAKES])
def test_mistakes(app: App, name: str) -> None:
    """Each mistake raises an error with the view's name and the right order."""
    names = defined(app, MISTAKES[name])
    gc.collect()
    with pytest.raises(ConfigurationError, match=r"^shop\.views\..*view: .*route's decorator first") as caught:
        GUARDED.check(app)
    assert caught.value.field.endswith("view")
    assert names["__name__"] in caught.value.field


@pytest.mark.parametrize("name", [*RIGHT])
def test_what_is_right(app: App, name: str) -> None:
    """A view can be served both open and guarded on purpose."""
    names = defined(app, RIGHT[name])
    gc.collect()
    GUARDED.check(app)
    assert app.views
    assert names


def test_a_view_of_two_apps() -> None:
    """Open in one app and guarded in another, also for a nested function."""

    def view() -> None: ...

    open_app, guarded_app = App(), App()
    guarded_app.route(guard(open_app.route(view)))
    with pytest.raises(ConfigurationError):
        GUARDED.check(open_app)
    for each in (open_app, guarded_app):
        GUARDED.watch(each)
    GUARDED.check(open_app)
    GUARDED.check(guarded_app)


def test_methods_and_objects(app: App) -> None:
    """All kinds of views are recognised."""
    view = View()
    odd: list[object] = [[], None, 1]
    views: list[object] = [Methods().guarded, Methods.guarded, Methods().plain, view, functools.partial(view)]
    for each in views + odd:
        app.route(each)
    GUARDED.check(app)
    for each in odd:
        GUARDED.add(each, view)
    GUARDED.add(view, guarded := (lambda: None))
    GUARDED.check(app)
    app.route(guarded)
    GUARDED.check(app)


def test_nothing_is_kept_alive(app: App) -> None:
    """Views that a module no longer refers to are freed."""
    gc.collect()
    before = len(GUARDED._guards)

    def make() -> Callable[[], None]:
        def view() -> None: ...

        return view

    kept = [guard(make()) for _ in range(3)]
    assert len(GUARDED._guards) == before + 3
    kept.clear()
    gc.collect()
    # Those of earlier tests may be freed as well.
    assert len(GUARDED._guards) <= before
