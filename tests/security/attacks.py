"""Tokens as attackers send them, each created from a valid one."""

from __future__ import annotations

import hashlib
import hmac
import json
import zlib
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from privy_middleware import PrivyVerifier
from privy_middleware.errors import InvalidToken
from tests.support.signers import Signer
from tests.support.tokens import (
    ACCESS,
    APP_ID,
    HEADER,
    IDENTITY,
    NOW,
    SIGNER,
    b64,
    changed,
    identity,
    part,
    sign,
    sign_segments,
    verifier,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PUBLIC = SIGNER.private.public_key()
PEM = SIGNER.pem
DER = PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
JWK = SIGNER.jwk
STRANGER = Signer(SIGNER.kid)


def refused(*tokens: Any, judge: PrivyVerifier | None = None) -> None:
    """Check that each token is rejected as invalid, as either kind, and again the second time."""
    judge = judge or verifier()
    assert tokens
    for token in tokens:
        for verify in (judge.verify_identity_token, judge.verify_access_token) * 2:
            with pytest.raises(InvalidToken) as caught:
                verify(token)
            assert caught.value.status == 401
            assert caught.value.body == b'{"message": "Invalid token"}'


def both(headers: dict[str, Any] | None = None, /, **claims: Any) -> tuple[str, str]:
    """Return an identity and an access token with the same changes and a valid signature."""
    header = changed(HEADER, headers or {})
    return sign(header, changed(IDENTITY, claims)), sign(header, changed(ACCESS, claims))


def public_forms() -> dict[str, bytes]:
    """Return every form of a public key that could be used as a shared secret."""
    numbers = PUBLIC.public_numbers()
    return {
        "PEM": PEM.encode(),
        "PEM without the last line end": PEM.strip().encode(),
        "PEM with CRLF": PEM.replace("\n", "\r\n").encode(),
        "PEM after a byte order mark": b"\xef\xbb\xbf" + PEM.encode(),
        "PEM after white space": b" \n" + PEM.encode(),
        "PEM body": "".join(PEM.splitlines()[1:-1]).encode(),
        "DER": DER,
        "DER in base64url": b64(DER).encode(),
        "JWK": json.dumps(JWK).encode(),
        "JWK without spaces": json.dumps(JWK, separators=(",", ":"), sort_keys=True).encode(),
        "JWKS": json.dumps({"keys": [JWK]}).encode(),
        "x": JWK["x"].encode(),
        "x as bytes": numbers.x.to_bytes(32, "big"),
        "raw point": PUBLIC.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        "SSH": PUBLIC.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        "kid": str(SIGNER.kid).encode(),
        "empty": b"",
    }


def hmac_token(secret: bytes, alg: str = "HS256") -> str:
    """Return an identity token that is signed with a shared secret."""
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
    signed = f"{part(changed(HEADER, {'alg': alg}))}.{part(IDENTITY)}"
    return f"{signed}.{b64(hmac.new(secret, signed.encode(), digest).digest())}"


def hmac_tokens() -> list[str]:
    """Return tokens that are signed with every form of the public key, with every HMAC algorithm."""
    return [hmac_token(form, alg) for form in public_forms().values() for alg in ("HS256", "HS384", "HS512")]


def with_alg(*algorithms: Any, signature: str | None = None) -> list[str]:
    """Return tokens with these algorithms, with a valid ES256 signature or with ``signature``."""
    tokens = [sign(changed(HEADER, {"alg": alg}), IDENTITY) for alg in algorithms]
    return tokens if signature is None else [f"{token.rpartition('.')[0]}.{signature}" for token in tokens]


def with_signature(signature: bytes) -> str:
    """Return a token with another signature."""
    return f"{part(HEADER)}.{part(IDENTITY)}.{b64(signature)}"


def numbers_of(token: str) -> tuple[int, int]:
    """Return r and s of a token's signature."""
    raw = urlsafe_b64decode(token.rpartition(".")[2] + "==")
    return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")


def bad_signatures() -> dict[str, bytes]:
    """Return invalid signatures, and a valid one in wrong forms."""
    r, s = numbers_of(identity())

    def raw(first: int, second: int, size: int = 32) -> bytes:
        return first.to_bytes(size, "big") + second.to_bytes(size, "big")

    return {
        "empty": b"",
        "DER": encode_dss_signature(r, s),
        "one byte short": raw(r, s)[:-1],
        "one byte long": raw(r, s) + b"\0",
        "only r": raw(r, s)[:32],
        "longer numbers": raw(r, s, 33),
        "numbers of P-384": raw(r, s, 48),
        "numbers of P-521": raw(r, s, 66),
        "all zero": bytes(64),
        "r zero": raw(0, s),
        "s zero": raw(r, 0),
        "r is the order": raw(ORDER, s),
        "s is the order": raw(r, ORDER),
        "s beyond the order": raw(r, 2**256 - 1),
        "all ones": b"\xff" * 64,
        "r and s exchanged": raw(s, r),
        "r negated": raw(ORDER - r, s),
    }


def spellings() -> Iterator[str]:
    """Yield a valid token in every other spelling."""
    token = identity()
    header, payload, signature = token.split(".")
    yield from (token + "=", token + "==", token + "A", token + "\n", " " + token, token + " ", "\t" + token)
    yield from (f"{header}=.{payload}.{signature}", f"{header}.{payload}==.{signature}", token + "\0", token + ".")
    yield from (f"Bearer {token}", f'"{token}"', "." + token, token.replace(".", ". "), token.replace(".", "\r\n."))
    yield from (
        f"{header}.{payload}.{signature[:40]}\n{signature[40:]}",
        f"{header}.{payload}.{signature[:40]}%{signature[40:]}",
    )
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters.index(signature[-1])
    yield from (f"{token[:-1]}{letters[last ^ bit]}" for bit in (1, 2, 4, 8, 3, 15))
    standard = b64encode(b"\xfb\xff\xfe").decode()
    yield sign_segments(part(HEADER), part({**IDENTITY, "x": "aa"}) + standard)
    yield sign_segments(urlsafe_b64encode(json.dumps(HEADER).encode()).decode(), part(IDENTITY))
    for noncanonical in ("e30=", "e31", "e3 0"):
        yield sign_segments(part(HEADER), noncanonical)
        yield sign_segments(noncanonical, part(IDENTITY))


def as_json(token: str, *, flattened: bool) -> str:
    """Return a token in a JSON serialisation (RFC 7515 §7.2)."""
    header, payload, signature = token.split(".")
    signed = {"protected": header, "signature": signature}
    return json.dumps({"payload": payload, **signed} if flattened else {"payload": payload, "signatures": [signed]})


def as_jwe(alg: str = "dir", enc: str = "A256GCM", **header: Any) -> str:
    """Return five segments that look like a JWE."""
    segments = [
        part({"alg": alg, "enc": enc, "typ": "JWT", **header}),
        *(b64(bytes(size)) for size in (40, 12, 99, 16)),
    ]
    return ".".join(segments)


def zipped() -> str:
    """Return a signed token with a payload that would become large when it is decompressed."""
    packed = zlib.compress(b" " * 10_000_000)
    return sign(changed(HEADER, {"zip": "DEF"}), packed)


def embedded_key(url: str) -> list[str]:
    """Return tokens that are signed with an attacker's key, which the header contains or links to."""
    stranger = Signer("stranger")
    private = {**stranger.jwk, "d": b64(stranger.private.private_numbers().private_value.to_bytes(32, "big"))}
    brought: list[dict[str, Any]] = [
        {"jwk": stranger.jwk},
        {"jwk": private},
        {"jwk": stranger.jwk, "kid": "stranger"},
        {"jku": f"{url}/jwks.json"},
        {"jku": f"{url}/jwks.json", "kid": "stranger"},
        {"x5u": f"{url}/chain.pem"},
        {"x5c": [b64encode(DER).decode()]},
        {"kid": f"{url}/jwks.json"},
        {"kid": "../../../dev/null"},
        {"jwks": {"keys": [stranger.jwk]}},
        {"url": url},
    ]
    tokens = [sign(changed(HEADER, header), IDENTITY, stranger.private) for header in brought]
    return [*tokens, sign(HEADER, changed(IDENTITY, {"iss": url}), stranger.private)]


HOSTILE_KIDS: tuple[Any, ...] = (
    "",
    "../../../../dev/null",
    "..\\..\\windows\\win.ini",
    "' OR '1'='1",
    "x' UNION SELECT 'key';--",
    "http://169.254.169.254/",
    "file:///etc/passwd",
    "test-kid\0",
    "test-kid\r\nX-Injected: 1",
    " test-kid",
    "TEST-KID",
    "k" * 5000,
    "${jndi:ldap://x}",
    "{{7*7}}",
    "__class__",
    "🔑",
    None,
    0,
    True,
    ["test-kid"],
    {"kid": "test-kid"},
)

CURVE_TWIN = ec.generate_private_key(ec.SECP256K1())
LATER = NOW + 3600
OTHER_APP = APP_ID + "2"
