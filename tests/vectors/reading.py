"""How test vectors for JWS libraries are applied to our reader of tokens, which is stricter than a JWS library.

There are exactly three differences:

- **``typ``.** Our header rules require ``typ: JWT``, which few vectors have. It is added to the decoded header
  before the rules are applied; the signature is still checked over the vector's own bytes. Every other rule
  (strict base64url, strict JSON, types, ``crit``, ``jwk``, ``kid``) applies as in production.
- **Shared secrets.** ``load_key_set`` rejects a key of type ``oct`` for any algorithm, so the library rejects each HMAC
  vector, including the valid ones. These vectors mostly test the reader: padding, alphabet, missing segments. So the
  reader parses them, and only the MAC is computed here, with the standard library. A separate assertion checks that
  the library rejects each of their keys.
- **Private keys.** If a vector has only a private key, its public members are used; the loader rejects the rest.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from privy_middleware.errors import ConfigurationError, PrivyError
from privy_middleware.keys import load_key_set
from privy_middleware.keys.algorithms import SUPPORTED_ALGORITHMS
from privy_middleware.tokens.base64url import decode_base64url
from privy_middleware.tokens.jws import Header, find_dots, read_header
from privy_middleware.tokens.strict_json import decode_bytes

__all__ = ["loads", "public_half", "reads", "verifies", "verifies_with_secret"]

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth")
_MAX_BYTES = 16384


def public_half(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JWK without its private members."""
    return {name: value for name, value in jwk.items() if name not in _PRIVATE}


def loads(material: Mapping[str, Any]) -> bool:
    """Return whether the library accepts a JWK or a JWK set as configured keys."""
    try:
        load_key_set(material, algorithms=SUPPORTED_ALGORITHMS)
    except ConfigurationError:
        return False
    return True


@dataclass(frozen=True)
class Read:
    """The parts of a token."""

    header: Header
    signing_input: bytes
    signature: bytes


def reads(token: Any) -> Read | None:
    """Return the parts of a token, or ``None`` if the library's reader rejects it."""
    try:
        first, last = find_dots(token, _MAX_BYTES)
        header = read_header(_as_jwt(token[:first]))
        decode_base64url(token[first + 1 : last])
        return Read(header, token[:last].encode(), decode_base64url(token[last + 1 :]))
    except PrivyError:
        return None


def _as_jwt(segment: str) -> str:
    header = decode_bytes(decode_base64url(segment)) if segment else None
    typed = {**header, "typ": "JWT"} if isinstance(header, dict) else header
    return urlsafe_b64encode(json.dumps(typed).encode()).rstrip(b"=").decode()


def verifies(token: Any, material: Mapping[str, Any]) -> bool:
    """Return whether the library's reader, loader and key accept a token."""
    read = reads(token)
    if read is None or not loads(material):
        return False
    keys = load_key_set(material, algorithms=SUPPORTED_ALGORITHMS).find(read.header.kid, read.header.alg)
    return any(key.verifies(read.header.alg, read.signing_input, read.signature) for key in keys)


def verifies_with_secret(token: Any, jwk: Mapping[str, Any]) -> bool:
    """Return whether the library's reader accepts a token, and its MAC is right according to the standard library."""
    read = reads(token)
    if read is None or (read.header.alg, read.header.kid or jwk["kid"]) != (jwk["alg"], jwk["kid"]):
        return False
    secret = urlsafe_b64decode(jwk["k"] + "==")
    mac = hmac.digest(secret, read.signing_input, _DIGESTS[jwk["alg"]])
    return hmac.compare_digest(mac, read.signature)
