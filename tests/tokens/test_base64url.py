"""Base64url: one spelling for the same bytes."""

from __future__ import annotations

import base64
import string

import pytest

from privy_middleware.errors import MalformedToken
from privy_middleware.tokens.base64url import decode_base64url
from tests.support.tokens import b64

ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.mark.parametrize("length", range(9))
def test_a_segment_has_one_spelling(length: int) -> None:
    """Only one last character is valid, although others decode to the same bytes (RFC 7515 §2)."""
    data = bytes(range(250, 250 - length, -1))
    segment = b64(data)
    assert decode_base64url(segment) == data
    for last in ALPHABET if segment else "":
        if last == segment[-1]:
            continue
        other = segment[:-1] + last
        lax = base64.urlsafe_b64decode(other + "==")
        if lax == data:
            with pytest.raises(MalformedToken):
                decode_base64url(other)
        elif b64(lax) == other:
            assert decode_base64url(other) == lax


@pytest.mark.parametrize(
    "segment",
    [
        "A",
        "AAAAA",
        "AA==",
        "AAA=",
        "=",
        "AAAA=",
        "AA=A",
        "AA+A",
        "AA/A",
        "AA A",
        "AAAA\n",
        "\tAAAA",
        "AA?A",
        "AA.A",
        "AA\x00A",
        "AA%A",
        "AB",
        "AAB",
        "AA\x7fA",
    ],
)
def test_other_spellings_are_refused(segment: str) -> None:
    """Padding, another alphabet, white space and unused bits are rejected."""
    with pytest.raises(MalformedToken) as caught:
        decode_base64url(segment)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_bytes_beyond_ascii_are_refused() -> None:
    """A byte above 127 is not a letter."""
    for byte in range(128, 256):
        with pytest.raises(MalformedToken):
            decode_base64url(f"AA{chr(byte)}A")
