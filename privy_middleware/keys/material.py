"""Key material of the configuration: PEM in any form, a JWK or a JWK Set."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from privy_middleware.errors import ConfigurationError
from privy_middleware.keys.algorithms import VerificationKey, check_algorithms
from privy_middleware.keys.errors import InvalidKeySet, PrivateKeyGiven, UnusableKey
from privy_middleware.keys.jwk import is_private, read_jwk
from privy_middleware.keys.jwks import decode_document, key_entries, read_jwks
from privy_middleware.keys.keyset import KeySet
from privy_middleware.keys.pem import read_pem

__all__ = ["KeyMaterial", "load_key_set"]

_logger = logging.getLogger("privy_middleware.keys")

KeyMaterial: TypeAlias = str | bytes | Mapping[str, Any]

_MAX_LENGTH = 262_144


def load_key_set(
    material: KeyMaterial,
    *,
    algorithms: Collection[str],
    field: str = "verification_key",
) -> KeySet:
    """Return the keys of the configuration: PEM in any form, or a JWK or JWKS as an object or as JSON text.

    PEM may have escaped or foreign line breaks, quotes around it, indentation, be on one line, or be its bare base64
    body.

    Raises:
        ConfigurationError: naming ``field``, the problem and the fix; the message contains none of the material.
    """
    allowed = check_algorithms(algorithms)
    try:
        return _load(material, allowed)
    except (UnusableKey, InvalidKeySet) as error:
        problem = str(error)
    fix = "" if ": " in problem else f": give a public key for {' or '.join(sorted(allowed))}"
    raise ConfigurationError(field, problem + fix)


def _load(material: KeyMaterial, algorithms: frozenset[str]) -> KeySet:
    if isinstance(material, Mapping):
        return _load_json(material, algorithms)
    text = _text(material)
    if text.startswith(("{", "[")):
        return _load_json(decode_document(text), algorithms)
    return KeySet([VerificationKey(read_pem(text), algorithms)])


def _load_json(document: object, algorithms: frozenset[str]) -> KeySet:
    if not isinstance(document, Mapping):
        raise InvalidKeySet("it is JSON, but neither a JWK nor a JWKS: give one of these")
    if "keys" not in document:
        return KeySet([read_jwk(document, algorithms)])
    if any(is_private(entry) for entry in key_entries(document)):
        raise PrivateKeyGiven
    key_set = read_jwks(document, algorithms=algorithms)
    if key_set.skipped:
        _logger.warning("Some keys of the configured set are skipped: %s.", key_set.skipped)
    return key_set


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
