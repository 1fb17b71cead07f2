"""The one place that reads tokens from a request: header fields and cookies, raw, without any framework.

Frameworks disagree on duplicate cookies, on cookie names with odd spaces and on repeated headers, so none of
their parsers is used: every value of a field is looked at, and two different ones are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from privy_middleware.errors import ConflictingTokens
from privy_middleware.tokens.claims import TokenKind

__all__ = ["Credential", "FieldNames", "Fields", "Reader", "Slot", "Source", "cookie_values", "environ_key", "names_of"]

Source: TypeAlias = Literal["header", "cookie"]

_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
# The scheme ends where its token characters end (RFC 9110 §11.1, §5.6.2).
_BEARER = re.compile(r"bearer(?![!#$%&'*+.^_`|~0-9A-Za-z-])", re.IGNORECASE)
# What stands in a token's place when there is none: a sign-out empties a cookie, and a page that builds the header
# from a variable without a value sends JavaScript's word for it. JavaScript writes no other case.
_NO_TOKEN = ("", "null", "undefined")


class FieldNames:
    """The names of header fields, each in lower case and as servers spell it."""

    __slots__ = ("environ", "raw")

    def __init__(self, names: Iterable[str]) -> None:
        """Take the names in lower case."""
        unique = dict.fromkeys(names)
        self.raw: Mapping[bytes, str] = {name.encode(): name for name in unique}
        self.environ: Mapping[str, str] = {environ_key(name): name for name in unique}


def environ_key(name: str) -> str:
    """Return where PEP 3333 has a header field."""
    key = name.upper().replace("-", "_")
    return key if key in _BARE else f"HTTP_{key}"


class Fields(Protocol):
    """The raw header fields of a request."""

    def present(self, names: FieldNames) -> Mapping[str, list[str]]:
        """Return the values of those of the fields that are there, in order, by the name in lower case."""
        ...

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

    __slots__ = ("_cookies", "_names", "_slots", "_sources")

    def __init__(self, slots: Sequence[Slot], sources: Sequence[Source]) -> None:
        """Take the places to look in, and in which order."""
        self._slots = slots
        self._sources = sources
        cookies = (slot.cookie for slot in slots if slot.cookie is not None and "cookie" in sources)
        self._cookies = tuple(cookies)
        # Where no cookie is ever a token, cookies are not even taken apart.
        self._names = FieldNames([*(["cookie"] if self._cookies else []), *(slot.header for slot in slots)])

    def read(self, fields: Fields) -> list[Credential]:
        """Return the tokens of a request, at most one for each slot.

        The first source that holds a token decides: a bad header never falls back to the cookie. An empty value, and
        the words ``null`` and ``undefined``, are no token.

        Raises:
            ConflictingTokens: when one source holds two different tokens of a kind.
        """
        present = fields.present(self._names)
        found: list[Credential] = []
        if not present:
            return found
        cookies = cookie_values(present.get("cookie", ()), self._cookies)
        for slot in self._slots:
            for source in self._sources:
                place, name = (present, slot.header) if source == "header" else (cookies, slot.cookie or "")
                values = place.get(name)
                token = _token_in(values, slot, source) if values else None
                if token is not None:
                    found.append(Credential(slot.kind, source, token, slot.bearer))
                    break
        return found


def _token_in(values: Sequence[str], slot: Slot, source: Source) -> str | None:
    if source == "cookie":
        return _only(values, values)
    # WSGI servers join repeated fields with commas, which no token contains: take them apart again.
    parts = [part.strip(" \t") for value in values for part in value.split(",")]
    return _only(parts, [_bearer(part) for part in parts]) if slot.bearer else _only(parts, parts)


def _bearer(part: str) -> str:
    """Return the token behind the scheme, nothing for another scheme."""
    found = _BEARER.match(part)
    return "" if found is None else part[found.end() :].strip(" ")


def _only(values: Sequence[str], tokens: Sequence[str]) -> str | None:
    """Return the one token, ``None`` where no value holds one.

    Raises:
        ConflictingTokens: when the values differ and any of them holds a token, since the client may mean another one.
    """
    if len(values) > 1 and values.count(values[0]) != len(values):
        if all(token in _NO_TOKEN for token in tokens):
            return None
        raise ConflictingTokens
    return None if tokens[0] in _NO_TOKEN else tokens[0]


def cookie_values(lines: Iterable[str], names: tuple[str, ...]) -> dict[str, list[str]]:
    """Return every value of the cookies with exactly these names, of those that are there (RFC 6265 §4.2.1).

    ``lines`` are the values of the request's ``Cookie`` fields.
    """
    found: dict[str, list[str]] = {}
    for line in lines:
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
