"""Public keys as PEM or DER (RFC 7468 §13)."""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from privy_middleware.keys.errors import PrivateKeyGiven, UnusableKey

__all__ = ["read_pem", "unescape_line_breaks"]

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_ESCAPED_LINE_BREAK = re.compile(r"\\+[rn]")
_CERTIFICATE = "it is a certificate: give its public key, as `openssl x509 -pubkey -noout -in FILE` prints it"
_NOT_A_KEY = "it is not a public key: copy the verification key (PEM, JWK or JWKS) from the provider's dashboard"
_SSH_KEY = "it is a key in SSH's format: give it as PEM, which `ssh-keygen -e -m PKCS8 -f FILE` prints"
# How a text starts that is something else than a key.
_MISTAKES = (
    ("http", "it is an address: give that as jwks_url"),
    ("eyJ", "it is a token: give the public key that verifies tokens"),
    ("ssh-", _SSH_KEY),
    ("ecdsa-sha2-", _SSH_KEY),
)


def unescape_line_breaks(text: str) -> str:
    r"""Return the text with ``\n`` and ``\r`` as line breaks, which environment variables often spell out."""
    return _ESCAPED_LINE_BREAK.sub("\n", text)


def read_pem(text: str) -> PublicKeyTypes:
    """Return the public key of a PEM text, or of its base64 body without the first and last line.

    Raises:
        UnusableKey: if the text is not exactly one public key.
    """
    text = unescape_line_breaks(text)
    for start, problem in _MISTAKES:
        if text.startswith(start):
            raise UnusableKey(problem)
    if "PRIVATE KEY" in text:
        raise PrivateKeyGiven
    if "BEGIN CERTIFICATE" in text:
        raise UnusableKey(_CERTIFICATE)
    blocks = _BLOCK.findall(text)
    if len(blocks) > 1:
        raise UnusableKey("it contains several keys: give one, or all of them as a JWKS with a kid each")
    return _read_der(_decoded(blocks[0][1] if blocks else text))


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode("".join(body.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise UnusableKey(_NOT_A_KEY) from None


def _read_der(der: bytes) -> PublicKeyTypes:
    try:
        return load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise _not_a_public_key(der) from None


def _not_a_public_key(der: bytes) -> UnusableKey:
    """Return the error for DER that is not a public key, saying what it is where that can be found out."""
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        load_der_private_key(der, password=None)
        return PrivateKeyGiven()
    with suppress(ValueError):
        x509.load_der_x509_certificate(der)
        return UnusableKey(_CERTIFICATE)
    return UnusableKey(_NOT_A_KEY)
