"""Strict base64url, as in JWS and JWK: no padding, no other characters, and only one text for the same bytes."""

from __future__ import annotations

import binascii

from privy_middleware.errors import MalformedToken

__all__ = ["decode_base64url"]

_NOT_BASE64URL = "A part of the token is not base64url without padding."
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PADDING = (b"", b"", b"==", b"=")
# The last character has 4 unused bits (if the length is 2 mod 4) or 2 (if it is 3 mod 4), which must be zero.
_CANONICAL_END = (
    frozenset(_ALPHABET),
    frozenset[str](),
    frozenset(_ALPHABET[::16]),
    frozenset(_ALPHABET[::4]),
)


def decode_base64url(text: str) -> bytes:
    """Return the bytes of a base64url text (RFC 7515 §2: no padding, line breaks or other characters).

    Raises:
        MalformedToken: if the text is not exactly the base64url encoding of some bytes.
    """
    # Characters of the standard alphabet only, which is what the decoder reads.
    if "+" in text or "/" in text or "=" in text:
        raise MalformedToken(_NOT_BASE64URL)
    tail = len(text) & 3
    standard = text.replace("-", "+").replace("_", "/").encode("ascii", "replace")
    try:
        data = binascii.a2b_base64(standard + _PADDING[tail], strict_mode=True)
    except binascii.Error:
        raise MalformedToken(_NOT_BASE64URL) from None
    if tail and text[-1] not in _CANONICAL_END[tail]:
        raise MalformedToken(_NOT_BASE64URL)
    return data
