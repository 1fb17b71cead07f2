"""The routes of a Django project: views, view classes, REST framework's and Ninja's."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from privy_middleware.cli.apps import module
from privy_middleware.cli.listing.route import UNKNOWN, Guards, Route, guarded, rules_on
from privy_middleware.plugin import Rule

__all__ = ["walk"]

_VERBS = ("get", "post", "put", "patch", "delete")


def walk(base: str, guards: Guards) -> Iterator[Route]:
    """Yield the routes of the project, whose app is mounted at ``base``."""
    for template, view in module("django_privy.url_checks").url_patterns():
        path = base + f"/{template}".replace("//", "/")
        for methods, rules in _handlers(view):
            yield guarded(path, methods, _named(view), [*rules_on(view), *rules], guards)


def _named(view: Any) -> Any:
    return getattr(view, "view_class", None) or getattr(view, "cls", None) or view


def _handlers(view: Any) -> Iterator[tuple[Iterable[str], list[Rule]]]:
    """Yield what serves the methods of a view, which are not known for a function."""
    operations = _ninja_operations(view)
    served = _named(view)
    if operations:
        for each in operations:
            yield each.methods, [*_of_ninja(each.auth_callbacks), *rules_on(each.view_func)]
    elif inspect.isclass(served):
        yield from _of_class(view, served)
    else:
        yield (), []


def _of_class(view: Any, served: Any) -> Iterator[tuple[Iterable[str], list[Rule]]]:
    shared = [*rules_on(served.dispatch), *_of_mixin(served), *_of_permissions(view, served)]
    # A view set has a name of its own for each method.
    actions = getattr(view, "actions", None) or {each: each for each in _VERBS if hasattr(served, each)}
    for verb, name in actions.items():
        yield [verb.upper()], [*shared, *rules_on(getattr(served, name))]
    if not actions:
        yield (), shared


def _of_mixin(served: Any) -> Iterator[Rule]:
    rule = getattr(served, "privy_rule", None)
    if isinstance(rule, Rule):
        yield rule


def _of_permissions(view: Any, served: Any) -> Iterator[Rule]:
    """Yield the rules of REST framework's permissions."""
    listed = getattr(view, "initkwargs", {}).get("permission_classes", getattr(served, "permission_classes", ()))
    if hasattr(served, "get_permissions") and served.get_permissions.__module__ != "rest_framework.views":
        yield UNKNOWN
        return
    for permission in listed:
        yield from _of_permission(permission)


def _of_permission(permission: Any) -> Iterator[Rule]:
    """Yield the rules of a permission, which may be a combination of others."""
    operator = getattr(getattr(permission, "operator_class", None), "__name__", "")
    if operator == "AND":
        yield from _of_permission(permission.op1_class)
        yield from _of_permission(permission.op2_class)
    elif operator == "OR":
        yield from _either([*_of_permission(permission.op1_class)], [*_of_permission(permission.op2_class)])
    elif not operator:
        yield from _of_mixin(permission)


def _either(first: list[Rule], second: list[Rule]) -> Iterator[Rule]:
    """Yield the rule that one of two lists of rules requires a user; there is none if one of the lists is empty."""
    if first and second:
        words = [" and ".join(filter(None, (rule.condition for rule in rules))) for rules in (first, second)]
        yield Rule(first[0].ask, requires="user", condition=" or ".join(words) if all(words) else "")


def _ninja_operations(view: Any) -> list[Any]:
    """Return the operations behind a view of django-ninja, which is a function inside a method."""
    inside = inspect.getclosurevars(view).nonlocals.get("self") if inspect.isfunction(view) else None
    found = getattr(inside, "operations", None)
    return found if isinstance(found, list) else []


def _of_ninja(callbacks: Iterable[Any]) -> Iterator[Rule]:
    """Yield the rules of an operation, of which one callback must accept the request."""
    rules = [rules_on(each)[:1] or [UNKNOWN] for each in callbacks]
    known = [rule for each in rules for rule in each]
    if any(rule.requires == "unknown" for rule in known):
        # Another way to sign in is accepted, too.
        yield UNKNOWN
    else:
        yield from known
