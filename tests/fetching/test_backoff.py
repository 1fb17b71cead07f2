"""The delays between attempts to reach a server that fails."""

from __future__ import annotations

import math

import pytest

from privy_middleware.fetching.backoff import Backoff


def test_the_delay_doubles_up_to_a_limit() -> None:
    """After each failure the delay is twice as long, at most 30 s."""
    backoff, delays = Backoff(300.0), []
    for _ in range(12):
        backoff = backoff.after_failure(backoff.retry_at if backoff.failures else 0.0, "down")
        delays.append(backoff.retry_at)
    assert [later - earlier for earlier, later in zip([0.0, *delays], delays, strict=False)] == [
        *(1, 2, 4, 8, 16),
        *[30] * 7,
    ]
    assert (backoff.failures, backoff.reason) == (12, "down")


@pytest.mark.parametrize(("retry_after", "delay"), [(None, 1), (0, 1), (0.5, 1), (17, 17), (300, 300), (1e9, 300)])
def test_the_server_can_ask_for_more(retry_after: float | None, delay: float) -> None:
    """``Retry-After`` makes the delay longer, never shorter, and only up to its limit."""
    assert Backoff(300.0).after_failure(100.0, "busy", retry_after).retry_at == 100 + delay


def test_a_success_starts_again_with_the_first_delay() -> None:
    """The delays start again, but a success does not end a delay that another attempt has caused."""
    backoff = Backoff(300.0).after_failure(0.0, "down").after_failure(1.0, "busy", 60.0).after_success()
    assert (backoff.failures, backoff.retry_at) == (0, 61)
    assert backoff.after_failure(61.0, "down").retry_at == 62


def test_a_later_failure_does_not_shorten_the_delay() -> None:
    """Of two attempts at the same time the longer delay counts."""
    assert Backoff(300.0).after_failure(0.0, "busy", 60.0).after_failure(1.0, "down").retry_at == 60


def test_at_first_there_is_no_delay() -> None:
    """Nothing has failed yet."""
    assert Backoff(300.0).retry_at == -math.inf
