"""Strict base64url, as JWS and JWK use it: no padding, no other characters, and one spelling for the same bytes."""

from __future__ import annotations

import binascii

from privy_middleware.errors import MalformedToken

__all__ = ["decode_base64url"]

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# From this alphabet to the standard one, whose own letters become one that neither has.
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", b"", b"==", b"=")
# The last character of a segment carries 4 (of length 2 mod 4) or 2 (of length 3) bits that must be zero.
_CANONICAL_END = (
    frozenset(_ALPHABET),
    frozenset[str](),
    frozenset(_ALPHABET[::16]),
    frozenset(_ALPHABET[::4]),
)


def decode_base64url(text: str) -> bytes:
    """Return the bytes of a base64url text (RFC 7515 §2: no padding, no line breaks, no other characters).

    Raises:
        MalformedToken: if the text is not the one canonical spelling of its bytes.
    """
    tail = len(text) & 3
    spelled = text.encode("ascii", "replace").translate(_TO_STANDARD)
    try:
        data = binascii.a2b_base64(spelled + _PADDING[tail], strict_mode=True)
    except binascii.Error:
        raise MalformedToken from None
    if tail and text[-1] not in _CANONICAL_END[tail]:
        raise MalformedToken
    return data
