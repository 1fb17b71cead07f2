"""WebSockets of every example app, on servers that support denial responses and on those that do not."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

import pytest

from tests.behaviour.client import Client
from tests.support.issued import ADA, INVALID_HEADER, identity_cookie, identity_header, issuer_config


@pytest.fixture(params=["asgi", "starlette", "fastapi", "litestar"])
def make_client(request: pytest.FixtureRequest) -> Iterator[Callable[[bool], Client]]:
    """Return a function that creates clients of each example app."""
    module = importlib.import_module(f"tests.behaviour.clients.{request.param}")
    made: list[Client] = []

    def make(denial: bool) -> Client:
        made.append(module.make_client(issuer_config(), denial=denial))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize("denial", [True, False])
def test_accepted(make_client: Callable[[bool], Client], denial: bool) -> None:
    """An accepted WebSocket receives the user's ID, and echoes."""
    answer = make_client(denial).websocket("/ws", [*identity_header().items()])
    assert (answer.accepted, answer.first, answer.echo) == (True, {"user_id": ADA}, "ping")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (INVALID_HEADER, 401),
        ({**identity_cookie(), "Host": "app.example", "Origin": "https://evil.example"}, 403),
    ],
)
def test_refused(make_client: Callable[[bool], Client], headers: dict[str, str], status: int) -> None:
    """A rejected handshake gets the error response of a page, or a close with the code for policy violations."""
    answer = make_client(True).websocket("/ws", [*headers.items()])
    assert not answer.accepted
    assert answer.denial is not None
    assert answer.denial.status == status
    assert make_client(False).websocket("/ws", [*headers.items()]).close_code == 1008
