"""A multipart form (RFC 7578) that every parser reads in the same way.

Parsers differ in what they make of repeated or folded headers, escapes, other line breaks, and anything that resembles
a delimiter. Browsers and HTTP clients send none of that, so a body that has it is refused, not interpreted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

__all__ = ["AmbiguousMultipart", "fields"]

# The default limits of Django, Starlette and Werkzeug.
_MOST_PARTS = 1000
_LONGEST_HEAD = 1024

# RFC 2046 §5.1.1, without the space.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}")
# No control characters, so no line break but CRLF, and no folded line.
_HEADER = re.compile(rb"([0-9A-Za-z-]++):[ \t]*+([\t\x20-\x7e\x80-\xff]*+)")
_TOKEN = rb"[0-9A-Za-z!#$&'*+.^_`|~-]++"
_DISPOSITION = re.compile(
    # A percent sign or a backslash in a name may be an escape, and a backslash in a file name may hide its end.
    rb'form-data; ?name=(?:"(?P<quoted>[^"\\%]*+)"|(?P<token>' + _TOKEN + rb"))"
    rb'(?P<file>(?:; ?filename=(?:"[^"\\]*+"|' + _TOKEN + rb"))?(?:; ?filename\*=[^\s;\"\\]++)?)"
)
_CHARSET = re.compile(rb"charset=\"?([0-9A-Za-z_.:-]++)", re.IGNORECASE)
_ASCII_COMPATIBLE = {b"utf-8", b"us-ascii", b"iso-8859-1"}


class AmbiguousMultipart(ValueError):
    """Parsers may differ about a body; the error holds no part of it."""


def fields(body: bytes, boundary: str) -> Iterator[tuple[str, str | None]]:
    """Yield the name of each part with its text, or with ``None`` for a file and for what is not UTF-8.

    Raises:
        AmbiguousMultipart: if parsers may differ about the body.
    """
    if not _BOUNDARY.fullmatch(boundary):
        raise AmbiguousMultipart("the boundary is not a plain one")
    return map(_field, _parts(body, b"--" + boundary.encode("ascii")))


def _parts(body: bytes, mark: bytes) -> list[bytes]:
    # An empty line may precede the first delimiter and follow the last.
    body = body.removeprefix(b"\r\n").removesuffix(b"\r\n")
    start, end = mark + b"\r\n", b"\r\n" + mark + b"--"
    if body == mark + b"--":
        return []
    if not body.startswith(start) or not body.endswith(end):
        raise AmbiguousMultipart("there is something before the first delimiter or after the last")
    parts = body[len(start) : -len(end)].split(b"\r\n" + start)
    # A lenient parser takes more than the exact delimiter for one.
    if len(parts) > _MOST_PARTS or any(mark in part for part in parts):
        raise AmbiguousMultipart("there are too many parts, or one resembles a delimiter")
    return parts


def _field(part: bytes) -> tuple[str, str | None]:
    head, blank_line, content = part.partition(b"\r\n\r\n")
    if not blank_line or len(head) > _LONGEST_HEAD:
        raise AmbiguousMultipart("a part has no header, or a long one")
    headers = _headers(head)
    disposition = _DISPOSITION.fullmatch(headers.get(b"content-disposition", b""))
    if disposition is None:
        raise AmbiguousMultipart("a part is not described in the plain form")
    # Django decodes base64, the others do not.
    if headers.get(b"content-transfer-encoding", b"binary").lower() not in {b"7bit", b"8bit", b"binary"}:
        raise AmbiguousMultipart("a part is encoded")
    name = _decode(disposition["quoted"] or disposition["token"] or b"")
    if name is None:
        raise AmbiguousMultipart("a name is not UTF-8")
    return name, None if disposition["file"] else _text(content, headers.get(b"content-type", b""))


def _headers(head: bytes) -> Mapping[bytes, bytes]:
    lines = [_HEADER.fullmatch(line) for line in head.split(b"\r\n")]
    headers = {line[1].lower(): line[2] for line in lines if line is not None}
    if len(headers) != len(lines):
        raise AmbiguousMultipart("a header is not in the plain form, or repeated")
    if headers.get(b"content-type", b"").lower().startswith((b"multipart/", b"message/")):
        raise AmbiguousMultipart("a part has parts")
    return headers


def _text(content: bytes, content_type: bytes) -> str | None:
    charset = _CHARSET.search(content_type)
    if charset is None or charset[1].lower() == b"utf-8":
        return _decode(content)
    return _decode(content) if content.isascii() and charset[1].lower() in _ASCII_COMPATIBLE else None


def _decode(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
