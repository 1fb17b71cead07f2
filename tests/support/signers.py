"""Key pairs for tests, with their published form and a signature."""

from __future__ import annotations

import functools
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

MESSAGE = b"header.payload"


class Signer:
    """A P-256 key pair of an issuer."""

    def __init__(self, kid: str | None = None) -> None:
        """Create a new pair, which is published under ``kid``."""
        self.kid = kid
        self.private = ec.generate_private_key(ec.SECP256R1())

    @property
    def jwk(self) -> dict[str, Any]:
        """Return the public key as a JWK."""
        named = {} if self.kid is None else {"kid": self.kid}
        members = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**members, **named, "use": "sig", "alg": "ES256"}

    @property
    def pem(self) -> str:
        """Return the public key as PEM."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @functools.cached_property
    def signature(self) -> bytes:
        """Return a signature of ``MESSAGE`` in the form of RFC 7518 §3.4."""
        r, s = decode_dss_signature(self.private.sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
