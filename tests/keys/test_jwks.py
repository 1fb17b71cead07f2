"""JWK Sets: the usable keys are read, and all others are skipped."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from privy_middleware.errors import ConfigurationError
from privy_middleware.keys import InvalidKeySet, load_key_set, read_jwks
from tests.support.signers import Signer

_SIGNER = Signer("one")
_PRIVATE_JWK: dict[str, Any] = ECAlgorithm.to_jwk(_SIGNER.private, as_dict=True)
_RSA = rsa.generate_private_key(65537, 2048).public_key()
_GOOD = Signer("good")
_X = _GOOD.jwk["x"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "not a JSON object"),
        ([], "not a JSON object"),
        ({}, "kty"),
        ({"kty": ["EC"]}, "kty"),
        ({"kty": "AKP", "alg": "ES256"}, "kty"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "symmetric"),
        (_PRIVATE_JWK, "private"),
        ({**_SIGNER.jwk, "use": "enc"}, "use"),
        ({**_SIGNER.jwk, "use": None}, "use"),
        ({**_SIGNER.jwk, "key_ops": ["deriveKey"]}, "key_ops"),
        ({**_SIGNER.jwk, "key_ops": "verify"}, "key_ops"),
        ({**_SIGNER.jwk, "alg": "ES521"}, "alg"),
        ({**_SIGNER.jwk, "alg": None}, "alg"),
        ({**_SIGNER.jwk, "alg": ["ES256"]}, "alg"),
        ({**_SIGNER.jwk, "kid": 7}, "kid"),
        ({**_SIGNER.jwk, "kid": "k" * 1025}, "kid"),
        ({**_SIGNER.jwk, "crv": "P-384"}, "length"),
        ({**_SIGNER.jwk, "crv": "secp256k1"}, "curve"),
        ({**_SIGNER.jwk, "crv": None}, "member"),
        ({**_SIGNER.jwk, "x": _X + "=="}, "base64url"),
        ({**_SIGNER.jwk, "x": "é" * 43}, "base64url"),
        ({**_SIGNER.jwk, "x": _X[:-1]}, "base64url|length"),
        ({**_SIGNER.jwk, "x": _X}, "numbers"),
        ({**_SIGNER.jwk, "x": "A" * 43, "y": "A" * 43}, "numbers"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}, "numbers"),
        ({"kty": "OKP", "crv": "X25519", "x": "A" * 43}, "curve"),
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, "2048|numbers"),
        ({"kty": "RSA", "n": "_" * 341 + "w", "e": "AQ"}, "numbers"),
        ({"kty": "RSA", "n": "", "e": ""}, "numbers"),
        (RSAAlgorithm.to_jwk(_RSA, as_dict=True), "which does not fit ES256"),
    ],
)
def test_useless_keys_are_passed_over(entry: Any, reason: str) -> None:
    """An unusable key is skipped with a reason, and the valid one next to it is kept (RFC 7517 §5)."""
    key_set = read_jwks({"keys": [entry, _GOOD.jwk]}, algorithms=("ES256",))
    assert [key.kid for key in key_set.keys] == ["good"]
    assert key_set.skipped.startswith("1: ")
    assert any(part in key_set.skipped for part in reason.split("|"))
    assert _X not in key_set.skipped


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
def test_each_private_member_gives_a_key_away(member: str) -> None:
    """A published key with any of them has leaked, whatever its type, and is not used (RFC 7518 §6)."""
    leaked = {**_SIGNER.jwk, member: "AAAA"}
    assert [key.kid for key in read_jwks({"keys": [leaked, _GOOD.jwk]}, algorithms=("ES256",)).keys] == ["good"]
    for material in (leaked, {"keys": [leaked, _GOOD.jwk]}):
        with pytest.raises(ConfigurationError, match="private or symmetric"):
            load_key_set(material, algorithms=("ES256",))


def test_key_with_a_name_twice() -> None:
    """A key with a repeated member is skipped, because parsers differ about which one they use (RFC 7517 §4)."""
    twice = json.dumps(_SIGNER.jwk)[:-1] + ', "kid": "two"}'
    key_set = read_jwks(f'{{"keys": [{twice}, {json.dumps(_GOOD.jwk)}]}}'.encode(), algorithms=("ES256",))
    assert [key.kid for key in key_set.keys] == ["good"]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b'"keys"',
        b"{}",
        b'{"keys": {}}',
        b'{"keys": null}',
        b'{"keys": []}',
        b'{"keys": [], "keys": []}',
        b'{"keys": [{"kty": "EC"',
        b"<!doctype html><title>hello</title>",
        b"\xff\xfe",
        json.dumps({"keys": [_GOOD.jwk]}).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps({"keys": [_GOOD.jwk]}).encode(),
        b'{"keys": ' + b"[" * 100_000,
        json.dumps({"keys": [_GOOD.jwk], "a": 1}).replace("1}", "[" * 32 + "]" * 32 + "}").encode(),
        b"9" * 10_000,
        None,
        7,
    ],
)
def test_no_key_sets(document: object) -> None:
    """Anything except a JSON object with a list of keys, at least one of them usable, raises the same kind of error."""
    with pytest.raises(InvalidKeySet) as caught:
        read_jwks(document, algorithms=("ES256",))
    assert caught.value.__cause__ is None


def test_duplicate_ids() -> None:
    """Of different keys with one ``kid`` none is used, and of the same key twice one is."""
    one, other, fine = Signer("same"), Signer("same"), Signer("fine")
    key_set = read_jwks({"keys": [one.jwk, other.jwk, fine.jwk, fine.jwk]}, algorithms=("ES256",))
    assert [key.kid for key in key_set.keys] == ["fine"]
    assert key_set.skipped == "2: another key has the same kid"


def test_many_keys() -> None:
    """Of hundreds of keys only the first hundred are used, and the others are not parsed."""
    jwk = _GOOD.jwk
    key_set = read_jwks({"keys": [{**jwk, "kid": str(n)} for n in range(300)]}, algorithms=("ES256",))
    assert len(key_set.keys) == 100
    assert key_set.skipped == "200: it comes after the first 100 keys"
