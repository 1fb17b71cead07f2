"""Tokens in a request: header fields and cookies, read without any framework.

Frameworks differ in how they treat duplicate cookies, spaces in cookie names and repeated headers, so their parsers
are not used. Every value of a field is read, and two different tokens are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from privy_middleware.errors import ConflictingTokens
from privy_middleware.http.cookies import CookieNames, is_token, only_token
from privy_middleware.http.request import FieldNames, Request
from privy_middleware.tokens.claims import TokenKind

__all__ = [
    "ACCESS_COOKIE",
    "ACCESS_HEADER",
    "Credential",
    "CredentialReader",
    "IDENTITY_COOKIE",
    "IDENTITY_HEADER",
    "Source",
    "TokenLocation",
    "vary_names",
]

# Where Privy's own clients put the tokens; settings may change the names.
IDENTITY_HEADER = "privy-id-token"
IDENTITY_COOKIE = "privy-id-token"
ACCESS_HEADER = "authorization"
ACCESS_COOKIE = "privy-token"

Source: TypeAlias = Literal["header", "cookie"]

# The scheme ends where its token characters end (RFC 9110 §11.1, §5.6.2).
_BEARER = re.compile(r"bearer(?![!#$%&'*+.^_`|~0-9A-Za-z-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TokenLocation:
    """Where a kind of token may be in a request.

    Attributes:
        kind: the kind of token.
        header: the name of the header field, in lower case.
        cookie: the name of the cookie, ``None`` where no cookie is read.
        bearer: whether the header field holds the scheme ``Bearer`` and the token (RFC 6750 §2.1).
    """

    kind: TokenKind
    header: str
    cookie: str | None = None
    bearer: bool = False


@dataclass(slots=True)
class Credential:
    """A token as it was sent, not verified yet.

    Attributes:
        kind: the kind of token that belongs in its location.
        source: whether it came in a header or a cookie.
        token: the token.
        bearer: whether it came with the scheme ``Bearer``, as tokens of any family do.
    """

    kind: TokenKind
    source: Source
    token: str = field(repr=False)
    bearer: bool = False


class CredentialReader:
    """Read the tokens of a request, for each location from the first source that has one."""

    __slots__ = ("_cookies", "_locations", "_names", "_places", "_sources")

    def __init__(self, locations: Sequence[TokenLocation], sources: Sequence[Source]) -> None:
        """Create a reader that looks in these locations, in the order of the sources."""
        self._locations = locations
        self._sources = sources
        self._places: Sequence[tuple[TokenLocation, Sequence[tuple[Source, str]]]] = [
            (each, _names_in(each, sources)) for each in locations
        ]
        cookies = [name for _, places in self._places for source, name in places if source == "cookie"]
        # Cookies are not parsed at all where none can be a token.
        self._cookies = CookieNames(*cookies) if cookies else None
        self._names = FieldNames([*(["cookie"] if cookies else []), *(each.header for each in locations)])

    @property
    def places(self) -> list[str]:
        """Return where tokens are looked for, in words."""
        places = [place for wanted in self._sources for _, each in self._places for place in each if place[0] == wanted]
        return list(dict.fromkeys(map(" ".join, places)))

    def finds_only_other_schemes(self, request: Request) -> bool:
        """Return whether there is a bearer header with something else than the scheme ``Bearer``."""
        fields = [each.header for each in self._locations if each.bearer and "header" in self._sources]
        values = [value.strip(" \t") for name in fields for value in request.values(name)]
        return any(is_token(value) and not _BEARER.match(value) for value in values)

    def read(self, request: Request) -> list[Credential]:
        """Return the tokens of a request, at most one for each location.

        The first source with a token decides: an invalid token in a header never falls back to the cookie. An empty
        value, and the words ``null`` and ``undefined``, are no token.

        Raises:
            ConflictingTokens: if one source has two different tokens of a kind.
        """
        found: list[Credential] = []
        headers = request.present(self._names)
        if not headers:
            return found
        lines = headers.get("cookie")
        cookies = self._cookies.values(lines) if lines and self._cookies else {}
        for each, places in self._places:
            for source, name in places:
                values = (cookies if source == "cookie" else headers).get(name)
                token = _token_in(values, each, source) if values else None
                if token is not None:
                    found.append(Credential(each.kind, source, token, each.bearer))
                    break
        return found

    def has_header(self, request: Request) -> bool:
        """Return whether a request has a token in a header, good or bad, as API calls have."""
        if "header" not in self._sources:
            return False
        tokens = (token for each in self._locations for token in _tokens(_parts(request.values(each.header)), each))
        return any(map(is_token, tokens))


def _names_in(location: TokenLocation, sources: Sequence[Source]) -> list[tuple[Source, str]]:
    """Return the name of the header or the cookie for each of the sources that the location has."""
    names: dict[Source, str | None] = {"header": location.header, "cookie": location.cookie}
    return [(source, name) for source in sources if (name := names[source]) is not None]


def _token_in(values: Sequence[str], location: TokenLocation, source: Source) -> str | None:
    try:
        if source == "cookie":
            return only_token(values, values)
        parts = _parts(values)
        return only_token(parts, _tokens(parts, location))
    except ConflictingTokens:
        name = location.header if source == "header" else location.cookie
        conflict = ConflictingTokens(f"The {source} {name} has two different values.")
        raise conflict.of_token(location.kind, source) from None


def _parts(values: Sequence[str]) -> Sequence[str]:
    # WSGI servers join repeated fields with commas, which no token contains.
    return [part.strip(" \t") for value in values for part in value.split(",")]


def _tokens(parts: Sequence[str], location: TokenLocation) -> Sequence[str]:
    return [_bearer(part) for part in parts] if location.bearer else parts


def _bearer(part: str) -> str:
    """Return the token after the scheme, empty for another scheme."""
    found = _BEARER.match(part)
    return "" if found is None else part[found.end() :].strip(" ")


def vary_names(locations: Iterable[TokenLocation]) -> Mapping[str, None]:
    """Return the header fields that tokens are read from, in order, for ``Vary`` (RFC 9110 §12.5.5)."""
    names: dict[str, None] = {}
    for each in locations:
        if each.cookie is not None:
            names["Cookie"] = None
        names["Authorization" if each.bearer and each.header == "authorization" else each.header] = None
    return names
