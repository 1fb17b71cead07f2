"""JSON as a token may hold it: UTF-8, no duplicate names, no numbers beyond JSON's own."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

__all__ = ["NotStrictJSON", "decode", "decode_bytes"]


class NotStrictJSON(ValueError):
    """Say that a text is not JSON in the strict sense; carries nothing of the text."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJSON("a name stands twice in one object")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotStrictJSON("a number is beyond what can be represented")
    return number


def _no_constant(_name: str) -> NoReturn:
    raise NotStrictJSON("NaN and Infinity are not JSON")


_WHITE_SPACE = " \t\n\r"
_decode = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant).raw_decode


def decode(text: str) -> Any:
    """Return the value of a JSON text (RFC 8259 §4: names are unique; §8.1: UTF-8).

    Raises:
        NotStrictJSON: when the text is anything else, a lone surrogate among its strings included.
    """
    text = text.strip(_WHITE_SPACE)
    try:
        value, end = _decode(text)
        if end != len(text):
            raise NotStrictJSON
        if "\\u" in text:
            _check_surrogates(value)
        if not text.isascii():
            text.encode("utf-8")
    except (ValueError, RecursionError):
        raise NotStrictJSON("not JSON in the strict sense") from None
    return value


def _check_surrogates(value: Any) -> None:
    # An escaped surrogate without its partner has no UTF-8 form: encoding is the test of it.
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def decode_bytes(data: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, without a byte order mark.

    Raises:
        NotStrictJSON: when the bytes are anything else.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrictJSON("not UTF-8") from None
    return decode(text)
