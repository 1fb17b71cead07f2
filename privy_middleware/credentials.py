"""The one place that reads tokens from a request: header fields and cookies, raw, without any framework.

Frameworks disagree on duplicate cookies, on cookie names with odd spaces and on repeated headers, so none of
their parsers is used: every value of a field is looked at, and two different ones are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from privy_middleware.claims import TokenKind
from privy_middleware.errors import ConflictingTokens

__all__ = ["Credential", "Fields", "Reader", "Slot", "Source", "cookie_values", "names_of"]

Source: TypeAlias = Literal["header", "cookie"]

# The scheme ends where its token characters end (RFC 9110 §11.1, §5.6.2).
_BEARER = re.compile(r"bearer(?![!#$%&'*+.^_`|~0-9A-Za-z-])", re.IGNORECASE)


class Fields(Protocol):
    """The raw header fields of a request."""

    def values(self, name: str) -> list[str]:
        """Return every value of the field ``name`` (lower case), in order."""
        ...


@dataclass(frozen=True, slots=True)
class Slot:
    """One place where a kind of token may stand: a header, and perhaps a cookie."""

    kind: TokenKind
    header: str
    cookie: str | None = None
    bearer: bool = False


@dataclass(slots=True)
class Credential:
    """A token as it came, of the kind that belongs in its place; ``bearer`` says that other families' do as well."""

    kind: TokenKind
    source: Source
    token: str = field(repr=False)
    bearer: bool = False


class Reader:
    """Read what a request presents, for each slot from the first of the sources that has one."""

    __slots__ = ("_cookies", "_slots", "_sources")

    def __init__(self, slots: Iterable[Slot], sources: Iterable[Source]) -> None:
        """Take the places to look in, and in which order."""
        self._slots = tuple(slots)
        self._sources = tuple(sources)
        self._cookies = tuple(slot.cookie for slot in self._slots if slot.cookie is not None)

    def read(self, fields: Fields) -> list[Credential]:
        """Return the tokens of a request, at most one for each slot.

        The first source that holds anything decides: a bad header never falls back to the cookie.

        Raises:
            ConflictingTokens: when one source holds two different tokens of a kind.
        """
        found = []
        cookies = cookie_values(fields, self._cookies) if "cookie" in self._sources else {}
        for slot in self._slots:
            for source in self._sources:
                token = _from_header(fields, slot) if source == "header" else _from_cookie(cookies, slot)
                if token is not None:
                    found.append(Credential(slot.kind, source, token, slot.bearer))
                    break
        return found


def _from_header(fields: Fields, slot: Slot) -> str | None:
    values = fields.values(slot.header)
    if not values:
        return None
    # WSGI servers join repeated fields with commas, which no token contains: take them apart again.
    parts = [part.strip(" \t") for value in values for part in value.split(",")]
    return _from_authorization(parts) if slot.bearer else _only(parts)


def _from_authorization(parts: Sequence[str]) -> str | None:
    if not any(_BEARER.match(part) for part in parts):
        return None
    return _only(parts)[len("bearer") :].strip(" ")


def _from_cookie(cookies: Mapping[str, Sequence[str]], slot: Slot) -> str | None:
    values = cookies.get(slot.cookie or "")
    # A cookie that was emptied is how a sign-out leaves it.
    return (_only(values) or None) if values else None


def _only(values: Sequence[str]) -> str:
    if len(values) > 1 and values.count(values[0]) != len(values):
        raise ConflictingTokens
    return values[0]


def cookie_values(fields: Fields, names: tuple[str, ...]) -> dict[str, list[str]]:
    """Return every value of the cookies with exactly these names, of those that are there (RFC 6265 §4.2.1)."""
    found: dict[str, list[str]] = {}
    for line in fields.values("cookie"):
        for each in line.split(";"):
            pair = each.lstrip(" \t")
            # Most cookies are other people's, and not taken apart.
            if pair.startswith(names):
                name, equals, value = pair.partition("=")
                if equals and (name := name.rstrip(" \t")) in names:
                    found.setdefault(name, []).append(value.strip(" \t"))
    return found


def names_of(slots: Iterable[Slot]) -> Mapping[str, None]:
    """Return the header fields that the slots read, in order, for ``Vary``."""
    names: dict[str, None] = {}
    for slot in slots:
        if slot.cookie is not None:
            names["Cookie"] = None
        names["Authorization" if slot.bearer and slot.header == "authorization" else slot.header] = None
    return names
