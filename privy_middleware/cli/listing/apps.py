"""Which walker knows an app, also inside middleware and mounted in another app."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from privy_middleware.cli.apps import framework_of, layers, project_gates
from privy_middleware.cli.listing import django, flask, litestar, starlette
from privy_middleware.cli.listing.route import UNKNOWN, Guards, Route, guarded, known_exempt
from privy_middleware.gate import Gate
from privy_middleware.http.routes import ANYTHING_BELOW

__all__ = ["project_routes", "routes_of"]


def routes_of(app: Any) -> list[Route]:
    """Return the routes of an app, including those of mounted apps.

    Raises:
        ConfigurationError: if the app has a mistake that its framework or plugin reports when it starts.
    """
    return known_exempt([*_walk(app, "", ())])


def project_routes() -> list[Route]:
    """Return the routes of the Django project, which is set up."""
    return known_exempt([*django.walk("", [(gate, "") for gate in project_gates()])])


def _walk(app: Any, base: str, guards: Guards) -> Iterator[Route]:
    """Yield the routes of an app mounted at ``base``; ``guards`` are those of the apps around it."""
    inside = list(layers(app))
    own = [(each.gate, base) for each in inside if isinstance(getattr(each, "gate", None), Gate)]
    known = next((each for each in inside if framework_of(each)), None)
    # An app may also have routers, which are no apps.
    known = known or next((each for each in inside if isinstance(getattr(each, "routes", None), list)), None)
    if known is None:
        yield guarded(base + ANYTHING_BELOW, (), inside[-1], [UNKNOWN], [*guards, *own])
        return
    walk = _WALKERS.get(framework_of(known) or "", _walk_asgi)
    yield from walk(known, base, [*guards, *own])


def _walk_asgi(app: Any, base: str, guards: Guards) -> Iterator[Route]:
    yield from starlette.walk(app, base, guards, _walk)


def _walk_flask(app: Any, base: str, guards: Guards) -> Iterator[Route]:
    yield from flask.walk(app, base, guards, _walk)


def _walk_django(_: Any, base: str, guards: Guards) -> Iterator[Route]:
    yield from django.walk(base, [*guards, *((gate, base) for gate in project_gates())])


_WALKERS: Mapping[str, Callable[[Any, str, Guards], Iterator[Route]]] = {
    "django": _walk_django,
    "flask": _walk_flask,
    "litestar": litestar.walk,
}
