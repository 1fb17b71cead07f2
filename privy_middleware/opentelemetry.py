"""Metrics and span attributes for OpenTelemetry: ``PrivyConfig(on_event=OpenTelemetry())``.

It needs the extra ``otel``, which has OpenTelemetry's API; the app sets up the SDK. Names that the semantic conventions
define are used, and others begin with ``privy.``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from privy_middleware.errors import ConfigurationError
from privy_middleware.events import (
    Authenticated,
    Event,
    KeysFailed,
    KeysFetched,
    Refused,
    RequestEvent,
    UserLoaded,
    UserLoadFailed,
    WebhookAccepted,
    WebhookRefused,
)

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

__all__ = ["OpenTelemetry"]

# OpenTelemetry, Semantic Conventions for HTTP: other methods are "_OTHER", so that clients cannot make up values.
_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "WEBSOCKET"})


class OpenTelemetry:
    """A hook for ``on_event`` that counts events, and describes each decision in the current span.

    Counters, with their attributes:

    - ``privy.requests``: ``privy.decision`` (authenticated, anonymous or refused), ``http.request.method``,
      ``http.route``, ``privy.token.kind``, ``privy.token.source``, and ``error.type``, the code of a refusal.
    - ``privy.key_fetches``: ``server.address``, and ``error.type`` if the fetch failed.
    - ``privy.webhooks``: ``error.type`` if the webhook was refused.
    - ``privy.user_loads``: ``error.type`` if the user could not be loaded.

    Span attributes: ``privy.decision``, ``privy.token.kind``, ``privy.token.source``, and for a refusal ``privy.code``
    and ``privy.reason``. With ``user_ids`` also ``enduser.id``.
    """

    def __init__(self, *, user_ids: bool = False, meter_provider: MeterProvider | None = None) -> None:
        """Create the counters; ``user_ids`` adds the ids of users, which are personal data, to spans.

        Raises:
            ConfigurationError: if OpenTelemetry's API is not installed.
        """
        try:
            from opentelemetry import metrics, trace  # noqa: PLC0415 (an extra)
        except ImportError:
            raise ConfigurationError("on_event", "pip install 'privy-middleware[otel]'") from None
        self._current_span = trace.get_current_span
        self._user_ids = user_ids
        meter = metrics.get_meter("privy_middleware", meter_provider=meter_provider)
        self._requests = meter.create_counter("privy.requests", "{request}", "Requests by decision.")
        self._fetches = meter.create_counter("privy.key_fetches", "{fetch}", "Fetches of keys.")
        self._webhooks = meter.create_counter("privy.webhooks", "{webhook}", "Webhooks.")
        self._loads = meter.create_counter("privy.user_loads", "{user}", "Users loaded from the REST API.")

    def __call__(self, event: Event) -> None:
        """Count an event."""
        match event:
            case RequestEvent():
                self._count_request(event)
            case KeysFetched():
                self._fetches.add(1, {"server.address": _host(event.url)})
            case KeysFailed():
                self._fetches.add(1, {"server.address": _host(event.url), "error.type": "keys_unavailable"})
            case WebhookAccepted():
                self._webhooks.add(1)
            case WebhookRefused():
                self._webhooks.add(1, {"error.type": event.code})
            case UserLoaded():
                self._loads.add(1)
            case UserLoadFailed():
                self._loads.add(1, {"error.type": "user_unavailable"})
            case _:
                pass

    def _count_request(self, event: RequestEvent) -> None:
        described = _described(event)
        known = event.method if event.method in _METHODS else "_OTHER"
        place = {"http.request.method": known, **({} if event.route is None else {"http.route": event.route})}
        error = {"error.type": event.code} if isinstance(event, Refused) else {}
        self._requests.add(1, {**described, **place, **error})
        span = self._current_span()
        if span.is_recording():
            reason = {"privy.code": event.code, "privy.reason": event.reason} if isinstance(event, Refused) else {}
            user = {"enduser.id": event.user_id} if self._user_ids and isinstance(event, Authenticated) else {}
            span.set_attributes({**described, **reason, **user})


def _described(event: RequestEvent) -> dict[str, str]:
    decision = {Authenticated: "authenticated", Refused: "refused"}
    found = {"privy.decision": next((word for kind, word in decision.items() if isinstance(event, kind)), "anonymous")}
    if isinstance(event, Authenticated | Refused) and event.kind is not None and event.source is not None:
        found |= {"privy.token.kind": event.kind, "privy.token.source": event.source}
    return found


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
