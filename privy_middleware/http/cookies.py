"""Cookies of a request, and what to do about duplicates of a cookie or a header field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from privy_middleware.errors import ConflictingTokens

__all__ = ["CookieNames", "REFRESH_COOKIE", "SESSION_COOKIE", "cleared_cookies", "is_token", "only_token"]

# Set by Privy's client beside the tokens: the first shows that there is a session, the second belongs to the client.
SESSION_COOKIE = "privy-session"
REFRESH_COOKIE = "privy-refresh-token"

# Values that mean "no token": a sign-out empties a cookie, and a page may build the header from a variable without a
# value, for which JavaScript writes one of these words.
_NO_TOKEN = ("", "null", "undefined")


class CookieNames:
    """The names of some cookies, whose values are found without parsing the other cookies."""

    __slots__ = ("_pattern",)

    def __init__(self, *names: str) -> None:
        """Create it from one or more names."""
        # It begins with a character that the regular expression engine searches for quickly.
        self._pattern = re.compile(rf";[ \t]*({'|'.join(map(re.escape, names))})[ \t]*=([^;]*)")

    def values(self, lines: Iterable[str]) -> dict[str, list[str]]:
        """Return every value of the cookies with exactly these names, of those that are there (RFC 6265 §4.2.1).

        ``lines`` are the values of the request's ``Cookie`` fields.
        """
        found: dict[str, list[str]] = {}
        for line in lines:
            for name, value in self._pattern.findall(f";{line}"):
                found.setdefault(name, []).append(value.strip(" \t"))
        return found


def only_token(values: Sequence[str], tokens: Sequence[str]) -> str | None:
    """Return the one token, ``None`` if no value has one.

    Raises:
        ConflictingTokens: if the values differ and any of them has a token, since the client may mean another one.
    """
    if len(values) > 1 and values.count(values[0]) != len(values):
        if not any(map(is_token, tokens)):
            return None
        raise ConflictingTokens
    return None if tokens[0] in _NO_TOKEN else tokens[0]


def is_token(value: str) -> bool:
    """Return whether a value is a token, good or bad, and not one that means none."""
    return value not in _NO_TOKEN


def cleared_cookies(names: Iterable[str], domain: str | None) -> tuple[str, ...]:
    """Return the ``Set-Cookie`` values that delete the cookies with these names, and those of Privy's session.

    A cookie for a domain is another one than that of the host alone (RFC 6265 §5.3), so each is deleted for both.
    """
    cleared = dict.fromkeys((*names, SESSION_COOKIE, REFRESH_COOKIE))
    scopes = ("",) if domain is None else ("", f"; Domain={domain}")
    return tuple(_cleared(name) + scope for name in cleared for scope in scopes)


def _cleared(name: str) -> str:
    value = f"{name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; SameSite=Lax"
    # Browsers take these prefixes only with this attribute (RFC 6265bis §4.1.3); over plain HTTP they refuse both.
    return f"{value}; Secure" if name.startswith(("__Secure-", "__Host-")) else value
