"""Tokens that are signed with a custom authentication key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from privy_middleware import PrivyAuth, PrivyMiddleware, PrivyWSGIMiddleware
from privy_middleware.asgi import ASGIApp
from privy_middleware.custom_keys import (
    AccessTokenSigner,
    CustomKeyConfig,
    CustomKeyUser,
    CustomKeyVerifier,
    PEMSigner,
    user_of,
)


def configured(pem: str) -> CustomKeyConfig:
    assert_type(CustomKeyConfig.from_env(), CustomKeyConfig)
    assert_type(CustomKeyConfig.from_mapping({}), CustomKeyConfig)
    config = CustomKeyConfig(public_key=pem, algorithms=("ES256",), issuer="key", audience="api.privy.io")
    assert_type(config.audiences, tuple[str, ...])
    CustomKeyConfig(public_key={"kty": "EC"}, algorithms=("ES256",), issuer="key", audience=("one", "two"))
    CustomKeyConfig(public_key=pem, algorithms=["ES256"], issuer="key", audience=["one", "two"])
    return config


async def verified(config: CustomKeyConfig, token: str) -> None:
    verifier = CustomKeyVerifier(config)
    assert_type(verifier.verify_token(token), Mapping[str, Any])
    assert_type(await verifier.averify_token(token), Mapping[str, Any])


def sign(claims: dict[str, Any]) -> str:
    return str(claims)


async def asign(claims: dict[str, Any]) -> str:
    return str(claims)


async def signed(pem: bytes) -> None:
    signer = AccessTokenSigner("api-key", "secret")
    assert_type(signer.create_access_token("user"), str)
    assert_type(await signer.acreate_access_token("user"), str)
    assert_type(signer.public_key, str)
    AccessTokenSigner("api-key", signing_function=sign)
    AccessTokenSigner("api-key", signing_function=asign)
    AccessTokenSigner("api-key", signing_function=PEMSigner(pem, "ES256", password=b"secret"))
    assert_type(PEMSigner(pem, "ES256").public_key, str)
    assert_type(PEMSigner(pem, "ES256").algorithm, str)
    assert_type(PEMSigner(pem, "ES256")({"sub": "user"}), str)


def in_a_middleware(app: ASGIApp, config: CustomKeyConfig, auth: PrivyAuth) -> None:
    PrivyMiddleware(app, config)
    PrivyMiddleware(app, CustomKeyVerifier(config))
    PrivyWSGIMiddleware(lambda environ, start_response: [], config)
    user = user_of(auth, CustomKeyUser)
    assert_type(user, CustomKeyUser)
    assert_type((user.id, user.subject, user.issuer), tuple[str, str, str])
    assert_type(user.claims, Mapping[str, Any])
    assert_type(user.to_dict(), dict[str, Any])


def refused(auth: PrivyAuth, pem: str) -> None:
    """Mistakes that a type checker must report."""
    CustomKeyConfig(public_key=pem)  # type: ignore[call-arg]
    AccessTokenSigner("api-key", sign)  # type: ignore[arg-type]
    user_of(auth, CustomKeyUser).email  # type: ignore[attr-defined]
