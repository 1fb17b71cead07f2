"""Path prefixes that match no route of the app: usually they are mistyped, and protect nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from privy_middleware.settings.hints import warn_once

__all__ = ["ANYTHING_BELOW", "unmatched", "warn_of_unmatched"]

ANYTHING_BELOW = "/**"
"""The end of a template that matches every path below the rest of it."""

# A parameter, or a part of a regular expression.
_PARAMETER = re.compile(r"[{}<>()\[\]\\+?^$|*]")
# Parameters that match slashes too.
_REST = re.compile(r"\*\*|[{<][^{}<>]*:path[}>]|<path:|\{path:")


def warn_of_unmatched(prefixes: Mapping[str, Collection[str]], templates: Iterable[str]) -> None:
    """Log a warning for each of the prefixes, by option, that matches none of the routes."""
    known = list(templates)
    for option, given in prefixes.items():
        for prefix in unmatched(given, known):
            effect = "it protects nothing" if option == "protect" else "it exempts nothing"
            warn_once(f'{option}=["{prefix}"]', f"no route of the app has this path or one below it, so {effect}")


def unmatched(prefixes: Iterable[str], templates: Collection[str]) -> list[str]:
    """Return the prefixes that match no route, where there are routes at all.

    A template is the path of a route: ``/users/{id}``, ``/files/{rest:path}``, or ``/static/**`` for a mounted app.
    """
    routes = [_names(template) for template in templates]
    return [prefix for prefix in prefixes if routes and not any(_matches(prefix, each) for each in routes)]


def _names(path: str) -> list[str]:
    return [name for name in path.casefold().split("/") if name]


def _matches(prefix: str, route: list[str]) -> bool:
    wanted = _names(prefix.rstrip("*"))
    for place, name in enumerate(wanted):
        if place == len(route):
            return False
        if _REST.search(route[place]):
            return True
        begins = prefix.endswith("*") and place == len(wanted) - 1 and route[place].startswith(name)
        if not (begins or _PARAMETER.search(route[place]) or route[place] == name):
            return False
    return True
