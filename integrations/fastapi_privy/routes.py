"""The routes of an app, including those of its mounted apps and included routers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.applications import Starlette

__all__ = ["app_behind", "endpoints_of", "walk"]


def walk(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield the routes and those inside them: of mounted apps, also inside middleware, and of included routers."""
    for route in routes:
        yield route
        # FastAPI's class for an included router has no ``app``.
        inside = getattr(route, "original_router", None) or app_behind(route)
        routes_inside = getattr(inside, "routes", None)
        # In apps of other frameworks, ``routes`` can be something else.
        if isinstance(routes_inside, list | tuple):
            yield from walk(routes_inside)


def app_behind(route: Any) -> Any:
    """Return the app with routes that a route leads to, also through middleware, or ``None``."""
    app = getattr(route, "app", None)
    while app is not None and not hasattr(app, "routes"):
        app = getattr(app, "app", None)
    return app


def endpoints_of(app: Starlette) -> Iterator[object]:
    """Return the endpoints of all routes of an app, including those of mounted apps."""
    return (route.endpoint for route in walk(app.routes) if hasattr(route, "endpoint"))
