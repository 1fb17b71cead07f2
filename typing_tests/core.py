"""Settings, the verifier, ``PrivyAuth``, and the errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, assert_type

from starlette.applications import Starlette

from privy_middleware import (
    AccessTokenClaims,
    AuthenticationError,
    AuthorizationError,
    Condition,
    ConfigurationError,
    InvalidToken,
    KeysUnavailable,
    PrivyAuth,
    PrivyConfig,
    PrivyError,
    PrivyMiddleware,
    PrivyUser,
    PrivyVerifier,
    ServiceUnavailable,
    VerifiedToken,
)
from privy_middleware.errors import PageRedirect, TokenExpired
from privy_middleware.revocation import RedisRevocations, Revocations, WhenUnavailable
from privy_middleware.webhooks import WebhookASGIApp


class Cache:
    """A project's own key cache."""

    def get(self, key: str) -> bytes | None:
        return None

    def set(self, key: str, value: bytes, seconds: float) -> None:
        pass


def configured() -> PrivyConfig:
    assert_type(PrivyConfig(app_id="app"), PrivyConfig)
    assert_type(PrivyConfig.from_env(), PrivyConfig)
    assert_type(PrivyConfig.from_env({"MINE_APP_ID": "app"}, prefix="MINE_"), PrivyConfig)
    assert_type(PrivyConfig.from_mapping({"APP_ID": "app"}), PrivyConfig)
    return PrivyConfig(
        app_id=("first", "second"),
        verification_key={"first": {"kty": "EC"}, "second": "-----BEGIN PUBLIC KEY-----"},
        tokens=("identity",),
        sources=("header", "cookie"),
        on_missing="reject",
        on_invalid="anonymous",
        trusted_origins=("https://app.example",),
        client_options={"trust_env": False},
        is_revoked=lambda claims: claims.get("sid") == "gone",
        on_refused=lambda error: print(error.code),
        revocations=Revocations(max_token_age=7200),
        key_cache=Cache(),
        key_cache_secret=["a" * 32, "b" * 32],
    )


def revoking(when_unavailable: WhenUnavailable, auth: PrivyAuth, access: AccessTokenClaims) -> PrivyConfig:
    store = RedisRevocations("redis://localhost:6379/0", when_unavailable=when_unavailable)
    assert_type(store.revoke_session(access), None)
    store.revoke_session("session-id", "did:privy:user")
    store.revoke_user("did:privy:user", issued_before=1.0)
    if auth.claims is not None:
        store.revoke_token(auth.claims)
    WebhookASGIApp("whsec_…", on_deleted=store.revoke_user)
    WebhookASGIApp("whsec_…", on_deleted=store.arevoke_user)
    PrivyConfig(app_id="app", revocations="redis://localhost:6379/0")
    return PrivyConfig(app_id="app", revocations=store)


def with_lists(app_ids: list[str], sources: list[Literal["header", "cookie"]]) -> None:
    """Settings may be lists, tuples or other sequences."""
    PrivyConfig(
        app_id=["first", "second"],
        tokens=["identity"],
        sources=["header", "cookie"],
        trusted_origins=["https://app.example"],
    )
    PrivyConfig(app_id=app_ids, tokens=("access",), sources=sources, trusted_origins="https://app.example")
    PrivyMiddleware(Starlette(), PrivyConfig(app_id=tuple(app_ids)), protect=["/api"], exempt=("/api/health",))


def settings(config: PrivyConfig) -> None:
    assert_type(config.app_ids, tuple[str, ...])
    assert_type(config.tokens, Sequence[str])
    assert_type(config.sources, Sequence[Literal["header", "cookie"]])
    assert_type(config.on_invalid, Literal["reject", "anonymous"])
    assert_type(config.leeway, float)
    assert_type(config.refresh_url, str | None)


class MyConfig(PrivyConfig):
    """A project's own subclass, which the constructors return."""


def subclassed() -> None:
    assert_type(MyConfig.from_env({}), MyConfig)
    assert_type(MyConfig.from_mapping({}), MyConfig)


def verified(config: PrivyConfig, token: str) -> None:
    verifier = PrivyVerifier(config, clock=lambda: 0.0)
    assert_type(verifier.settings, PrivyConfig)
    assert_type(verifier.verify_identity_token(token), PrivyUser)
    assert_type(verifier.verify_access_token(token), AccessTokenClaims)


async def averified(verifier: PrivyVerifier, token: str) -> None:
    assert_type(await verifier.averify_identity_token(token), PrivyUser)
    assert_type(await verifier.averify_access_token(token), AccessTokenClaims)


def known(auth: PrivyAuth, condition: Condition | None) -> None:
    assert_type(auth.user, PrivyUser | None)
    assert_type(auth.access, AccessTokenClaims | None)
    assert_type(auth.tokens, tuple[VerifiedToken, ...])
    assert_type(auth.refusal, PrivyError | None)
    assert_type(auth.redirect, PageRedirect | None)
    assert_type(auth.error, str | None)
    assert_type(auth.presented, bool)
    assert_type(auth.kind, Literal["identity", "access", "web3auth", "custom"] | None)
    assert_type(auth.source, Literal["header", "cookie"] | None)
    assert_type(auth.claims, Mapping[str, Any] | None)
    assert_type(auth.session_id, str | None)
    assert_type(auth.expires_at, float | None)
    assert_type(auth.issuer, str | None)
    assert_type(auth.require(), PrivyUser)
    assert_type(auth.require(condition, {"address": "0x"}), PrivyUser)
    assert_type(auth.require_access(), AccessTokenClaims)
    assert_type(auth.optional(), PrivyUser | None)
    assert_type(auth.optional("anonymous"), PrivyUser | None)


def token_fields(token: VerifiedToken) -> None:
    assert_type(token.kind, Literal["identity", "access", "web3auth", "custom"])
    assert_type(token.source, Literal["header", "cookie"])
    assert_type(token.claims, Mapping[str, Any])
    assert_type(token.expires_at, float)


def caught(verifier: PrivyVerifier, token: str) -> int | float | str:
    try:
        verifier.verify_identity_token(token)
    except TokenExpired as error:
        assert_type(error.code, str)
    except (InvalidToken, AuthenticationError) as error:
        assert_type(error.challenge, tuple[tuple[str, str], ...])
    except AuthorizationError as error:
        return error.status
    except (KeysUnavailable, ServiceUnavailable) as error:
        return error.retry_after
    except ConfigurationError as error:
        return error.field
    except PrivyError as error:
        assert_type(error.status, int)
        assert_type(error.message, str)
        assert_type(error.detail, str)
        assert_type(error.headers, tuple[tuple[str, str], ...])
        assert_type(error.payload, dict[str, str])
        assert_type(error.body, bytes)
        assert_type(error.close_code, int)
    return 0


def refused(auth: PrivyAuth, config: PrivyConfig, verifier: PrivyVerifier) -> None:
    """Mistakes that a type checker must report."""
    PrivyConfig()  # type: ignore[call-arg]
    PrivyConfig("app")  # type: ignore[call-arg, arg-type]
    PrivyConfig(app_id="app", appid="app")  # type: ignore[call-arg]
    PrivyConfig(app_id="app", on_invalid="ignore")  # type: ignore[arg-type]
    PrivyConfig(app_id="app", sources=("query",))  # type: ignore[arg-type]
    PrivyConfig(app_id="app", sources="query")  # type: ignore[arg-type]
    PrivyConfig(app_id="app", trusted_origins=7)  # type: ignore[arg-type]
    PrivyConfig(app_id=["app", 7])  # type: ignore[list-item]
    PrivyConfig(app_id="app", key_cache={})  # type: ignore[arg-type]
    PrivyConfig(app_id="app", key_cache_secret="a" * 32)
    PrivyConfig(app_id="app", key_cache_secret=b"a" * 32)  # type: ignore[arg-type]
    PrivyConfig(app_id="app", on_refused=lambda: None)  # type: ignore[arg-type, misc]
    config.leeway = 5  # type: ignore[misc]
    auth.user.id  # type: ignore[union-attr]
    auth.optional("ignore")  # type: ignore[arg-type]
    verifier.verify_identity_token(b"bytes")  # type: ignore[arg-type]
