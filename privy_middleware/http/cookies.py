"""Cookies of a request, and what to do about duplicates of a cookie or a header field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from privy_middleware.errors import ConflictingTokens

__all__ = ["NO_TOKEN", "cookie_values", "only_token"]

NO_TOKEN = ("", "null", "undefined")
"""Values that mean "no token": a sign-out empties a cookie, and a page may build the header from a variable without a
value, for which JavaScript writes one of these words."""


def cookie_values(lines: Iterable[str], names: tuple[str, ...]) -> dict[str, list[str]]:
    """Return every value of the cookies with exactly these names, of those that are there (RFC 6265 §4.2.1).

    ``lines`` are the values of the request's ``Cookie`` fields.
    """
    found: dict[str, list[str]] = {}
    for line in lines:
        for each in line.split(";"):
            pair = each.lstrip(" \t")
            # Most cookies are not ours, and need not be parsed.
            if pair.startswith(names):
                name, equals, value = pair.partition("=")
                if equals and (name := name.rstrip(" \t")) in names:
                    found.setdefault(name, []).append(value.strip(" \t"))
    return found


def only_token(values: Sequence[str], tokens: Sequence[str]) -> str | None:
    """Return the one token, ``None`` if no value has one.

    Raises:
        ConflictingTokens: if the values differ and any of them has a token, since the client may mean another one.
    """
    if len(values) > 1 and values.count(values[0]) != len(values):
        if all(token in NO_TOKEN for token in tokens):
            return None
        raise ConflictingTokens
    return None if tokens[0] in NO_TOKEN else tokens[0]
