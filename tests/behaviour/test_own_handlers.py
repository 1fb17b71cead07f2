"""A refusal that the app answers itself has the same event as one that the library answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client as DjangoClient
from django.test import override_settings
from django.urls import path as django_path
from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse
from flask import Flask
from litestar import Litestar, Response, get
from litestar.params import FromPath
from litestar.testing import TestClient as LitestarClient
from ninja import NinjaAPI
from rest_framework.decorators import api_view, permission_classes
from rest_framework.response import Response as RestResponse
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.routing import Route
from starlette.testclient import TestClient

import fastapi_privy
import flask_privy
import litestar_privy
from django_privy import require_privy_user
from django_privy.ninja import privy_auth
from django_privy.rest_framework import PrivyUserRequired
from fastapi_privy import starlette
from privy_middleware import PrivyError
from privy_middleware.events import Event, Refused, RequestEvent
from tests.support.issued import INVALID_HEADER, identity_header, issuer_config

pytestmark = pytest.mark.django_db
Ask = Callable[[dict[str, str]], str]
OWN = "answered by the app"


def fastapi_app(dependency: Any, **settings: Any) -> Ask:
    """Return an app with an exception handler for all refusals."""
    app = FastAPI()
    fastapi_privy.Privy(app, issuer_config(**settings))

    @app.exception_handler(PrivyError)
    async def own(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse(OWN, 418)

    app.get("/items/{id}")(lambda user=Depends(dependency): "served")  # noqa: B008
    return lambda headers: TestClient(app).get("/items/1", headers=headers).text


def starlette_app(**settings: Any) -> Ask:
    """Return an app with a decorated endpoint, and an exception handler."""

    @starlette.require_privy_user(metadata={"role": "nobody"})
    async def item(request: StarletteRequest) -> PlainTextResponse:
        return PlainTextResponse("served")

    async def own(request: StarletteRequest, error: Exception) -> PlainTextResponse:
        return PlainTextResponse(OWN, 418)

    app = Starlette(routes=[Route("/items/{id}", item)], exception_handlers={PrivyError: own})
    starlette.Privy(app, issuer_config(**settings))
    return lambda headers: TestClient(app).get("/items/1", headers=headers).text


def flask_app(**settings: Any) -> Ask:
    """Return an app with an error handler."""
    app = Flask(__name__)
    flask_privy.Privy(app, issuer_config(**settings))
    app.errorhandler(PrivyError)(lambda error: (OWN, 418))
    app.get("/items/<id>")(flask_privy.require_privy_user(metadata={"role": "nobody"})(lambda id: "served"))  # noqa: A006
    return lambda headers: app.test_client().get("/items/1", headers=headers).text


def litestar_app(**settings: Any) -> Ask:
    """Return an app with an exception handler."""

    @get("/items/{number:int}", guards=[litestar_privy.requires_privy_user(metadata={"role": "nobody"})])
    async def item(number: FromPath[int]) -> str:
        return "served"

    def own(_: Any, error: Exception) -> Response[str]:
        return Response(OWN, status_code=418)

    app = Litestar(
        [item], plugins=[litestar_privy.Privy(issuer_config(**settings))], exception_handlers={PrivyError: own}
    )
    return lambda headers: LitestarClient(app).get("/items/1", headers=headers).text


class Urls:
    """A URLconf for Django, which may be any object."""

    def __init__(self, route: str, view: Any) -> None:
        self.urlpatterns = [django_path(route, view)]


def django_app(view: Any, urls: Any = None, **settings: Any) -> Ask:
    """Return a project with one view."""

    def ask(headers: dict[str, str]) -> str:
        with override_settings(PRIVY=config, ROOT_URLCONF=urls or Urls("items/<int:number>", view)):
            return DjangoClient().get("/items/1", headers=headers).content.decode()

    config = issuer_config(**settings)
    return ask


@require_privy_user(metadata={"role": "nobody"})
def django_view(request: HttpRequest, number: int) -> HttpResponse:
    """Serve an item."""
    return HttpResponse("served")


@api_view(["GET"])
@permission_classes([PrivyUserRequired.where(metadata={"role": "nobody"})])
def rest_view(request: Any, number: int) -> RestResponse:
    """Serve an item with REST framework."""
    return RestResponse("served")


def ninja_urls() -> Any:
    """Return the URLconf of an API with its own handler."""
    api = NinjaAPI(urls_namespace="own-handlers", auth=privy_auth(metadata={"role": "nobody"}))

    @api.exception_handler(PrivyError)
    def own(request: HttpRequest, error: PrivyError) -> HttpResponse:
        return HttpResponse(OWN, status=418)

    @api.get("/items/{number}")
    def item(request: HttpRequest, number: int) -> str:
        return "served"

    return Urls("", api.urls)


def required(**words: Any) -> Any:
    """Return the dependency that requires a user."""
    return fastapi_privy.require(**words)


APPS: dict[str, Callable[..., Ask]] = {
    "fastapi current_user": lambda **settings: fastapi_app(fastapi_privy.current_user, **settings),
    "fastapi current_access": lambda **settings: fastapi_app(fastapi_privy.current_access, **settings),
    "fastapi optional_user": lambda **settings: fastapi_app(fastapi_privy.optional_user, **settings),
    "fastapi optional": lambda **settings: fastapi_app(fastapi_privy.optional(on_invalid="reject"), **settings),
    "fastapi require": lambda **settings: fastapi_app(required(metadata={"role": "nobody"}), **settings),
    "starlette": starlette_app,
    "flask": flask_app,
    "litestar": litestar_app,
    "django": lambda **settings: django_app(django_view, **settings),
    "rest framework": lambda **settings: django_app(rest_view, **settings),
    "ninja": lambda **settings: django_app(None, ninja_urls(), **settings),
}
CONDITIONAL = ("fastapi require", "starlette", "flask", "litestar", "django", "rest framework", "ninja")


def refusals(events: list[Event]) -> list[Refused]:
    """Return the refusals since the last call; every request has one event."""
    found = [event for event in events if isinstance(event, RequestEvent)]
    events.clear()
    assert all(isinstance(event, Refused) for event in found)
    return [event for event in found if isinstance(event, Refused)]


@pytest.mark.parametrize("name", [*APPS])
def test_bad_token(name: str) -> None:
    """The event has the status that the library would have answered with."""
    events: list[Event] = []
    ask = APPS[name](on_event=events.append)
    assert "served" not in ask(INVALID_HEADER)
    (event,) = refusals(events)
    assert (event.code, event.status) == ("malformed_token", 401)
    assert event.route is not None
    assert event.route.startswith(("/items/{", "/items/<"))


@pytest.mark.parametrize("name", CONDITIONAL)
def test_condition(name: str) -> None:
    """A condition that is not met is named."""
    events: list[Event] = []
    ask = APPS[name](on_event=events.append)
    assert "served" not in ask(identity_header())
    (event,) = refusals(events)
    assert (event.code, event.status) == ("condition_not_met", 403)
    assert "nobody" in (event.condition or "")
    assert (event.kind, event.source) == ("identity", "header")


@pytest.mark.parametrize("name", [name for name in APPS if "optional" not in name])
def test_missing_token(name: str) -> None:
    """The event says where a token was looked for."""
    events: list[Event] = []
    ask = APPS[name](on_event=events.append)
    assert "served" not in ask({})
    (event,) = refusals(events)
    assert (event.code, event.status) == ("missing_token", 401)
    assert "header privy-id-token" in event.reason
