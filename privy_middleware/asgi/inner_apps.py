"""What an ASGI middleware can see of the apps inside it, by the attributes that frameworks give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from privy_middleware.gate import Gate
from privy_middleware.http.routes import ANYTHING_BELOW, warn_of_unmatched
from privy_middleware.settings.hints import warn_once

__all__ = ["has_cors", "inner_apps", "warn_of_cors_inside", "warn_of_prefixes"]


def inner_apps(app: Any) -> Iterator[Any]:
    """Yield an app and those inside it: middleware has the next app in its attribute ``app``."""
    seen: set[int] = set()
    while app is not None and id(app) not in seen:
        seen.add(id(app))
        yield app
        app = getattr(app, "app", None)


def has_cors(app: Any) -> bool:
    """Return whether CORS middleware is among an app and those inside it."""
    return any(type(each).__name__ == "CORSMiddleware" for each in inner_apps(app))


def warn_of_cors_inside(app: Any) -> None:
    """Log a warning if CORS middleware runs inside ours, where it cannot add headers to our responses."""
    if has_cors(app):
        warn_once(
            "CORSMiddleware",
            "runs inside PrivyMiddleware, so refusals, and the answers to preflights of protected paths, have no CORS "
            "headers. It belongs outside: call add_middleware(CORSMiddleware, …) after Privy(app) or "
            "add_middleware(PrivyMiddleware, …), or list it before PrivyMiddleware",
        )


def warn_of_prefixes(gate: Gate, app: Any, root_paths: Iterable[str | None] = ()) -> None:
    """Log a warning for each path prefix that matches no route of the app, if its routes are known.

    ``root_paths`` are prefixes that the app removes from paths before it routes them.
    """
    routes = next(filter(None, map(_routes, inner_apps(app))), [])
    bases = ("", *filter(None, root_paths))
    warn_of_unmatched(gate.prefixes, (base + path for base in bases for path in _templates(routes)))


def _routes(app: Any) -> list[Any]:
    routes = getattr(app, "routes", None)
    return [*routes, *_frontends(app)] if isinstance(routes, list) else []


def _frontends(app: Any) -> list[object]:
    """Return an unknown route if a FastAPI app or router serves a frontend, which may be at any path."""
    return [None] if getattr(getattr(app, "router", app), "_low_priority_routes", None) else []


def _templates(routes: Iterable[Any], base: str = "") -> Iterator[str]:
    """Yield the path templates of Starlette's, FastAPI's and Litestar's routes; unknown routes match every path."""
    for each in routes:
        # A router that is included in a FastAPI app; the paths of its routes are complete.
        included = getattr(each, "effective_candidates", None)
        route = getattr(each, "starlette_route", None) or each
        path, inside = base + (getattr(route, "path", None) or ""), _routes(route)
        if included is not None:
            yield from _templates([*included(), *_frontends(each.original_router)], base)
        elif inside:
            yield from _templates(inside, path)
        else:
            yield path if _ends(route) else path + ANYTHING_BELOW


def _ends(route: Any) -> bool:
    """Return whether a route is known to have one path, not all paths below it as a mounted app has."""
    # Only Starlette's and FastAPI's routes of one path have the first, and Litestar's the second.
    litestar_mount = getattr(getattr(route, "route_handler", None), "is_mount", False)
    return hasattr(route, "endpoint") or (hasattr(route, "methods") and not litestar_mount)
