"""The routes of Flask apps, with their blueprints and the apps that werkzeug's dispatcher mounts beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from privy_middleware.cli.apps import layers
from privy_middleware.cli.listing.route import Guards, Route, guarded, rules_on
from privy_middleware.cli.listing.starlette import Walk
from privy_middleware.gate import Gate
from privy_middleware.plugin import Rule, optional, requirement

__all__ = ["walk"]


def walk(app: Any, base: str, guards: Guards, walk_app: Walk) -> Iterator[Route]:
    """Yield the routes of an app mounted at ``base``."""
    # A fixed name has precedence over a parameter.
    for each in sorted(app.url_map.iter_rules(), key=lambda rule: str(rule.rule).replace("<", "\uffff")):
        view = app.view_functions.get(each.endpoint)
        if view is not None:
            shared = [*_before(app, each.endpoint, view), *rules_on(view)]
            for methods, rules in _handlers(view, each.methods or ()):
                asked = [*shared, *rules]
                yield guarded(base + each.rule, methods, view, [*asked, *_of_setting(app, each.rule, view)], guards)
    for middleware in layers(app):
        for path, mounted in (getattr(middleware, "mounts", None) or {}).items():
            yield from walk_app(mounted, base + path, guards)


def _before(app: Any, endpoint: str, view: Any) -> Iterator[Rule]:
    """Yield the rules of the guards that run before a view: those of the app and of its blueprints."""
    parts = endpoint.split(".")[:-1]
    for name in (None, *(".".join(parts[:length]) for length in range(1, len(parts) + 1))):
        for guard in app.before_request_funcs.get(name, ()):
            # A decorated function has no exceptions.
            exempts = getattr(guard, "exempts", None)
            if exempts is None or not exempts(app, endpoint, view):
                yield from rules_on(guard)


def _of_setting(app: Any, path: str, view: Any) -> Iterator[Rule]:
    """Yield what the setting ``on_missing`` adds, which requires a user for every view that is not optional."""
    gate = app.extensions.get("privy")
    if isinstance(gate, Gate) and gate.settings.on_missing == "reject" and gate.protects(path):
        yield optional() if getattr(view, "privy_optional", False) else requirement()


def _handlers(view: Any, methods: Any) -> Iterator[tuple[list[str], list[Rule]]]:
    """Yield the methods of a route with the rules on the methods of its class."""
    served = getattr(view, "view_class", None)
    own = [each for each in methods if hasattr(served, each.lower())]
    others = [each for each in methods if each not in own and each not in ("HEAD", "OPTIONS")]
    if others or not own:
        yield others, rules_on(getattr(served, "dispatch_request", None))
    for each in sorted({*own} - {"HEAD", "OPTIONS"}):
        yield [each], rules_on(getattr(served, each.lower()))
