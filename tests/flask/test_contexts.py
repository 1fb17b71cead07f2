"""Requests are isolated from each other: contexts, threads, streams and nested clients."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from flask import Flask, Response, copy_current_request_context, g, request, stream_with_context

from flask_privy import privy_auth, privy_user, require_privy_user
from privy_middleware.development import DevelopmentIssuer
from tests.flask.conftest import ADA, GRACE, UNAUTHORIZED, Header, seen
from tests.support.patience import PATIENCE


def name_of_user() -> str | None:
    """Return the ID of the user of the current request."""
    user = privy_auth.user
    return user.id if user else None


def test_g_holds_nothing_and_decides_nothing(app: Flask, ada: Header) -> None:
    """``g`` can outlive a request if an app context was pushed around it, so nothing is stored there."""

    @app.get("/")
    def index() -> dict[str, Any]:
        g.privy_user = g.user = "somebody"
        return {"id": name_of_user(), "kept": sorted(name for name in g if "privy" in name)}

    with app.app_context():
        client = app.test_client()
        assert seen(client.get("/", headers=ada)) == (200, {"id": ADA, "kept": ["privy_user"]})
        assert seen(client.get("/")) == (200, {"id": None, "kept": ["privy_user"]})


def test_nested_clients(make_app: Callable[..., Flask], ada: Header, grace: Header) -> None:
    """A view that sends a request to its own app or another still has its own user afterwards."""
    app, other = make_app(), make_app()
    for each in (app, other):
        each.get("/inner")(require_privy_user(lambda: {"id": privy_user.id}))

    @app.get("/outer")
    def outer() -> dict[str, Any]:
        before = name_of_user()
        inner = [seen(each.test_client().get("/inner", headers=grace))[1]["id"] for each in (app, other)]
        nobody = [seen(each.test_client().get("/inner")) for each in (app, other)]
        return {"ids": [before, *inner, name_of_user()], "nobody": nobody}

    status, body = seen(app.test_client().get("/outer", headers=ada))
    assert (status, body["ids"]) == (200, [ADA, GRACE, GRACE, ADA])
    assert [tuple(each) for each in body["nobody"]] == [UNAUTHORIZED, UNAUTHORIZED]


def test_user_first_asked_for_after_a_nested_request(app: Flask, ada: Header, grace: Header) -> None:
    """A user that is first used after a nested request is not that of the nested request."""
    app.get("/inner", endpoint="inner")(lambda: {"id": name_of_user()})

    @app.get("/outer")
    def outer() -> dict[str, Any]:
        inner = seen(app.test_client().get("/inner", headers=grace))
        return {"inner": inner[1]["id"], "id": name_of_user()}

    assert seen(app.test_client().get("/outer", headers=ada)) == (200, {"inner": GRACE, "id": ADA})
    assert seen(app.test_client().get("/outer")) == (200, {"inner": GRACE, "id": None})


def test_pushed_contexts(app: Flask, ada: Header, grace: Header) -> None:
    """Request contexts that are pushed manually have separate users."""
    with app.test_request_context(headers=ada):
        assert name_of_user() == ADA
        with app.test_request_context(headers=grace):
            assert name_of_user() == GRACE
            with app.test_request_context():
                assert name_of_user() is None
        assert name_of_user() == ADA


def test_copied_context(app: Flask, ada: Header, grace: Header) -> None:
    """A thread with a copied request context gets the user of that request, whether or not it was used before."""

    @app.get("/<when>")
    def index(when: str) -> dict[str, Any]:
        found: list[str | None] = [name_of_user()] if when == "after" else []
        work = copy_current_request_context(lambda: found.append(name_of_user()))
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return {"found": found}

    client = app.test_client()
    assert seen(client.get("/before", headers=ada)) == (200, {"found": [ADA]})
    assert seen(client.get("/after", headers=grace)) == (200, {"found": [GRACE, GRACE]})
    assert seen(client.get("/after")) == (200, {"found": [None, None]})


def test_bare_thread_has_no_request(app: Flask, ada: Header) -> None:
    """A thread without a request context gets an error, not a user."""

    @app.get("/")
    def index() -> dict[str, Any]:
        with ThreadPoolExecutor(1) as pool:
            return {"error": str(pool.submit(name_of_user).exception())}

    status, body = seen(app.test_client().get("/", headers=ada))
    assert (status, "outside of request context" in body["error"]) == (200, True)


def test_copied_context_variables(app: Flask, ada: Header) -> None:
    """Copied context variables give access to the request, but not after it has ended."""
    with app.test_request_context(headers=ada):
        copied = contextvars.copy_context()
        assert copied.run(name_of_user) == ADA
    with app.test_request_context():
        assert name_of_user() is None


def test_stream(app: Flask, ada: Header, grace: Header) -> None:
    """A streamed response keeps its user until the end, while other requests are handled between its parts."""

    @app.get("/")
    @require_privy_user
    def index() -> Response:
        def parts() -> Iterator[str]:
            for _ in range(3):
                yield f"{name_of_user()} "

        return Response(stream_with_context(parts()))

    barrier = threading.Barrier(2)

    def read(headers: Header) -> tuple[str, bytes]:
        with app.test_client().get("/", headers=headers) as response:
            parts = [(part, barrier.wait(PATIENCE))[0] for part in response.iter_encoded()]
            return response.headers["Cache-Control"], b"".join(parts)

    with ThreadPoolExecutor(2) as pool:
        read_by = list(pool.map(read, (ada, grace)))
    assert read_by == [("private, no-store", f"{did} ".encode() * 3) for did in (ADA, GRACE)]


def test_teardown_and_after_request_see_the_user(app: Flask, ada: Header) -> None:
    """The user is available until the request ends."""
    found: list[str | None] = []

    @app.after_request
    def after(response: Response) -> Response:
        found.append(name_of_user())
        return response

    app.teardown_request(lambda error: found.append(name_of_user()))
    app.get("/", endpoint="index")(lambda: "hello")
    app.test_client().get("/", headers=ada)
    app.test_client().get("/")
    assert found == [ADA, ADA, None, None]


def test_error_in_a_view_leaves_no_user_behind(app: Flask, ada: Header) -> None:
    """The next request on the same thread does not get the user."""

    @app.get("/bug")
    @require_privy_user
    def bug() -> str:
        raise ZeroDivisionError

    app.get("/who")(lambda: {"id": name_of_user()})
    client = app.test_client()
    assert client.get("/bug", headers=ada).status_code == 500
    assert seen(client.get("/who")) == (200, {"id": None})


def test_client_that_keeps_its_context(app: Flask, ada: Header) -> None:
    """A test can use the user after its request, and that of the next request afterwards."""
    app.get("/", endpoint="index")(lambda: "hello")
    with app.test_client() as client:
        client.get("/", headers=ada)
        assert (name_of_user(), request.privy_user.id) == (ADA, ADA)  # type: ignore[attr-defined]
        client.get("/")
        assert name_of_user() is None


def test_many_threads(app: Flask, issuer: DevelopmentIssuer) -> None:
    """Concurrent requests with different users are never mixed up, in sync and async views."""
    names = ("ada", "grace", "alan", "guest")

    @app.get("/sync")
    @require_privy_user
    def sync_view() -> dict[str, Any]:
        before = privy_user.id
        barrier.wait(PATIENCE)
        return {"ids": [before, privy_user.id]}

    @app.get("/async")
    @require_privy_user
    async def async_view() -> dict[str, Any]:
        before = privy_user.id
        barrier.wait(PATIENCE)
        await asyncio.sleep(0)
        return {"ids": [before, privy_user.id]}

    barrier = threading.Barrier(len(names) * 2)
    tokens = {name: {"privy-id-token": issuer.identity_token(name)} for name in names}

    def ask(path: str, name: str) -> tuple[str, list[str]]:
        return f"did:privy:dev-{name}", app.test_client().get(path, headers=tokens[name]).get_json()["ids"]

    with ThreadPoolExecutor(barrier.parties) as pool:
        for _ in range(10):
            asked = [pool.submit(ask, path, name) for path in ("/sync", "/async") for name in names]
            for each in asked:
                did, ids = each.result()
                assert ids == [did, did]


@pytest.mark.parametrize("looks_first", [True, False])
def test_copies_of_a_request(app: Flask, ada: Header, looks_first: bool) -> None:
    """Copies of a request have the same user, and using it on a copy counts for the request."""

    @app.get("/copy")
    def view() -> str:
        current = cast(Any, request)._get_current_object()
        if looks_first:
            assert current.privy_user.id == ADA
        copied = copy.copy(current)
        assert copied is not current
        assert copy.deepcopy(copied.privy_lookup) is copied.privy_lookup
        return str(copied.privy_user.id)

    answer = app.test_client().get("/copy", headers=ada)
    assert answer.text == ADA
    assert answer.headers["Cache-Control"] == "private, no-store"
