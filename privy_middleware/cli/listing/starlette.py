"""The routes of Starlette and FastAPI apps, routers and mounts."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from privy_middleware.cli.apps import layers
from privy_middleware.cli.listing.route import UNKNOWN, Guards, Route, guarded, rules_on
from privy_middleware.gate import Gate
from privy_middleware.http.routes import ANYTHING_BELOW
from privy_middleware.plugin import Rule

__all__ = ["Walk", "walk"]

Walk: TypeAlias = Callable[[Any, str, Guards], Iterator[Route]]
"""Walks an app that is mounted in another one."""

_VERBS = ("get", "post", "put", "patch", "delete")


def walk(app: Any, base: str, guards: Guards, walk_app: Walk) -> Iterator[Route]:
    """Yield the routes of an app or a router mounted at ``base``."""
    overrides = getattr(app, "dependency_overrides", {})
    for route in app.routes:
        yield from _walk_route(route, base, guards, overrides, walk_app)
    yield from _frontends(getattr(app, "router", app), base, guards)


def _walk_route(route: Any, base: str, guards: Guards, overrides: Mapping[Any, Any], walk_app: Walk) -> Iterator[Route]:
    if hasattr(route, "effective_candidates"):
        # A router that is included in a FastAPI app; the paths of its routes are complete.
        for each in route.effective_candidates():
            yield from _walk_route(getattr(each, "starlette_route", None) or each, base, guards, overrides, walk_app)
        yield from _frontends(route.original_router, base + route.include_context.prefix, guards)
        return
    path = base + (getattr(route, "path", None) or "")
    if getattr(route, "endpoint", None) is None:
        yield from walk_app(getattr(route, "app", None) or route, path.rstrip("/"), guards)
        return
    around = [(each.gate, base) for each in _middleware(route) if isinstance(getattr(each, "gate", None), Gate)]
    shared = [*_in_dependencies(getattr(route, "dependant", None), overrides)]
    for methods, rules in _handlers(route):
        yield guarded(path, methods, route.endpoint, [*shared, *rules], [*guards, *around])


def _middleware(route: Any) -> Iterable[Any]:
    app = getattr(route, "app", None)
    return () if inspect.isclass(app) or app is route.endpoint else layers(app)


def _frontends(router: Any, base: str, guards: Guards) -> Iterator[Route]:
    """Yield an unknown route if a FastAPI router serves a frontend, which may be at any path."""
    for each in getattr(router, "_low_priority_routes", ()):
        yield guarded(base + ANYTHING_BELOW, (), type(each).__qualname__, [UNKNOWN], guards)


def _handlers(route: Any) -> Iterator[tuple[Iterable[str], list[Rule]]]:
    """Yield what serves the methods of a route: its function, or the methods of its class."""
    endpoint = route.endpoint
    methods = getattr(route, "methods", None) or ()
    if not inspect.isclass(endpoint):
        function = endpoint
        while isinstance(function, functools.partial):
            function = function.func
        # Starlette takes anything else for an app.
        yield _named(methods, route), rules_on(endpoint) if inspect.isroutine(function) else [UNKNOWN]
        return
    verbs = [each for each in _VERBS if hasattr(endpoint, each)]
    for verb in verbs:
        yield [verb.upper()], rules_on(getattr(endpoint, verb))
    if hasattr(endpoint, "on_connect"):
        yield ["WEBSOCKET"], rules_on(endpoint.on_connect)
    elif not verbs:
        yield _named(methods, route), [UNKNOWN]


def _named(methods: Iterable[str], route: Any) -> Iterable[str]:
    return ["WEBSOCKET"] if "WebSocket" in type(route).__name__ else methods


def _in_dependencies(dependant: Any, overrides: Mapping[Any, Any]) -> Iterator[Rule]:
    """Yield the rules of FastAPI's dependencies, also of those that they have, and of what replaces one of them."""
    for each in getattr(dependant, "dependencies", ()):
        if each.call in overrides:
            yield from rules_on(overrides[each.call])
        else:
            yield from rules_on(each.call)
            yield from _in_dependencies(each, overrides)
