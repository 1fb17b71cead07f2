"""WebSockets of every example app, on servers that can deny a handshake and on those that cannot."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

import pytest

from tests.asgi.tokens import ADA, BAD, config, cookie, identity
from tests.behaviour.client import Client


@pytest.fixture(params=["asgi", "starlette", "fastapi", "litestar"])
def make_client(request: pytest.FixtureRequest) -> Iterator[Callable[[bool], Client]]:
    """Build clients of each example app."""
    module = importlib.import_module(f"tests.behaviour.clients.{request.param}")
    made: list[Client] = []

    def make(denial: bool) -> Client:
        made.append(module.make_client(config(), denial=denial))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize("denial", [True, False])
def test_accepted(make_client: Callable[[bool], Client], denial: bool) -> None:
    """A user is told who it is, and echoed."""
    answer = make_client(denial).websocket("/ws", [*identity().items()])
    assert (answer.accepted, answer.first, answer.echo) == (True, {"user_id": ADA}, "ping")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), (BAD, 401), ({**cookie(), "Host": "app.example", "Origin": "https://evil.example"}, 403)],
)
def test_refused(make_client: Callable[[bool], Client], headers: dict[str, str], status: int) -> None:
    """By the answer a page would get, or by closing for reasons of policy."""
    answer = make_client(True).websocket("/ws", [*headers.items()])
    assert not answer.accepted
    assert answer.denial is not None
    assert answer.denial.status == status
    assert make_client(False).websocket("/ws", [*headers.items()]).close_code == 1008
