"""The URLs that may be fetched."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware.errors import ConfigurationError
from privy_middleware.fetching.urls import check_fetch_url

_URL = "https://auth.privy.io/api/v1/apps/x/jwks.json"


@pytest.mark.parametrize(
    "url",
    [
        _URL,
        "HTTPS://auth.privy.io/jwks.json?app=1",
        "https://10.0.0.1:8443/",
        "https://127.0.0.1/jwks",
        "http://127.0.0.1:8000/jwks",
        "http://127.8.9.10/jwks",
        "http://localhost:8000/jwks",
        "http://LOCALHOST/jwks",
        "http://[::1]:8000/jwks",
    ],
)
def test_addresses_that_are_taken(url: str) -> None:
    """Any ``https`` address is accepted, and ``http`` on loopback."""
    assert check_fetch_url(url, "jwks_url") == url


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("http://auth.privy.io/jwks", "use https"),
        ("http://localhost.example.com/", "use https"),
        ("http://example.localhost/", "use https"),
        ("http://127.0.0.1.example.com/", "use https"),
        ("http://128.0.0.1/", "use https"),
        ("http://0.0.0.0/", "use https"),
        ("http://[::]/", "use https"),
        ("http://10.0.0.1/", "use https"),
        ("file:///etc/passwd", "host"),
        ("file://localhost/etc/passwd", "use https"),
        ("ftp://127.0.0.1/jwks", "use https"),
        ("data:application/json,{}", "host"),
        ("ws://127.0.0.1/jwks", "use https"),
        ("//auth.privy.io/jwks", "use https"),
        ("auth.privy.io/jwks", "host"),
        ("https:///jwks", "host"),
        ("https://", "host"),
        ("", "host"),
        ("https://user:secret@auth.privy.io/jwks", "leave out user"),
        ("https://user@auth.privy.io/jwks", "leave out user"),
        ("https://auth.privy.io/jwks#top", "leave out the fragment"),
        ("https://auth.privy.io/jwks#", "leave out the fragment"),
        ("https://auth.privy.io /jwks", "spaces"),
        ("https://auth.privy.io/jwks\n", "spaces"),
        ("https://auth.privy.io\\@127.0.0.1/", "spaces"),
        ("https://auth.privy.io:port/", "give an address"),
        ("https://[::1/", "give an address"),
        (None, "give an address"),
        (b"https://auth.privy.io", "give an address"),
    ],
)
def test_addresses_that_are_refused(url: Any, fix: str) -> None:
    """Other addresses are rejected with a message that says how to fix it, and that does not repeat a secret."""
    with pytest.raises(ConfigurationError, match=f"^jwks: .*{fix}") as caught:
        check_fetch_url(url, "jwks")
    assert "secret" not in str(caught.value)
