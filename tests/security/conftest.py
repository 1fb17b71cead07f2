"""What the security tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.keyserver import KeyServer


@pytest.fixture
def collector() -> Iterator[KeyServer]:
    """Listen for requests that nobody should make; afterwards there must have been none."""
    with KeyServer() as server:
        yield server
        assert server.requests == []
