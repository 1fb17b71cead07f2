"""The verification of a token, by this library and by others.

Each other library checks signature, ``exp``, issuer and audience. The key is parsed once if the library supports that.
"""

from __future__ import annotations

import json
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import authlib.deprecate
import jose.jwk
import jose.jwt
import joserfc.jwt
import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import ECKey

from benchmarks.pairing import Candidate, calling
from benchmarks.tokens import ISSUER, Bench
from privy_middleware import PrivyVerifier

with warnings.catch_warnings():
    # Authlib recommends joserfc instead, which is measured too.
    warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
    from authlib.jose import JsonWebKey, JsonWebToken

__all__ = ["CACHED", "COLD", "LOOKING", "PARSING", "RAW", "candidates", "raw_verification"]

RAW = "cryptography: one P-256 verification, nothing else"
COLD = "privy-middleware, nothing cached"
LOOKING = "privy-middleware, nothing cached, and its accounts used"
CACHED = "privy-middleware, the same token again"
PARSING = "PyJWT, and the inner JSON"


def raw_verification(bench: Bench, token: str) -> Callable[[], object]:
    """Return the reference: the signature verification, which OpenSSL must do for every token."""
    signed, _, encoded = token.rpartition(".")
    raw = urlsafe_b64decode(encoded + "==")
    signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key, message, scheme = _public_key(bench), signed.encode(), ec.ECDSA(hashes.SHA256())
    return lambda: key.verify(signature, message, scheme)


def candidates(bench: Bench, token: str) -> list[Candidate]:
    """Return all candidates that verify a token, the reference first."""
    calls = {RAW: raw_verification(bench, token), **_ours(bench, token), **_peers(bench, token)}
    return [Candidate(name, calling(call)) for name, call in calls.items()]


def _public_key(bench: Bench) -> ec.EllipticCurvePublicKey:
    key = load_pem_public_key(bench.issuer.public_key_pem.encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def _ours(bench: Bench, token: str) -> dict[str, Callable[[], object]]:
    cold, cached = PrivyVerifier(bench.config(token_cache_size=0)), PrivyVerifier(bench.config())
    return {
        COLD: lambda: cold.verify_identity_token(token),
        LOOKING: lambda: cold.verify_identity_token(token).linked_accounts,
        CACHED: lambda: cached.verify_identity_token(token),
    }


def _peers(bench: Bench, token: str) -> dict[str, Callable[[], object]]:
    pem, key = bench.issuer.public_key_pem, _public_key(bench)
    return {
        "joserfc": _joserfc(bench, token),
        "python-jose": _python_jose(bench, token),
        "PyJWT, with a key object": lambda: _pyjwt(bench, token, key),
        PARSING: lambda: _parsed(_pyjwt(bench, token, key)),
        "PyJWT, from PEM": lambda: _pyjwt(bench, token, pem),
        "Authlib": _authlib(bench, token),
    }


def _pyjwt(bench: Bench, token: str, key: Any) -> dict[str, Any]:
    required = {"require": ["exp", "iss", "aud", "sub"]}
    app_id = bench.issuer.app_id
    return jwt.decode(token, key, algorithms=["ES256"], audience=app_id, issuer=ISSUER, options=required)  # type: ignore[arg-type]


def _parsed(claims: dict[str, Any]) -> tuple[Any, Any]:
    return json.loads(claims["linked_accounts"]), json.loads(claims.get("custom_metadata", "null"))


def _joserfc(bench: Bench, token: str) -> Callable[[], object]:
    key = ECKey.import_key(bench.issuer.public_key_pem)
    rules = joserfc.jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": bench.issuer.app_id},
        exp={"essential": True},
        sub={"essential": True},
    )

    def verify() -> None:
        rules.validate(joserfc.jwt.decode(token, key, algorithms=["ES256"]).claims)

    return verify


def _python_jose(bench: Bench, token: str) -> Callable[[], object]:
    key = jose.jwk.construct(bench.issuer.public_key_pem, "ES256")
    app_id = bench.issuer.app_id
    return lambda: jose.jwt.decode(token, key, algorithms=["ES256"], audience=app_id, issuer=ISSUER)


def _authlib(bench: Bench, token: str) -> Callable[[], object]:
    # According to its type stubs, it does not accept a key object.
    decode: Any = JsonWebToken(["ES256"]).decode
    key = JsonWebKey.import_key(bench.issuer.public_key_pem)
    rules = {
        "iss": {"essential": True, "value": ISSUER},
        "aud": {"essential": True, "value": bench.issuer.app_id},
        "exp": {"essential": True},
    }
    return lambda: decode(token, key, claims_options=rules).validate()
