"""Privy's webhooks: verified events, and endpoints that drop cached users (extra ``webhooks``)."""

from privy_middleware.webhooks.deleted import DeletedUsers
from privy_middleware.webhooks.endpoints import WebhookASGIApp, WebhookWSGIApp
from privy_middleware.webhooks.receiver import WebhookAnswer, WebhookReceiver
from privy_middleware.webhooks.verifier import Headers, WebhookEvent, WebhookVerifier

__all__ = [
    "DeletedUsers",
    "Headers",
    "WebhookASGIApp",
    "WebhookAnswer",
    "WebhookEvent",
    "WebhookReceiver",
    "WebhookVerifier",
    "WebhookWSGIApp",
]
