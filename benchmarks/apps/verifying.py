"""Verification as a developer writes it with each library: all keys in memory, everything checked.

Each function returns the claims, with ``linked_accounts`` decoded, of a token that is signed with ES256 by a key of
the set, has not expired, and is for the app. They find the key by its ``kid``.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import authlib.deprecate
import joserfc.jwt
import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from benchmarks.tokens import ISSUER, Bench

with warnings.catch_warnings():
    # Authlib recommends joserfc instead, which is measured too.
    warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
    from authlib.jose import JsonWebKey, JsonWebToken
    from authlib.jose.errors import JoseError as AuthlibError

__all__ = ["Failed", "Verify", "authlib_jose", "joserfc_jwt", "pyjwt"]

Verify: TypeAlias = Callable[[str], dict[str, Any]]


class Failed(Exception):
    """A token is invalid."""


def pyjwt(bench: Bench) -> Verify:
    """Return a function that verifies with PyJWT."""
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(bench.issuer.jwks()).keys}
    required: Any = {"require": ["exp", "iss", "aud", "sub"]}
    app_id = bench.issuer.app_id

    def verify(token: str) -> dict[str, Any]:
        try:
            key = keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(token, key, ["ES256"], required, audience=app_id, issuer=ISSUER)
            return {**claims, "linked_accounts": json.loads(claims["linked_accounts"])}
        except (jwt.InvalidTokenError, KeyError, ValueError) as error:
            raise Failed from error

    return verify


def joserfc_jwt(bench: Bench) -> Verify:
    """Return a function that verifies with joserfc."""
    keys = KeySet.import_key_set({"keys": bench.issuer.jwks()["keys"]})
    rules = joserfc.jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": bench.issuer.app_id},
        exp={"essential": True},
        sub={"essential": True},
    )

    def verify(token: str) -> dict[str, Any]:
        try:
            claims = joserfc.jwt.decode(token, keys, algorithms=["ES256"]).claims
            rules.validate(claims)
            return {**claims, "linked_accounts": json.loads(claims["linked_accounts"])}
        except (JoseError, KeyError, ValueError) as error:
            raise Failed from error

    return verify


def authlib_jose(bench: Bench) -> Verify:
    """Return a function that verifies with Authlib."""
    # According to its type stubs, it does not accept a key set.
    decode: Any = JsonWebToken(["ES256"]).decode
    keys = JsonWebKey.import_key_set(bench.issuer.jwks())
    rules = {
        "iss": {"essential": True, "value": ISSUER},
        "aud": {"essential": True, "value": bench.issuer.app_id},
        "exp": {"essential": True},
        "sub": {"essential": True},
    }

    def verify(token: str) -> dict[str, Any]:
        try:
            claims = decode(token, keys, claims_options=rules)
            claims.validate()
            return {**claims, "linked_accounts": json.loads(claims["linked_accounts"])}
        except (AuthlibError, KeyError, ValueError) as error:
            raise Failed from error

    return verify
