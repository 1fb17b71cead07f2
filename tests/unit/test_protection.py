"""Which paths require a user, in every spelling."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware.errors import ConfigurationError
from privy_middleware.protection import Protection

SPELLINGS = [
    "/api",
    "/api/",
    "/api/x",
    "/API/x",
    "/Api",
    "//api",
    "///api//x",
    "/./api",
    "/x/../api",
    "/x/y/../../api/z",
    "/api/../x",
    "/api/.",
    "/api;a=b/x",
    "/api;",
    "/;/api",
    "\\api",
    "/\\api",
    "/x\\..\\api",
    "/%61pi",
    "/%2561pi",
    "/%252561pi",
    "/x/%2e%2e/api",
    "/x%2f..%2fapi",
    "/%2fapi",
    "/%5capi",
    "/api%2fx",
    "/api\x00",
    "/api\x00/x",
    "/api\n",
    "/ api",
    "/api ",
    "/api\t/x",
    "/api?x",
    "/api#x",
    "/api%3fx",
    "api",
    "/../api",
    "/..;/api",
    "/x/..;a=b/api",
]


@pytest.mark.parametrize("path", SPELLINGS)
def test_every_spelling_is_protected(path: str) -> None:
    """Whatever a router might fold a path into, it needs a user."""
    assert Protection(["/api"]).covers(path)
    assert Protection(["/"]).covers(path)
    assert Protection(["/"], exempt=["/x"]).covers(path)
    assert Protection(["/API/"]).covers(path)


@pytest.mark.parametrize("path", ["/", "/x", "/apix", "/apix/api2", "/x/api", "/ap", "/ap/i", "/api.json", "/xapi", ""])
def test_other_paths_are_not(path: str) -> None:
    """A prefix ends where a segment ends."""
    assert not Protection(["/api"]).covers(path)


def test_everything() -> None:
    """``/`` protects every path, and what is not even one."""
    for path in ("/", "", "*", "/x", "//", "http://host/x", "\x00"):
        assert Protection(["/"]).covers(path)


@pytest.mark.parametrize("path", ["/api/open", "/api/open/", "/api/open/x", "/api/open/é"])
def test_exempt_in_the_plain_spelling(path: str) -> None:
    """What is exempt is open, whether or not it was written with a slash at its end."""
    assert not Protection(["/api"], exempt=["/api/open"]).covers(path)
    assert not Protection(["/api"], exempt=["/api/open/"]).covers(path)


@pytest.mark.parametrize(
    "path",
    [
        "/api/openx",
        "/api/Open",
        "/api//open",
        "/api/./open",
        "/api/open/..",
        "/api/open/../secret",
        "/api/open/..;/secret",
        "/api/open/%2e%2e/secret",
        "/api/open%2f..%2fsecret",
        "/api/open\\..\\secret",
        "/api/open;x",
        "/api/open\x00",
        "/api/open//secret",
        "/api/open/?x",
        "/api/open#x",
        "/api/open/\n",
        "/api/secret",
        "/api",
    ],
)
def test_nothing_else_is_exempt(path: str) -> None:
    """A path that anybody could read otherwise stays protected."""
    assert Protection(["/api"], exempt=["/api/open"]).covers(path)


def test_exempting_the_root_page() -> None:
    """``/`` among the exempt is the root page alone."""
    protection = Protection(["/"], exempt=["/"])
    assert not protection.covers("/")
    assert protection.covers("/x")
    assert protection.covers("//")
    assert protection.covers("")


def test_nothing_protected() -> None:
    """Without prefixes every path is open."""
    assert not Protection()
    assert not Protection(exempt=["/x"]).covers("/x")
    assert Protection(["/x"])


@pytest.mark.parametrize(
    "prefixes",
    [
        "/api",
        b"/api",
        None,
        1,
        iter(["/api"]),
        ["api"],
        [""],
        [None],
        [1],
        ["/api/*"],
        ["*"],
        ["/a/../b"],
        ["/a//b"],
        ["/a;b"],
        ["/%61"],
        ["/a\\b"],
        ["/a\n"],
        ["/a?b"],
        ["/a#b"],
        [b"/api"],
    ],
)
@pytest.mark.parametrize("field", ["protect", "exempt"])
def test_what_is_no_prefix(field: str, prefixes: Any) -> None:
    """It would protect nothing, or not what was meant; so it is refused at start-up."""
    with pytest.raises(ConfigurationError, match=f"^{field}: "):
        Protection(**{field: prefixes})


def test_collections() -> None:
    """Any collection will do."""
    for prefixes in (("/a",), ["/a"], {"/a"}, {"/a": 1}):
        assert Protection(prefixes).covers("/a")  # type: ignore[arg-type]
