"""Tokens of custom authentication keys: which settings and which tokens are rejected."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt.algorithms import ECAlgorithm

from privy_middleware.asgi import PrivyMiddleware
from privy_middleware.conditions import condition
from privy_middleware.custom_keys import CustomKeyConfig, CustomKeyUser, CustomKeyVerifier, PEMSigner, user_of
from privy_middleware.errors import (
    BadSignature,
    ConfigurationError,
    IncompleteUser,
    InvalidClaims,
    InvalidToken,
    TokenExpired,
    TokenNotYetValid,
    WrongAlgorithm,
    WrongAudience,
    WrongIssuer,
)
from privy_middleware.gate import build_gate
from tests.custom_keys.test_signer import KEYS, VECTORS, pem
from tests.support.clock import Clock
from tests.support.tokens import MISSING, NOW, Request, b64, bearer, changed, cookies, found
from tests.support.tokens import verifier as privy_verifier
from tests.support.ways import Way, call, every_way

KEY = KEYS["ES256"]
CLAIMS = {"iss": "my-server", "aud": "my-app", "sub": "u-1", "iat": NOW, "exp": NOW + 600}


def public(key: Any) -> str:
    """Return a public key as PEM."""
    text: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


def token(algorithm: str = "ES256", key: Any = None, **claims: Any) -> str:
    """Return a token with changes."""
    return PEMSigner(pem(key or KEYS[algorithm]), algorithm)(changed(CLAIMS, claims))


def config(**settings: Any) -> CustomKeyConfig:
    """Return a configuration that accepts ``KEY``."""
    given = {"public_key": public(KEY), "algorithms": ("ES256",), "issuer": "my-server", "audience": "my-app"}
    return CustomKeyConfig(**{**given, **settings})


def verifier(**settings: Any) -> CustomKeyVerifier:
    """Return a verifier that accepts ``KEY``, at ``NOW``."""
    return CustomKeyVerifier(config(**settings), clock=Clock(NOW))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_the_original_tokens(vector: dict[str, Any]) -> None:
    """They are valid with the key that belongs to the secret, during their ten minutes."""
    run = vector["runs"]["0.0.2"]
    settings = {"public_key": vector["public_key_pem"], "algorithms": ("EdDSA",), "issuer": vector["api_key"]}
    original = config(**settings, audience="api.privy.io")
    found = CustomKeyVerifier(original, clock=Clock(run["claims"]["iat"] + 60)).verify_token(run["token"])
    assert found == {**run["claims"], "rls": ()}
    with pytest.raises(TokenExpired):
        CustomKeyVerifier(original).verify_token(run["token"])


@every_way
def test_claims(way: Way) -> None:
    """The claims are a mapping that cannot be changed."""
    judge, given = verifier(), token()
    found: Any = call(way, lambda: judge.verify_token(given), lambda: judge.averify_token(given))
    assert found == CLAIMS
    with pytest.raises(TypeError):
        found["sub"] = "another"
    call(way, judge.ready, judge.aready)


@pytest.mark.parametrize("algorithm", KEYS)
def test_every_algorithm(algorithm: str) -> None:
    """Tokens are valid with a suitable key, and with no other."""
    judge = verifier(public_key=public(KEYS[algorithm]), algorithms=(algorithm,))
    assert judge.verify_token(token(algorithm))["sub"] == "u-1"
    for other in KEYS.keys() - {algorithm}:
        with pytest.raises(WrongAlgorithm):
            judge.verify_token(token(other))


def test_several_algorithms_of_one_key() -> None:
    """A key can be used with all its algorithms."""
    judge = verifier(public_key=public(KEYS["RS256"]), algorithms=("RS256", "RS512"))
    assert judge.verify_token(token("RS512"))["sub"] == "u-1"
    with pytest.raises(WrongAlgorithm):
        judge.verify_token(token("RS384"))


def test_keys_of_a_set() -> None:
    """Each key is used with its own algorithm."""
    keys = [{**ECAlgorithm.to_jwk(KEYS[alg].public_key(), as_dict=True), "alg": alg} for alg in ("ES256", "ES384")]
    judge = verifier(public_key={"keys": keys}, algorithms=("ES256", "ES384"))
    for algorithm in ("ES256", "ES384"):
        assert judge.verify_token(token(algorithm))["sub"] == "u-1"


SMALL = rsa.generate_private_key(65537, 1024)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("algorithms", {"algorithms": ()}),
        ("algorithms", {"algorithms": ("none",)}),
        ("algorithms", {"algorithms": ("HS256",)}),
        ("algorithms", {"algorithms": ("ES256", "HS256")}),
        ("algorithms", {"algorithms": ("es256",)}),
        ("algorithms", {"algorithms": None}),
        ("algorithms", {"algorithms": ("ES256", "ES384")}),
        ("algorithms", {"algorithms": ("ES256", "RS256")}),
        ("public_key", {"algorithms": ("ES384",)}),
        ("public_key", {"algorithms": ("RS256",)}),
        ("public_key", {"public_key": public(KEYS["ES384"])}),
        ("public_key", {"public_key": public(ec.generate_private_key(ec.SECP256K1()))}),
        ("public_key", {"public_key": public(SMALL), "algorithms": ("RS256",)}),
        ("public_key", {"public_key": PRIVATE}),
        ("public_key", {"public_key": "a shared secret of some length, not a key"}),
        ("public_key", {"public_key": {"kty": "oct", "k": "c2VjcmV0"}}),
        ("public_key", {"public_key": ""}),
        ("public_key", {"public_key": None}),
        ("public_key", {"public_key": {"keys": []}}),
        ("issuer", {"issuer": ""}),
        ("issuer", {"issuer": None}),
        ("issuer", {"issuer": ("my-server",)}),
        ("issuer", {"issuer": "privy.io"}),
        ("audience", {"audience": ""}),
        ("audience", {"audience": None}),
        ("audience", {"audience": ()}),
        ("audience", {"audience": ("my-app", "")}),
        ("sources", {"sources": ("cookie",)}),
    ],
)
def test_wrong_settings_are_refused(field: str, settings: dict[str, Any]) -> None:
    """They are rejected at startup, and the error contains no part of the key."""
    with pytest.raises(ConfigurationError) as refused:
        config(**settings)
    assert refused.value.field == field
    assert "MIG" not in str(refused.value)


@pytest.mark.parametrize("missing", ["public_key", "algorithms", "issuer", "audience"])
def test_nothing_is_optional(missing: str) -> None:
    """Each setting is needed to decide what is accepted."""
    given: dict[str, Any] = {
        "public_key": public(KEY),
        "algorithms": ("ES256",),
        "issuer": "my-server",
        "audience": "my-app",
    }
    del given[missing]
    with pytest.raises(TypeError, match=missing):
        CustomKeyConfig(**given)


@pytest.mark.parametrize(
    ("error", "claims"),
    [
        (WrongIssuer, {"iss": "another"}),
        (WrongIssuer, {"iss": "my-server2"}),
        (WrongIssuer, {"iss": MISSING}),
        (WrongAudience, {"aud": "another"}),
        (WrongAudience, {"aud": "my-app2"}),
        (WrongAudience, {"aud": ["my-app"]}),
        (WrongAudience, {"aud": MISSING}),
        (TokenExpired, {"exp": NOW - 10}),
        (InvalidClaims, {"exp": MISSING}),
        (TokenNotYetValid, {"nbf": NOW + 11}),
        (TokenNotYetValid, {"iat": NOW + 11}),
        (InvalidClaims, {"sub": ""}),
        (InvalidClaims, {"sub": MISSING}),
        (InvalidClaims, {"sub": MISSING, "user": "u-1"}),
    ],
)
def test_claims_that_are_refused(error: type[InvalidToken], claims: dict[str, Any]) -> None:
    """Issuer, audience, times and subject are checked."""
    with pytest.raises(error):
        verifier().verify_token(token(**claims))


def test_a_subject_is_text() -> None:
    """A number is rejected; PyJWT would not sign it, so the test signs it itself."""
    header, payload = {"alg": "ES256", "typ": "JWT"}, {**CLAIMS, "sub": 7}
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(payload).encode())}"
    signature = b64(ECAlgorithm(ECAlgorithm.SHA256).sign(signed.encode(), KEY))
    with pytest.raises(InvalidClaims):
        verifier().verify_token(f"{signed}.{signature}")


def test_several_audiences() -> None:
    """Exactly one of them must match."""
    judge = verifier(audience=("my-app", "my-other-app"))
    for audience in ("my-app", "my-other-app"):
        assert judge.verify_token(token(aud=audience))["aud"] == audience
    with pytest.raises(WrongAudience):
        judge.verify_token(token(aud="my-app,my-other-app"))


def forged(alg: str, secret: bytes) -> str:
    """Return a token with an HMAC of ``secret``."""
    signed = f"{b64(json.dumps({'alg': alg, 'typ': 'JWT'}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def test_the_public_key_is_no_shared_secret() -> None:
    """This applies to all its forms and all algorithm names."""
    key = KEY.public_key()
    forms = [
        public(KEY).encode(),
        public(KEY).strip().encode(),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint),
        json.dumps(ECAlgorithm.to_jwk(key, as_dict=True)).encode(),
        b"",
    ]
    for secret in forms:
        for alg in ("HS256", "hs256", "none", ""):
            with pytest.raises(WrongAlgorithm):
                verifier().verify_token(forged(alg, secret))
        with pytest.raises(BadSignature):
            verifier().verify_token(forged("ES256", secret))


def test_another_key_is_refused() -> None:
    """A key of the same kind with the same claims is rejected."""
    with pytest.raises(BadSignature):
        verifier().verify_token(token(key=ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(WrongAlgorithm):
        verifier().verify_token(token("EdDSA", key=ed25519.Ed25519PrivateKey.generate()))


def test_privys_verifier_accepts_no_such_token() -> None:
    """This holds with and without this family in the configuration."""
    given = token(iss="privy.io", aud="test-app", sid="s")
    with pytest.raises(InvalidToken):
        privy_verifier().verify_access_token(given)


def test_behind_the_middleware() -> None:
    """The user has an ID and nothing else."""
    gate = build_gate(verifier())
    auth = found(gate, Request(bearer(token())))
    user = user_of(auth, CustomKeyUser)
    assert (auth.kind, user.id, user.subject, user.issuer) == ("custom", "custom:my-server:u-1", "u-1", "my-server")
    assert user.to_dict() == {"id": "custom:my-server:u-1", "subject": "u-1", "issuer": "my-server"}
    assert user.claims == CLAIMS
    with pytest.raises(IncompleteUser):
        auth.require(condition(wallet="ethereum"))
    assert not found(gate, Request(cookies(("privy-token", token())))).presented


def test_ids_do_not_collide() -> None:
    """A separator in the parts changes nothing, and no ID is that of another family."""
    pairs = [("a:b", "c"), ("a", "b:c"), ("a%3Ab", "c"), ("web3auth", "x"), ("a", "did:privy:x")]
    ids = set()
    for issuer, subject in pairs:
        gate = build_gate(verifier(issuer=issuer))
        ids.add(user_of(found(gate, Request(bearer(token(iss=issuer, sub=subject)))), CustomKeyUser).id)
    assert len(ids) == len(pairs)
    assert all(user_id.startswith("custom:") for user_id in ids)


def test_a_configuration_does_for_the_middleware() -> None:
    """The configuration creates its verifier."""

    async def app(*_: Any) -> None:
        raise AssertionError("not called")

    assert isinstance(PrivyMiddleware(app, config()).gate.verifier, CustomKeyVerifier)


def test_the_environment_has_its_own_prefix() -> None:
    """Lists are separated by commas."""
    found = CustomKeyConfig.from_env(
        {
            "CUSTOM_KEY_PUBLIC_KEY": public(KEYS["RS256"]).replace("\n", "\\n"),
            "CUSTOM_KEY_ALGORITHMS": "RS256, RS512",
            "CUSTOM_KEY_ISSUER": "my-server",
            "CUSTOM_KEY_AUDIENCE": "my-app",
        }
    )
    assert (found.algorithms, found.audiences) == (("RS256", "RS512"), ("my-app",))
    assert "BEGIN" not in repr(found)
