"""Waiting, in both worlds."""

from __future__ import annotations

import pytest

from privy_middleware.steps import Steps, arun, run


class Source:
    """Count how it was waited for."""

    def __init__(self) -> None:
        self.waits: list[str] = []

    def fetch(self) -> None:
        """Wait by blocking."""
        self.waits.append("fetch")

    async def afetch(self) -> None:
        """Wait without blocking."""
        self.waits.append("afetch")


def wait_twice(source: Source) -> Steps[int]:
    """Wait twice."""
    yield source
    yield source
    return 42


def never_wait() -> Steps[int]:
    """Wait for nothing."""
    yield from ()
    return 42


def fail(source: Source) -> Steps[int]:
    """Wait, then fail."""
    yield source
    raise LookupError


def test_run() -> None:
    """Blocking."""
    source = Source()
    assert run(wait_twice(source)) == 42
    assert source.waits == ["fetch", "fetch"]
    assert run(never_wait()) == 42
    with pytest.raises(LookupError):
        run(fail(source))


@pytest.mark.anyio
async def test_arun() -> None:
    """Awaiting."""
    source = Source()
    assert await arun(wait_twice(source)) == 42
    assert source.waits == ["afetch", "afetch"]
    assert await arun(never_wait()) == 42
    with pytest.raises(LookupError):
        await arun(fail(source))
