"""CORS preflights: requests that carry no credentials by design (WHATWG Fetch §3.2.2)."""

from __future__ import annotations

from privy_middleware.errors import Answer
from privy_middleware.http.request import Request

__all__ = ["PREFLIGHT_ANSWER", "is_preflight"]

PREFLIGHT_ANSWER = Answer(204, (("Cache-Control", "no-store"),))
"""Our answer to a preflight of a protected path, without CORS headers: these are added by CORS middleware."""


def is_preflight(request: Request) -> bool:
    """Return whether a request is a CORS preflight."""
    return request.method == "OPTIONS" and bool(request.values("access-control-request-method"))
