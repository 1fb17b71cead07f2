"""Starlette and FastAPI apps behave the same with and without the plugin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

import fastapi_privy
from fastapi_privy import CurrentUser
from fastapi_privy.starlette import Privy, privy_auth, require_privy_user
from privy_middleware import PrivyMiddleware
from tests.support.issued import ADA, identity_header, issuer_config

VARY = "Cookie, privy-id-token, Authorization"


def said(answer: Any) -> dict[str, str]:
    """Return the caching headers of a response."""
    return {name: answer.headers[name] for name in ("vary", "cache-control") if name in answer.headers}


@pytest.mark.parametrize("make", [Starlette, FastAPI])
def test_a_static_file_that_was_revalidated_stays_in_the_cache(make: Callable[[], Any], tmp_path: Path) -> None:
    """A 304 does not change the stored response (RFC 9111 §4.3.4), even if the request has a token."""
    (tmp_path / "style.css").write_text("p {}")
    app = make()
    app.mount("/static", StaticFiles(directory=tmp_path))
    (Privy if make is Starlette else fastapi_privy.Privy)(app, issuer_config())
    client = TestClient(app)
    first = client.get("/static/style.css")
    assert said(first) == {"vary": VARY}
    for headers in ({}, identity_header()):
        again = client.get("/static/style.css", headers={**headers, "If-None-Match": first.headers["etag"]})
        assert (again.status_code, said(again)) == (304, {})


def test_static_files_outside(tmp_path: Path) -> None:
    """Static files that are mounted outside the middleware can be cached."""
    (tmp_path / "style.css").write_text("p {}")

    async def who(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.privy_user.id)

    api = Starlette(routes=[Route("/who", who)])
    app = Starlette(
        routes=[Mount("/static", StaticFiles(directory=tmp_path)), Mount("/", PrivyMiddleware(api, issuer_config()))]
    )
    client = TestClient(app)
    assert said(client.get("/static/style.css", headers=identity_header())) == {}
    assert client.get("/who", headers=identity_header()).text == ADA


def test_answers_without_content_to_a_user() -> None:
    """Our accessors mark the response as dependent on the user."""

    async def blind(request: Request) -> Response:
        return Response(status_code=204)

    async def looking(request: Request) -> Response:
        privy_auth(request)
        return Response(status_code=204)

    app = Starlette(
        routes=[Route("/blind", blind), Route("/look", looking), Route("/required", require_privy_user(blind))]
    )
    Privy(app, issuer_config())
    client = TestClient(app)
    assert said(client.get("/blind", headers=identity_header())) == {}
    for path in ("/look", "/required"):
        assert said(client.get(path, headers=identity_header())) == {"vary": VARY, "cache-control": "private, no-store"}


def test_answers_without_content_to_a_dependency() -> None:
    """The response of a FastAPI route that requires a user depends on it."""
    app = FastAPI()
    fastapi_privy.Privy(app, issuer_config())

    @app.get("/blind", status_code=204)
    async def blind() -> None:
        """Return an empty response."""

    @app.get("/user", status_code=204)
    async def user(user: CurrentUser) -> None:
        """Return an empty response to a user."""

    client = TestClient(app)
    assert said(client.get("/blind", headers=identity_header())) == {}
    assert said(client.get("/user", headers=identity_header())) == {"vary": VARY, "cache-control": "private, no-store"}


@pytest.mark.parametrize("base", [True, False])
def test_middleware_outside_sees_what_the_app_leaves_in_the_state(base: bool) -> None:
    """``request.state`` is shared, as always in Starlette, except for the user."""
    seen: list[dict[str, Any]] = []

    async def outside(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.outside = True
        response = await call_next(request)
        seen.append(dict(request.state._state))
        return response

    class Outside:
        """A plain ASGI middleware that keeps a reference to the state."""

        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            state = scope.setdefault("state", {})
            state["outside"] = True
            await self.app(scope, receive, send)
            seen.append(state)

    async def inside(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.inside = True
        return await call_next(request)

    async def page(request: Request) -> PlainTextResponse:
        assert request.state.outside
        assert request.state.inside
        request.state.page = request.state.privy_user.id
        return PlainTextResponse("page")

    app = Starlette(routes=[Route("/", page)], middleware=[Middleware(BaseHTTPMiddleware, dispatch=inside)])
    Privy(app, issuer_config())
    app.add_middleware(BaseHTTPMiddleware, dispatch=outside) if base else app.add_middleware(Outside)
    assert TestClient(app).get("/", headers=identity_header()).text == "page"
    assert seen == [{"outside": True, "inside": True, "page": ADA}]
