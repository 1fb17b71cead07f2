"""All ways in which a view, or a library that it uses, might read the address from a body."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["found_in", "read_raw"]

NAME = "address"


def found_in(pairs: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    """Yield the values under the name, and under its other spellings, as text."""
    for name, value in pairs:
        if str(name).casefold().strip() == NAME:
            yield value if isinstance(value, str) else f"not text: {value!r}"


def read_raw(body: bytes, content_type: str) -> Iterator[str]:
    """Yield every address that can be read from a body, with any content type."""
    ways = [_json, _first_wins, _first_text, _lines, _form]
    if content_type.startswith("application/x-www-form-urlencoded"):
        ways.append(_form_with_semicolons)
    for text in _decoded(body, content_type):
        for read in ways:
            yield from found_in(_attempt(read, text))
    yield from found_in(_attempt(_mail, b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body))


def _attempt(read: Callable[[Any], Iterable[tuple[Any, Any]]], data: object) -> list[tuple[Any, Any]]:
    try:
        return list(read(data))
    except (ValueError, RecursionError, LookupError):
        return []


def _decoded(body: bytes, content_type: str) -> set[str]:
    charset = re.search(r"charset=\"?([\w-]+)", content_type, re.IGNORECASE)
    texts = set()
    for encoding in ("utf-8-sig", "latin-1", json.detect_encoding(body), charset[1] if charset else "utf-8"):
        try:
            texts.add(body.decode(encoding, "replace"))
        except LookupError:
            continue
    return texts


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    if not isinstance(value, dict):
        return []
    data = value.get("data")
    attributes = data.get("attributes") if isinstance(data, dict) else None
    # Only parsers of JSON:API read this.
    return [*value.items(), *(attributes.items() if isinstance(attributes, dict) else ())]


def _json(text: str) -> Iterable[tuple[Any, Any]]:
    return _items(json.loads(text.strip()))


def _first_wins(text: str) -> Iterable[tuple[Any, Any]]:
    return _items(json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs))))


def _first_text(text: str) -> Iterable[tuple[Any, Any]]:
    return _items(json.JSONDecoder(strict=False).raw_decode(text.strip())[0])


def _lines(text: str) -> Iterable[tuple[Any, Any]]:
    return [item for line in text.split("\n") for item in _items(json.loads(line))]


def _form(text: str) -> Iterable[tuple[Any, Any]]:
    return parse_qsl(text)


def _form_with_semicolons(text: str) -> Iterable[tuple[Any, Any]]:
    return parse_qsl(text.replace(";", "&"))


def _mail(message: bytes) -> Iterable[tuple[Any, Any]]:
    parsed = BytesParser().parsebytes(message)
    payload: Any = parsed.get_payload()
    parts: list[Any] = payload if parsed.is_multipart() else []
    for part in parts:
        value = part.get_payload(decode=True)
        if part.get_filename() is None and value is not None:
            yield part.get_param("name", header="content-disposition"), value.decode("utf-8", "replace")
