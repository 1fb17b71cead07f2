"""Endpoints for Privy's webhooks in Django."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from privy_middleware.webhooks import WebhookAnswer, WebhookReceiver

__all__ = ["WebhookView", "webhook_view"]

# Django's types accept sync views and async views, but not a union of both.
WebhookView: TypeAlias = Callable[[HttpRequest], Any]


def webhook_view(receiver: WebhookReceiver) -> WebhookView:
    """Return a view that receives webhooks, without a CSRF check; it is async if the receiver's functions are."""

    def privy_webhook(request: HttpRequest) -> HttpResponse:
        return _response(receiver.receive(_method(request), request.headers, _body(receiver, request)))

    async def aprivy_webhook(request: HttpRequest) -> HttpResponse:
        return _response(await receiver.areceive(_method(request), request.headers, _body(receiver, request)))

    return csrf_exempt(aprivy_webhook) if receiver.is_async else csrf_exempt(privy_webhook)


def _method(request: HttpRequest) -> str:
    return request.method or ""


def _body(receiver: WebhookReceiver, request: HttpRequest) -> bytes | None:
    return request.body if receiver.accepts(request.META.get("CONTENT_LENGTH")) else None


def _response(answer: WebhookAnswer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
