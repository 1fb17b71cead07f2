"""Strict JSON: UTF-8, no duplicate names, no NaN or Infinity, and no deep nesting."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "NotStrictJSON", "check_depth", "decode", "decode_bytes"]

MAX_DEPTH = 32
"""How deep objects and lists may be nested."""


class NotStrictJSON(ValueError):
    """A text is not strict JSON; the message contains no part of it."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJSON("an object has a name twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotStrictJSON("a number is too large")
    return number


def _no_constant(_name: str) -> NoReturn:
    raise NotStrictJSON("NaN and Infinity are not JSON")


_WHITE_SPACE = " \t\n\r"
# A string up to its end, or up to the end of the text if it is not closed.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?+', re.DOTALL)
_DEEPER = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)).difference(_DEEPER))
_decode = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant).raw_decode
# Without the check of names, which runs Python code for every object.
_decode_unchecked = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant).raw_decode


def decode(text: str) -> Any:
    """Return the value of a JSON text (RFC 8259 §4: names are unique; §8.1: UTF-8; §9: the depth may be limited).

    Raises:
        NotStrictJSON: if it is not strict JSON, has a lone surrogate in a string, or is nested too deeply.
    """
    text = text.strip(_WHITE_SPACE)
    try:
        check_depth(text)
        value, end = _decode_list(text) if text.startswith("[") else _decode(text)
        if end != len(text):
            raise NotStrictJSON
        # Most texts have no escape at all, and searching for one character is faster than for two.
        if "\\" in text and "\\u" in text:
            _check_surrogates(value)
        if not text.isascii():
            text.encode("utf-8")
    except (ValueError, RecursionError):
        raise NotStrictJSON("not strict JSON") from None
    return value


def _decode_list(text: str) -> tuple[Any, int]:
    """Return the value and the end of a text that begins with a list, checked like any other, but faster.

    Linked accounts are a list of objects. Of two equal names the decoder keeps one. But each name is followed by a
    colon, so if a text has no more colons than the decoded objects have names, no name was dropped.
    """
    # Addresses of the web have more colons.
    if "/" not in text:
        value, end = _decode_unchecked(text)
        if set(map(type, value)) == {dict} and text.count(":") == sum(map(len, value)):
            return value, end
    return _decode(text)


def _check_surrogates(value: Any) -> None:
    # A lone surrogate cannot be encoded in UTF-8.
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def check_depth(text: str, limit: int = MAX_DEPTH) -> None:
    """Refuse a JSON text that is nested too deeply, before anything is decoded (RFC 8259 §9).

    A recursive decoder can overflow a small stack, which ends the process. Python's own limit does not prevent that,
    and differs between releases.

    Raises:
        NotStrictJSON: if objects and lists are nested more than ``limit`` deep.
    """
    # Each level needs a bracket, and "},{" does not go deeper, so few texts have to be scanned.
    brackets = text.count("[") + text.count("{")
    if brackets <= limit or brackets - text.count("},{") <= limit:
        return
    depth = 0
    for bracket in _STRING.sub("", text).encode("ascii", "ignore").translate(None, _NO_BRACKETS):
        depth += _DEEPER[bracket]
        if depth > limit:
            raise NotStrictJSON("nested too deeply")


def decode_bytes(data: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, without a byte order mark.

    Raises:
        NotStrictJSON: if it is not strict JSON in UTF-8.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrictJSON("not UTF-8") from None
    return decode(text)
