"""``privy-middleware token``: a token of a made-up user, to send to an app in development."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Literal, TypeAlias

import click

from privy_middleware.cli.git import keep_out_of_git
from privy_middleware.cli.issuers import (
    DEFAULT_PORT,
    STATE_FILE,
    NoIssuer,
    issuer_with_state,
    known_address,
    running_token,
)
from privy_middleware.http.credentials import ACCESS_COOKIE, ACCESS_HEADER, IDENTITY_COOKIE, IDENTITY_HEADER

__all__ = ["token_command"]

_Kind: TypeAlias = Literal["identity", "access"]

_URL = "http://127.0.0.1:8000/me"
_MOST_SECONDS = 1_000_000_000


@click.command("token", short_help="Print a token of a made-up user.")
@click.argument("persona")
@click.option("--kind", type=click.Choice(["identity", "access"]), default="identity", help="The kind of token.")
@click.option(
    "--as",
    "form",
    type=click.Choice(["token", "header", "cookie", "curl"]),
    default="token",
    help="What to print: the token alone, a header line, a cookie, or a command.",
)
@click.option("--url", default=_URL, show_default=True, help="The address for --as curl.")
@click.option(
    "--expires-in",
    type=click.IntRange(-_MOST_SECONDS, _MOST_SECONDS),
    metavar="SECONDS",
    help="When the token expires; negative: it has expired.",
)
@click.option("--issuer", metavar="URL", help="The address of a running issuer.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The state file of the issuer, whose keys sign the token.  [default: {STATE_FILE}]",
)
@click.option("--app-id", metavar="ID", help="The app id in a token that the keys of the state file sign.")
def token_command(
    *,
    persona: str,
    kind: _Kind,
    form: str,
    url: str,
    expires_in: int | None,
    issuer: str | None,
    state: Path | None,
    app_id: str | None,
) -> None:
    """Print a token of PERSONA, such as ada.

    It comes from the issuer at --issuer, or is signed with the keys of --state. Without these options it comes from the
    issuer in PRIVY_JWKS_URL, or the state file in this directory, or the issuer that runs at the usual port. If there
    is none of them, a state file is made, whose keys the next `privy-middleware dev` in this directory uses.
    """
    wants_own = expires_in is not None or app_id is not None
    if issuer is not None and (wants_own or state is not None):
        raise click.UsageError("--issuer returns its own tokens: leave out --expires-in, --app-id and --state")
    address = issuer or (None if wants_own or state else known_address())
    if address is not None:
        token = running_token(address, persona, kind)
    elif state is None and not wants_own and not Path(STATE_FILE).exists():
        token = _from_usual_port(persona, kind)
    else:
        token = _signed_here(state, persona, kind, expires_in, app_id)
    click.echo(_in_form(form, kind, token, url))


def _from_usual_port(persona: str, kind: _Kind) -> str:
    address = f"http://127.0.0.1:{DEFAULT_PORT}"
    try:
        token = running_token(address, persona, kind)
    except NoIssuer:
        return _signed_here(None, persona, kind, None, None)
    click.echo(f"The token is from the issuer at {address}.", err=True)
    return token


def _signed_here(state: Path | None, persona: str, kind: _Kind, expires_in: int | None, app_id: str | None) -> str:
    path = Path(STATE_FILE) if state is None else state
    is_new = not path.exists()
    if is_new and state is not None:
        raise click.UsageError(f"{state}: there is no such file")
    issuer = issuer_with_state(path, app_id=app_id)
    if is_new:
        click.echo(f"{path} is new. Run your app with its keys: privy-middleware dev -- …", err=True)
        if note := keep_out_of_git(path):
            click.echo(note, err=True)
    sign = issuer.identity_token if kind == "identity" else issuer.access_token
    return sign(persona) if expires_in is None else sign(persona, exp=int(time.time()) + expires_in)


def _in_form(form: str, kind: _Kind, token: str, url: str) -> str:
    """Return the token in the form that was asked for, where Privy's own clients put it."""
    header = f"{IDENTITY_HEADER}: {token}" if kind == "identity" else f"{ACCESS_HEADER.title()}: Bearer {token}"
    cookie = f"{IDENTITY_COOKIE if kind == 'identity' else ACCESS_COOKIE}={token}"
    curl = shlex.join(["curl", "-i", "-H", header, url])
    forms = {"token": token, "header": header, "cookie": cookie, "curl": curl}
    return forms[form]
