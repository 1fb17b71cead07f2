"""What the headers of a response say about time: how long it is fresh, when to try again, and the server's clock."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime

import httpx2

__all__ = ["date_of", "max_age_of", "retry_after_of"]

_MAX_AGE = re.compile(r"max-age\s*=\s*\"?([0-9]{1,9})\"?")
_SECONDS = re.compile(r"[0-9]{1,9}")


def max_age_of(headers: httpx2.Headers) -> float | None:
    """Return for how many seconds a response is still fresh: its ``max-age`` less its ``Age`` (RFC 9111 §4.2).

    ``None`` means that the response does not say so, or that it must not be stored.
    """
    directives = headers.get("cache-control", "").lower()
    match = _MAX_AGE.search(directives)
    if match is None or "no-store" in directives or "no-cache" in directives:
        return None
    return float(max(0, int(match[1]) - _age(headers))) if int(match[1]) else None


def date_of(headers: httpx2.Headers) -> float | None:
    """Return the clock of the server in Unix seconds: ``Date`` plus ``Age`` (RFC 9111 §4.2.3); ``None`` without one."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp() + _age(headers)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _age(headers: httpx2.Headers) -> int:
    age = headers.get("age", "").strip()
    return int(age) if _SECONDS.fullmatch(age) else 0


def retry_after_of(headers: httpx2.Headers) -> float | None:
    """Return the seconds until ``Retry-After``, which is a number or a date (RFC 9110 §10.2.3), or ``None``."""
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
