"""Tokens of any form, signed with a test key, and requests that contain them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from privy_middleware import PrivyAuth, PrivyConfig, PrivyUser, PrivyVerifier
from privy_middleware.gate import Gate
from privy_middleware.http.preflight import is_preflight
from privy_middleware.http.request import FieldNames
from privy_middleware.lookup import Lookup
from tests.support.clock import Clock
from tests.support.signers import Signer

APP_ID = "test-app"
NOW = 1_800_000_000
SUBJECT = "did:privy:test-user"
SIGNER = Signer("test-kid")

_ES256 = ECAlgorithm(ECAlgorithm.SHA256)

HEADER: Mapping[str, Any] = {"alg": "ES256", "typ": "JWT", "kid": SIGNER.kid}
TIMES: Mapping[str, Any] = {"iat": NOW, "exp": NOW + 3600}
COMMON: Mapping[str, Any] = {"iss": "privy.io", "aud": APP_ID, "sub": SUBJECT, **TIMES}
IDENTITY: Mapping[str, Any] = {"cr": "1731974895", "linked_accounts": "[]", **COMMON}
ACCESS: Mapping[str, Any] = {"sid": "test-session", **COMMON}

MISSING: Any = object()
"""A claim or parameter with this value is left out."""


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value: object) -> str:
    """Return a segment; bytes and text are encoded directly, other values as JSON."""
    raw = (
        value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    )
    return b64(raw)


def changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with changes."""
    return {name: value for name, value in {**base, **changes}.items() if value is not MISSING}


def sign(header: object, payload: object, key: ec.EllipticCurvePrivateKey = SIGNER.private) -> str:
    """Return a compact JWS of any header and payload, signed with ES256."""
    return sign_segments(part(header), part(payload), key)


def sign_segments(header: str, payload: str, key: ec.EllipticCurvePrivateKey = SIGNER.private) -> str:
    """Return a compact JWS of two encoded segments."""
    signed = f"{header}.{payload}"
    return f"{signed}.{b64(_ES256.sign(signed.encode(), key))}"


def identity(headers: Mapping[str, Any] | None = None, /, **claims: Any) -> str:
    """Return an identity token with changes."""
    return sign(changed(HEADER, headers or {}), changed(IDENTITY, claims))


def access(headers: Mapping[str, Any] | None = None, /, **claims: Any) -> str:
    """Return an access token with changes."""
    return sign(changed(HEADER, headers or {}), changed(ACCESS, claims))


def config(**settings: Any) -> PrivyConfig:
    """Return a configuration that trusts ``SIGNER``."""
    return PrivyConfig(**{"app_id": APP_ID, "verification_key": {"keys": [SIGNER.jwk]}, **settings})


def verifier(clock: Callable[[], float] | None = None, **settings: Any) -> PrivyVerifier:
    """Return a verifier that trusts ``SIGNER``, at ``NOW``."""
    return PrivyVerifier(config(**settings), clock=clock or Clock(NOW))


def user_of(token: str, **settings: Any) -> PrivyUser:
    """Return the user of an identity token, and check that the cached result is the same."""
    judge = verifier(**settings)
    first = judge.verify_identity_token(token)
    assert judge.verify_identity_token(token) == first
    return first


class Request:
    """A request without a framework, with a list of header fields."""

    def __init__(
        self,
        *fields: tuple[str, str],
        method: str = "GET",
        path: str = "/",
        scheme: str = "https",
        target: str | None = None,
    ) -> None:
        """Create a request with fields in the order in which they are sent."""
        self._fields = fields
        self.method = method
        self.paths: tuple[str, ...] = (path,)
        self.scheme = scheme
        self.route: str | None = None
        self.client: str | None = None
        self.native: object = None
        self.target = path if target is None else target

    def present(self, names: FieldNames) -> Mapping[str, list[str]]:
        """Return the values of the given fields that are present."""
        found = {name: self.values(name) for name in names.raw.values()}
        return {name: values for name, values in found.items() if values}

    def values(self, name: str) -> list[str]:
        """Return every value of a field."""
        return [value for key, value in self._fields if key.lower() == name]


def found(gate: Gate, request: Request) -> PrivyAuth:
    """Return the ``PrivyAuth`` of a request."""
    return Lookup(gate, request).find()


def checked(gate: Gate, request: Request, auth: PrivyAuth) -> None:
    """Require a user if the path is protected."""
    if gate.guards(request) and not is_preflight(request):
        auth.require()


def cookies(*pairs: tuple[str, str]) -> tuple[str, str]:
    """Return a Cookie field."""
    return "Cookie", "; ".join(f"{name}={value}" for name, value in pairs)


def bearer(token: str) -> tuple[str, str]:
    """Return the field of an access token."""
    return "Authorization", f"Bearer {token}"


def id_header(token: str) -> tuple[str, str]:
    """Return the field of an identity token."""
    return "privy-id-token", token


def twin(token: str) -> str:
    """Return the same token with the other valid ECDSA signature, (r, n - s)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    other = order - int.from_bytes(raw[32:], "big")
    return f"{signed}.{b64(raw[:32] + other.to_bytes(32, 'big'))}"


def runs_of(token: str, length: int = 10) -> Iterable[str]:
    """Return every substring of a token with ``length`` characters."""
    return {token[start : start + length] for start in range(len(token) - length + 1)}
