"""The request parameters that a condition looks at, such as the address in ``owns_wallet="address"``.

A parameter can be in the path, the query and the body, and what a body says depends on who reads it: as JSON or as a
form, whatever the content type and the method are, with the first or the last of two values that have the same name. If
the condition looked at one value and the view at another, the condition would protect nothing. So a parameter counts
only if all the readings that a view could make have the same value; otherwise it is missing, and the condition not met.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from privy_middleware.http import multipart
from privy_middleware.tokens.strict_json import check_depth

__all__ = ["LARGEST_BODY", "Pairs", "RequestParts", "agreed"]

Pairs: TypeAlias = Iterable[tuple[str, object]]

LARGEST_BODY = 2_621_440
"""The most bytes of a body that are read, which is also Django's default limit for a body in memory."""
_MOST_PIECES = 1 << 15
_LONGEST_FOLDED = 256
_LONGEST_MEDIA_TYPE = 512


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RequestParts:
    """The parts of a request that a view may read a parameter from; ``repr`` shows none of them."""

    path: Mapping[str, object]
    """The path parameters, as the router converted them."""
    query_string: bytes
    """The query as it was sent."""
    query: Pairs
    """The query as the framework reads it."""
    body: bytes | None = b""
    """The body as it was sent; ``None`` if it could not be read, and empty if the framework has used it up."""
    form: Pairs = ()
    """What the framework has read from the body as a form, if it has; files are any values but strings."""
    content_types: Sequence[str] = ()
    """Every value of the ``Content-Type`` header."""
    content_encodings: Sequence[str] = ()
    """Every value of the ``Content-Encoding`` header."""
    charset: str = "utf-8"
    """What the framework decodes a body with if the content type names no charset."""


class _Unreadable(Exception):
    """It is not known what a view would read from the body."""


# Replaces a value that is not a string: it equals no other value.
_NOT_TEXT = object()


def agreed(names: Collection[str], parts: RequestParts) -> dict[str, object]:
    """Return those of the named parameters that have one value, the same in each place and in each reading.

    Names that differ only in case and in punctuation count as the same, as some parsers translate ``walletAddress`` to
    ``wallet_address``: their values must agree too.
    """
    try:
        return _Agreement(names).of(_readings(parts))
    except (_Unreadable, multipart.AmbiguousMultipart):
        return {}


class _Agreement:
    """Collect the values of some names."""

    def __init__(self, names: Collection[str]) -> None:
        self._names: dict[str, list[str]] = {}
        for name in names:
            self._names.setdefault(_fold(name), []).append(name)
        self._values: dict[str, object] = {}
        self._exact: set[str] = set()
        self._disputed: set[str] = set()

    def of(self, pairs: Pairs) -> dict[str, object]:
        for name, value in pairs:
            for wanted in self._names.get(_fold(name), ()):
                self._add(wanted, value)
                if name == wanted:
                    self._exact.add(wanted)
        return {name: self._values[name] for name in self._exact - self._disputed}

    def _add(self, name: str, value: object) -> None:
        if value is _NOT_TEXT or self._values.setdefault(name, value) != value:
            self._disputed.add(name)


def _fold(name: str) -> str:
    if len(name) > _LONGEST_FOLDED:
        return name
    return "".join(filter(str.isalnum, name.casefold())) or name


def _readings(parts: RequestParts) -> Iterator[tuple[str, object]]:
    yield from parts.path.items()
    yield from parts.query
    yield from _urlencoded(parts.query_string, is_form=True)
    yield from _texts(parts.form)
    if parts.body is None or len(parts.body) > LARGEST_BODY:
        raise _Unreadable
    if parts.body:
        yield from _body_readings(parts.body, parts)


def _texts(pairs: Pairs) -> Iterator[tuple[str, object]]:
    return ((name, value if isinstance(value, str) else _NOT_TEXT) for name, value in pairs)


def _body_readings(body: bytes, parts: RequestParts) -> Iterator[tuple[str, object]]:
    # A view may decompress it later.
    if any(each.strip().lower() not in ("", "identity") for each in parts.content_encodings):
        raise _Unreadable
    media_type, options = _media_type(parts.content_types)
    if not _is_utf8(parts.charset) or not _is_utf8(options.get("charset", "utf-8")):
        raise _Unreadable
    yield from _texts(_json(body, media_type))
    yield from _urlencoded(body, is_form=media_type in _FORM_TYPES)
    if "boundary" in options or media_type.startswith("multipart/"):
        yield from _texts(multipart.fields(body, options.get("boundary", "")))


# The content type (RFC 9110 §8.3.1)

_WORD = r"[0-9A-Za-z!#$%&'*+.^_`|~-]++"
_MEDIA_TYPE = re.compile(rf'({_WORD}/{_WORD})((?:[ \t]*+;[ \t]*+{_WORD}=(?:{_WORD}|"[^"\\]*+"))*+)')
_OPTION = re.compile(rf'({_WORD})=(?:({_WORD})|"([^"\\]*+)")')
# Content types whose parsers read in the ways below, or read no named values.
_KNOWN_TYPES = frozenset(
    {
        "",
        "application/json",
        "application/json-seq",
        "application/jsonl",
        "application/ndjson",
        "application/octet-stream",
        "application/pdf",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "application/zip",
        "text/csv",
        "text/json",
        "text/plain",
    }
)
_KNOWN_KINDS = ("audio/", "font/", "image/", "multipart/", "video/")


def _media_type(values: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    """Return the content type in lower case, and its parameters; it is empty if there is none."""
    value, *others = {each.strip().removesuffix(";") for each in values} or {""}
    match = _MEDIA_TYPE.fullmatch(value) if len(value) <= _LONGEST_MEDIA_TYPE else None
    if others or (value and match is None):
        raise _Unreadable
    if match is None:
        return "", {}
    media_type = match[1].lower()
    if media_type not in _KNOWN_TYPES and not media_type.startswith(_KNOWN_KINDS) and not media_type.endswith("+json"):
        raise _Unreadable
    found = _OPTION.findall(match[2])
    options = {name.lower(): token or quoted for name, token, quoted in found}
    # Some parsers take the first of two, and some know the extended notation (RFC 2231).
    if len(options) != len(found) or any("*" in name for name in options):
        raise _Unreadable
    return media_type, options


def _is_utf8(charset: str) -> bool:
    return charset.lower().replace("_", "-") in {"utf-8", "utf8", "us-ascii", "ascii"}


# JSON (RFC 8259)

# Deeper than the documents of apps, and not too deep for a small stack.
_MAX_DEPTH = 200
# Numbers are not looked at, so none can be too long.
_DECODER = json.JSONDecoder(object_pairs_hook=tuple, parse_int=bool, parse_float=bool, parse_constant=bool)
# RFC 7464 separates texts by a control character, others by a line break.
_START = re.compile(r"[^ \t\n\r\x1e]")
# Some readers strip all white space first.
_OBJECT = re.compile(r"[\s\x00-\x20\ufeff]*+\{")


def _json(body: bytes, media_type: str) -> Iterator[tuple[str, object]]:
    detected = json.detect_encoding(body)
    for encoding in {"utf-8-sig", "utf-8-sig" if detected == "utf-8" else detected}:
        text = body.decode(encoding, "replace")
        if "json" in media_type or _OBJECT.match(text):
            yield from _members(text, flat=media_type == "application/vnd.api+json")


def _members(text: str, *, flat: bool) -> Iterator[tuple[str, object]]:
    for document in _documents(text):
        # An object is a tuple of its members here, which can have the same name twice; an array is a list.
        if isinstance(document, tuple):
            yield from _flattened(document) if flat else document


def _documents(text: str) -> Iterator[object]:
    """Yield each of the JSON texts; usually there is one, but some readers take the first of several or a line each."""
    # Bytes that are not UTF-8, or a character that no client needs to send.
    if "\ufffd" in text:
        raise _Unreadable
    position = 0
    try:
        check_depth(text, _MAX_DEPTH)
        for _ in range(_MOST_PIECES):
            start = _START.search(text, position)
            if start is None:
                return
            document, position = _DECODER.raw_decode(text, start.start())
            yield document
    except (ValueError, RecursionError):
        # Other parsers allow comments and more.
        raise _Unreadable from None
    raise _Unreadable


def _flattened(document: tuple[tuple[str, object], ...]) -> Iterator[tuple[str, object]]:
    """Yield the members that a parser of JSON:API puts into one object."""
    yield from document
    for data in _objects(document, "data"):
        yield from data
        for name in ("attributes", "relationships"):
            for inner in _objects(data, name):
                yield from inner


def _objects(members: Pairs, wanted: str) -> list[tuple[tuple[str, object], ...]]:
    return [value for name, value in members if name == wanted and isinstance(value, tuple)]


# Forms (WHATWG URL Standard §5)

# Some parsers read a body without a content type as a form.
_FORM_TYPES = ("", "application/x-www-form-urlencoded")


def _urlencoded(data: bytes, *, is_form: bool) -> Iterator[tuple[str, object]]:
    """Yield the pairs of a form, which can be read from any body."""
    if data.count(b"&") + (data.count(b";") if is_form else 0) > _MOST_PIECES:
        raise _Unreadable
    readings = [data.split(b"&")]
    if is_form and b";" in data:
        # The separator that HTML 4 recommended beside the other (§B.2.2).
        readings.append(re.split(b"[&;]", data))
    for pieces in readings:
        for piece in pieces:
            name, _, value = piece.partition(b"=")
            # Bytes that ought to be percent-encoded are UTF-8 to some parsers and Latin-1 to others.
            yield _unquote(name).decode("utf-8", "replace"), _text(_unquote(value)) if piece.isascii() else _NOT_TEXT


def _unquote(data: bytes) -> bytes:
    return unquote_to_bytes(data.replace(b"+", b" "))


def _text(data: bytes) -> object:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _NOT_TEXT
