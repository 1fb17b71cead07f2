"""OpenTelemetry's metrics and span attributes, with its own SDK."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from fastapi_privy.starlette import Privy, require_privy_user
from privy_middleware import ConfigurationError
from privy_middleware.asgi import Receive, Scope, Send
from privy_middleware.errors import BadSignature, InvalidWebhook
from privy_middleware.events import (
    Event,
    KeysChanged,
    KeysFailed,
    KeysFetched,
    Refused,
    UserLoaded,
    UserLoadFailed,
    WebhookAccepted,
    WebhookRefused,
)
from privy_middleware.opentelemetry import OpenTelemetry
from tests.support.issued import ADA, INVALID_HEADER, identity_header, issuer_config

URL = "https://keys.example.com/jwks.json"
Counts = dict[str, list[tuple[dict[str, Any], int]]]


class Telemetry:
    """The SDK with everything kept in memory."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader])
        self.spans = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.spans))

    def counts(self) -> Counts:
        """Return the attributes and values of each counter."""
        data: Any = self._reader.get_metrics_data()
        metrics = [each for scope in data.resource_metrics[0].scope_metrics for each in scope.metrics]
        return {
            each.name: [(dict(point.attributes), point.value) for point in each.data.data_points] for each in metrics
        }

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of the last span."""
        return dict(self.spans.get_finished_spans()[-1].attributes or {})

    def stop(self) -> None:
        """Stop the SDK."""
        self.meters.shutdown()
        self.tracers.shutdown()


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """Return the SDK."""
    running = Telemetry()
    yield running
    running.stop()


def client(telemetry: Telemetry, **options: bool) -> TestClient:
    """Return a client of an app inside a span, as instrumentation libraries make one for each request."""

    @require_privy_user
    async def item(request: Request) -> JSONResponse:
        return JSONResponse({"id": request.path_params["id"]})

    app = Starlette(routes=[Route("/items/{id}", item), Route("/open", lambda _: JSONResponse({}))])
    Privy(app, issuer_config(on_event=OpenTelemetry(meter_provider=telemetry.meters, **options)))
    tracer = telemetry.tracers.get_tracer("test")

    async def traced(scope: Scope, receive: Receive, send: Send) -> None:
        with tracer.start_as_current_span("request"):
            await app(scope, receive, send)

    return TestClient(traced)


def test_requests(telemetry: Telemetry) -> None:
    """Requests are counted by decision, method and route, never by what a client can make up."""
    asking = client(telemetry)
    for path, headers in (("/items/1", identity_header()), ("/items/2", identity_header()), ("/open", {})):
        assert asking.get(path, headers=headers).status_code == 200
    assert asking.get("/items/3", headers=INVALID_HEADER).status_code == 401
    assert asking.request("MADEUP", "/elsewhere").status_code == 404
    token = {"privy.token.kind": "identity", "privy.token.source": "header"}
    got = {"http.request.method": "GET"}
    assert telemetry.counts()["privy.requests"] == [
        ({"privy.decision": "authenticated", **token, **got, "http.route": "/items/{id}"}, 2),
        ({"privy.decision": "anonymous", **got, "http.route": "/open"}, 1),
        (
            {"privy.decision": "refused", **token, **got, "http.route": "/items/{id}", "error.type": "malformed_token"},
            1,
        ),
        ({"privy.decision": "anonymous", "http.request.method": "_OTHER"}, 1),
    ]


def test_spans(telemetry: Telemetry) -> None:
    """The span of a request has the decision, and the reason of a refusal, but no id of a user."""
    asking = client(telemetry)
    asking.get("/items/1", headers=identity_header())
    token = {"privy.token.kind": "identity", "privy.token.source": "header"}
    assert telemetry.attributes() == {"privy.decision": "authenticated", **token}
    asking.get("/items/1")
    reason = (
        "There is no token in the request (header privy-id-token, header authorization, cookie privy-id-token, "
        "cookie privy-token)."
    )
    assert telemetry.attributes() == {
        "privy.decision": "refused",
        "privy.code": "missing_token",
        "privy.reason": reason,
    }


def test_user_ids(telemetry: Telemetry) -> None:
    """They are added only if asked for, and to spans only."""
    asking = client(telemetry, user_ids=True)
    asking.get("/items/1", headers=identity_header())
    assert telemetry.attributes()["enduser.id"] == ADA
    assert ADA not in str(telemetry.counts())


def test_other_events(telemetry: Telemetry) -> None:
    """Each subject has a counter."""
    hook = OpenTelemetry(meter_provider=telemetry.meters)
    events: list[Event] = [
        KeysFetched(url=URL, count=1, fresh_for=60.0),
        KeysChanged(url=URL, added=1, removed=1),
        KeysFailed(url=URL, reason="it is down", retry_in=1.0, usable_for=0.0),
        WebhookAccepted(id="1", type="t"),
        WebhookRefused(error=InvalidWebhook()),
        UserLoaded(app_id="app", user_id=ADA, found=True),
        UserLoadFailed(app_id="app", reason="it is down", retry_in=1.0),
        Refused(method="GET", error=BadSignature()),
    ]
    for event in events:
        hook(event)
    server = {"server.address": "keys.example.com"}
    assert telemetry.counts() == {
        "privy.requests": [
            ({"privy.decision": "refused", "http.request.method": "GET", "error.type": "bad_signature"}, 1)
        ],
        "privy.key_fetches": [(server, 1), ({**server, "error.type": "keys_unavailable"}, 1)],
        "privy.webhooks": [({}, 1), ({"error.type": "invalid_webhook"}, 1)],
        "privy.user_loads": [({}, 1), ({"error.type": "user_unavailable"}, 1)],
    }


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError, match=r"privy-middleware\[otel\]"):
        OpenTelemetry()
