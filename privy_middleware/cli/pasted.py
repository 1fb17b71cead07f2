"""The tokens in a text that somebody pasted: a bare token, a header, a cookie header, or the issuer's JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from privy_middleware.http.cookies import CookieNames
from privy_middleware.http.credentials import TokenLocation
from privy_middleware.tokens.claims import TokenKind
from privy_middleware.tokens.strict_json import NotStrictJSON, decode

__all__ = ["Pasted", "find_tokens", "looks_like_a_token", "without_tokens"]

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]*\.|[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]*\.")
# A header is a JSON object, so that its base64url always begins in this way.
_SURELY_A_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)+")
_BEARER = re.compile(r"bearer\s+", re.IGNORECASE)
_FIELD = re.compile(r"([A-Za-z0-9_-]+):\s*(.*)")
_QUOTES = "\"'`"


@dataclass(slots=True)
class Pasted:
    """A token in a pasted text.

    Attributes:
        token: the token.
        kind: the kind of token that belongs where it was, ``None`` if the text does not say it.
        place: where it was, in words.
        removed: what stood around it, in words.
    """

    token: str = field(repr=False)
    kind: TokenKind | None = None
    place: str = ""
    removed: list[str] = field(default_factory=list)


def looks_like_a_token(text: str) -> bool:
    """Return whether a text contains something like a JWS, which does not belong in the arguments of a program."""
    return _JWT.search(text) is not None


def without_tokens(text: str) -> str:
    """Return a text in which no token can be read, such as a message that quotes the arguments of a program."""
    return _SURELY_A_TOKEN.sub("(a token)", text)


def find_tokens(text: str, locations: Sequence[TokenLocation]) -> list[Pasted]:
    """Return the tokens in a text, of which there may be several in headers, cookies and JSON."""
    text = text.strip()
    named = [*_in_json(text), *_in_fields(text, locations)]
    return named or ([_bare(text)] if text else [])


def _in_json(text: str) -> Iterator[Pasted]:
    kinds: tuple[TokenKind, ...] = ("identity", "access")
    try:
        document: Any = decode(text) if text.startswith("{") else {}
    except NotStrictJSON:
        return
    for kind in kinds:
        name = f"{kind}_token"
        if isinstance(document.get(name), str):
            yield Pasted(document[name], kind, f"JSON, {name}", ["the JSON around it"])


def _in_fields(text: str, locations: Sequence[TokenLocation]) -> Iterator[Pasted]:
    for line in text.splitlines():
        field_line = _FIELD.fullmatch(_unquoted(line))
        name, value = (field_line[1].lower(), field_line[2]) if field_line else ("", _unquoted(line))
        for each in locations:
            if name == each.header:
                found = _bare(value)
                yield Pasted(found.token, each.kind, f"header {name}", ["the name of the header", *found.removed])
        if name in ("", "cookie"):
            yield from _in_cookies(value, locations)


def _in_cookies(value: str, locations: Sequence[TokenLocation]) -> Iterator[Pasted]:
    for each in locations:
        cookie = each.cookie or ""
        for token in CookieNames(cookie).values([value]).get(cookie, ()):
            yield Pasted(_bare(token).token, each.kind, f"cookie {cookie}", ["the rest of the cookie header"])


def _bare(text: str) -> Pasted:
    """Return the token in a text that has nothing else than quotes, ``Bearer`` and white space around it."""
    found = Pasted(text)
    token = _unquoted(text)
    if token != text.strip():
        found.removed.append("quotation marks")
    if scheme := _BEARER.match(token):
        found.kind, found.place = "access", "after Bearer"
        found.removed.append('"Bearer"')
        token = _unquoted(token[scheme.end() :])
    joined = "".join(token.split())
    if joined != token:
        found.removed.append("white space inside the token")
    found.token = joined
    return found


def _unquoted(text: str) -> str:
    return text.strip().strip(_QUOTES).strip()
