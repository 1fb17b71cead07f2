"""The routes of Litestar apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from privy_middleware.cli.listing.route import UNKNOWN, Guards, Route, guarded, rules_on
from privy_middleware.http.routes import ANYTHING_BELOW
from privy_middleware.plugin import Rule

__all__ = ["walk"]


def walk(app: Any, base: str, guards: Guards) -> Iterator[Route]:
    """Yield the routes of an app mounted at ``base``."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", None) or [route.route_handler]:
            methods = set(getattr(handler, "http_methods", None) or ())
            if methods != {"OPTIONS"}:
                yield _route(base + route.path, methods, handler, guards)


def _route(path: str, methods: set[str], handler: Any, guards: Guards) -> Route:
    kind = type(handler).__name__.lower()
    guards_of_route = [rule for guard in handler.resolve_guards() for rule in rules_on(guard)]
    if kind.startswith("asgi"):
        below = path.rstrip("/") + ANYTHING_BELOW if handler.is_mount else path
        return guarded(below, methods, handler.fn, [*guards_of_route, UNKNOWN], guards)
    if kind.startswith("websocket"):
        methods = {"WEBSOCKET"}
    provided = handler.resolve_dependencies()
    rules = [*guards_of_route, *_in_dependencies(handler, provided, set())]
    return guarded(path, methods, handler.fn, rules, guards)


def _in_dependencies(taker: Any, provided: Mapping[str, Any], seen: set[str]) -> Iterator[Rule]:
    """Yield the rules of the dependencies of a handler, also of those that they have."""
    for name in taker.parsed_fn_signature.parameters:
        if name in provided and name not in seen:
            seen.add(name)
            yield from rules_on(provided[name].dependency)
            yield from _in_dependencies(provided[name], provided, seen)
