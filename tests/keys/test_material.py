"""Configured keys are read in any spelling, or rejected with a message that says how to fix it, without their text."""

from __future__ import annotations

import base64
import datetime
import json
import logging
import textwrap
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from privy_middleware.errors import ConfigurationError
from privy_middleware.keys import load_key_set
from tests.support.signers import MESSAGE, Signer

_SIGNER = Signer("one")
_PEM = _SIGNER.pem
_BODY = "".join(_PEM.splitlines()[1:-1])
_PKCS8 = _SIGNER.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
_SEC1 = _SIGNER.private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
_ENCRYPTED = _SIGNER.private.private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
).decode()
# A public key of an unknown type: the last number of id-ecPublicKey was changed.
_UNKNOWN = base64.b64decode(_BODY).replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d0263"))
_PRIVATE_JWK: dict[str, Any] = ECAlgorithm.to_jwk(_SIGNER.private, as_dict=True)
_RSA = rsa.generate_private_key(65537, 2048).public_key()


def _certificate() -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, _SIGNER.private.public_key(), 1, now, now)
    return builder.sign(_SIGNER.private, hashes.SHA256())


def _public_pem(key: Any) -> str:
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def _body(pem: str) -> str:
    return "".join(pem.splitlines()[1:-1])


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(_PEM, id="as it is"),
        pytest.param(_PEM.strip(), id="no last line end"),
        pytest.param(_PEM.encode(), id="bytes"),
        pytest.param("\ufeff" + _PEM, id="byte order mark"),
        pytest.param(_PEM.replace("\n", "\\n"), id="escaped"),
        pytest.param(_PEM.replace("\n", "\\\\n"), id="escaped twice"),
        pytest.param(_PEM.replace("\n", "\\r\\n"), id="escaped CRLF"),
        pytest.param(_PEM.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(_PEM.replace("\n", "\r"), id="CR"),
        pytest.param(f'"{_PEM}"', id="quoted"),
        pytest.param(f"'{_PEM}'", id="single quotes"),
        pytest.param(f'"{_PEM}"'.replace("\n", "\\n"), id="quoted and escaped"),
        pytest.param(f"' \"{_PEM}\" '", id="quoted twice"),
        pytest.param(textwrap.indent(_PEM, "    "), id="indented"),
        pytest.param(textwrap.indent(_PEM, "\t"), id="tabs"),
        pytest.param(_PEM.replace("\n", ""), id="no line ends"),
        pytest.param(_PEM.replace("\n", " "), id="spaces for line ends"),
        pytest.param("# the key\n" + _PEM, id="a comment before"),
        pytest.param(_BODY, id="base64 body"),
        pytest.param(f" {_BODY[:64]}\n{_BODY[64:]}\n", id="base64 body on two lines"),
        pytest.param(_SIGNER.jwk, id="JWK"),
        pytest.param(json.dumps(_SIGNER.jwk), id="JWK text"),
        pytest.param(json.dumps(_SIGNER.jwk).encode(), id="JWK bytes"),
        pytest.param({"keys": [_SIGNER.jwk]}, id="JWKS"),
        pytest.param(f"'{json.dumps({'keys': [_SIGNER.jwk]}, indent=2)}'", id="JWKS text, quoted"),
    ],
)
def test_spellings(spelling: Any) -> None:
    """The usual changes by environment variables and secret stores do not change the key."""
    (key,) = load_key_set(spelling, algorithms=("ES256",)).keys
    assert key.verifies("ES256", MESSAGE, _SIGNER.signature)


def test_pkcs1() -> None:
    """An RSA key can also be in its own older PEM form."""
    pem = _RSA.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    (key,) = load_key_set(pem, algorithms=("RS256",)).keys
    assert key.algorithms == {"RS256"}


def test_rsa_and_edwards_jwk() -> None:
    """JWKs of RSA and of both Edwards curves are read too."""
    ed25519_key = ed25519.Ed25519PrivateKey.generate().public_key()
    ed448_key = ed448.Ed448PrivateKey.generate().public_key()
    for public, alg, jwk in [
        (_RSA, "PS384", RSAAlgorithm.to_jwk(_RSA, as_dict=True)),
        (ed25519_key, "EdDSA", OKPAlgorithm.to_jwk(ed25519_key, as_dict=True)),
        (ed448_key, "EdDSA", OKPAlgorithm.to_jwk(ed448_key, as_dict=True)),
    ]:
        (key,) = load_key_set(jwk, algorithms=(alg,)).keys
        (same,) = load_key_set(_public_pem(public), algorithms=(alg,)).keys
        assert key.fingerprint == same.fingerprint


@pytest.mark.parametrize(
    ("alg", "curve"), [("ES256", ec.SECP256R1()), ("ES384", ec.SECP384R1()), ("ES512", ec.SECP521R1())]
)
def test_jwk_of_each_curve(alg: str, curve: ec.EllipticCurve) -> None:
    """The coordinates of each curve have their own length (RFC 7518 §6.2.1)."""
    public = ec.generate_private_key(curve).public_key()
    (key,) = load_key_set(ECAlgorithm.to_jwk(public, as_dict=True), algorithms=(alg,)).keys
    (same,) = load_key_set(_public_pem(public), algorithms=(alg,)).keys
    assert key.fingerprint == same.fingerprint


@pytest.mark.parametrize(
    ("material", "problem"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ('""', "empty"),
        (b"", "empty"),
        ("<your verification key>", "dashboard"),
        ("changeme", "dashboard"),
        ("insert-your-privy-verification-key-here", "dashboard"),
        ("schlüssel", "dashboard"),
        ("-----BEGIN PUBLIC KEY-----\n...\n-----END PUBLIC KEY-----", "dashboard"),
        ("-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----", "dashboard"),
        ("-----BEGIN PUBLIC KEY-----\n" + _BODY, "dashboard"),
        (_BODY[:-8], "dashboard"),
        (base64.b64encode(bytes(64)).decode(), "dashboard"),
        (_PEM + Signer().pem, "several keys"),
        (_PKCS8, "private"),
        (_SEC1, "private"),
        (_ENCRYPTED, "private"),
        (_PKCS8.replace("\n", "\\n"), "private"),
        (_body(_PKCS8), "private"),
        (_body(_SEC1), "private"),
        (_body(_ENCRYPTED), "dashboard"),
        (base64.b64encode(_UNKNOWN).decode(), "dashboard"),
        (_PRIVATE_JWK, "private"),
        (json.dumps(_PRIVATE_JWK), "private"),
        ({"keys": [_SIGNER.jwk, _PRIVATE_JWK]}, "private"),
        ({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "alg": "HS256"}, "symmetric"),
        (_certificate().public_bytes(Encoding.PEM).decode(), "certificate.*openssl x509"),
        (_body(_certificate().public_bytes(Encoding.PEM).decode()), "certificate"),
        ("https://auth.privy.io/api/v1/apps/x/jwks.json", "jwks_url"),
        ("eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "token"),
        ("ssh-rsa AAAA", "SSH"),
        ("ecdsa-sha2-nistp256 AAAA", "SSH"),
        (_public_pem(ec.generate_private_key(ec.SECP384R1()).public_key()), "secp384r1.*ES256"),
        (_public_pem(ed25519.Ed25519PrivateKey.generate().public_key()), "Edwards.*ES256"),
        (_public_pem(_RSA), "RSA.*ES256"),
        (_public_pem(x448.X448PrivateKey.generate().public_key()), "another type.*ES256"),
        ({**_SIGNER.jwk, "use": "enc"}, "use.*ES256"),
        ({**_SIGNER.jwk, "key_ops": ["sign"]}, "key_ops"),
        ({**_SIGNER.jwk, "alg": "ES384"}, "alg"),
        ({**_SIGNER.jwk, "crv": "P-384"}, "length"),
        ({}, "kty"),
        ({"keys": []}, "no usable key.*empty"),
        ({"keys": [{**_SIGNER.jwk, "use": "enc"}]}, "no usable key"),
        ({"keys": "none"}, "list of keys"),
        ("{", "JSON"),
        ("[]", "neither a JWK nor a JWKS"),
        ("[" * 100_000, "JSON"),
        (b"\xff\xfe\x00", "not text"),
        ("A" * 300_000, "longer"),
        (None, "wrong type"),
        (5, "wrong type"),
        ([_PEM], "wrong type"),
        (bytearray(b"x"), "wrong type"),
    ],
)
def test_mistakes(material: Any, problem: str) -> None:
    """Every message says how to fix the mistake, and contains no part of the key."""
    with pytest.raises(ConfigurationError, match=rf"^the_key: .*{problem}") as caught:
        load_key_set(material, algorithms=("ES256",), field="the_key")
    assert caught.value.__cause__ is None
    message = str(caught.value)
    assert _PRIVATE_JWK["d"] not in message
    assert not any(piece in message for piece in _pieces(_BODY) + _pieces(_body(_PKCS8)))


def _pieces(text: str) -> list[str]:
    return [text[at : at + 10] for at in range(30, len(text) - 10)]


def test_wrong_algorithms() -> None:
    """Algorithms are checked before the key."""
    with pytest.raises(ConfigurationError, match=r"^algorithms: "):
        load_key_set(_PEM, algorithms=("HS256",))


def test_default_field() -> None:
    """An error is about ``verification_key`` unless another setting is given."""
    with pytest.raises(ConfigurationError) as caught:
        load_key_set("", algorithms=("ES256",))
    assert caught.value.field == "verification_key"


def test_configured_set_with_useless_keys(caplog: pytest.LogCaptureFixture) -> None:
    """The usable keys of a configured set are kept, and the log says that others were skipped."""
    caplog.set_level(logging.WARNING)
    (key,) = load_key_set({"keys": [_SIGNER.jwk, {"kty": "EC"}]}, algorithms=("ES256",)).keys
    assert key.kid == "one"
    (record,) = caplog.records
    assert record.getMessage() == "Some keys of the configured set are skipped: 1: a member is missing or not a string."


@pytest.mark.parametrize("entry", [None, 5, "d", ["d"]])
def test_configured_set_with_what_is_no_key(entry: Any) -> None:
    """Values that are not objects are skipped, and never mistaken for a private key."""
    (key,) = load_key_set({"keys": [entry, _SIGNER.jwk]}, algorithms=("ES256",)).keys
    assert key.kid == "one"
