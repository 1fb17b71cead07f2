"""``privy-middleware demo``: an example app and the issuer, from the wheel."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import click

from privy_middleware.cli.child import run_command

__all__ = ["demo_command"]

# The modules that each example needs, and the extra that has them.
_NEEDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "asgi": (("uvicorn",), "demo"),
    "django": (("django", "uvicorn"), "examples"),
    "fastapi": (("fastapi", "uvicorn"), "demo"),
    "flask": (("flask", "gunicorn"), "examples"),
    "litestar": (("litestar", "uvicorn"), "examples"),
    "starlette": (("starlette", "uvicorn"), "demo"),
    "wsgi": (("gunicorn",), "examples"),
}
_INTERRUPTED = 130


@click.command("demo", short_help="Run an example app with made-up users.")
@click.option("--app", type=click.Choice(sorted(_NEEDS)), default="fastapi", show_default=True, help="The example app.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The app's port.  [default: a free one]")
@click.option("--once", is_flag=True, help="Exit after the requests, with 1 if a response was wrong.")
@click.option("--open", "browser", is_flag=True, help="Open the page of the issuer in a browser.")
def demo_command(*, app: str, port: int, once: bool, browser: bool) -> int:
    """Run an example app, show requests that are accepted and refused, and serve until Ctrl+C."""
    modules, extra = _NEEDS[app]
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        fix = f'pip install "privy-middleware[cli,{extra}]"'
        raise click.UsageError(f"the {app} example needs {' and '.join(missing)}: {fix}")
    flags = [name for name, given in (("--once", once), ("--open", browser)) if given]
    # Without -P, a module in the working directory could take the place of one of ours.
    command = [sys.executable, "-P", "-m", "example_apps.demo", "--app", app, "--port", str(port), *flags]
    return run_command(command, _environ(_examples()), after_ctrl_c=_INTERRUPTED)


def _examples() -> Path:
    """Return the folder that contains ``example_apps``: in the wheel, or else the checkout."""
    bundled = Path(__file__).parent / "bundled"
    return bundled if bundled.is_dir() else Path(__file__).parents[2]


def _environ(folder: Path) -> dict[str, str]:
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(folder), inherited] if inherited else [str(folder)])
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
