"""The one place that reads tokens from a request: header fields and cookies, raw, without any framework.

Frameworks disagree on duplicate cookies, on cookie names with odd spaces and on repeated headers, so none of
their parsers is used: every value of a field is looked at, and two different ones are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from privy_middleware.claims import TokenKind
from privy_middleware.errors import ConflictingTokens

__all__ = ["Credential", "Fields", "Slot", "Source", "cookie_values", "names_of", "read_credential"]

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
    """A token as it came, with the place it came from."""

    slot: Slot
    source: Source
    token: str = field(repr=False)

    @property
    def kind(self) -> TokenKind:
        """Return the kind of token that belongs in this place."""
        return self.slot.kind


def read_credential(fields: Fields, slot: Slot, sources: Iterable[Source]) -> Credential | None:
    """Return the token in a slot, from the first of ``sources`` that has one.

    The first source that holds anything decides: a bad header never falls back to the cookie.

    Raises:
        ConflictingTokens: when one source holds two different tokens.
    """
    for source in sources:
        token = _from_header(fields, slot) if source == "header" else _from_cookie(fields, slot)
        if token is not None:
            return Credential(slot, source, token)
    return None


def _from_header(fields: Fields, slot: Slot) -> str | None:
    values = fields.values(slot.header)
    if not values:
        return None
    # WSGI servers join repeated fields with commas, which no token contains: take them apart again.
    parts = {part.strip(" \t") for value in values for part in value.split(",")}
    if slot.bearer:
        return _from_authorization(parts)
    return _only(parts)


def _from_authorization(parts: set[str]) -> str | None:
    if not any(_BEARER.match(part) for part in parts):
        return None
    return _only(parts)[len("bearer") :].strip(" ")


def _from_cookie(fields: Fields, slot: Slot) -> str | None:
    if slot.cookie is None:
        return None
    values = set(cookie_values(fields, slot.cookie))
    # A cookie that was emptied is how a sign-out leaves it.
    return (_only(values) or None) if values else None


def _only(values: set[str]) -> str:
    if len(values) != 1:
        raise ConflictingTokens
    return next(iter(values))


def cookie_values(fields: Fields, name: str) -> list[str]:
    """Return every value of the cookie with exactly this name (RFC 6265 §4.2.1)."""
    found = []
    for line in fields.values("cookie"):
        # Most cookies are other people's: the line is taken apart only where the name is in it somewhere.
        for pair in line.split(";") if name in line else ():
            key, equals, value = pair.partition("=")
            if equals and key.strip(" \t") == name:
                found.append(value.strip(" \t"))
    return found


def names_of(slots: Iterable[Slot]) -> Mapping[str, None]:
    """Return the header fields that the slots read, in order, for ``Vary``."""
    names: dict[str, None] = {}
    for slot in slots:
        if slot.cookie is not None:
            names["Cookie"] = None
        names["Authorization" if slot.bearer and slot.header == "authorization" else slot.header] = None
    return names
