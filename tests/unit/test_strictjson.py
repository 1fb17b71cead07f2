"""JSON in the strict sense: one value for a text, whoever reads it."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware.strictjson import NotStrictJSON, decode, decode_bytes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        (' \t\n\r{"a": [1, 2.5, null, true]} \n', {"a": [1, 2.5, None, True]}),
        ('"\\ud83d\\ude80 \\uD83D\\uDE80 🚀 é"', "🚀 🚀 🚀 é"),
        ("9007199254740993", 9007199254740993),
        ("-0.5e3", -500.0),
        ('{"a": {"a": 1}, "b": {"a": 2}}', {"a": {"a": 1}, "b": {"a": 2}}),
        ('"\\\\ud800"', "\\ud800"),
    ],
)
def test_json_is_read(text: str, value: Any) -> None:
    """What RFC 8259 allows is read, as text and as bytes."""
    assert decode(text) == value
    assert decode_bytes(text.encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{} {}",
        "{},",
        "{'a': 1}",
        '{"a": 1, "a": 1}',
        '{"a": 1, "\\u0061": 2}',
        '[{"b": {"a": 1, "a": 2}}]',
        '{"a": NaN}',
        "[Infinity]",
        "[-Infinity]",
        "1e400",
        "-1e400",
        "01",
        "1.",
        "+1",
        "0x1",
        "1_000",
        "٣",
        "9" * 5000,
        '"\\ud800"',
        '"\\uDFFF"',
        '{"\\udc00\\ud800": 1}',
        '"a\nb"',
        '"a\\xb"',
        "\ufeff{}",
        "\u00a0{}",
        "\x0b{}",
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
    ],
)
def test_what_is_not_json_is_refused(text: str) -> None:
    """Every way to be read in two ways is one error, which shows nothing of the text."""
    with pytest.raises(NotStrictJSON, match=r"^not JSON in the strict sense$"):
        decode(text)
    with pytest.raises(NotStrictJSON, match=r"^not JSON in the strict sense$"):
        decode_bytes(text.encode())


def test_lone_surrogates_in_text_are_refused() -> None:
    """Text that is no Unicode string has no UTF-8 form."""
    with pytest.raises(NotStrictJSON):
        decode('"\ud800"')


@pytest.mark.parametrize(
    "data",
    [b"\xff{}", b'"\xc3("', b'"\xed\xa0\x80"', "{}".encode("utf-16"), "{}".encode("utf-32-le"), b"\xef\xbb\xbf{}"],
)
def test_only_utf_8_is_read(data: bytes) -> None:
    """RFC 8259 §8.1: UTF-8 without a byte order mark, and no other encoding guessed."""
    with pytest.raises(NotStrictJSON):
        decode_bytes(data)
