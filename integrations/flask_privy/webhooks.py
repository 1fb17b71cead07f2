"""Endpoints for Privy's webhooks in Flask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from flask import Response, request

from privy_middleware.webhooks import WebhookAnswer, WebhookReceiver

__all__ = ["WebhookView", "webhook_view"]

WebhookView: TypeAlias = Callable[[], Response] | Callable[[], Awaitable[Response]]


def webhook_view(receiver: WebhookReceiver) -> WebhookView:
    """Return a view that receives webhooks; it is async if the receiver's functions are.

    Route it for every method, so that requests other than ``POST`` get the receiver's error response, and exempt it
    from CSRF protection.
    """

    def privy_webhook() -> Response:
        return _response(receiver.receive(request.method, list(request.headers.items()), _body(receiver)))

    async def aprivy_webhook() -> Response:
        return _response(await receiver.areceive(request.method, list(request.headers.items()), _body(receiver)))

    return aprivy_webhook if receiver.is_async else privy_webhook


def _body(receiver: WebhookReceiver) -> bytes | None:
    return request.get_data() if receiver.accepts(request.content_length) else None


def _response(answer: WebhookAnswer) -> Response:
    return Response(answer.body, answer.status, list(answer.headers))
