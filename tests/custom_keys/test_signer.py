"""Access tokens of custom authentication keys: the bytes of the original packages, and all kinds of signatures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from privy_middleware.custom_keys import AccessTokenSigner, CustomKeyConfig, CustomKeyVerifier, PEMSigner
from privy_middleware.errors import ConfigurationError
from tests.support.clock import Clock
from tests.support.tokens import NOW

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "legacy_access_tokens.json").read_text()
)["vectors"]
RUNS = [pytest.param(each, run, id=f"{each['name']}-{run}") for each in VECTORS for run in each["runs"]]
SECRET: str = VECTORS[0]["api_secret"]
API_KEY: str = VECTORS[0]["api_key"]
CLAIMS = {"aid": "", "aud": "api.privy.io", "exp": NOW + 600, "iat": NOW, "iss": "my-api-key", "rls": [], "sub": "u-1"}


def pem(key: Any, password: bytes | None = None) -> str:
    """Return a private key as PEM."""
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return text.decode()


RSA = rsa.generate_private_key(65537, 2048)
KEYS: Mapping[str, Any] = {
    "RS256": RSA,
    "RS384": RSA,
    "RS512": RSA,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


@pytest.mark.parametrize(("vector", "run"), RUNS)
def test_the_original_bytes(vector: dict[str, Any], run: str) -> None:
    """Every published token is the same byte for byte, for any alphabet and padding of the secret."""
    expected = vector["runs"][run]
    clock = Clock(expected["claims"]["iat"] + 0.999)
    signer = AccessTokenSigner(vector["api_key"], vector["api_secret"], clock=clock)
    assert signer.create_access_token(expected["claims"]["sub"]) == expected["token"]
    assert signer.public_key == vector["public_key_pem"]


@pytest.mark.anyio
@pytest.mark.parametrize(("vector", "run"), RUNS)
async def test_the_original_bytes_async(vector: dict[str, Any], run: str) -> None:
    """The async method returns the same."""
    expected = vector["runs"][run]
    signer = AccessTokenSigner(vector["api_key"], vector["api_secret"], clock=Clock(expected["claims"]["iat"]))
    assert await signer.acreate_access_token(expected["claims"]["sub"]) == expected["token"]


@pytest.mark.parametrize("spelt", [f" {SECRET}\n", SECRET.rstrip("="), SECRET.replace("-", "+").replace("_", "/")])
def test_spellings_of_a_secret(spelt: str) -> None:
    """All of them are the same seed."""
    assert AccessTokenSigner(API_KEY, spelt).public_key == VECTORS[0]["public_key_pem"]


@pytest.mark.parametrize("secret", ["", "AAAA", SECRET + "AAAA", "!" * 43, "é" * 43, SECRET[:-2] + "5=", 7, b"AAAA"])
def test_wrong_secrets(secret: Any) -> None:
    """They are rejected, and not repeated in the error."""
    with pytest.raises(ConfigurationError) as refused:
        AccessTokenSigner(API_KEY, secret)
    assert refused.value.field == "api_secret"
    assert SECRET[:10] not in str(refused.value)


@pytest.mark.parametrize("algorithm", KEYS)
def test_ready_signers(algorithm: str) -> None:
    """Each algorithm signs the same claims in the same order, and its own verifier accepts them."""
    signing = PEMSigner(pem(KEYS[algorithm]), algorithm)
    signer = AccessTokenSigner("my-api-key", signing_function=signing, clock=Clock(NOW))
    token = signer.create_access_token("u-1")
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT"}
    assert list(jwt.decode(token, options={"verify_signature": False}).items()) == list(CLAIMS.items())
    config = CustomKeyConfig(
        public_key=signer.public_key, algorithms=(algorithm,), issuer="my-api-key", audience="api.privy.io"
    )
    assert CustomKeyVerifier(config, clock=Clock(NOW)).verify_token(token) == {**CLAIMS, "rls": ()}


def test_spellings_of_a_pem() -> None:
    """Escaped line ends, bytes, and a password are supported."""
    key = KEYS["ES256"]
    expected = PEMSigner(pem(key), "ES256").public_key
    assert PEMSigner(pem(key).replace("\n", "\\n"), "ES256").public_key == expected
    assert PEMSigner(pem(key).encode(), "ES256").public_key == expected
    assert PEMSigner(pem(key, b"password"), "ES256", password=b"password").public_key == expected


@pytest.mark.parametrize(
    ("material", "algorithm", "field"),
    [
        (pem(KEYS["ES256"]), "HS256", "algorithm"),
        (pem(KEYS["ES256"]), "none", "algorithm"),
        (pem(RSA), "PS256", "algorithm"),
        (pem(KEYS["ES256"]), "ES384", "pem"),
        (pem(KEYS["ES256"]), "RS256", "pem"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "ES256", "pem"),
        (pem(rsa.generate_private_key(65537, 1024)), "RS256", "pem"),
        (pem(ed448.Ed448PrivateKey.generate()), "EdDSA", "pem"),
        (pem(dsa.generate_private_key(2048)), "RS256", "pem"),
        (pem(KEYS["ES256"], b"password"), "ES256", "pem"),
        (KEYS["ES256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "ES256", "pem"),
        ("", "ES256", "pem"),
        ("not a key", "ES256", "pem"),
        ("é", "ES256", "pem"),
        (None, "ES256", "pem"),
    ],
)
def test_keys_that_are_refused(material: Any, algorithm: str, field: str) -> None:
    """They are rejected at construction, and the error contains no part of the key."""
    with pytest.raises(ConfigurationError) as refused:
        PEMSigner(material, algorithm)
    assert refused.value.field == field
    assert refused.value.__cause__ is None
    lines = material.splitlines() if isinstance(material, str) else []
    assert not any(line in str(refused.value) for line in lines[1:-1])


def test_a_signing_function_gets_the_claims() -> None:
    """Its return value is the token."""
    seen: list[dict[str, Any]] = []

    def sign(claims: dict[str, Any]) -> str:
        seen.append(claims)
        return "the.token."

    signer = AccessTokenSigner("my-api-key", signing_function=sign, clock=Clock(NOW))
    assert signer.create_access_token("u-1") == "the.token."
    assert list(seen[0].items()) == list(CLAIMS.items())


@pytest.mark.anyio
async def test_an_async_signing_function() -> None:
    """The async method awaits it, and the sync one rejects it without leaving a coroutine unawaited."""

    async def sign(claims: dict[str, Any]) -> str:
        return PEMSigner(pem(KEYS["ES256"]), "ES256")(claims)

    signer = AccessTokenSigner("my-api-key", signing_function=sign, clock=Clock(NOW))
    token = await signer.acreate_access_token("u-1")
    assert jwt.decode(token, options={"verify_signature": False}) == CLAIMS
    with pytest.raises(ConfigurationError, match="await acreate_access_token"):
        signer.create_access_token("u-1")


class _Later:
    """An awaitable that is not a coroutine."""

    def __await__(self) -> Any:
        yield


def test_awaitables_of_other_kinds_are_refused_too() -> None:
    """They are rejected like coroutines."""
    signer = AccessTokenSigner("my-api-key", signing_function=lambda _: _Later())
    with pytest.raises(ConfigurationError, match="await acreate_access_token"):
        signer.create_access_token("u-1")


@pytest.mark.anyio
@pytest.mark.parametrize("result", [None, "", b"token", 1])
async def test_a_signing_function_must_return_a_token(result: Any) -> None:
    """It must return text that is not empty."""
    signer = AccessTokenSigner("my-api-key", signing_function=lambda _: result)
    with pytest.raises(ConfigurationError, match="must return the token"):
        signer.create_access_token("u-1")
    with pytest.raises(ConfigurationError, match="must return the token"):
        await signer.acreate_access_token("u-1")


def test_errors_of_a_signing_function_are_its_own() -> None:
    """They are raised unchanged."""

    def sign(_: dict[str, Any]) -> str:
        raise LookupError("the key service is down")

    with pytest.raises(LookupError, match="key service"):
        AccessTokenSigner("my-api-key", signing_function=sign).create_access_token("u-1")


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("api_key", {"api_key": "", "api_secret": SECRET}),
        ("api_key", {"api_key": None, "api_secret": SECRET}),
        ("api_secret", {"api_key": API_KEY}),
        ("api_secret", {"api_key": API_KEY, "api_secret": SECRET, "signing_function": str}),
        ("signing_function", {"api_key": API_KEY, "signing_function": "sign"}),
    ],
)
def test_wrong_settings(field: str, arguments: dict[str, Any]) -> None:
    """The error names the setting."""
    with pytest.raises(ConfigurationError) as refused:
        AccessTokenSigner(**arguments)
    assert refused.value.field == field


@pytest.mark.parametrize("subject", ["", None, 1, b"u-1"])
def test_a_subject_is_needed(subject: Any) -> None:
    """A token without a subject is not issued."""
    with pytest.raises(ValueError, match="subject"):
        AccessTokenSigner(API_KEY, SECRET).create_access_token(subject)


def test_a_foreign_public_key_is_not_known() -> None:
    """The public key of a signing function is not known."""
    with pytest.raises(ConfigurationError, match="not known"):
        _ = AccessTokenSigner("my-api-key", signing_function=lambda _: "x").public_key


def test_reprs_show_no_secrets() -> None:
    """Neither the repr of a signer nor that of its parts contains a secret."""
    signing = PEMSigner(pem(KEYS["EdDSA"]), "EdDSA")
    assert repr(signing) == "<PEMSigner EdDSA>"
    signers = AccessTokenSigner(API_KEY, SECRET), AccessTokenSigner(API_KEY, signing_function=signing)
    assert {repr(signer) for signer in signers} == {"<AccessTokenSigner>"}
    assert all(SECRET not in f"{vars(signer)!r}" for signer in signers)


def test_by_the_real_clock() -> None:
    """A token that is issued now is valid for ten minutes."""
    signer = AccessTokenSigner(API_KEY, SECRET)
    config = CustomKeyConfig(
        public_key=signer.public_key, algorithms=("EdDSA",), issuer=API_KEY, audience="api.privy.io"
    )
    claims = CustomKeyVerifier(config).verify_token(signer.create_access_token("u-1"))
    assert claims["exp"] - claims["iat"] == 600
