"""Caching headers."""

from __future__ import annotations

import pytest

from privy_middleware.http.cache_headers import CacheHeaders, merge_vary

VARY = "Cookie, privy-id-token"


def text() -> CacheHeaders[str]:
    """Return the headers for a server that uses text."""
    return CacheHeaders(("Cookie", "privy-id-token"), str, str)


@pytest.mark.parametrize(
    ("values", "merged"),
    [
        ([], VARY),
        ([""], VARY),
        (["Accept"], f"Accept, {VARY}"),
        (["Accept, COOKIE", "Origin"], "Accept, COOKIE, Origin, privy-id-token"),
        (["Accept", "*"], "*"),
    ],
)
def test_vary(values: list[str], merged: str) -> None:
    """Every field is listed once, and ``*`` includes all (RFC 9110 §12.5.5)."""
    assert merge_vary(values, ("Cookie", "privy-id-token")) == merged
    own = [("Vary", value) for value in values]
    assert text().add([("a", "b"), *own], presented=False) == [("a", "b"), ("vary", merged)]


def test_private() -> None:
    """A response to a token is not for shared caches, unless the app sets ``Cache-Control`` (RFC 9111 §3.5)."""
    assert text().add([], presented=True) == [("vary", VARY), ("cache-control", "private, no-store")]
    own = ("Cache-Control", "public, max-age=60")
    assert text().add([own], presented=True) == [own, ("vary", VARY)]


def test_bytes() -> None:
    """The same for servers that use bytes."""
    headers = CacheHeaders(("Cookie",), str.encode, bytes.decode)
    assert headers.add([(b"VARY", b"Accept")], presented=True) == [
        (b"vary", b"Accept, Cookie"),
        (b"cache-control", b"private, no-store"),
    ]
