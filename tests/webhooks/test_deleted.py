"""Tokens of deleted users."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware import ConfigurationError
from privy_middleware.webhooks import DeletedUsers
from tests.loader.server import DID
from tests.support.clock import Clock


def test_for_a_day() -> None:
    """They are rejected until every token of the user has expired."""
    clock = Clock()
    deleted = DeletedUsers(clock=clock)
    deleted.add(DID)
    assert deleted({"sub": DID}) is True
    assert deleted({"sub": "did:privy:other"}) is False
    assert deleted({}) is False
    clock.advance(86_400)
    assert deleted({"sub": DID}) is False


def test_bounded() -> None:
    """Only so many are remembered, and none for longer than is of use."""
    clock = Clock()
    deleted = DeletedUsers(size=2, seconds=10, clock=clock)
    for name in ("a", "b", "a", "c"):
        deleted.add(name)
    assert [deleted({"sub": name}) for name in "abc"] == [True, False, True]
    clock.advance(10)
    deleted.add("d")
    assert len(deleted._until) == 1


@pytest.mark.parametrize("name", ["size", "seconds"])
def test_numbers(name: str) -> None:
    """The numbers are positive."""
    wrong: Any = {name: 0}
    with pytest.raises(ConfigurationError):
        DeletedUsers(**wrong)
