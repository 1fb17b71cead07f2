"""Web3Auth's tokens, alone and together with Privy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_type

from privy_middleware import PrivyAuth, PrivyConfig, PrivyMiddleware, PrivyVerifier
from privy_middleware.asgi import ASGIApp
from privy_middleware.config import RequestSettings
from privy_middleware.verifiers import CombinedVerifier
from privy_middleware.web3auth import (
    Web3AuthConfig,
    Web3AuthUser,
    Web3AuthVerifier,
    Web3AuthWallet,
    derive_address,
    user_of,
)


def configured() -> Web3AuthConfig:
    assert_type(Web3AuthConfig.from_env(), Web3AuthConfig)
    assert_type(Web3AuthConfig.from_mapping({"client_id": "id"}), Web3AuthConfig)
    config = Web3AuthConfig(client_id="id", jwks_url="https://keys.example/jwks.json", leeway=5, on_missing="reject")
    assert_type(config.issuers, tuple[str, ...])
    several = Web3AuthConfig(client_id="id", issuer=("one", "two"), jwks_url={"one": "https://a", "two": "https://b"})
    Web3AuthConfig(
        client_id="id",
        issuer=["one", "two"],
        external_issuers=["https://authjs.web3auth.io"],
        external_audiences=["id", "app.example"],
        trusted_origins=["https://app.example"],
    )
    assert_type(several.external_issuers, Sequence[str])
    assert_type(several.social_issuers, tuple[str, ...])
    assert_type(several.jwks_url_of("one"), str)
    return config


async def verified(verifier: Web3AuthVerifier, token: str) -> None:
    assert_type(verifier.verify_token(token), Web3AuthUser)
    assert_type(await verifier.averify_token(token), Web3AuthUser)


def user_fields(user: Web3AuthUser) -> None:
    assert_type(user.id, str)
    assert_type(user.issuer, str)
    assert_type(user.email, str | None)
    assert_type(user.name, str | None)
    assert_type(user.auth_connection, str | None)
    assert_type(user.wallets, tuple[Web3AuthWallet, ...])
    assert_type(user.claims, Mapping[str, Any])
    assert_type(user.find_wallet("web3auth_app_key", "secp256k1"), Web3AuthWallet | None)
    assert_type(user.owns_app_key("02"), bool)
    assert_type(user.owns_wallet("0x"), bool)
    assert_type(user.addresses(), tuple[str, ...])
    assert_type(user.to_dict(), dict[str, Any])


def wallet_fields(wallet: Web3AuthWallet) -> None:
    assert_type(wallet.type, str)
    assert_type(wallet.curve, str | None)
    assert_type(wallet.public_key, str | None)
    assert_type(wallet.address, str | None)
    assert_type(wallet.chain_type, str)
    assert_type(wallet.is_embedded, bool)
    assert_type(wallet.derive_address(), str | None)
    assert_type(derive_address(wallet.curve, wallet.public_key), str | None)


def in_a_middleware(app: ASGIApp, privy: PrivyConfig, web3auth: Web3AuthConfig, auth: PrivyAuth) -> None:
    PrivyMiddleware(app, web3auth)
    PrivyMiddleware(app, Web3AuthVerifier(web3auth))
    both = CombinedVerifier(PrivyVerifier(privy), Web3AuthVerifier(web3auth))
    assert_type(both.settings, RequestSettings)
    PrivyMiddleware(app, both)
    assert_type(user_of(auth, Web3AuthUser), Web3AuthUser)


def refused(auth: PrivyAuth, privy: PrivyConfig, user: Web3AuthUser) -> None:
    """Mistakes that a type checker must report."""
    Web3AuthConfig()  # type: ignore[call-arg]
    Web3AuthVerifier(privy)  # type: ignore[arg-type]
    CombinedVerifier(privy)  # type: ignore[arg-type]
    user_of(auth, Web3AuthUser).linked_accounts[0]  # type: ignore[misc]
    user.email.address  # type: ignore[union-attr]
