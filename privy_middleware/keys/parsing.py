"""Key material as people and servers write it: PEM in any spelling, a JWK, or a JWK set."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from privy_middleware.errors import ConfigurationError
from privy_middleware.keys.algorithms import UnusableKey, VerificationKey, check_algorithms
from privy_middleware.keys.jwk import PrivateKey, is_private, read_jwk, usable_keys
from privy_middleware.keys.keyset import KeySet
from privy_middleware.tokens.strict_json import check_depth

__all__ = ["InvalidKeySet", "load_key_set", "read_jwks"]

_logger = logging.getLogger("privy_middleware.keys")

_MAX_LENGTH = 262_144
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_ESCAPED_BREAK = re.compile(r"\\+[rn]")
_CERTIFICATE = "it is a certificate: give its public key, as `openssl x509 -pubkey -noout -in FILE` prints it"
_NOT_A_KEY = "it is not a public key: copy the verification key (PEM, JWK or JWKS) from the provider's dashboard"
_MISTAKEN = (
    ("http", "it is an address: give that as jwks_url"),
    ("eyJ", "it is a token: give the public key that verifies tokens"),
    ("ssh-", "it is a key in SSH's format: give it as PEM, which `ssh-keygen -e -m PKCS8 -f FILE` prints"),
    (
        "ecdsa-sha2-",
        "it is a key in SSH's format: give it as PEM, which `ssh-keygen -e -m PKCS8 -f FILE` prints",
    ),
)


class InvalidKeySet(ValueError):
    """Say why a document is not a usable JWK set, in words that hold nothing of it."""


def load_key_set(
    material: str | bytes | Mapping[str, object],
    *,
    algorithms: Collection[str],
    field: str = "verification_key",
) -> KeySet:
    """Return the keys of the configuration: PEM in any spelling, or a JWK or JWKS as an object or as JSON text.

    PEM may come with escaped or foreign line ends, quoted, indented, on one line, or as its bare base64 body.

    Raises:
        ConfigurationError: naming ``field``, what is wrong, and the mend; never any of the material.
    """
    allowed = check_algorithms(algorithms)
    try:
        return _load(material, allowed)
    except (UnusableKey, InvalidKeySet) as error:
        problem = str(error)
    mend = "" if ": " in problem else f": give a public key for {' or '.join(sorted(allowed))}"
    raise ConfigurationError(field, problem + mend)


def read_jwks(document: object, *, algorithms: Collection[str]) -> KeySet:
    """Return the usable keys of a JWK set, given as bytes, as text or decoded, whatever else it holds.

    Raises:
        InvalidKeySet: it is not a JSON object with a list ``keys``, or none of its keys is usable.
    """
    entries = _entries(_decoded(document))
    keys, skipped = usable_keys(entries, algorithms)
    summary = _summary(skipped)
    if not keys:
        raise InvalidKeySet(f"it holds no usable key ({summary or 'it is empty'})")
    return KeySet(keys, summary)


def _load(material: str | bytes | Mapping[str, object], algorithms: frozenset[str]) -> KeySet:
    if isinstance(material, Mapping):
        return _load_json(material, algorithms)
    text = _text(material)
    if text.startswith(("{", "[")):
        return _load_json(_decoded(text), algorithms)
    return KeySet([VerificationKey(_read_pem(text), algorithms)])


def _load_json(document: object, algorithms: frozenset[str]) -> KeySet:
    if not isinstance(document, Mapping):
        raise InvalidKeySet("it is JSON, but neither a JWK nor a JWKS: give one of these")
    if "keys" not in document:
        return KeySet([read_jwk(document, algorithms)])
    _refuse_private(document)
    key_set = read_jwks(document, algorithms=algorithms)
    if key_set.skipped:
        _logger.warning("Keys of the configured set are passed over: %s.", key_set.skipped)
    return key_set


def _refuse_private(document: Mapping[str, object]) -> None:
    if any(is_private(entry) for entry in _entries(document)):
        raise PrivateKey


def _entries(document: object) -> list[object]:
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list | tuple):
        raise InvalidKeySet("it is not a JSON object with a list of keys")
    return list(entries)


def _decoded(document: object) -> object:
    try:
        text = document.decode("utf-8") if isinstance(document, bytes) else document
        if not isinstance(text, str):
            return text
        check_depth(text)
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise InvalidKeySet("it is not JSON in UTF-8") from None


def _unique(members: list[tuple[str, object]]) -> dict[str, object] | None:
    """Return an object, or nothing for one with a name twice (RFC 7517 §4), so that only that key is lost."""
    unique = dict(members)
    return unique if len(unique) == len(members) else None


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def _summary(skipped: Counter[str]) -> str:
    return "; ".join(f"{count}: {reason}" for reason, count in skipped.most_common())


def _text(material: str | bytes) -> str:
    if not isinstance(material, str | bytes):
        raise UnusableKey("it is of the wrong type: give PEM text, or a JWK or JWKS as a dict or as JSON text")
    if len(material) > _MAX_LENGTH:
        raise UnusableKey("it is longer than any key or set of keys")
    try:
        text = material.decode("utf-8") if isinstance(material, bytes) else material
    except UnicodeDecodeError:
        raise UnusableKey("it is not text: give PEM, which starts with -----BEGIN PUBLIC KEY-----") from None
    text = text.lstrip("\ufeff").strip()
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    if not text:
        raise UnusableKey("it is empty: set the verification key, or leave it out altogether")
    return text


def _read_pem(text: str) -> PublicKeyTypes:
    text = _ESCAPED_BREAK.sub("\n", text)
    for start, problem in _MISTAKEN:
        if text.startswith(start):
            raise UnusableKey(problem)
    if "PRIVATE KEY" in text:
        raise PrivateKey
    if "BEGIN CERTIFICATE" in text:
        raise UnusableKey(_CERTIFICATE)
    blocks = _BLOCK.findall(text)
    if len(blocks) > 1:
        raise UnusableKey("it holds several keys: give one, or all of them as a JWKS with a kid each")
    return _read_der(_unarmoured(blocks[0][1] if blocks else text))


def _unarmoured(body: str) -> bytes:
    try:
        return base64.b64decode("".join(body.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise UnusableKey(_NOT_A_KEY) from None


def _read_der(der: bytes) -> PublicKeyTypes:
    try:
        return load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise _what_else(der) from None


def _what_else(der: bytes) -> UnusableKey:
    """Return what to say of DER that is no public key."""
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        load_der_private_key(der, password=None)
        return PrivateKey()
    with suppress(ValueError):
        x509.load_der_x509_certificate(der)
        return UnusableKey(_CERTIFICATE)
    return UnusableKey(_NOT_A_KEY)
