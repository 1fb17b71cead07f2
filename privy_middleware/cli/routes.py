"""``privy-middleware routes``: every route of an app with what it requires, and a check for CI."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from privy_middleware.cli.apps import check_views, django_project, layers, load_app
from privy_middleware.cli.listing import Route, project_routes, routes_of
from privy_middleware.cli.output import echo_json, echo_text
from privy_middleware.errors import ConfigurationError

__all__ = ["routes_command"]

_COLUMNS = ("path", "methods", "requires", "conditions", "view")
_COLOURS = {"user": "green", "access token": "green", "optional user": "yellow", "unknown": "red", "nothing": "yellow"}
# Wide enough that nothing is cut where the output is not a terminal.
_WIDEST = 400


@click.command("routes", short_help="List the routes of an app with what each requires.")
@click.argument("app", required=False)
@click.option(
    "--fail-on-open",
    "prefixes",
    multiple=True,
    metavar="PREFIX",
    help="Exit with 1 if a route below this path does not require a user; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def routes_command(*, app: str | None, prefixes: tuple[str, ...], as_json: bool) -> int:
    """List the routes of APP with what each requires of the user.

    APP is module:attribute or module:function(), such as main:app. Without it the routes are those of the Django
    project of DJANGO_SETTINGS_MODULE. What a view asks for in its own code is not seen.
    """
    for prefix in prefixes:
        if not prefix.startswith("/"):
            raise click.UsageError(f'--fail-on-open: a prefix begins with "/", as in /{prefix}')
    routes, problems = _find(app)
    opened = [route for route in routes if route.is_open and any(_may_be_below(route.path, each) for each in prefixes)]
    if as_json:
        echo_json({"routes": [each.to_dict() for each in routes], "problems": problems, **_failed(prefixes, opened)})
    else:
        _print(routes, problems, opened)
    return int(bool(problems or opened))


def _find(target: str | None) -> tuple[list[Route], list[str]]:
    """Return the routes, and the mistakes that Privy would report when the app starts."""
    problems: list[str] = []
    routes: list[Route] = []
    try:
        if target is not None:
            app = load_app(target)
            routes = routes_of(app)
            for each in layers(app):
                check_views(each)
        elif os.environ.get("DJANGO_SETTINGS_MODULE"):
            django_project()
            routes = project_routes()
        else:
            raise click.UsageError("name the app, such as main:app, or set DJANGO_SETTINGS_MODULE")
    except ConfigurationError as error:
        problems.append(str(error))
    return routes, problems


def _may_be_below(path: str, prefix: str) -> bool:
    """Return whether a route may serve a path below a prefix; a parameter may have any value."""
    wanted = [each for each in prefix.split("/") if each]
    names = [each for each in path.split("/") if each]
    for place, name in enumerate(wanted):
        if place == len(names):
            return False
        if "**" in names[place] or ":path" in names[place] or "path:" in names[place]:
            return True
        if names[place] != name and not set(names[place]) & set("{<"):
            return False
    return True


def _failed(prefixes: Sequence[str], opened: Sequence[Route]) -> dict[str, Any]:
    return {"open": [route.path for route in opened]} if prefixes else {}


def _print(routes: Sequence[Route], problems: Sequence[str], opened: Sequence[Route]) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDEST
    table = Table(*_COLUMNS, box=None, pad_edge=False, header_style="bold")
    for route in routes:
        table.add_row(*(Text(echo_text(each), style=style) for each, style in _cells(route)))
    if routes or not problems:
        console.print(table)
    for problem in problems:
        console.print(Text(f"error: {echo_text(problem)}", style="red"))
    if opened:
        console.print(Text(f"{len(opened)} open below the given prefixes:", style="red"))
        for route in opened:
            console.print(f"  {echo_text(route.path)} ({route.requires})")


def _cells(route: Route) -> list[tuple[str, str]]:
    why = " (protected prefix)" if route.protected and not route.exempt else ""
    if route.exempt:
        why = f" (protected prefix, except {', '.join(route.exempt)})"
    return [
        (route.path, ""),
        (" ".join(route.methods) or "any", ""),
        (route.requires + why, _COLOURS[route.requires]),
        ("; ".join(route.conditions), ""),
        (route.view, "dim"),
    ]
