"""One JSON Web Key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from privy_middleware.errors import MalformedToken
from privy_middleware.keys.algorithms import VerificationKey
from privy_middleware.keys.errors import PrivateKeyGiven, UnusableKey
from privy_middleware.tokens.base64url import decode_base64url

__all__ = ["is_private", "read_jwk"]

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_CURVES: dict[str, tuple[ec.EllipticCurve, int]] = {
    "P-256": (ec.SECP256R1(), 32),
    "P-384": (ec.SECP384R1(), 48),
    "P-521": (ec.SECP521R1(), 66),
}
_EDWARDS_CURVES: dict[str, type[ed25519.Ed25519PublicKey] | type[ed448.Ed448PublicKey]] = {
    "Ed25519": ed25519.Ed25519PublicKey,
    "Ed448": ed448.Ed448PublicKey,
}
_MAX_KID_LENGTH = 1024


def read_jwk(jwk: object, algorithms: Collection[str]) -> VerificationKey:
    """Return the key of a JWK, bound to its ``alg``, or to all of ``algorithms`` that fit it if it has none.

    Raises:
        UnusableKey: if it is not a public key that verifies signatures with one of ``algorithms``.
    """
    if not isinstance(jwk, Mapping):
        raise UnusableKey("it is not a JSON object")
    if is_private(jwk):
        raise PrivateKeyGiven
    _check_purpose(jwk)
    kid = _kid(jwk)
    return VerificationKey(_public_key(jwk), _allowed(jwk, algorithms), kid)


def is_private(jwk: object) -> bool:
    """Return whether a JWK has a member that only private or symmetric keys have."""
    return isinstance(jwk, Mapping) and not _PRIVATE_MEMBERS.isdisjoint(jwk)


def _check_purpose(jwk: Mapping[Any, Any]) -> None:
    if jwk.get("use", "sig") != "sig":
        raise UnusableKey("its use is not sig")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list | tuple) or "verify" not in operations:
        raise UnusableKey("its key_ops do not contain verify")


def _kid(jwk: Mapping[Any, Any]) -> str | None:
    if "kid" not in jwk:
        return None
    kid = jwk["kid"]
    if not isinstance(kid, str) or len(kid) > _MAX_KID_LENGTH:
        raise UnusableKey(f"its kid is not a string of at most {_MAX_KID_LENGTH} characters")
    return kid


def _allowed(jwk: Mapping[Any, Any], algorithms: Collection[str]) -> Collection[str]:
    if "alg" not in jwk:
        return algorithms
    alg = jwk["alg"]
    if not isinstance(alg, str) or alg not in algorithms:
        raise UnusableKey("its alg is not one of the configured ones")
    return (alg,)


def _public_key(jwk: Mapping[Any, Any]) -> PublicKeyTypes:
    kind = jwk.get("kty")
    try:
        if kind == "EC":
            return _elliptic(jwk)
        if kind == "OKP":
            return _edwards(jwk)
        if kind == "RSA":
            return rsa.RSAPublicNumbers(_integer(jwk, "e"), _integer(jwk, "n")).public_key()
    except UnusableKey:
        raise
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
        raise UnusableKey("its numbers are not those of a public key") from None
    raise UnusableKey("its type (kty) is not supported")


def _elliptic(jwk: Mapping[Any, Any]) -> PublicKeyTypes:
    curve, size = _CURVES.get(_text(jwk, "crv"), (None, 0))
    if curve is None:
        raise UnusableKey("its curve is not supported")
    x, y = _octets(jwk, "x"), _octets(jwk, "y")
    # Coordinates have their full length, leading zeros included (RFC 7518 §6.2.1.2).
    if len(x) != size or len(y) != size:
        raise UnusableKey("its coordinates do not have the curve's length")
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve).public_key()


def _edwards(jwk: Mapping[Any, Any]) -> PublicKeyTypes:
    curve = _EDWARDS_CURVES.get(_text(jwk, "crv"))
    if curve is None:
        raise UnusableKey("its curve is not supported")
    return curve.from_public_bytes(_octets(jwk, "x"))


def _integer(jwk: Mapping[Any, Any], member: str) -> int:
    return int.from_bytes(_octets(jwk, member))


def _text(jwk: Mapping[Any, Any], member: str) -> str:
    value = jwk.get(member)
    if not isinstance(value, str):
        raise UnusableKey("a member is missing or not a string")
    return value


def _octets(jwk: Mapping[Any, Any], member: str) -> bytes:
    try:
        return decode_base64url(_text(jwk, member))
    except MalformedToken:
        raise UnusableKey("a member is not base64url") from None
