"""Full users from the REST API, and the webhooks that report changes of users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, assert_type

from starlette.routing import Route

from privy_middleware import PrivyConfig, PrivyUser
from privy_middleware.asgi import ASGIApp
from privy_middleware.errors import InvalidWebhook, UserDeleted, UserUnavailable
from privy_middleware.loader import UserLoader
from privy_middleware.webhooks import (
    DeletedUsers,
    Headers,
    WebhookAnswer,
    WebhookASGIApp,
    WebhookEvent,
    WebhookReceiver,
    WebhookVerifier,
    WebhookWSGIApp,
)


def load_record(did: str) -> Mapping[str, Any] | None:
    return {"id": did}


async def aload_user(did: str) -> PrivyUser | None:
    return PrivyUser(id=did)


def configured(config: PrivyConfig) -> None:
    assert_type(UserLoader(), UserLoader)
    UserLoader(config, ttl=60, size=10, timeout=5, on_outage="error")
    UserLoader({"app_id": "app", "app_secret": "secret"})
    UserLoader(load_user=load_record)
    UserLoader(load_user=aload_user)


async def loaded(users: UserLoader, user: PrivyUser) -> None:
    assert_type(users.load(user), PrivyUser)
    assert_type(users.load("did:privy:ada", app_id="app"), PrivyUser)
    assert_type(await users.aload(user), PrivyUser)
    users.invalidate(user.id)
    try:
        users.load(user)
    except UserUnavailable as error:
        assert_type(error.retry_after, float)
    except UserDeleted as error:
        assert_type(error.code, str)


def verified(headers: Headers, body: bytes) -> None:
    event = WebhookVerifier(["whsec_new", "whsec_old"]).verify(headers, body)
    assert_type(event, WebhookEvent)
    assert_type(event.id, str)
    assert_type(event.type, str)
    assert_type(event.timestamp, int)
    assert_type(event.user_ids, tuple[str, ...])
    assert_type(event.deleted_user_ids, tuple[str, ...])
    assert_type(event.user, PrivyUser | None)
    assert_type(event.payload, Mapping[str, Any])
    WebhookVerifier("whsec_").verify({"svix-id": "1"}, body)
    WebhookVerifier("whsec_").verify([("svix-id", "1")], body)


def on_event(event: WebhookEvent) -> None:
    assert_type(event.user, PrivyUser | None)


async def aon_event(event: WebhookEvent) -> None:
    on_event(event)


async def aon_deleted(user_id: str) -> None:
    assert_type(user_id, str)


def receivers(users: UserLoader, config: Mapping[str, Any]) -> None:
    deleted = DeletedUsers(size=10, seconds=60)
    assert_type(deleted({"sub": "did:privy:ada"}), bool)
    PrivyConfig(app_id="app", is_revoked=deleted)
    app: ASGIApp = WebhookASGIApp("whsec_", users=users, on_event=on_event, on_deleted=deleted.add)
    Route("/webhooks", app)
    WebhookASGIApp(["whsec_"], on_event=aon_event, on_deleted=aon_deleted)
    wsgi = WebhookWSGIApp("whsec_", users=users, on_event=on_event, on_deleted=deleted.add)
    assert_type(wsgi({}, lambda status, headers, exc_info=None: lambda data: None), Iterable[bytes])


async def received(receiver: WebhookReceiver, headers: Headers) -> None:
    assert_type(receiver.receive("POST", headers, b"{}"), WebhookAnswer)
    assert_type(await receiver.areceive("POST", headers, None), WebhookAnswer)
    assert_type(receiver.accepts("12"), bool)
    assert_type(receiver.is_async, bool)


def answered(answer: WebhookAnswer, error: InvalidWebhook) -> None:
    assert_type(answer.status, int)
    assert_type(answer.headers, tuple[tuple[str, str], ...])
    assert_type((answer.body, error.body), tuple[bytes, bytes])


def refused(users: UserLoader) -> None:
    """Mistakes that a type checker must report."""
    UserLoader(on_outage="ignore")  # type: ignore[arg-type]
    UserLoader(load_user=len)  # type: ignore[arg-type]
    users.load(7)  # type: ignore[arg-type]
    WebhookWSGIApp("whsec_", on_event=aon_event)  # type: ignore[arg-type]
    WebhookASGIApp("whsec_", on_deleted=on_event)  # type: ignore[arg-type]
    WebhookEvent("id", "type", 0)  # type: ignore[call-arg]
