"""Waiting, sync and async."""

from __future__ import annotations

import contextlib

import pytest

from privy_middleware.errors import KeysUnavailable
from privy_middleware.fetching.waiting import Steps, arun, run, run_now


class Source:
    """Counts how it was waited for."""

    def __init__(self) -> None:
        self.waits: list[str] = []

    def fetch(self) -> None:
        """Wait and block."""
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
    """Do not wait."""
    yield from ()
    return 42


def fail(source: Source) -> Steps[int]:
    """Wait, then fail."""
    yield source
    raise LookupError


def test_run() -> None:
    """The steps run blocking."""
    source = Source()
    assert run(wait_twice(source)) == 42
    assert source.waits == ["fetch", "fetch"]
    assert run(never_wait()) == 42
    with pytest.raises(LookupError):
        run(fail(source))


@pytest.mark.anyio
async def test_arun() -> None:
    """The steps run async."""
    source = Source()
    assert await arun(wait_twice(source)) == 42
    assert source.waits == ["afetch", "afetch"]
    assert await arun(never_wait()) == 42
    with pytest.raises(LookupError):
        await arun(fail(source))


def give_in(source: Source) -> Steps[str]:
    """Wait twice, and return the time after which to retry if the second wait is not possible."""
    with contextlib.suppress(KeysUnavailable):
        yield source
    try:
        yield source
    except KeysUnavailable as error:
        return str(error.retry_after)
    return "waited"


def test_run_now() -> None:
    """Steps that have to wait get the error that the keys are not available."""
    source = Source()
    assert run_now(never_wait()) == 42
    assert run_now(give_in(source)) == "1"
    with pytest.raises(KeysUnavailable):
        run_now(wait_twice(source))
    assert source.waits == []
