"""Compact JWS: three base64url segments, and the rules for the header.

The signature is checked by the key (``keys.VerificationKey``), and nothing in a token is trusted before that.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from privy_middleware.errors import InvalidClaims, MalformedToken, OversizedToken, UnsupportedHeader, WrongAlgorithm
from privy_middleware.tokens.base64url import decode_base64url
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes

__all__ = ["Header", "LONGEST_HEADER", "check_algorithm", "find_dots", "read_header", "read_payload"]

# Parameters that would change how the token is read, or that contain the key or its URL.
_REFUSED = frozenset({"crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"})
LONGEST_HEADER = 2048
"""The longest header in characters, far longer than any issuer's."""
# The length of a signature with the longest RSA key, in characters.
_LONGEST_SIGNATURE = 1366
_TYPES = frozenset({"jwt", "application/jwt"})


class Header(NamedTuple):
    """The two header parameters that are used: ``alg`` and, if there is one, ``kid``."""

    alg: str
    kid: str | None = None

    def __repr__(self) -> str:
        """Show the algorithm only."""
        return f"Header(alg={self.alg!r})"


def find_dots(token: str, max_bytes: int) -> tuple[int, int]:
    """Return the positions of the two dots of a compact JWS (RFC 7515 §7.1), without decoding anything.

    The time does not depend on how much longer than ``max_bytes`` the token is.

    Raises:
        OversizedToken: if the token is longer than ``max_bytes``.
        MalformedToken: if it does not have three segments, or its header or signature is too long.
    """
    if not isinstance(token, str):
        raise MalformedToken("The token is not text.")
    if len(token) > max_bytes:
        raise OversizedToken(f"The token has {len(token)} characters, and max_token_bytes is {max_bytes}.")
    first = token.find(".")
    last = token.find(".", first + 1)
    if first < 0 or last < 0 or token.find(".", last + 1) >= 0 or not token.isascii():
        raise MalformedToken("The token is not a compact JWS: three parts of ASCII characters, separated by dots.")
    if first > LONGEST_HEADER or len(token) - last - 1 > _LONGEST_SIGNATURE:
        raise MalformedToken("The token's header or signature is longer than that of any issuer.")
    return first, last


def read_payload(segment: str) -> dict[str, Any]:
    """Return the claims in a payload segment.

    Raises:
        MalformedToken: if the segment is not base64url.
        InvalidClaims: if the payload is not strict JSON, or not an object (RFC 7519 §7.2).
    """
    try:
        claims = decode_bytes(decode_base64url(segment))
    except NotStrictJSON:
        raise InvalidClaims("The payload is not JSON, or has a name twice, or is nested too deeply.") from None
    if not isinstance(claims, dict):
        raise InvalidClaims("The payload is not a JSON object.")
    return claims


def read_header(segment: str) -> Header:
    """Return the JOSE header in a header segment, after checking it (RFC 7515 §4, RFC 8725 §3.10-3.11).

    Raises:
        MalformedToken: if the segment is not the base64url encoding of a JSON object.
        UnsupportedHeader: if a parameter is not accepted or of the wrong type.
    """
    try:
        header = decode_bytes(decode_base64url(segment))
    except NotStrictJSON:
        raise MalformedToken("The token's header is not JSON, or has a name twice, or is nested too deeply.") from None
    if not isinstance(header, dict):
        raise MalformedToken("The token's header is not a JSON object.")
    if not _REFUSED.isdisjoint(header):
        raise UnsupportedHeader(
            f"The token's header has {min(_REFUSED.intersection(header))}, which is never accepted."
        )
    typ, alg, kid = header.get("typ"), header.get("alg"), header.get("kid")
    if not isinstance(typ, str) or typ.lower() not in _TYPES:
        raise UnsupportedHeader('The token\'s header does not have "typ": "JWT".')
    if not isinstance(alg, str):
        raise UnsupportedHeader("The token's header has no alg.")
    if "kid" in header and not isinstance(kid, str):
        raise UnsupportedHeader("The kid in the token's header is not a string.")
    return Header(alg, kid)


def check_algorithm(alg: str, allowed: Collection[str]) -> None:
    """Check that an algorithm is one of those that are allowed (RFC 8725 §3.1).

    Raises:
        WrongAlgorithm: if it is not.
    """
    if alg not in allowed:
        raise WrongAlgorithm(f"The token is not signed with {' or '.join(sorted(allowed))}.")
