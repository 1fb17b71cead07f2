"""Requests and responses behave the same with and without the middleware."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory, override_settings

from django_privy.middleware import PrivyMiddleware
from privy_middleware.asgi import ASGIApp
from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.clients.asgi import scope_of
from tests.django.test_middleware import ADA, NOBODY, identity

Serve = Callable[..., Any]
View = Callable[[Any], HttpResponse]


@pytest.fixture(params=["wsgi", "asgi"])
def serve(request: pytest.FixtureRequest) -> Serve:
    """Handle a request with a view, over WSGI and over ASGI in turn, and return the response."""

    def by_wsgi(view: View, headers: dict[str, str]) -> Any:
        return PrivyMiddleware(view)(RequestFactory().get("/", headers=headers))

    def by_asgi(view: View, headers: dict[str, str]) -> Any:
        async def aview(request: HttpRequest) -> HttpResponse:
            return view(request)

        middleware: Any = PrivyMiddleware(aview)
        return asyncio.run(middleware(AsyncRequestFactory().get("/", headers=headers)))

    return by_wsgi if request.param == "wsgi" else by_asgi


def said(response: HttpResponse) -> dict[str, str]:
    """Return the caching headers of a response."""
    return {name: response[name] for name in ("Vary", "Cache-Control") if response.has_header(name)}


EMPTY: dict[str, Callable[[], Any]] = {
    "304": HttpResponseNotModified,
    "204": lambda: HttpResponse(status=204),
    "103": lambda: HttpResponse(status=103),
    "304 from a generator": lambda: StreamingHttpResponse((b"" for _ in ()), status=304),
    "204 from a generator": lambda: StreamingHttpResponse((b"" for _ in ()), status=204),
}


@pytest.mark.parametrize("name", EMPTY)
def test_responses_without_content(serve: Serve, issuer: DevelopmentIssuer, name: str) -> None:
    """A 304 does not change the stored response (RFC 9111 §4.3.4), unless the view used the user."""
    assert said(serve(lambda _: EMPTY[name](), identity(issuer))) == {}
    looked = serve(lambda request: EMPTY[name]() if request.privy_user else HttpResponse(), identity(issuer))
    assert said(looked) == {"Vary": "Cookie, privy-id-token, Authorization", "Cache-Control": "private, no-store"}


def test_responses_in_one_part(serve: Serve, issuer: DevelopmentIssuer) -> None:
    """Without a length, they are still distinguished from streams."""
    assert said(serve(lambda _: HttpResponse(b"one part"), identity(issuer))) == {}


@pytest.mark.parametrize("looks_first", [True, False])
@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda request: pickle.loads(pickle.dumps(request))], ids=range(3)
)
def test_copies_of_a_request(
    serve: Serve, issuer: DevelopmentIssuer, duplicate: Callable[[Any], Any], looks_first: bool
) -> None:
    """Copies of a request have the same user, and using it on a copy counts for the request."""
    tokens: tuple[dict[str, str], ...] = (identity(issuer), {"privy-id-token": "garbage"}, {})

    def view(request: Any) -> HttpResponse:
        user = request.privy_user if looks_first else None
        copied = duplicate(request)
        assert copied is not request
        assert awaited_user(copied) == copied.privy_user
        assert user is None or copied.privy_user == user
        assert copied.privy_auth.error == request.privy_auth.error
        return HttpResponse(json.dumps({"user_id": copied.privy_user and copied.privy_user.id}))

    for headers, expected in zip(tokens, (ADA, NOBODY, NOBODY), strict=True):
        response = serve(view, headers)
        assert json.loads(response.content) == expected
        assert "Cookie" in response["Vary"]


def awaited_user(request: Any) -> Any:
    """Return the result of ``aprivy_user``, which does not have to wait here."""
    with pytest.raises(StopIteration) as end:
        request.aprivy_user().send(None)
    return end.value.value


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_look_at_a_copy_alone(serve: Serve, issuer: DevelopmentIssuer, duplicate: Callable[[Any], Any]) -> None:
    """The response depends on the user if only a copy was used."""
    response = serve(lambda request: HttpResponse(duplicate(request).privy_user.id), identity(issuer))
    assert response.content == b"did:privy:dev-ada"
    assert response["Cache-Control"] == "private, no-store"


def test_a_request_that_was_pickled_is_pickled_again(serve: Serve, issuer: DevelopmentIssuer) -> None:
    """A request can be pickled again after it was unpickled."""

    def view(request: Any) -> HttpResponse:
        for _ in range(3):
            request = pickle.loads(pickle.dumps(request))
        return HttpResponse(copy.deepcopy(request).privy_user.id)

    assert serve(view, identity(issuer)).content == b"did:privy:dev-ada"


DUPLICATES: list[tuple[Any, Any]] = []
"""A middleware that records the user of each copy of a request, and that of the request."""


def duplicating(get_response: View) -> View:
    """Copy the request in every way."""

    def middleware(request: Any) -> HttpResponse:
        assert request.user.is_authenticated
        ways: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))]
        DUPLICATES.extend((duplicate(request).user, request.user) for duplicate in ways)
        return get_response(request)

    return middleware


@pytest.mark.django_db
def test_django_s_user_is_copied_with_the_request(issuer: DevelopmentIssuer) -> None:
    """The copies have the Django user of the Privy user."""
    DUPLICATES.clear()
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, f"{__name__}.duplicating"]):
        assert Client().get("/seen", headers=identity(issuer)).json() == ADA
    assert [copied == user for copied, user in DUPLICATES] == [True] * 3


def test_copies_are_attached_to_on_their_own(issuer: DevelopmentIssuer) -> None:
    """If a copy is handled as a separate request, the first request is not changed."""
    first: Any = RequestFactory().get("/", headers=identity(issuer))

    def view(request: Any) -> HttpResponse:
        second = copy.copy(request)
        second.META = {**request.META, "HTTP_PRIVY_ID_TOKEN": issuer.identity_token("grace")}
        inner: Any = PrivyMiddleware(lambda each: HttpResponse(second.privy_user.id))(second)
        return HttpResponse(f"{request.privy_user.id} {inner.content.decode()}")

    response: Any = PrivyMiddleware(view)(first)
    assert response.content == b"did:privy:dev-ada did:privy:dev-grace"


def once(pairs: list[tuple[bytes, bytes]]) -> Iterator[list[bytes]]:
    """Yield headers in a form that ASGI allows, which can be read only once."""
    for pair in pairs:
        yield list(pair)


@pytest.mark.parametrize("names", [("privy-id-token",), ("privy-id-token", "privy-id-token")])
def test_headers_that_can_be_read_once(issuer: DevelopmentIssuer, names: tuple[str, ...]) -> None:
    """Django has read them before any middleware runs."""
    token = issuer.identity_token("ada").encode()
    other = issuer.identity_token("grace").encode()
    for tokens, status in (((token, token), 200), ((token, other), 401 if len(names) > 1 else 200)):
        raw = [(name.encode(), value) for name, value in zip(names, tokens, strict=False)]
        scope = {**scope_of("http", "/required/1", method="GET"), "headers": once([(b"host", b"testserver"), *raw])}
        messages = [{"type": "http.request", "body": b""}]
        app: ASGIApp = ASGIHandler()
        start, *_ = anyio.run(exchange_and_wait, app, scope, messages)
        assert start["status"] == status


async def exchange_and_wait(app: ASGIApp, scope: dict[str, Any], incoming: list[Any]) -> list[Any]:
    """Call the app like ``exchange``, with a client that stays connected until it has the response."""
    sent: list[Any] = []

    async def receive() -> Any:
        if incoming:
            return incoming.pop(0)
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent
