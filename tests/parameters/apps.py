"""An app in each framework, whose view is protected with ``owns_wallet`` and reads the address in all possible ways."""

from __future__ import annotations

import functools
import json
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Annotated, Any

from anyio import from_thread
from asgiref.sync import async_to_sync
from django.http import HttpRequest, JsonResponse, QueryDict
from django.test import AsyncClient, Client, override_settings
from django.test.client import FakePayload
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from fastapi import Body, Depends, FastAPI
from flask import Flask, g, request
from litestar import Litestar
from litestar import Request as LitestarRequest
from litestar import route as litestar_route
from ninja import NinjaAPI
from rest_framework.parsers import BaseParser, FormParser, JSONParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from django_privy import require_privy_user as django_require
from django_privy.ninja import privy_auth
from django_privy.rest_framework import PrivyUserRequired
from fastapi_privy import Privy as FastAPIPrivy
from fastapi_privy import require
from fastapi_privy.starlette import Privy as StarlettePrivy
from fastapi_privy.starlette import require_privy_user as starlette_require
from flask_privy import Privy as FlaskPrivy
from flask_privy import require_privy_user as flask_require
from litestar_privy import Privy as LitestarPrivy
from litestar_privy import requires_privy_user
from tests.parameters.readers import found_in, read_raw
from tests.support.issued import identity_header, issuer_config

__all__ = ["APPS", "METHODS", "READS_FIRST", "Answer", "Send", "django_project"]

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
OWNER: dict[str, Any] = {"owns_wallet": "address"}

Answer = tuple[int, set[str]]
Send = Callable[[str, str, Mapping[str, str], bytes], Answer]


def attempt(read: Callable[[], Any]) -> list[tuple[Any, Any]]:
    """Return the pairs that a reader of a framework returns, or none if it raises an error."""
    try:
        value = read()
        return [(name, each) for name, each in (value.items() if hasattr(value, "items") else value)]
    except Exception:
        return []


# Flask


def flask_view(address: str = "") -> list[str]:
    """Read the address in all ways."""
    raw = request.get_data()
    ways: list[Callable[[], Any]] = [
        lambda: request.args.items(multi=True),
        lambda: request.form.items(multi=True),
        lambda: request.files.items(multi=True),
        lambda: request.values.items(multi=True),
        lambda: request.get_json(force=True),
        lambda: {"address": address} if address else {},
    ]
    return [*read_raw(raw, request.content_type or ""), *(each for way in ways for each in found_in(attempt(way)))]


def flask_app(*, form_first: bool = False) -> Send:
    """Return a function that sends to an app, which may parse the form first, as extensions do."""
    app = Flask(__name__)
    FlaskPrivy(app, issuer_config())
    if form_first:
        app.before_request(lambda: setattr(g, "form", request.form))
    view = flask_require(**OWNER)(flask_view)
    app.add_url_rule("/owned", view_func=view, methods=METHODS)
    app.add_url_rule("/owned/<address>", view_func=view, methods=METHODS)

    def send(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = app.test_client().open(target, method=method, headers={**identity_header(), **headers}, data=body)
        return answer.status_code, set(answer.get_json()) if answer.status_code == 200 else set()

    return send


# Django, REST framework and django-ninja


def django_readings(request: HttpRequest, address: str) -> JsonResponse:
    """Read the address in all ways."""
    raw = request.body
    ways: list[Callable[[], Any]] = [
        request.GET.lists,
        lambda: dict(request.POST.lists()),
        lambda: dict(request.FILES.lists()),
        lambda: QueryDict(raw).lists(),
        lambda: json.loads(raw),
        lambda: {"address": address} if address else {},
    ]
    pairs = [pair for way in ways for pair in attempt(way)]
    flat = [(name, value) for name, each in pairs for value in (each if isinstance(each, list) else [each])]
    return JsonResponse([*read_raw(raw, request.META.get("CONTENT_TYPE", "")), *found_in(flat)], safe=False)


@csrf_exempt
@django_require(**OWNER)
def django_view(request: HttpRequest, address: str = "") -> JsonResponse:
    """Read the address in all ways."""
    return django_readings(request, address)


@csrf_exempt
@django_require(**OWNER)
async def django_aview(request: HttpRequest, address: str = "") -> JsonResponse:
    """Read the address in all ways, in an async view."""
    return django_readings(request, address)


class Lines(BaseParser):
    """A parser of a custom format: a name and a value in each line."""

    media_type = "application/x-lines"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> dict[str, str]:
        """Return the values of the lines."""
        return dict(line.split(": ", 1) for line in stream.read().decode().splitlines())


class RestView(APIView):
    """Read the data that REST framework parsed."""

    authentication_classes = ()
    permission_classes = (PrivyUserRequired.where(**OWNER),)
    parser_classes = (JSONParser, FormParser, MultiPartParser, Lines)

    def get(self, request: Any, address: str = "") -> Response:
        """Return the result of each way."""
        # First the body, since REST framework parses the stream.
        raw = request._request.body
        data = attempt(lambda: request.data.lists() if hasattr(request.data, "lists") else request.data)
        flat = [(name, value) for name, each in data for value in (each if isinstance(each, list) else [each])]
        url = [*request.query_params.items(), *([("address", address)] if address else [])]
        return Response([*read_raw(raw, request.content_type), *found_in([*flat, *url])])

    post = put = patch = delete = get


@functools.cache
def ninja_urls() -> Any:
    """Return the URLs of an API, which can be created only once."""
    api = NinjaAPI(auth=privy_auth(**OWNER), docs_url=None, openapi_url=None, urls_namespace="parameters")

    def view(request: HttpRequest) -> Any:
        return django_readings(request, "")

    def view_of_path(request: HttpRequest, address: str) -> Any:
        return django_readings(request, address)

    api.api_operation(METHODS, "/owned")(view)
    api.api_operation(METHODS, "/owned/{address}")(view_of_path)
    return api.urls


@contextmanager
def django_project() -> Iterator[None]:
    """Use a Django project with all of these views."""
    urls: Any = types.ModuleType("urls")
    views: dict[str, Any] = {"sync": django_view, "async": django_aview, "rest": RestView.as_view()}
    urls.urlpatterns = [path("ninja/", ninja_urls())]
    for name, view in views.items():
        urls.urlpatterns += [path(f"{name}/owned", view), path(f"{name}/owned/<address>", view)]
    with override_settings(
        PRIVY=issuer_config(),
        ROOT_URLCONF=urls,
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware", "django_privy.middleware.PrivyMiddleware"],
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "django_privy"],
    ):
        yield


def django_app(name: str) -> Send:
    """Return a function that sends to the project's views of one kind, over WSGI."""

    def send(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        content_type = headers.get("content-type", "")
        others: Any = {key: value for key, value in headers.items() if key != "content-type"}
        answer = Client().generic(
            method, f"/{name}{target}", body, content_type, headers={**identity_header(), **others}
        )
        return answer.status_code, set(json.loads(answer.content)) if answer.status_code == 200 else set()

    return send


def django_asgi_app(name: str) -> Send:
    """Return a function that sends to the project's views of one kind, over ASGI."""

    def send(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        route, _, query = target.partition("?")
        sent = {**identity_header(), **headers, "content-length": str(len(body))}
        answer = async_to_sync(AsyncClient().request)(
            method=method,
            path=f"/{name}{route}",
            query_string=query.encode(),
            headers=[(key.encode(), value.encode("latin-1")) for key, value in sent.items()],
            _body_file=FakePayload(body),
        )
        return answer.status_code, set(json.loads(answer.content)) if answer.status_code == 200 else set()

    return send


# Starlette and FastAPI


async def read_request(request: Request) -> list[str]:
    """Read the address in all ways."""
    raw = await request.body()
    pairs = [*request.query_params.multi_items(), *request.path_params.items()]
    with suppress(Exception):
        async with request.form() as form:
            pairs += form.multi_items()
    with suppress(Exception):
        pairs += attempt((await request.json()).items)
    return [*read_raw(raw, request.headers.get("content-type", "")), *found_in(pairs)]


def testing(app: Any) -> Send:
    """Return a function that sends to an ASGI app."""
    client = TestClient(app, headers=identity_header())

    def send(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = client.request(method, target, headers=dict(headers), content=body)
        return answer.status_code, set(answer.json()) if answer.status_code == 200 else set()

    return send


def starlette_app(*, in_thread: bool = False) -> Send:
    """Return a function that sends to an app whose endpoint is async, or runs in a thread."""

    @starlette_require(**OWNER)
    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse(await read_request(request))

    @starlette_require(**OWNER)
    def sync_endpoint(request: Request) -> JSONResponse:
        return JSONResponse(from_thread.run(read_request, request))

    function: Any = sync_endpoint if in_thread else endpoint
    app = Starlette(routes=[Route(each, function, methods=METHODS) for each in ("/owned", "/owned/{address}")])
    StarlettePrivy(app, issuer_config())
    return testing(app)


def fastapi_app(*, any_body: bool = False) -> Send:
    """Return a function that sends to an app whose endpoint accepts the request, or a body of any kind."""
    app = FastAPI(strict_content_type=False)
    FastAPIPrivy(app, issuer_config())

    async def endpoint(request: Request) -> list[str]:
        return await read_request(request)

    async def of_any_body(request: Request, body: Annotated[Any, Body()] = None) -> list[str]:
        raw = body if isinstance(body, bytes) else b""
        return [*await read_request(request), *found_in(attempt(lambda: body)), *read_raw(raw, "")]

    for each in ("/owned", "/owned/{address}"):
        function: Any = of_any_body if any_body else endpoint
        app.api_route(each, methods=METHODS, dependencies=[Depends(require(**OWNER))])(function)
    return testing(app)


# Litestar

LITESTAR_OPTIONS: dict[str, Any] = {"http_method": METHODS, "guards": [requires_privy_user(**OWNER)]}


@litestar_route(["/owned", "/owned/{address:str}"], status_code=200, **LITESTAR_OPTIONS)
async def litestar_handler(request: LitestarRequest[Any, Any, Any]) -> list[str]:
    """Read everything."""
    raw = await request.body()
    pairs = [*request.query_params.multi_items(), *request.path_params.items()]
    for read in (request.json, request.form, request.msgpack):
        with suppress(Exception):
            value: Any = await read()
            pairs += attempt(getattr(value, "multi_items", value.items))
    return [*read_raw(raw, request.headers.get("content-type", "")), *found_in(pairs)]


def litestar_app() -> Send:
    """Return how to send to an app."""
    return testing(Litestar([litestar_handler], plugins=[LitestarPrivy(issuer_config())], logging_config=None))


APPS: dict[str, Callable[[], Send]] = {
    "flask": flask_app,
    "flask-form-first": lambda: flask_app(form_first=True),
    "django": lambda: django_app("sync"),
    "django-async": lambda: django_app("async"),
    "django-asgi": lambda: django_asgi_app("sync"),
    "django-asgi-async": lambda: django_asgi_app("async"),
    "django-rest": lambda: django_app("rest"),
    "django-ninja": lambda: django_app("ninja"),
    "starlette": starlette_app,
    "starlette-thread": lambda: starlette_app(in_thread=True),
    "fastapi": fastapi_app,
    "fastapi-any": lambda: fastapi_app(any_body=True),
    "litestar": litestar_app,
}
# Here the framework has read the body before the condition runs, and may have rejected it.
READS_FIRST = {"flask-form-first", "fastapi-any"}
