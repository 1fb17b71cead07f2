"""Caching headers, and that no token is verified if nothing uses the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, make_response, send_file, stream_with_context

from flask_privy import Privy, optional_privy_user, privy_auth, privy_user
from privy_middleware import PrivyError
from privy_middleware.development import DevelopmentIssuer
from tests.flask.conftest import Header

VARY = "Cookie, privy-id-token, Authorization"


@pytest.fixture
def client(app: Flask) -> Any:
    """Return a client of an app with views that use the user and one that does not."""
    app.get("/blind", endpoint="blind")(lambda: "blind")
    app.get("/look", endpoint="look")(lambda: str(bool(privy_user)))
    app.get("/optional", endpoint="optional")(optional_privy_user(lambda: "optional"))

    @app.get("/own")
    def own() -> Any:
        response = make_response(str(privy_auth.presented))
        response.headers.add("Vary", "Accept")
        response.headers.add("Vary", "cookie")
        response.headers["Cache-Control"] = "max-age=60"
        return response

    return app.test_client(use_cookies=False)


def test_nothing_is_verified_where_nobody_looks(make_app: Callable[..., Flask], expired: Header, ada: Header) -> None:
    """An invalid token for a view that does not use the user is neither rejected nor reported, and fetches no keys."""
    refused: list[PrivyError] = []
    app = make_app(jwks_url="http://127.0.0.1:1/jwks.json", on_refused=refused.append)
    app.get("/", endpoint="index")(lambda: "hello")
    for headers in (expired, ada, {"privy-id-token": "garbage"}):
        answer = app.test_client().get("/", headers=headers)
        assert (answer.status_code, "Vary" in answer.headers, "Cache-Control" in answer.headers) == (200, False, False)
    assert refused == []


@pytest.mark.parametrize("path", ["/look", "/optional"])
def test_answers_that_looked_vary(client: Any, ada: Header, path: str) -> None:
    """A view that uses the user varies even without a token; with a token the response is private."""
    answer = client.get(path)
    assert (answer.headers["Vary"], "Cache-Control" in answer.headers) == (VARY, False)
    answer = client.get(path, headers=ada)
    assert (answer.headers["Vary"], answer.headers["Cache-Control"]) == (VARY, "private, no-store")


def test_bad_token_is_private_too(client: Any, expired: Header) -> None:
    """The response to an invalid token is private too, even if the view requires no user."""
    assert client.get("/look", headers=expired).headers["Cache-Control"] == "private, no-store"


def test_a_stream_may_yet_look(app: Flask, ada: Header) -> None:
    """Its headers are sent before the generator runs, which may use the user; a file has a length and cannot."""

    @app.get("/stream")
    def stream() -> Response:
        return Response(stream_with_context(str(privy_user.id) for _ in range(1)))

    app.get("/file", endpoint="file")(lambda: send_file(__file__))
    answer = app.test_client().get("/stream", headers=ada)
    assert answer.data == b"did:privy:dev-ada"
    assert (answer.headers["Vary"], answer.headers["Cache-Control"]) == (VARY, "private, no-store")
    with app.test_client().get("/file", headers=ada) as sent:
        assert "Vary" not in sent.headers


def test_a_revalidated_file_stays_in_the_cache(tmp_path: Path, issuer: DevelopmentIssuer, ada: Header) -> None:
    """A 304 does not change the stored response (RFC 9111 §4.3.4), even if the request has a token."""
    (tmp_path / "style.css").write_text("p {}")
    app = Flask(__name__, static_folder=str(tmp_path), static_url_path="/static")
    Privy(app, issuer.config())
    client = app.test_client()
    with client.get("/static/style.css", headers=ada) as first:
        assert "Vary" not in first.headers
        own = first.headers["Cache-Control"]
    with client.get("/static/style.css", headers={**ada, "If-None-Match": first.headers["ETag"]}) as again:
        assert (again.status_code, again.headers.get("Vary"), again.headers["Cache-Control"]) == (304, None, own)


@pytest.mark.parametrize("status", [103, 204, 304])
def test_answers_without_content(app: Flask, ada: Header, status: int) -> None:
    """They never count as streams; if the view used the user, they get the headers."""

    def nothing() -> Iterator[str]:
        yield from ()

    app.get("/blind", endpoint="blind")(lambda: Response(nothing(), status))
    app.get("/look", endpoint="look")(lambda: Response(nothing(), status if privy_user.id else 500))
    client = app.test_client()
    blind, looked = client.get("/blind", headers=ada), client.get("/look", headers=ada)
    assert not {"Vary", "Cache-Control"} & {*blind.headers.keys()}
    assert looked.status_code == status
    assert (looked.headers["Vary"], looked.headers["Cache-Control"]) == (VARY, "private, no-store")


def test_answers_in_one_part(app: Flask, ada: Header) -> None:
    """Without a length, they are still distinguished from streams."""

    @app.get("/list")
    def parts() -> Response:
        return Response([b"one part"])

    assert not {"Vary", "Cache-Control"} & {*app.test_client().get("/list", headers=ada).headers.keys()}


def test_own_headers_are_kept(client: Any, ada: Header) -> None:
    """``Vary`` is merged into one header, and the app's ``Cache-Control`` is kept."""
    answer = client.get("/own", headers=ada)
    assert answer.headers.getlist("Vary") == ["Accept, cookie, privy-id-token, Authorization"]
    assert answer.headers["Cache-Control"] == "max-age=60"


def test_refusal_varies_on_what_is_read(make_app: Callable[..., Flask], issuer: DevelopmentIssuer) -> None:
    """If a header name is configured, the responses vary on it."""
    app = make_app(identity_header="x-identity")
    app.get("/", endpoint="index")(lambda: privy_auth.require().id)
    refused = app.test_client().get("/", headers={"privy-id-token": issuer.identity_token("ada")})
    answered = app.test_client().get("/", headers={"x-identity": issuer.identity_token("ada")})
    assert (refused.status_code, answered.status_code) == (401, 200)
    assert "x-identity" in refused.headers["Vary"]
    assert "x-identity" in answered.headers["Vary"]
