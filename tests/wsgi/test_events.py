"""Events of apps that fail, or that are generators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from privy_middleware import PrivyWSGIMiddleware
from privy_middleware.events import Authenticated, Event, Refused
from tests.behaviour.clients.wsgi import call, environ_of
from tests.support.issued import identity_header, issuer_config


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_an_app_that_fails(error: type[BaseException]) -> None:
    """The decision is reported, and the server gets the exception."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        raise error

    events: list[Event] = []
    middleware = PrivyWSGIMiddleware(app, issuer_config(on_event=events.append))
    with pytest.raises(error):
        middleware(environ_of("GET", "/", [*identity_header().items()]), lambda *_: lambda _: None)
    assert [type(event) for event in events] == [Authenticated]


def test_a_generator_that_refuses() -> None:
    """Its code runs when the response is read."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        environ["privy_middleware.auth"].require()
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"served"

    events: list[Event] = []
    middleware = PrivyWSGIMiddleware(app, issuer_config(on_event=events.append))
    assert call(middleware, environ_of("GET", "/")).status == 401
    assert call(middleware, environ_of("GET", "/", [*identity_header().items()])).status == 200
    assert [type(event) for event in events] == [Refused, Authenticated]
