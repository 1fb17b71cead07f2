"""The endpoints: one table of requests, sent with each framework's own test client."""

from __future__ import annotations

import asyncio
import functools
import io
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from django_privy.webhooks import webhook_view as django_view
from flask_privy.webhooks import webhook_view as flask_view
from privy_middleware import ConfigurationError
from privy_middleware.webhooks import WebhookASGIApp, WebhookReceiver, WebhookWSGIApp
from tests.loader.server import DID, record
from tests.support.callables import UNSEEN
from tests.webhooks.sending import SECRET, Notes, at_now, event, headers

PATH = "/privy/webhooks"


@dataclass
class Answer:
    """A response, with header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Sender = Callable[[str, Mapping[str, str], bytes], Answer]
Maker = Callable[[Notes, bool], Sender]


def options(notes: Notes, waits: bool) -> dict[str, Any]:
    """Return the arguments of an endpoint."""
    function = notes.ahear if waits else notes.hear
    return {"users": notes.users, "on_event": function, "on_deleted": function, "clock": at_now}


def asgi_sender(app: Any) -> Sender:
    """Send with Starlette's test client."""

    def send(method: str, fields: Mapping[str, str], body: bytes) -> Answer:
        with TestClient(app, follow_redirects=False) as client:
            answer = client.request(method, PATH, headers=dict(fields), content=body)
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)

    return send


def starlette_sender(notes: Notes, waits: bool) -> Sender:
    """Use the ASGI app in Starlette."""
    return asgi_sender(Starlette(routes=[Route(PATH, WebhookASGIApp(SECRET, **options(notes, waits)))]))


def fastapi_sender(notes: Notes, waits: bool) -> Sender:
    """Use the ASGI app in FastAPI."""
    app = FastAPI()
    app.router.routes.append(Route(PATH, WebhookASGIApp(SECRET, **options(notes, waits))))
    return asgi_sender(app)


def wsgi_sender(notes: Notes, waits: bool) -> Sender:
    """Call the WSGI app like a server, inside the validator of the standard library."""
    app = WebhookWSGIApp(SECRET, **options(notes, waits=False))

    def send(method: str, fields: Mapping[str, str], body: bytes) -> Answer:
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": PATH, "wsgi.input": io.BytesIO(body)}
        setup_testing_defaults(environ)
        environ |= {"CONTENT_LENGTH": str(len(body)), "QUERY_STRING": "", "SCRIPT_NAME": ""}
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in fields.items()}
        started: list[Any] = []
        checked: Any = validator(app)
        result = checked(environ, lambda status, pairs, exc_info=None: started.append((status, pairs)))
        with closing(result):
            content = b"".join(result)
        ((status, pairs),) = started
        return Answer(int(status[:3]), {k.lower(): v for k, v in pairs}, content)

    return send


def flask_sender(notes: Notes, waits: bool) -> Sender:
    """Use the view in Flask."""
    app = Flask(__name__)
    view = flask_view(WebhookReceiver(SECRET, **options(notes, waits)))
    app.add_url_rule(PATH, view_func=view, methods=["GET", "POST", "PUT"])

    def send(method: str, fields: Mapping[str, str], body: bytes) -> Answer:
        answer = app.test_client().open(PATH, method=method, headers=dict(fields), data=body)
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.data)

    return send


class _URLs:
    """Return a URLconf module."""

    def __init__(self, notes: Notes, waits: bool) -> None:
        self.urlpatterns = [path(PATH[1:], django_view(WebhookReceiver(SECRET, **options(notes, waits))))]


def django_sender(notes: Notes, waits: bool) -> Sender:
    """Use the view in Django, with CSRF checks."""
    urls = _URLs(notes, waits)
    middleware = ["django.middleware.csrf.CsrfViewMiddleware"]

    def send(method: str, fields: Mapping[str, str], body: bytes) -> Answer:
        with override_settings(ROOT_URLCONF=urls, MIDDLEWARE=middleware):
            if waits:
                client: Any = AsyncClient(enforce_csrf_checks=True)
                answer = asyncio.run(client.generic(method, PATH, body, headers=dict(fields)))
            else:
                answer = Client(enforce_csrf_checks=True).generic(method, PATH, body, headers=dict(fields))
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)

    return send


SENDERS = [
    pytest.param(starlette_sender, False, id="starlette"),
    pytest.param(starlette_sender, True, id="starlette-async"),
    pytest.param(fastapi_sender, False, id="fastapi"),
    pytest.param(fastapi_sender, True, id="fastapi-async"),
    pytest.param(wsgi_sender, False, id="wsgi"),
    pytest.param(flask_sender, False, id="flask"),
    pytest.param(flask_sender, True, id="flask-async"),
    pytest.param(django_sender, False, id="django"),
    pytest.param(django_sender, True, id="django-async"),
]
everywhere = pytest.mark.parametrize(("make", "waits"), SENDERS)


@everywhere
def test_good(make: Maker, waits: bool) -> None:
    """A webhook gets an empty 204, the callback is called, and the loaded user is removed."""
    notes = Notes()
    notes.users.load(DID)
    answer = make(notes, waits)("POST", headers(event()), event())
    assert (answer.status, answer.body) == (204, b"")
    assert [each.type for each in notes.told] == ["user.updated_account"]
    notes.users.load(DID)
    assert notes.asked == [DID, DID]


@everywhere
def test_deleted(make: Maker, waits: bool) -> None:
    """For a deleted user, the callback for deleted users is called first."""
    notes = Notes()
    body = event("user.deleted", user=record())
    assert make(notes, waits)("POST", headers(body), body).status == 204
    assert notes.told[0] == DID
    assert notes.told[1].type == "user.deleted"


@everywhere
def test_bad_signature(make: Maker, waits: bool) -> None:
    """A webhook without a valid signature gets 400, and no callback is called."""
    notes = Notes()
    notes.users.load(DID)
    answer = make(notes, waits)("POST", headers(b"{}"), event())
    assert (answer.status, answer.body) == (400, b'{"message": "Invalid webhook"}')
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    notes.users.load(DID)
    assert (notes.told, notes.asked) == ([], [DID])


@everywhere
def test_no_headers(make: Maker, waits: bool) -> None:
    """A webhook without Svix's headers gets the same response."""
    assert make(Notes(), waits)("POST", {}, event()).status == 400


@everywhere
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_other_methods(make: Maker, waits: bool, method: str) -> None:
    """Methods other than ``POST`` get 405 with ``Allow: POST``."""
    answer = make(Notes(), waits)(method, headers(event()), event())
    assert (answer.status, answer.body) == (405, b'{"message": "Method not allowed"}')
    assert answer.headers["allow"] == "POST"


@everywhere
def test_too_large(make: Maker, waits: bool) -> None:
    """A body above 1 MiB gets 413, and one of exactly that size is read."""
    send = make(Notes(), waits)
    body = event(user_id=DID)
    filled = body + b" " * ((1 << 20) - len(body))
    assert send("POST", headers(filled), filled).status == 204
    answer = send("POST", headers(filled + b" "), filled + b" ")
    assert (answer.status, answer.body) == (413, b'{"message": "Content too large"}')


def test_chunked_body() -> None:
    """An ASGI body comes in parts, one without end is not read to its end, and a scope may have no headers."""
    body = event()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def main(pieces: list[bytes], fields: Mapping[str, str]) -> int:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        raw = ([name.encode(), value.encode()] for name, value in fields.items())
        given = {"headers": raw} if fields else {}
        await WebhookASGIApp(SECRET, clock=at_now)({"type": "http", "method": "POST", **given}, receive, send)
        return len(pieces)

    assert asyncio.run(main([body[:9], b"", body[9:]], headers(body))) == 0
    assert sent[0]["status"] == 204
    assert asyncio.run(main([b" " * 600_000] * 5, headers(body))) == 3
    assert sent[2]["status"] == 413
    assert asyncio.run(main([body], {})) == 0
    assert sent[4]["status"] == 400


@pytest.mark.parametrize("length", ["", None, "x", "-1", "1.5", "\u0661", "9" * 30])
def test_unknown_length(length: str | None) -> None:
    """A WSGI body with a missing or invalid length is not read."""
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(b"{}")}
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    seen: list[str] = []
    WebhookWSGIApp(SECRET)(environ, lambda status, pairs, exc_info=None: seen.append(status))  # type: ignore[arg-type]
    assert seen[0].startswith("413 ")
    assert environ["wsgi.input"].tell() == 0


def test_no_websockets() -> None:
    """The ASGI app raises an error for other scopes."""
    with pytest.raises(RuntimeError, match="not by websocket"):
        asyncio.run(WebhookASGIApp(SECRET)({"type": "websocket"}, None, None))  # type: ignore[arg-type]


def test_nobody_to_tell() -> None:
    """An endpoint can verify webhooks without a callback."""
    receiver = WebhookReceiver(SECRET, clock=at_now)
    assert receiver.receive("POST", headers(event()), event()).status == 204
    assert asyncio.run(receiver.areceive("POST", headers(event()), event())).status == 204


def test_error_in_the_app() -> None:
    """An error in a callback is raised to the server, so that the event is sent again."""

    def failing(_: object) -> None:
        raise LookupError("no database")

    receiver = WebhookReceiver(SECRET, on_event=failing, clock=at_now)
    with pytest.raises(LookupError):
        receiver.receive("POST", headers(event()), event())


@pytest.mark.parametrize("name", ["on_event", "on_deleted"])
@pytest.mark.parametrize("kind", [*UNSEEN])
def test_a_plain_function_that_is_to_be_awaited(name: str, kind: str) -> None:
    """No event is lost: the result is awaited, or the response is 500 and the event is sent again."""
    told: list[object] = []

    def listen(subject: object) -> Any:
        told.append(subject)
        return UNSEEN[kind](subject)

    functions: Any = {name: listen}
    body = event("user.deleted")
    receiver = WebhookReceiver(SECRET, **functions, clock=at_now)
    with pytest.raises(ConfigurationError, match=f"^{name}: .*awaited"):
        receiver.receive("POST", headers(body), body)
    assert asyncio.run(receiver.areceive("POST", headers(body), body)).status == 204
    assert len(told) == 2


class TestSettings:
    """Checks at startup."""

    @pytest.mark.parametrize("name", ["on_event", "on_deleted"])
    def test_functions(self, name: str) -> None:
        """A callback that is not callable is rejected, and so is an async one where it cannot be awaited."""
        with pytest.raises(ConfigurationError) as caught:
            WebhookReceiver(SECRET, **{name: "print"})  # type: ignore[arg-type]
        assert caught.value.field == name
        waiting: Any
        for waiting in ({name: Notes().ahear}, {name: functools.partial(Notes().ahear)}):
            with pytest.raises(ConfigurationError, match=f"^{name}: .*async endpoint"):
                WebhookWSGIApp(SECRET, **waiting)
            with pytest.raises(ConfigurationError, match=f"^{name}: .*async endpoint"):
                WebhookReceiver(SECRET, **waiting).receive("POST", {}, b"")
