"""Sign claims with a private key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from privy_middleware.errors import ConfigurationError, MalformedToken
from privy_middleware.keys.algorithms import VerificationKey
from privy_middleware.keys.errors import UnusableKey
from privy_middleware.keys.pem import unescape_line_breaks
from privy_middleware.tokens.base64url import decode_base64url

__all__ = ["PEMSigner", "SIGNING_ALGORITHMS", "Signer", "SigningKey", "key_from_secret"]

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

SIGNING_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA")
"""The algorithms that Privy accepted for these tokens."""


class Signer:
    """Sign claims with one key and one algorithm, as a compact JWS; the ``repr`` does not show the key."""

    __slots__ = ("_key", "algorithm")

    def __init__(self, key: SigningKey, algorithm: str) -> None:
        """Set the key, and an algorithm that fits it."""
        self._key = key
        self.algorithm: str = algorithm

    def __call__(self, claims: Mapping[str, Any]) -> str:
        """Return the token; its claims are in the order of the mapping."""
        return jwt.encode(dict(claims), self._key, algorithm=self.algorithm)

    @property
    def public_key(self) -> str:
        """Return the public key as PEM, for a verifier."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    def __repr__(self) -> str:
        """Show the algorithm."""
        return f"<{type(self).__name__} {self.algorithm}>"


class PEMSigner(Signer):
    """Sign claims with a private key in PEM."""

    __slots__ = ()

    def __init__(self, pem: str | bytes, algorithm: str, *, password: bytes | None = None) -> None:
        """Set the key, which may be encrypted and may have escaped line breaks, and an algorithm that fits it.

        Raises:
            ConfigurationError: if the key cannot be read, is too weak, or does not fit the algorithm; the message
                contains no part of the key.
        """
        if algorithm not in SIGNING_ALGORITHMS:
            raise ConfigurationError("algorithm", f"choose one of {', '.join(SIGNING_ALGORITHMS)}")
        key = _read_pem(pem, password)
        try:
            VerificationKey(key.public_key(), (algorithm,))
        except UnusableKey as unusable:
            raise ConfigurationError("pem", str(unusable)) from None
        super().__init__(key, algorithm)


def _read_pem(pem: str | bytes, password: bytes | None) -> SigningKey:
    try:
        text = pem.decode("ascii") if isinstance(pem, bytes) else pem
        key = load_pem_private_key(unescape_line_breaks(text).encode("ascii"), password)
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
        fix = "give a private key that starts with -----BEGIN PRIVATE KEY-----, and its password if it has one"
        raise ConfigurationError("pem", fix) from None
    if not isinstance(key, SigningKey):
        raise ConfigurationError("pem", "give an RSA key, or an elliptic-curve or Ed25519 one")
    return key


def key_from_secret(secret: str) -> ed25519.Ed25519PrivateKey:
    """Return the key whose seed is the API secret: 32 bytes in base64 or base64url, with or without padding.

    Raises:
        ConfigurationError: if it is anything else; the message contains no part of the secret.
    """
    fix = "copy the API secret from the Privy dashboard, exactly"
    if not isinstance(secret, str):
        raise ConfigurationError("api_secret", fix)
    plain = secret.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return ed25519.Ed25519PrivateKey.from_private_bytes(decode_base64url(plain))
    except (MalformedToken, ValueError):
        raise ConfigurationError("api_secret", fix) from None
