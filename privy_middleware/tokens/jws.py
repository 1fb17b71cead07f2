"""Compact JWS: three segments, strict base64url, and the header rules.

The signature is not checked here but by the key (``keys.VerificationKey``); nothing of a token is
believed before that. A token has one spelling only: no padding, no other alphabet, no stray bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from privy_middleware.errors import InvalidClaims, MalformedToken, OversizedToken, UnsupportedHeader
from privy_middleware.tokens.base64url import decode_base64url
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes

__all__ = ["Header", "LONGEST_HEADER", "find_dots", "read_header", "read_payload"]

# Parameters that would change how the token is read, or would bring the key along with it.
_REFUSED = frozenset({"crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"})
LONGEST_HEADER = 2048
"""In characters: far beyond any header of an issuer's."""
# The signature of the longest RSA key.
_LONGEST_SIGNATURE = 1366
_TYPES = frozenset({"jwt", "application/jwt"})


class Header(NamedTuple):
    """The two header parameters that are used: ``alg`` and, where there is one, ``kid``."""

    alg: str
    kid: str | None = None

    def __repr__(self) -> str:
        """Show the algorithm only."""
        return f"Header(alg={self.alg!r})"


def find_dots(token: str, max_bytes: int) -> tuple[int, int]:
    """Return where the two dots of a compact JWS are (RFC 7515 §7.1); nothing of it is decoded.

    What cannot be a token ends here, at a cost that does not grow with what exceeds ``max_bytes``.

    Raises:
        OversizedToken: when it is longer than ``max_bytes``.
        MalformedToken: when it is not three segments, or one is longer than can be right.
    """
    if not isinstance(token, str):
        raise MalformedToken
    if len(token) > max_bytes:
        raise OversizedToken
    first = token.find(".")
    last = token.find(".", first + 1)
    if first < 0 or last < 0 or token.find(".", last + 1) >= 0 or not token.isascii():
        raise MalformedToken
    if first > LONGEST_HEADER or len(token) - last - 1 > _LONGEST_SIGNATURE:
        raise MalformedToken
    return first, last


def read_payload(segment: str) -> dict[str, Any]:
    """Return the claims of a segment.

    Raises:
        MalformedToken: when the segment is not base64url.
        InvalidClaims: when the payload is not a JSON object in the strict sense (RFC 7519 §7.2).
    """
    try:
        claims = decode_bytes(decode_base64url(segment))
    except NotStrictJSON:
        raise InvalidClaims from None
    if not isinstance(claims, dict):
        raise InvalidClaims
    return claims


def read_header(segment: str) -> Header:
    """Return the JOSE header of a segment, once every rule holds (RFC 7515 §4, RFC 8725 §3.10-3.11).

    Raises:
        MalformedToken: when the segment is not base64url of a JSON object.
        UnsupportedHeader: when a parameter is refused or of the wrong type.
    """
    try:
        header = decode_bytes(decode_base64url(segment))
    except NotStrictJSON:
        raise MalformedToken from None
    if not isinstance(header, dict):
        raise MalformedToken
    if not _REFUSED.isdisjoint(header):
        raise UnsupportedHeader
    typ, alg, kid = header.get("typ"), header.get("alg"), header.get("kid")
    if not isinstance(typ, str) or typ.lower() not in _TYPES or not isinstance(alg, str):
        raise UnsupportedHeader
    if "kid" in header and not isinstance(kid, str):
        raise UnsupportedHeader
    return Header(alg, kid)
