"""``privy-middleware dev``: the development issuer, and a command that runs an app with it."""

from __future__ import annotations

import os
import shlex
import signal
import threading
from collections.abc import Mapping
from pathlib import Path

import click

from privy_middleware.cli.child import run_command
from privy_middleware.cli.git import keep_out_of_git
from privy_middleware.cli.issuers import DEFAULT_PORT, STATE_FILE, issuer_with_state
from privy_middleware.config import PrivyConfig
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.errors import ConfigurationError

__all__ = ["dev_command"]

_KEY = "PRIVY_VERIFICATION_KEY"
_PROXIES = ("http_proxy", "all_proxy")
_SHELLS = (
    ("sh, bash, zsh", "export {name}={value}", f"unset {_KEY}"),
    ("fish", "set -gx {name} {value}", f"set -e {_KEY}"),
    ("PowerShell", "$env:{name} = {value}", f"Remove-Item Env:{_KEY} -ErrorAction Ignore"),
    (".env", "{name}={value}", ""),
)


@click.command(
    "dev",
    context_settings={"allow_interspersed_args": False},
    short_help="Run your app with made-up users, or only their issuer.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="The issuer's port; 0 is a free one.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    default=STATE_FILE,
    show_default=True,
    help="The file with the keys and users of the issuer.",
)
@click.option("--app-id", metavar="ID", help="The app id, if the app has it in its code.")
@click.option("--app-url", metavar="URL", help="The app's address, whose pages then lead to the sign-in page.")
@click.option(
    "--users",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A JSON file with users of your own, which are added to the state file.",
)
def dev_command(
    *, command: tuple[str, ...], port: int, state: Path, app_id: str | None, app_url: str | None, users: Path | None
) -> int:
    """Run the development issuer, and COMMAND with its settings: dev -- uvicorn app:app --reload.

    COMMAND gets PRIVY_APP_ID, PRIVY_JWKS_URL and the other settings of the issuer, and not PRIVY_VERIFICATION_KEY, so
    that the app accepts the tokens of made-up users. The exit code is that of COMMAND. Without COMMAND the settings are
    printed, and the issuer runs until Ctrl+C. Only programs on this machine can reach it. Not for production.
    """
    issuer = issuer_with_state(state, app_id=app_id, port=port)
    if users is not None:
        issuer.load_users(users)
    with _started(issuer, port):
        settings = issuer.environment(app_url)
        # A wrong app id is reported here and not by the app.
        PrivyConfig.from_env(settings)
        lines = [
            f"Sign in: {issuer.url} (keys and users in {state})",
            f"A token: {_token_command(state, app_id)} --as curl",
        ]
        # The output of the command is not ours.
        click.echo("\n".join(filter(None, [*lines, keep_out_of_git(state)])), err=bool(command))
        if command:
            return run_command(command, _environ(settings))
        _print_settings(settings)
        return _serve()


def _token_command(state: Path, app_id: str | None) -> str:
    """Return the command that prints a token of this issuer."""
    options = [] if state == Path(STATE_FILE) else ["--state", str(state)]
    options += [] if app_id is None else ["--app-id", app_id]
    return shlex.join(["privy-middleware", "token", "ada", *options])


def _started(issuer: DevelopmentIssuer, port: int) -> DevelopmentIssuer:
    try:
        return issuer.start()
    except ConfigurationError:
        fix = "stop the other program, perhaps another `privy-middleware dev`, or use a free port with --port 0"
        raise click.UsageError(f"port {port} cannot be used: {fix}") from None


def _environ(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the command."""
    environ = {**os.environ, **settings}
    # The key would have precedence over the URL. An empty value counts as none, and keeps out the one in a .env file.
    environ.pop(_KEY, None)
    if _in_env_file():
        environ[_KEY] = ""
    if any(each.lower() in _PROXIES for each in os.environ):
        # The issuer cannot be reached through a proxy.
        environ["NO_PROXY"] = environ["no_proxy"] = ",".join(
            filter(None, (os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"))
        )
    return environ


def _in_env_file() -> bool:
    try:
        return _KEY in Path(".env").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _print_settings(settings: Mapping[str, str]) -> None:
    click.echo("\nSettings for an app that is started elsewhere:")
    for shell, assignment, removal in _SHELLS:
        quote = shlex.quote if shell != "PowerShell" else "'{}'".format
        click.echo(f"\n  {shell}")
        for name, value in settings.items():
            click.echo(f"    {assignment.format(name=name, value=quote(value))}")
        if removal:
            click.echo(f"    {removal}")
    click.echo("\nStop with Ctrl+C.")


def _serve() -> int:
    """Wait for a signal, and return the exit code that says which it was."""
    stopped = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    try:
        stopped.wait()
    finally:
        signal.signal(signal.SIGTERM, before)
    return 128 + signal.SIGTERM
