"""What the headers of a response say about time."""

from __future__ import annotations

import email.utils
import time

import httpx2
import pytest

from privy_middleware.fetching.cache_control import date_of, max_age_of, retry_after_of


@pytest.mark.parametrize(
    ("cache_control", "age", "seconds"),
    [
        ("max-age=600", "", 600),
        ("public, max-age=600, immutable", "", 600),
        ('Max-Age="600"', "", 600),
        ("max-age = 600", "", 600),
        ("max-age=600", "100", 500),
        ("max-age=600", "700", 0),
        ("max-age=600", "old", 600),
        ("max-age=0", "", None),
        ("max-age=", "", None),
        ("max-age=-5", "", None),
        ("max-age=soon", "", None),
        ("no-store, max-age=600", "", None),
        ("no-cache, max-age=600", "", None),
        ("", "", None),
    ],
)
def test_max_age(cache_control: str, age: str, seconds: float | None) -> None:
    """A response is fresh for ``max-age`` less ``Age``, unless it must not be stored (RFC 9111 §4.2)."""
    assert max_age_of(httpx2.Headers({"cache-control": cache_control, "age": age})) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17.0), ("0", 0.0), ("", None), ("soon", None), ("-5", None), ("99999999999", None), ("1e3", None)],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    """``Retry-After`` can be a number of seconds; invalid values are ignored."""
    assert retry_after_of(httpx2.Headers({"retry-after": value})) == seconds


def test_retry_after_as_a_date() -> None:
    """``Retry-After`` can be a date (RFC 9110 §10.2.3), and a date in the past means now."""
    later = email.utils.formatdate(time.time() + 3600, usegmt=True)
    wish = retry_after_of(httpx2.Headers({"retry-after": later}))
    assert wish is not None
    assert 3000 < wish <= 3600
    assert retry_after_of(httpx2.Headers({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})) == 0.0


@pytest.mark.parametrize("date", ["Wed, 99 Oct 2015 07:28:00 GMT", "1 1 1 1 1 1"])
def test_retry_after_as_nonsense(date: str) -> None:
    """An invalid date is ignored."""
    assert retry_after_of(httpx2.Headers({"retry-after": date})) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Date": "Thu, 01 Jan 1970 00:01:00 GMT"}, 60),
        ({"Date": "Thu, 01 Jan 1970 00:01:00 GMT", "Age": "5"}, 65),
        ({"Date": "soon"}, None),
        ({}, None),
    ],
)
def test_the_clock_of_the_server(headers: dict[str, str], seconds: float | None) -> None:
    """``Date`` is when the response was made, which a cache may have kept for ``Age`` seconds."""
    assert date_of(httpx2.Headers(headers)) == seconds
