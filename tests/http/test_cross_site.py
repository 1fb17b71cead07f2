"""The cross-site rule."""

from __future__ import annotations

import pytest

from privy_middleware.errors import ConfigurationError
from privy_middleware.http.cross_site import check_origin_setting, is_cross_site, is_unsafe
from tests.support.tokens import Request

TRUSTED = ("https://trusted.example",)


def crosses(*fields: tuple[str, str], host: str = "app.example", scheme: str = "https") -> bool:
    """Return whether a request with these fields is cross-site."""
    return is_cross_site(Request(("Host", host), *fields, scheme=scheme), TRUSTED)


def test_methods() -> None:
    """Four methods are safe, and every other method may change something (RFC 9110 §9.2.1)."""
    assert not any(is_unsafe(method) for method in ("GET", "HEAD", "OPTIONS", "TRACE", "get"))
    assert all(
        is_unsafe(method) for method in ("POST", "PUT", "PATCH", "DELETE", "CONNECT", "QUERY", "WEBSOCKET", "post", "")
    )


def test_no_browser() -> None:
    """Without both fields, the request does not come from a browser."""
    assert crosses() is False


@pytest.mark.parametrize("origin", [None, "https://app.example", "https://evil.example", "null"])
def test_sec_fetch_site_decides(origin: str | None) -> None:
    """If the browser sends ``Sec-Fetch-Site``, ``Origin`` matters only if it is trusted."""
    fields = [("Origin", origin)] if origin else []
    for site in ("same-origin", "none"):
        assert crosses(("Sec-Fetch-Site", site), *fields) is False
    for site in ("cross-site", "same-site", "", "Same-Origin", "same-origin, none", "anything"):
        assert crosses(("Sec-Fetch-Site", site), *fields)
        assert crosses(("Sec-Fetch-Site", site), ("Origin", "https://trusted.example")) is False


def test_repeated_fields() -> None:
    """All values must be acceptable."""
    assert crosses(("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site"))
    assert crosses(("Origin", "https://app.example"), ("Origin", "https://evil.example"))
    assert crosses(("Origin", "https://trusted.example"), ("Origin", "https://evil.example"))
    assert not crosses(("Origin", "https://app.example"), ("Origin", "https://app.example"))
    assert not crosses(("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "none"))
    two_hosts = Request(("Host", "a.example"), ("Host", "b.example"), ("Origin", "https://a.example"))
    assert is_cross_site(two_hosts, ())
    assert is_cross_site(Request(("Origin", "https://a.example")), ())


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("https://app.example", "app.example", "https"),
        ("https://app.example", "APP.example:443", "https"),
        ("https://app.example:8443", "app.example:8443", "https"),
        ("http://app.example", "app.example:80", "http"),
        ("https://app.example", "app.example", "wss"),
        ("http://app.example", "app.example", "ws"),
        ("http://[::1]:8000", "[::1]:8000", "http"),
        ("http://127.0.0.1:5000", "127.0.0.1:5000", "http"),
    ],
)
def test_own_origin(origin: str, host: str, scheme: str) -> None:
    """Scheme, host and port are those of the request (RFC 6454 §5)."""
    assert not crosses(("Origin", origin), host=host, scheme=scheme)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example:0",
        "https://app.example:99999",
        "https://app.example:x",
        "https://app.example.evil.example",
        "https://evilapp.example",
        "https://app.example@evil.example",
        "https://evil.example@app.example",
        "https://app.example/",
        "https://app.example?x",
        "https://app.example#x",
        "https://app.example.",
        "https://sub.app.example",
        "https://trusted.example.evil.example",
        "http://trusted.example",
        "https://trusted.example:444",
        "https://*",
        "https://",
        "https://[",
        "//app.example",
        "app.example",
        "file://app.example",
        "chrome-extension://app.example",
        "https://app.example, https://evil.example",
        "https://app%2eexample",
    ],
)
def test_foreign_origins(origin: str) -> None:
    """Any other origin is foreign."""
    assert crosses(("Origin", origin))


@pytest.mark.parametrize("host", ["", "app.example/", "evil@app.example", "app.example:x", "[", "app.example?"])
def test_odd_hosts_are_nobodys_origin(host: str) -> None:
    """An invalid ``Host`` is never equal to an origin."""
    assert crosses(("Origin", f"https://{host}"), host=host) or host == "app.example?"


def test_unknown_schemes() -> None:
    """Browsers have no origins for these schemes."""
    assert crosses(("Origin", "ftp://app.example"), scheme="ftp")


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://app.example", "https://app.example"),
        ("HTTPS://App.Example:443", "https://app.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_settings_are_written_as_browsers_do(value: str, origin: str) -> None:
    """Then strings can be compared directly."""
    assert check_origin_setting(value, "trusted_origins") == origin


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "",
        "app.example",
        "https://app.example/",
        "https://app.example/path",
        "https://*.example",
        "*",
        "null",
        "https://bücher.example",
        "https://user@app.example",
        "ftp://app.example",
        "https://app.example:x",
        "https://[",
    ],
)
def test_settings_that_could_never_match(value: object) -> None:
    """They are rejected at startup, and the message says how to fix them."""
    with pytest.raises(ConfigurationError, match=r"^trusted_origins: .*https://app\.example\.com"):
        check_origin_setting(value, "trusted_origins")
