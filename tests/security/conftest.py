"""Fixtures for the security tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.keyserver import KeyServer


@pytest.fixture
def collector() -> Iterator[KeyServer]:
    """Run a server that must not receive any request; checked after the test."""
    with KeyServer() as server:
        yield server
        assert server.requests == []
