"""The routes of an app, with those of the apps and routers in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.applications import Starlette

__all__ = ["app_behind", "endpoints_of", "walk"]


def walk(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield the routes, and those behind them, also behind middleware and in routers that are mounted or included."""
    for route in routes:
        yield route
        # FastAPI's class for an included router has no app.
        inside = getattr(route, "original_router", None) or app_behind(route)
        routes_inside = getattr(inside, "routes", None)
        # Apps of other frameworks have something else under this name.
        if isinstance(routes_inside, list | tuple):
            yield from walk(routes_inside)


def app_behind(route: Any) -> Any:
    """Return what has routes of its own behind a route, through any middleware, ``None`` where nothing has."""
    app = getattr(route, "app", None)
    while app is not None and not hasattr(app, "routes"):
        app = getattr(app, "app", None)
    return app


def endpoints_of(app: Starlette) -> Iterator[object]:
    """Yield what the routes of an app call, those of mounted apps included."""
    return (route.endpoint for route in walk(app.routes) if hasattr(route, "endpoint"))
