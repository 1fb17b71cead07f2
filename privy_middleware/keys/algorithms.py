"""A public key that verifies signatures, and the algorithms it may be used with.

A shared secret cannot be used as a key: the only algorithms are ECDSA, EdDSA and RSA, and a key is an object that
OpenSSL has accepted, never text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from privy_middleware.errors import ConfigurationError
from privy_middleware.keys.errors import UnusableKey
from privy_middleware.keys.strength import check_strength

__all__ = ["SUPPORTED_ALGORITHMS", "VerificationKey", "check_algorithms"]

_Check: TypeAlias = Callable[[bytes, bytes], None]

_ECDSA: dict[str, tuple[type[ec.EllipticCurve], hashes.HashAlgorithm]] = {
    "ES256": (ec.SECP256R1, hashes.SHA256()),
    "ES384": (ec.SECP384R1, hashes.SHA384()),
    "ES512": (ec.SECP521R1, hashes.SHA512()),
}
_RSA: dict[str, hashes.HashAlgorithm] = {
    "RS256": hashes.SHA256(),
    "RS384": hashes.SHA384(),
    "RS512": hashes.SHA512(),
    "PS256": hashes.SHA256(),
    "PS384": hashes.SHA384(),
    "PS512": hashes.SHA512(),
}

SUPPORTED_ALGORITHMS = (*_ECDSA, "EdDSA", *_RSA)
"""All algorithms that a key can be used with (RFC 7518 §3.1, RFC 8037 §3.1); none is symmetric."""


class VerificationKey:
    """A public key that is bound to one algorithm, or to several if it is an RSA key.

    Attributes:
        algorithms: the algorithms.
        fingerprint: SHA-256 of the key.
        kid: the key's id, if it has one.
    """

    __slots__ = ("_checks", "algorithms", "fingerprint", "kid")

    def __init__(self, public_key: PublicKeyTypes, algorithms: Collection[str], kid: str | None = None) -> None:
        """Bind a public key, an object of ``cryptography``, to those of ``algorithms`` that fit its type.

        Raises:
            UnusableKey: if the key is too weak, or none of the algorithms fits it (RFC 8725 §3.1).
        """
        check_strength(public_key)
        bound = ((name, _bind(name, public_key)) for name in SUPPORTED_ALGORITHMS if name in algorithms)
        self._checks = {name: check for name, check in bound if check is not None}
        if not self._checks:
            raise UnusableKey(f"it is {_describe(public_key)}, which does not fit {_listed(algorithms)}")
        self.algorithms: frozenset[str] = frozenset(self._checks)
        self.fingerprint: bytes = _fingerprint(public_key)
        self.kid: str | None = kid

    @property
    def algorithm(self) -> str:
        """Return the algorithm of this key, or the first one if it has several."""
        return next(iter(self._checks))

    def verifies(self, alg: str, signing_input: bytes, signature: bytes) -> bool:
        """Return whether the signature was made with this key and ``alg``; never raises."""
        check = self._checks.get(alg)
        if check is None:
            return False
        try:
            check(signing_input, signature)
        except (InvalidSignature, ValueError, TypeError, OverflowError):
            return False
        return True

    def __repr__(self) -> str:
        """Show the algorithms and the start of the fingerprint."""
        return f"<VerificationKey {'/'.join(self._checks)} {self.fingerprint.hex()[:16]}>"


def check_algorithms(algorithms: Collection[str], field: str = "algorithms") -> frozenset[str]:
    """Return the algorithms as a set (RFC 8725 §3.1: an allow-list, without ``none`` and shared secrets).

    Raises:
        ConfigurationError: if there are none, or one is not in ``SUPPORTED_ALGORITHMS``.
    """
    if isinstance(algorithms, str | bytes) or not isinstance(algorithms, Collection) or not algorithms:
        raise ConfigurationError(field, f"give at least one of {_listed(SUPPORTED_ALGORITHMS)}, in a tuple")
    if any(not isinstance(name, str) or name not in SUPPORTED_ALGORITHMS for name in algorithms):
        raise ConfigurationError(field, f"one is not supported: choose from {_listed(SUPPORTED_ALGORITHMS)}")
    return frozenset(algorithms)


def _bind(name: str, key: PublicKeyTypes) -> _Check | None:
    if isinstance(key, ec.EllipticCurvePublicKey):
        curve, digest = _ECDSA.get(name, (None, None))
        return _ecdsa(key, digest) if curve and digest and isinstance(key.curve, curve) else None
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return _eddsa(key) if name == "EdDSA" else None
    return _rsa(key, name) if isinstance(key, rsa.RSAPublicKey) and name in _RSA else None


def _ecdsa(key: ec.EllipticCurvePublicKey, digest: hashes.HashAlgorithm) -> _Check:
    scheme, verify, integer = ec.ECDSA(digest), key.verify, int.from_bytes
    half = (key.curve.key_size + 7) // 8
    whole = 2 * half

    def check(message: bytes, signature: bytes) -> None:
        # R and S at full length, leading zeros included (RFC 7518 §3.4).
        if len(signature) != whole:
            raise InvalidSignature
        verify(encode_dss_signature(integer(signature[:half]), integer(signature[half:])), message, scheme)

    return check


def _eddsa(key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) -> _Check:
    size = 64 if isinstance(key, ed25519.Ed25519PublicKey) else 114

    def check(message: bytes, signature: bytes) -> None:
        if len(signature) != size:
            raise InvalidSignature
        key.verify(signature, message)

    return check


def _rsa(key: rsa.RSAPublicKey, name: str) -> _Check:
    digest = _RSA[name]
    size = (key.key_size + 7) // 8
    # The salt is as long as the digest (RFC 7518 §3.5).
    pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
    scheme: padding.AsymmetricPadding = pss if name.startswith("PS") else padding.PKCS1v15()

    def check(message: bytes, signature: bytes) -> None:
        if len(signature) != size:
            raise InvalidSignature
        key.verify(signature, message, scheme, digest)

    return check


def _describe(key: PublicKeyTypes) -> str:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"an elliptic-curve key on {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return "an RSA key"
    edwards = isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
    return "an Edwards-curve key" if edwards else "a key of another type"


def _listed(names: Collection[str]) -> str:
    return ", ".join(name for name in SUPPORTED_ALGORITHMS if name in names)


def _fingerprint(key: PublicKeyTypes) -> bytes:
    """Return SHA-256 over the key's SubjectPublicKeyInfo (RFC 5280 §4.1) in DER."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
