"""Requiring the user of the current request, one view at a time or a whole blueprint or app at once."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from flask import Blueprint, Flask, current_app, request
from flask.typing import ResponseReturnValue

from flask_privy.request import current_lookup
from privy_middleware import ConfigurationError
from privy_middleware.plugin import Rule, is_preflight

__all__ = ["Exempt", "Guard", "enter"]

Exempt: TypeAlias = Collection[str | Callable[..., Any]]


def enter(rule: Rule) -> ResponseReturnValue | None:
    """Apply a rule to the current request; return an answer, or ``None`` to go on.

    A CORS preflight carries no credentials by design (WHATWG Fetch §3.2.2), so it is not refused for having none. Nor
    does it get into a view that lists ``OPTIONS`` but has no code apart for it, and so was not written to run without
    its user: Flask's own answer is given instead, to which an extension for CORS adds its headers.

    Raises:
        PrivyHTTPException: when the rule refuses the request.
    """
    lookup = current_lookup()
    if not is_preflight(lookup.request):
        lookup.check(rule)
        return None
    return None if _answers_options(_view()) else current_app.make_default_options_response()


def _view() -> Callable[..., Any] | None:
    return current_app.view_functions.get(request.endpoint or "")


def _answers_options(view: Callable[..., Any] | None) -> bool:
    """Say whether ``OPTIONS`` runs nothing that another method runs as well.

    Flask answers it (or 404) by itself; a decorator such as Flask-CORS's says in ``required_methods`` that it does; a
    ``MethodView`` has a method of its own for it.
    """
    if view is None or getattr(request.url_rule, "provide_automatic_options", False):
        return True
    return "OPTIONS" in getattr(view, "required_methods", ()) or hasattr(_class_of(view), "options")


def _class_of(view: Callable[..., Any]) -> type | None:
    return getattr(view, "view_class", None)


class Guard:
    """Stand before every request of an app or a blueprint, but those of exempt views."""

    def __init__(self, scaffold: Flask | Blueprint, rule: Rule, exempt: Exempt = ()) -> None:
        """Take what is guarded, the rule, and the exempt views: by endpoint, function or view class.

        Raises:
            ConfigurationError: when ``exempt`` is a single name.
        """
        if isinstance(exempt, str):
            raise ConfigurationError("exempt", 'give a list of endpoints or views, as in ["login"]')
        # The scaffold holds the guard: a reference back would be a cycle, and keep the app alive.
        self._scaffold = weakref.ref(scaffold)
        self._rule = rule
        self._exempt = tuple(exempt)

    def __call__(self) -> ResponseReturnValue | None:
        """Let the current request pass, or refuse it; for ``before_request``."""
        return None if self._is_exempt() else enter(self._rule)

    def _is_exempt(self) -> bool:
        lookup, view = current_lookup(), _view()
        if lookup.gate.is_sign_in_page(lookup.request):
            return True
        return view is not None and any(each in self._exempt for each in (view, _class_of(view), *self._endpoints()))

    def _endpoints(self) -> list[str]:
        """Return the endpoint's full name, and in the blueprint itself the name it has there."""
        full = request.endpoint or ""
        own = current_app.blueprints.get(request.blueprint or "") is self._scaffold()
        return [full, full.rpartition(".")[2]] if own else [full]
