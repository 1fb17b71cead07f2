"""Checks that require a user: for a single view, or for a whole blueprint or app."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from flask import Blueprint, Flask, current_app, request
from flask.typing import ResponseReturnValue

from flask_privy.request import current_lookup
from privy_middleware import ConfigurationError
from privy_middleware.plugin import Rule, is_preflight, view_name

__all__ = ["Exempt", "Guard", "enter"]

Exempt: TypeAlias = Collection[str | Callable[..., Any]]


def enter(rule: Rule) -> ResponseReturnValue | None:
    """Apply a rule to the current request; return a response to send instead of the view's, or ``None``.

    A CORS preflight never has credentials (WHATWG Fetch §3.2.2), so it is not rejected. But a view that lists
    ``OPTIONS`` without separate code for it expects a user, so it does not run for a preflight: Flask's own response to
    ``OPTIONS`` is returned, and a CORS extension adds its headers to it.

    Raises:
        PrivyHTTPException: if the rule rejects the request.
    """
    lookup = current_lookup()
    if not is_preflight(lookup.request):
        lookup.check(rule)
        return None
    return None if _answers_options(_view()) else current_app.make_default_options_response()


def _view() -> Callable[..., Any] | None:
    return current_app.view_functions.get(request.endpoint or "")


def _answers_options(view: Callable[..., Any] | None) -> bool:
    """Return whether ``OPTIONS`` runs no code that other methods of the view also run.

    This is the case if Flask itself responds to ``OPTIONS``, or with 404; if a decorator such as that of Flask-CORS
    responds, which it declares in ``required_methods``; or if a ``MethodView`` has the method ``options``.
    """
    if view is None or getattr(request.url_rule, "provide_automatic_options", False):
        return True
    return "OPTIONS" in getattr(view, "required_methods", ()) or hasattr(_class_of(view), "options")


def _class_of(view: Callable[..., Any]) -> type | None:
    return getattr(view, "view_class", None)


class Guard:
    """A ``before_request`` function that requires a user for an app or a blueprint, except for exempt views.

    Attributes:
        privy_rule: what it requires.
    """

    def __init__(self, scaffold: Flask | Blueprint, rule: Rule, exempt: Exempt = ()) -> None:
        """Create the guard of an app or blueprint; ``exempt`` lists endpoints, view functions or view classes.

        Raises:
            ConfigurationError: if ``exempt`` is a string.
        """
        if isinstance(exempt, str):
            raise ConfigurationError("exempt", 'give a list of endpoints or views, as in ["login"]')
        # A strong reference would be a cycle, because the app or blueprint refers to the guard, and keep the app alive.
        self._scaffold = weakref.ref(scaffold)
        self.privy_rule = rule
        self._exempt = tuple(exempt)

    def check(self, app: Flask) -> None:
        """Check that the exempt views exist; called before the first request.

        Raises:
            ConfigurationError: if one does not.
        """
        prefixes = ["", *(f"{name}." for name, each in app.blueprints.items() if each is self._scaffold())]
        views = app.view_functions
        for each in self._exempt:
            if isinstance(each, str):
                found = any(prefix + each in views for prefix in prefixes)
            else:
                found = any(each in (view, _class_of(view)) for view in views.values())
            if not found:
                name = repr(each) if isinstance(each, str) else view_name(each)
                raise ConfigurationError("exempt", f"{name} is not an endpoint or a view of the app")

    def __call__(self) -> ResponseReturnValue | None:
        """Check the current request."""
        return None if self._is_exempt() else enter(self.privy_rule)

    def _is_exempt(self) -> bool:
        lookup, view = current_lookup(), _view()
        if lookup.gate.is_sign_in_page(lookup.request):
            return True
        return view is not None and self.exempts(current_app, request.endpoint or "", view)

    def exempts(self, app: Flask, endpoint: str, view: Callable[..., Any]) -> bool:
        """Return whether a view is exempt, by itself, its class or the name of its endpoint."""
        # The endpoint of a view of this blueprint itself has a short name there, too.
        blueprint, _, name = endpoint.rpartition(".")
        own = app.blueprints.get(blueprint) is self._scaffold()
        names = [endpoint, name] if own else [endpoint]
        return any(each in self._exempt for each in (view, _class_of(view), *names))
