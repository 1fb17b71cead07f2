"""The user's app: how it is imported, which framework it is made with, and where Privy is installed in it."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import click

from privy_middleware.errors import ConfigurationError
from privy_middleware.gate import Gate

__all__ = ["check_views", "django_project", "framework_of", "gates_of", "layers", "load_app", "module", "project_gates"]

_CLASSES = {
    "django.core.handlers.base.BaseHandler": "django",
    "fastapi.applications.FastAPI": "fastapi",
    "flask.app.Flask": "flask",
    "litestar.app.Litestar": "litestar",
    "starlette.applications.Starlette": "starlette",
}
_OWN_FILES = frozenset({__file__, importlib.__file__, "<frozen importlib._bootstrap>"})
# Where middleware keeps the next app.
_NEXT = ("app", "wsgi_app", "application", "asgi_app")


def module(name: str) -> Any:
    """Return a module of a framework or a plugin, which the core must not import itself."""
    return importlib.import_module(name)


def load_app(target: str) -> Any:
    """Return the app at ``module:attribute``, or the result of ``module:function()``, from the working directory.

    Raises:
        UsageError: if it cannot be imported, naming the place of the error, or is not an app.
        ConfigurationError: if the app raises it.
    """
    name, _, path = target.partition(":")
    if not name or not path:
        raise click.UsageError(f"{target}: name the app as module:attribute, such as main:app or main:create_app()")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    found: Any = _run_user_code(target, lambda: importlib.import_module(name))
    for part in path.removesuffix("()").split("."):
        if not hasattr(found, part):
            raise click.UsageError(f"{target}: {getattr(found, '__name__', found)} has no attribute {part}")
        found = getattr(found, part)
    if not callable(found):
        raise click.UsageError(f"{target} is not an app: {type(found).__qualname__}")
    return _run_user_code(target, found) if path.endswith("()") else found


def django_project() -> None:
    """Set up the Django project of ``DJANGO_SETTINGS_MODULE``.

    Raises:
        UsageError: if it cannot be set up.
    """
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    _run_user_code("DJANGO_SETTINGS_MODULE", lambda: module("django").setup())


def _run_user_code(target: str, code: Any) -> Any:
    try:
        return code()
    except ConfigurationError:
        raise
    except (Exception, SystemExit) as error:
        raise click.UsageError(f"{target}: {type(error).__name__}: {error}{_place(error)}") from None


def _place(error: BaseException) -> str:
    """Return where an error was raised, without the files of Python and of this module."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename not in _OWN_FILES]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def framework_of(app: object) -> str | None:
    """Return the name of the framework of an app itself, without middleware around it, or ``None``."""
    names = (f"{each.__module__}.{each.__qualname__}" for each in type(app).__mro__)
    return next((_CLASSES[name] for name in names if name in _CLASSES), None)


def layers(app: Any) -> Iterator[Any]:
    """Yield an app, what it wraps, and the middleware of its framework, from the outside to the inside.

    Raises:
        ConfigurationError: if a middleware that is built for this finds a mistake in the app.
    """
    seen: set[int] = set()
    while app is not None and id(app) not in seen:
        seen.add(id(app))
        yield app
        app = _next(app)


def _next(app: Any) -> Any:
    if hasattr(app, "build_middleware_stack"):
        return app.middleware_stack or app.build_middleware_stack()
    if framework_of(app) == "litestar":
        return app.asgi_router
    following = next((getattr(app, name) for name in _NEXT if callable(getattr(app, name, None))), None)
    return getattr(following, "__self__", following)


def gates_of(app: Any) -> list[Gate]:
    """Return what decides about the requests of an app, from the outside to the inside; empty without Privy.

    Raises:
        ConfigurationError: if a setting of the app is wrong.
    """
    found = [getattr(each, "gate", None) for each in layers(app)]
    for each in layers(app):
        framework = framework_of(each)
        if framework == "flask":
            found.append(each.extensions.get("privy"))
        elif framework == "django":
            found += project_gates()
    return list(dict.fromkeys(gate for gate in found if isinstance(gate, Gate)))


def project_gates() -> list[Gate]:
    """Return what decides about the requests of the Django project, empty if the middleware is not installed.

    Raises:
        ConfigurationError: if a setting is wrong.
    """
    installed: bool = module("django_privy.checks").is_installed()
    return [module("django_privy.conf").PrivySettings().gate] if installed else []


def check_views(app: Any) -> None:
    """Check that a Flask app serves no view without its decorator; other apps check this when they are built.

    Raises:
        ConfigurationError: if it does, naming the view.
    """
    if framework_of(app) == "flask":
        module("flask_privy.decorators").GUARDED.check(app)
