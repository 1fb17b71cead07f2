"""One route, and what its rules and the protected path prefixes require together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from privy_middleware.gate import Gate
from privy_middleware.guarded_views import layers_of, view_name
from privy_middleware.http.routes import ANYTHING_BELOW, unmatched
from privy_middleware.plugin import Rule

__all__ = ["Guards", "Route", "UNKNOWN", "guarded", "known_exempt", "rules_on"]

UNKNOWN = Rule(lambda auth, _: auth.user)
"""The rule of what cannot be known."""

_PARAMETER = re.compile(r"\{[^{}]*\}|<[^<>]*>")
_REQUIRED = ("access token", "user")

Guards: TypeAlias = Sequence[tuple[Gate, str]]
"""What decides about the requests of an app before it does, each with the path below which its app is mounted."""


@dataclass(frozen=True, slots=True)
class Route:
    """A route of an app.

    Attributes:
        path: the path's template, as the framework writes it.
        methods: the methods, empty for all.
        view: the name of the view.
        rules: what the view and all that runs before it in the framework ask for.
        protected: whether a protected path prefix covers every path of the route.
        exempt: the exempt path prefixes of which the route may serve a path.
    """

    path: str
    methods: tuple[str, ...]
    view: str
    rules: tuple[Rule, ...] = ()
    protected: bool = False
    exempt: tuple[str, ...] = ()

    @property
    def requires(self) -> str:
        """Return what the route requires: ``access token``, ``user``, ``optional user``, ``nothing`` or ``unknown``."""
        asked = {rule.requires for rule in self.rules}
        if "access token" in asked:
            return "access token"
        if "user" in asked or (self.protected and not self.exempt):
            return "user"
        if "unknown" in asked:
            return "unknown"
        return "optional user" if asked else "nothing"

    @property
    def is_open(self) -> bool:
        """Return whether a request without a user may reach the view; also if that is not known."""
        return self.requires not in _REQUIRED

    @property
    def conditions(self) -> list[str]:
        """Return the conditions that the user must meet, each once."""
        return list(dict.fromkeys(rule.condition for rule in self.rules if rule.condition))

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "path": self.path,
            "methods": list(self.methods),
            "view": self.view,
            "requires": self.requires,
            "conditions": self.conditions,
            "protected_prefix": self.protected,
            "exempt_prefixes": list(self.exempt),
        }


def rules_on(view: object) -> list[Rule]:
    """Return the rules of the decorators on a view, from the outside to the inside."""
    found = [getattr(each, "privy_rule", None) for each in layers_of(view)]
    # Decorators copy the attributes of what they wrap.
    return list({id(rule): rule for rule in found if isinstance(rule, Rule)}.values())


def guarded(path: str, methods: Iterable[str], view: object, rules: Iterable[Rule], guards: Guards) -> Route:
    """Return a route, after finding out whether path prefixes protect it."""
    chosen = tuple(sorted(set(methods) - {"HEAD", "OPTIONS"}))
    name = view if isinstance(view, str) else view_name(view)
    route = Route(path, chosen, name, tuple(rules))
    for gate, base in guards:
        # A middleware inside a mount may see the path with the mount's own or without it.
        readings = {path, "/" + path.removeprefix(base).lstrip("/")}
        if any(_protects(gate, each, chosen) for each in readings):
            exempt = [each for each in gate.prefixes["exempt"] if any(not unmatched([each], [at]) for at in readings)]
            route = replace(route, protected=True, exempt=tuple(exempt))
            if not exempt:
                break
    return route


def _protects(gate: Gate, template: str, methods: Sequence[str]) -> bool:
    # A parameter may have any value, and only names that are fixed can be compared with a prefix.
    path = _PARAMETER.sub("any-value", template.replace(ANYTHING_BELOW, "/any-value"))
    return all(gate.protects(path, method) for method in methods or ("GET", "POST"))


def known_exempt(routes: Sequence[Route]) -> list[Route]:
    """Return the routes without the exempt prefixes that have routes of their own, which come first."""
    known = []
    earlier: list[str] = []
    for route in routes:
        left = tuple(each for each in route.exempt if not any(_below(path, each) for path in earlier))
        known.append(replace(route, exempt=left))
        earlier.append(route.path.rstrip("/"))
    return known


def _below(path: str, prefix: str) -> bool:
    return path == prefix.rstrip("/") or path.startswith(prefix.rstrip("/") + "/")
