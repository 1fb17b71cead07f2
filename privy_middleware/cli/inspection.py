"""``privy-middleware inspect``: what a token says, and every rule that it passes or fails."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from privy_middleware.cli.output import (
    echo_json,
    echo_text,
    exit_code,
    in_words,
    moment,
    print_findings,
)
from privy_middleware.cli.pasted import Pasted, find_tokens, looks_like_a_token, without_tokens
from privy_middleware.cli.rules import Examined, examine
from privy_middleware.config import PrivyConfig
from privy_middleware.http.credentials import (
    ACCESS_COOKIE,
    ACCESS_HEADER,
    IDENTITY_COOKIE,
    IDENTITY_HEADER,
    TokenLocation,
)

__all__ = ["inspect_command"]

_LOCATIONS = (
    TokenLocation("identity", IDENTITY_HEADER, IDENTITY_COOKIE),
    TokenLocation("access", ACCESS_HEADER, ACCESS_COOKIE, bearer=True),
)
_IN_ARGUMENTS = (
    "a token does not belong in the arguments, which the shell's history and the list of processes show: "
    "pipe it, as in `pbpaste | privy-middleware inspect`, or start `privy-middleware inspect` and paste it"
)
# No cookie header or key is nearly as long.
_MOST_CHARACTERS = 1 << 20
_ACCOUNTS, _BELOW = "linked_accounts", "(see below)"
_TIMES = (("iat", "issued"), ("nbf", "valid from"), ("exp", "expires"), ("cr", "user created"))


@click.command("inspect", short_help="Explain a token, and check it by every rule.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="")
@click.option("--app-id", metavar="ID", help="The app id.  [default: PRIVY_APP_ID]")
@click.option(
    "--verification-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with the verification key, PEM, JWK or JWKS.  [default: PRIVY_VERIFICATION_KEY]",
)
@click.option("--jwks-url", metavar="URL", help="Where the keys are fetched from.  [default: PRIVY_JWKS_URL, or Privy]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect_command(
    *,
    arguments: tuple[str, ...],
    app_id: str | None,
    verification_key: Path | None,
    jwks_url: str | None,
    as_json: bool,
) -> int:
    """Explain a token, which is read from stdin or a hidden prompt, and check it by every rule.

    The text may be a token alone, a header, a whole cookie header, or what the development issuer returns. The token is
    neither stored nor logged, and leaves this machine in no request. With settings, the keys are fetched.
    """
    if arguments:
        # Without quoting them: one of them may be a token.
        fix = (
            _IN_ARGUMENTS
            if any(map(looks_like_a_token, arguments))
            else "there are no arguments; the token is read from stdin"
        )
        raise click.UsageError(fix)
    if any(each != without_tokens(each) for each in (app_id or "", jwks_url or "")):
        # It would be a part of the address from which keys are fetched.
        raise click.UsageError(_IN_ARGUMENTS)
    config = _settings(app_id, verification_key, jwks_url)
    locations = _LOCATIONS if config is None else config.locations
    pasted = find_tokens(_read(), locations)
    if not pasted:
        raise click.UsageError("there is no token in the input")
    now = time.time()
    examined = [(each, examine(each.token, each.kind, config, now)) for each in pasted]
    if as_json:
        echo_json([_as_dict(each, found, now) for each, found in examined])
    else:
        for each, found in examined:
            _print(each, found, now)
    return exit_code(finding for _, found in examined for finding in found.findings)


def _read() -> str:
    if sys.stdin.isatty():
        text: str = click.prompt("Token (hidden)", hide_input=True, err=True)
        return text
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    return sys.stdin.read(_MOST_CHARACTERS)


def _settings(app_id: str | None, key: Path | None, jwks_url: str | None) -> PrivyConfig | None:
    """Return the settings of the options and the environment, ``None`` if neither names an app.

    Raises:
        ConfigurationError: if a setting is wrong.
    """
    if app_id is None and not os.environ.get("PRIVY_APP_ID", "").strip():
        if key is not None or jwks_url is not None:
            raise click.UsageError("keys belong to an app: give --app-id, or set PRIVY_APP_ID")
        return None
    options: Mapping[str, Any] = {
        "app_id": app_id,
        "verification_key": None if key is None else _key_in(key),
        "jwks_url": jwks_url,
    }
    return PrivyConfig.from_env(**{name: value for name, value in options.items() if value is not None})


def _key_in(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problem = "is no text: give the key as PEM, JWK or JWKS, as in the dashboard"
        raise click.UsageError(f"--verification-key: {file} {problem}") from None


def _print(pasted: Pasted, found: Examined, now: float) -> None:
    place = f" ({pasted.place})" if pasted.place else ""
    click.secho(f"{found.kind.capitalize()} token{place}", bold=True)
    if pasted.removed:
        click.echo(f"Removed before reading: {', '.join(pasted.removed)}.")
    for title, lines in _sections(found, now):
        click.secho(f"\n{title}", bold=True)
        for name, value in lines:
            click.echo(f"  {echo_text(name):<16} {echo_text(value)}")
    click.secho("\nRules", bold=True)
    print_findings(found.findings)
    click.echo()


def _sections(found: Examined, now: float) -> Iterator[tuple[str, list[tuple[str, object]]]]:
    if found.header is not None:
        yield "Header", [*found.header.items()]
    if found.claims is not None:
        yield (
            "Claims",
            [(name, _BELOW if found.user and name == _ACCOUNTS else value) for name, value in found.claims.items()],
        )
        yield "Times", [*_times(found.claims, now)]
    if found.user is not None:
        yield f"Linked accounts ({len(found.user.linked_accounts)})", [*_accounts(found)]


def _times(claims: Mapping[str, Any], now: float) -> Iterator[tuple[str, str]]:
    for name, word in _TIMES:
        seconds = _seconds(claims.get(name))
        if seconds is not None:
            verb = "expired" if name == "exp" and seconds <= now else word
            yield verb, f"{in_words(seconds - now)} ({moment(seconds)})"


def _seconds(value: object) -> float | None:
    """Return a time in Unix seconds, ``None`` if the value is no time before the year 10000; ``cr`` is a string."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 253402300800:
        return None
    return value


def _accounts(found: Examined) -> Iterator[tuple[str, str]]:
    for account in found.user.linked_accounts if found.user else ():
        values = {name: value for name, value in account.to_dict().items() if value is not None and name != "type"}
        yield account.type, ", ".join(f"{name}={value}" for name, value in values.items())


def _as_dict(pasted: Pasted, found: Examined, now: float) -> dict[str, Any]:
    accounts = None if found.user is None else [account.to_dict() for account in found.user.linked_accounts]
    return {
        "kind": found.kind,
        "place": pasted.place or None,
        "removed": pasted.removed,
        "header": found.header,
        "claims": found.claims,
        "times": dict(_times(found.claims or {}, now)),
        "linked_accounts": accounts,
        "rules": [finding.to_dict() for finding in found.findings],
        "passed": not exit_code(found.findings),
    }
