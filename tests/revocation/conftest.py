"""A Redis server, and stores that follow it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from privy_middleware.revocation import RedisRevocations
from tests.support import redisserver
from tests.support.redisserver import RedisServer

MakeStore = Callable[..., RedisRevocations]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """Run a Redis server for one test."""
    if redisserver.REAL is None:
        pytest.skip("redis-server is not installed.")
    with redisserver.controlled() as running:
        yield running


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Redis]:
    """Return a client of the server."""
    with Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def make_store(server: RedisServer) -> Iterator[MakeStore]:
    """Return a function that creates stores, which are closed after the test."""
    made: list[RedisRevocations] = []

    def make(**options: Any) -> RedisRevocations:
        made.append(RedisRevocations(server.url, **options))
        return made[-1]

    yield make
    for store in made:
        store.close()
