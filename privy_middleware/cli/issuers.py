"""The development issuer of the command line: its state file, and the tokens of a running one."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import click
import httpx2

from privy_middleware.development import DevelopmentIssuer
from privy_middleware.http.loopback import is_local_host
from privy_middleware.tokens.claims import TokenKind
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes

__all__ = ["DEFAULT_PORT", "NoIssuer", "STATE_FILE", "issuer_with_state", "known_address", "running_token"]

STATE_FILE = ".privy-dev.json"
DEFAULT_PORT = 4080

_SECONDS = 10
_TOKEN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}")


class NoIssuer(click.ClickException):
    """No development issuer runs at an address."""


def issuer_with_state(state: Path, *, app_id: str | None = None, port: int = 0) -> DevelopmentIssuer:
    """Return an issuer, not started, whose keys and users are kept in a file.

    Raises:
        ConfigurationError: if the file is not the state of an issuer.
    """
    if app_id is None:
        return DevelopmentIssuer(state=state, port=port)
    return DevelopmentIssuer(app_id, state=state, port=port)


def known_address() -> str | None:
    """Return the address of the issuer in ``PRIVY_JWKS_URL``, ``None`` if the variable names no local server."""
    try:
        parts = urlsplit(os.environ.get("PRIVY_JWKS_URL", "").strip())
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme == "http" and is_local_host(parts.netloc) else None


def running_token(address: str, persona: str, kind: TokenKind) -> str:
    """Return a token from the issuer that runs at an address.

    Raises:
        NoIssuer: if nothing or something else answers.
        UsageError: if the address is wrong, or the issuer has no such user.
    """
    if not address.startswith(("http://", "https://")):
        raise click.UsageError("--issuer: give an address such as http://127.0.0.1:4080")
    url = f"{address.rstrip('/')}/tokens/{quote(persona, safe='')}"
    try:
        answer = httpx2.get(url, trust_env=False, timeout=_SECONDS)
    except (httpx2.HTTPError, httpx2.InvalidURL):
        raise NoIssuer(f"no issuer answers at {address}: start one with `privy-middleware dev`") from None
    if answer.status_code == httpx2.codes.NOT_FOUND:
        raise click.UsageError(f'the issuer at {address} has no user "{persona}"; {address}/ lists its users')
    with suppress(NotStrictJSON, AttributeError, KeyError, TypeError):
        document: Any = decode_bytes(answer.content)
        # It may become a part of a shell command, and anything can answer at the address.
        if _TOKEN.fullmatch(token := document[f"{kind}_token"]):
            return str(token)
    raise NoIssuer(f"what answers at {address} is not a development issuer (status {answer.status_code})")
