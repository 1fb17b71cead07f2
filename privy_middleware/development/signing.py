"""The signing keys of the development issuer, and what it signs with them."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

__all__ = ["KeyRing", "SigningKey", "compact", "signed"]

_ES256 = ECAlgorithm(ECAlgorithm.SHA256)


def compact(value: Any) -> str:
    """Return JSON without white space, as it stands in tokens."""
    return json.dumps(value, separators=(",", ":"))


def signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: ec.EllipticCurvePrivateKey) -> str:
    """Return a compact JWS (RFC 7515 §7.1); PyJWT's ``encode`` is not used because it refuses wrong claims."""
    text = f"{_base64url(compact(header).encode())}.{_base64url(compact(claims).encode())}"
    return f"{text}.{_base64url(_ES256.sign(text.encode(), key))}"


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a public EC key, 43 characters (RFC 7638 §3.2)."""
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return _base64url(hashlib.sha256(compact(required).encode()).digest())


class SigningKey:
    """A P-256 key, and its JWK for the key set."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None) -> None:
        """Set the private key; the default is a new one."""
        self.private: ec.EllipticCurvePrivateKey = private or ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        self.kid: str = _thumbprint(public)
        self.jwk: dict[str, Any] = {**public, "kid": self.kid, "use": "sig", "alg": "ES256"}

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Return the key of ``private_pem``.

        Raises:
            ValueError: if it is anything else.
        """
        private = load_pem_private_key(pem.encode(), password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != ec.SECP256R1.name:
            raise ValueError("not a P-256 key")
        return cls(private)

    @property
    def private_pem(self) -> str:
        """Return the private key as PEM (PKCS #8)."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public_pem(self) -> str:
        """Return the public key as PEM (SPKI)."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass(frozen=True)
class KeyRing:
    """The keys of an issuer; it is immutable.

    Attributes:
        keys: all keys, of which the first signs.
        withdrawn: the ids of those that are not published.
    """

    keys: tuple[SigningKey, ...]
    withdrawn: frozenset[str] = frozenset()

    @property
    def signing(self) -> SigningKey:
        """Return the key that signs; it is always published."""
        return self.keys[0]

    @property
    def published(self) -> tuple[SigningKey, ...]:
        """Return the keys of the key set, the signing key first."""
        return tuple(key for key in self.keys if key.kid not in self.withdrawn)

    def rotated(self) -> KeyRing:
        """Return the ring with a new signing key, and the old ones as they were."""
        return KeyRing((SigningKey(), *self.keys), self.withdrawn)

    def without(self, kid: str) -> KeyRing:
        """Return the ring with a key withdrawn, and with a new signing key if it was that one."""
        ring = self.rotated() if kid == self.signing.kid else self
        return KeyRing(ring.keys, ring.withdrawn | {kid})

    def without_old(self) -> KeyRing:
        """Return the ring with all keys withdrawn except the signing key."""
        return KeyRing(self.keys, frozenset(key.kid for key in self.keys[1:]))
