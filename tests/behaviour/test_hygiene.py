"""An app, a log or an error tracker finds no part of a token in our objects, in every framework."""

from __future__ import annotations

import asyncio
import functools
import gc
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from fastapi import FastAPI
from flask import Blueprint, Flask
from litestar import Litestar, get
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

import fastapi_privy
import fastapi_privy.starlette
import flask_privy
import litestar_privy
from privy_middleware import PrivyError, PrivyMiddleware
from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.client import Client
from tests.behaviour.conftest import MakeClient
from tests.behaviour.watching import MintingIssuer, leaks
from tests.support.garbage import only_new_objects
from tests.support.issued import identity_header, issuer_config

OURS = ("privy_middleware", "flask_privy", "django_privy", "fastapi_privy", "litestar_privy")


def bad_tokens(issuer: DevelopmentIssuer) -> list[str]:
    """Return tokens that are rejected at each step of reading them."""
    good = issuer.identity_token("ada")
    return [
        issuer.identity_token("ada", exp=1),
        issuer.identity_token("ada", aud="another-app"),
        issuer.identity_token("ada", iss="privy.example"),
        issuer.identity_token("ada", linked_accounts="no JSON"),
        issuer.identity_token("ada", headers={"kid": "invented"}),
        issuer.identity_token("ada", headers={"alg": "none"}),
        issuer.access_token("ada"),
        f"{good}=",
        f"{good}.{good}",
        good[:-20],
        good * 20,
    ]


def request_all(client: Client, issuer: DevelopmentIssuer) -> None:
    """Send valid and invalid tokens of both kinds, in every header and cookie."""
    for token in (issuer.identity_token("ada"), *bad_tokens(issuer)):
        for name, value in (("privy-id-token", token), ("Cookie", f"privy-id-token={token}")):
            for path in ("/", "/me", "/optional", "/session", "/wallet"):
                client.request("GET", path, [(name, value)])
    client.request("GET", "/session", [("Authorization", f"Bearer {issuer.access_token('ada')}")])


def living_objects() -> Iterator[object]:
    """Yield our objects that are still in memory."""
    for each in gc.get_objects():
        if str(type(each).__module__).partition(".")[0] in OURS:
            yield each


def test_refusals_show_no_token(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """Errors contain no token, nor do the variables in the frames of their tracebacks."""
    refusals: list[PrivyError] = []
    request_all(make_client(on_refused=refusals.append), issuer)
    assert {error.code for error in refusals} > {"token_expired", "wrong_audience", "unknown_key", "oversized_token"}
    for error in refusals:
        tracked = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert leaks("".join(tracked.format()) + repr(error) + repr(vars(error)), MintingIssuer.minted) == set()


def test_objects_show_no_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """Our objects that remain in memory after many requests contain no token."""
    request_all(client, issuer)
    shown = "\n".join(repr(each) for each in living_objects())
    assert "PrivyVerifier" in shown
    assert leaks(shown, MintingIssuer.minted) == set()


class _Beside:
    """An ASGI middleware that does nothing, for comparison with ours."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def flask_app(*, ours: bool, served: bool) -> object:
    """Return a Flask app with a protected blueprint."""
    app, pages = Flask("app"), Blueprint("pages", "pages")
    pages.add_url_rule("/", "index", lambda: "hello")
    if ours:
        extension = flask_privy.Privy(app, issuer_config())
        extension.protect(app)
        extension.protect(pages)
    else:
        app.before_request(lambda: None)
        pages.before_request(lambda: None)
    app.register_blueprint(pages)
    if served:
        assert app.test_client().get("/", headers=identity_header()).text == "hello"
    return app


def starlette_app(*, ours: bool, served: bool) -> object:
    """Return a Starlette app with a mounted app."""

    async def index(request: Any) -> PlainTextResponse:
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/", index), Mount("/sub", Starlette(routes=[Route("/", index)]))])
    if ours:
        fastapi_privy.starlette.Privy(app, issuer_config(), protect=["/"])
    else:
        app.add_middleware(_Beside)
    if served:
        assert TestClient(app).get("/", headers=identity_header()).text == "hello"
    return app


def fastapi_app(*, ours: bool, served: bool) -> object:
    """Return a FastAPI app whose OpenAPI document has been requested."""
    app = FastAPI()
    app.get("/")(lambda: "hello")
    if ours:
        fastapi_privy.Privy(app, issuer_config(), protect=["/"])
    else:
        app.add_middleware(_Beside)
    if served:
        assert app.openapi()
        assert TestClient(app).get("/", headers=identity_header()).json() == "hello"
    return app


class WeaklyReferenced(Litestar):
    """An app that a weak reference can be made to."""


def litestar_app(*, ours: bool, served: bool) -> object:
    """Return a Litestar app whose document was asked for."""

    @get("/")
    async def index() -> str:
        return "hello"

    plugin = litestar_privy.Privy(issuer_config(), protect=["/"])
    app = WeaklyReferenced([index], plugins=[plugin] if ours else [], logging_config=None)
    if served:
        assert app.openapi_schema.paths
        client: Any = TestClient(cast(Any, app))
        assert client.get("/", headers=identity_header()).text == "hello"
    return app


def django_app(*, ours: bool, served: bool, asgi: bool = False) -> object:
    """Return the handler that a server runs."""
    middleware = ["django_privy.middleware.PrivyMiddleware"] if ours else []
    with override_settings(MIDDLEWARE=middleware, PRIVY=issuer_config()):
        app = ASGIHandler() if asgi else WSGIHandler()
        if served:
            factory = AsyncRequestFactory() if asgi else RequestFactory()
            request: Any = factory.get("/unseen", headers=identity_header())
            answer: Any = asyncio.run(app.get_response_async(request)) if asgi else app.get_response(request)
            assert answer.content == b"open"
    return app


MAKERS: dict[str, Callable[..., object]] = {
    "Flask": flask_app,
    "Starlette": starlette_app,
    "FastAPI": fastapi_app,
    "Litestar": litestar_app,
    "Django by WSGI": django_app,
    "Django by ASGI": functools.partial(django_app, asgi=True),
    "ASGI": lambda *, ours, served: PrivyMiddleware(_Beside(None), issuer_config()) if ours else _Beside(None),
}


def freed_by(make: Callable[[], object]) -> str:
    """Return how an app is freed after the last reference is gone."""
    with only_new_objects():
        gc.disable()
        try:
            app = weakref.ref(make())
            if app() is None:
                return "counting references"
        finally:
            gc.enable()
        gc.collect()
        return "collecting garbage" if app() is None else "nothing"


@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("framework", MAKERS)
def test_apps_are_freed(framework: str, served: bool) -> None:
    """An app with Privy is freed in the same way as the app without it."""
    make = MAKERS[framework]
    bare = freed_by(lambda: make(ours=False, served=served))
    # Litestar's earlier versions keep every app that has served a request.
    assert bare != "nothing" or framework == "Litestar"
    assert freed_by(lambda: make(ours=True, served=served)) == bare
