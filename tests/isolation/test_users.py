"""Each response has the user of its own request's token, however many requests run at once."""

from __future__ import annotations

import dataclasses
import logging
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from privy_middleware.asgi import ASGIApp
from tests.isolation.apps import LATER, asgi_app, fastapi_app, flask_app, starlette_app, wsgi_app
from tests.isolation.traffic import CONFIG, REQUESTS, TASKS, THREADS, Outcome, Request, ask_asgi, ask_wsgi, requests

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Mistake = tuple[Request, Outcome]

DJANGO = "django_privy.middleware.PrivyMiddleware"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Do not log the many errors that the apps raise, and start without records."""
    LATER.clear()
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def hasty() -> Iterator[None]:
    """Make threads switch much more often than normally."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture(params=[False, True], ids=["once", "twice"])
def double(request: pytest.FixtureRequest) -> bool:
    """Return whether the middleware is installed twice."""
    return bool(request.param)


@pytest.fixture
def django(double: bool) -> Iterator[None]:
    """Set up Django."""
    with override_settings(
        PRIVY=CONFIG,
        ROOT_URLCONF="tests.isolation.django_pages",
        MIDDLEWARE=[DJANGO] * (1 + double),
        INSTALLED_APPS=["django_privy"],
    ):
        yield


@pytest.fixture(params=["wsgi", "flask", "django"])
def sync_app(request: pytest.FixtureRequest, double: bool) -> WSGIApplication:
    """Return an app that runs in threads."""
    if request.param == "django":
        request.getfixturevalue("django")
        return cast("WSGIApplication", WSGIHandler())
    return {"wsgi": wsgi_app, "flask": flask_app}[request.param](double=double)


@pytest.fixture(params=["asgi", "starlette", "fastapi", "django"])
def async_app(request: pytest.FixtureRequest, double: bool) -> ASGIApp:
    """Return an app that runs in tasks."""
    if request.param == "django":
        request.getfixturevalue("django")
        return cast(ASGIApp, ASGIHandler())
    return {"asgi": asgi_app, "starlette": starlette_app, "fastapi": fastapi_app}[request.param](double=double)


def check(sent: list[Request], mistakes: list[Mistake]) -> None:
    """Check that no request had another user, in its response or afterwards."""
    assert mistakes == []
    expected = {dict(each.headers)["X-Marker"]: each.user_id for each in sent if each.path.endswith("/later")}
    assert dict(LATER) == expected
    assert len(LATER) == len(expected)


@pytest.mark.usefixtures("hasty")
def test_threads(sync_app: WSGIApplication) -> None:
    """Each thread handles requests with users, without users, with invalid tokens and with errors."""
    shares = [list(requests(REQUESTS // THREADS, seed)) for seed in range(THREADS)]
    mistakes: list[Mistake] = []
    together = threading.Barrier(THREADS)

    def work(share: list[Request]) -> None:
        together.wait()
        for request in share:
            outcome = ask_wsgi(sync_app, request)
            if outcome != request.outcome:
                mistakes.append((request, outcome))

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check([request for share in shares for request in share], mistakes)


def test_tasks(async_app: ASGIApp) -> None:
    """All requests run at the same time, with one state that the server passes to each of them."""
    sent, mistakes, state = list(requests(TASKS, seed=1)), list[Mistake](), {"database": "open"}
    on_django = isinstance(async_app, ASGIHandler)
    if on_django:
        sent = [dataclasses.replace(request, path=f"/async{request.path}") for request in sent]

    async def work(request: Request) -> None:
        outcome = await ask_asgi(async_app, request, state)
        if outcome != request.outcome:
            mistakes.append((request, outcome))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for request in sent:
                group.start_soon(work, request)

    backends: list[Any] = ["asyncio"] if on_django else ["asyncio", "trio"]
    for backend in backends:
        LATER.clear()
        anyio.run(main, backend=backend)
        check(sent, mistakes)
    assert state == {"database": "open"}
