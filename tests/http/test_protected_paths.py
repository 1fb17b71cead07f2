"""Which paths require a user, in every spelling."""

from __future__ import annotations

import posixpath
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privy_middleware.errors import ConfigurationError
from privy_middleware.http.protected_paths import Protection

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
    "/;/api",
    "/ /api",
    "/%20/api",
    "/%09/api",
    "/x;/../api",
    "/static/;/../api",
    "/static/%20/../api",
    "/static/ /../api",
    "/static/%3B/%2e%2e/api",
    "/static/;/%252e%252e/api",
    "/static/.. /api",
    "/static/. ./api",
    "/static/.../api",
    "/static/..%00/api",
    "/static/..",
    "/static/%2e.",
    "/static/.%252e",
    "/static/x%2f..",
    "/static/.\u200c./api",
    "/%25%36%31pi",
    "/%%36%31pi",
    "/%2525252561pi",
    "/%25252525252561pi",
    "/api./x",
    "/api /x",
    "/api. /x",
    "/api\xa0/x",
    "/\u3000api/x",
    "/ap\u200ci",
    "/\ufeffapi",
    "/api::$INDEX_ALLOCATION/x",
    "/api:$I30:$INDEX_ALLOCATION/x",
    "/ap\u0131",
    "/AP\u0130/x",
    "/a\ufffdpi",
    "/a\udcffpi",
    "/a%ffpi",
    "/a%25ffpi",
    "/a\x7fpi",
    "/a\x85pi",
    "/a\tpi",
    "//host/api",
    "//host/api/x",
    "//srv/files/api",
    "/%2Fsrv/x//y/api",
    "/\\srv\\files\\api",
    "/C:api",
    "/c:\\srv\\api",
    "/C:/srv/api/x",
    "/x/C:api",
    "/x/\\srv\\api",
    "/x/\\\\host\\share\\api",
    "/x/%5C%5C?%5CC:/api",
    "/C:../api",
    "/@@api",
    "/@@api/x",
    "/@@/api",
    "/ @@api",
    "/ap\xffi",
    "/\xff/api",
    "/x/.\xff./api",
    "/ap\xc3\xbfi",
    "/\\host/api",
    "//user@host:80//api",
    "http://host/api",
    "*",
    "api/x",
    "s/s/api",
    "open",
    " /open",
    "\\open",
    "/open" + "/x" * 512,
    "/open/" + "%25" * 17,
    "/open/;" + "x" * 256,
    "/" + "%25" * 3000,
]


@pytest.mark.parametrize("path", SPELLINGS)
def test_every_spelling_is_protected(path: str) -> None:
    """If a router can normalise a path to a protected one, it needs a user."""
    assert Protection(["/api"]).covers(path)
    assert Protection(["/"]).covers(path)
    assert Protection(["/"], exempt=["/x"]).covers(path)
    assert Protection(["/API/"]).covers(path)


OPEN = [
    "/",
    "/x",
    "/apix",
    "/apix/api2",
    "/x/api",
    "/ap",
    "/ap/i",
    "/api.json",
    "/xapi",
    "",
    "/x//api",
    "/x/;/api",
    "/50%",
    "/50%/off",
    "/x%20y",
    "/x%25252520y",
    "/\xad",
    "/\ue000/\U0003fffd",
    "/a%2Fb",
    "/a;v=1/b",
    "/what?",
    "/c#",
    "/my file.txt",
    "/.well-known/x",
    "/x/.",
    "/./x",
    "/...x",
    "/a..b",
    "/a:b",
    "/caf\xe9",
    "/\u0131",
    "/\u3000x",
    "/\U0001f469\u200d\U0001f4bb",
    "/ap\u0131x",
    "//host/x",
    "/x//srv/api",
    "/x:y",
    "/x/C:y/apix",
    "/x/@@api",
    "/@x",
    "/x@@api",
    "/ap\u0301i",
    "/\u79c1/api",
    "/x/\xff/api",
    "/ap~1",
    "/" + "x" * 1023,
    "/" + "\xe9" * 511,
    "/" + "\u79c1" * 511,
    "/x;" + "x" * 253,
]


@pytest.mark.parametrize("path", OPEN)
def test_other_paths_are_not(path: str) -> None:
    """A prefix ends at the end of a segment, and an unusual path that cannot lead below it is open."""
    assert not Protection(["/api"]).covers(path)
    assert not Protection(["/api/deep/er", "/static/private"]).covers(path)


def test_depth_of_prefixes() -> None:
    """Each prefix is found after any segments that a router removes, at any depth."""
    protection = Protection(["/a/b/c", "/d"])
    for path in ("/a/;/b/ /c", "/;/a//b/./c;x/y", "/%61/%2562/c", "//host/a/b/c", "/a\\b\\c", "/;/d"):
        assert protection.covers(path)
    for path in ("/a/;/b", "/;/a/b/x", "//host/a/b", "/x/;/d"):
        assert not protection.covers(path)


@pytest.mark.parametrize(
    "path",
    [
        "/static//srv/files/private/f",
        "/static/%2Fsrv%2Ffiles/private",
        "/static//srv//private",
        "/static//static/private",
        "//srv/static/private",
        "/static/C:private",
        "/static/x/C:private/f",
        "/static/C:/srv/files/private",
        "/static/\\srv\\files\\private",
        "/static/x/\\\\host\\share\\private",
    ],
)
def test_absolute_paths_of_files(path: str) -> None:
    """A file may be requested by its full path below the URL of its directory, or by any other path on Windows."""
    assert Protection(["/static/private"]).covers(path)
    for other in ("/static//srv/files/f", "/x//static/private", "/x//private", "/static/c:f", "/static/x/\\privates"):
        assert not Protection(["/static/private"]).covers(other)


@pytest.mark.parametrize(
    "path", ["/api", "/apix", "/api/x", "/API-2", "//apix", "/%61pix", "/api%3bx", "/ap%69;x", "/x\\..\\apix"]
)
def test_first_characters(path: str) -> None:
    """A prefix with an asterisk covers all paths that start with it, for routers that compare only the start."""
    assert Protection(["/api*"]).covers(path)
    assert Protection(["/v1/api*"]).covers(f"/v1{path}")
    assert not Protection(["/v1/api*"]).covers(path) or ".." in path
    assert not Protection(["/api*"], exempt=["/apix"]).covers("/apix/y")
    assert not Protection(["/api*"]).covers("/x/api")


def test_the_name_of_a_fallback() -> None:
    """CherryPy's ``default`` handles paths that are not found, and all paths below its own name."""
    protection = Protection(["/api/v2"])
    assert all(map(protection.covers, ["/default/api/v2/x", "/api/default/v2", "//default/api/default;/v2"]))
    assert not any(map(protection.covers, ["/default", "/default/api", "/defaults/api/v2", "/default/x/api/v2"]))
    assert Protection(["/" + "a" * 40] * 3).covers("/default/" + "a" * 40)


@pytest.mark.parametrize("sign", "_.-~!$&'()*+,=:@;?#%\\|^`<>\"[]{}")
def test_punctuation(sign: str) -> None:
    """CherryPy treats all punctuation as underscores."""
    protection = Protection(["/my-area/v2.1"])
    assert protection.covers(f"/my{sign}area/v2{sign}1/x")
    assert not protection.covers(f"/my{sign}x{sign}area/v2.1")
    assert not Protection(["/myarea"]).covers(f"/my{sign}area")


def test_short_names() -> None:
    """Windows also has short names for long ones, which start with the same characters."""
    for prefix in ("/private-files", "/private.d", "/private files", "/priv\xe9"):
        for path in ("/PRIVAT~1", "/pr1A2B~2/x", "/private~1.d"):
            assert Protection([prefix]).covers(path)
        for path in ("/privat", "/privat~", "/other~1", "/x/privat~1"):
            assert not Protection([prefix]).covers(path)
    assert not Protection(["/private", "/v2"]).covers("/privat~1")


def test_accents() -> None:
    """A letter and its accent are one character or two, and UTF-8 may be encoded as UTF-8 again."""
    for path in ("/priv\xe9", "/prive\u0301", "/PRIV\xc9/x", "/priv\xc3\xa9"):
        assert Protection(["/priv\xe9"]).covers(path)
        assert Protection(["/prive\u0301"]).covers(path)
        assert not Protection(["/prive"]).covers(path)


def test_letters_are_compared_as_patterns_do() -> None:
    """Letters that ``re.IGNORECASE`` treats as equal do not bypass a prefix."""
    letters = "".join(
        letter
        for letter in map(chr, range(0x110000))
        if letter.isalpha() and not letter.lower() == letter.upper() == letter.casefold() == letter
    )
    for letter in letters:
        alike = re.findall(re.escape(letter), letters, re.IGNORECASE)
        protection = Protection([f"/{letter}"])
        assert all(protection.covers(f"/{each}/x") for each in alike)
    assert len(letters) > 2000


@given(st.lists(st.sampled_from([*"ab/.;% \\?#25eEfF0", "%2e", "%2f", "%25", "..", "private", "\u0131"]), max_size=40))
def test_folding_again_changes_nothing(parts: list[str]) -> None:
    """A path that a router has partly normalised is protected if the original path is."""
    path, protection = "/" + "".join(parts), Protection(["/private", "/a/b"])
    undone = {path, unquote(path), unquote(unquote(path)), path.replace("\\", "/"), re.sub("/+", "/", path)}
    undone |= {re.sub(";[^/]*", "", each) for each in undone} | {posixpath.normpath(each) for each in undone}
    if any(protection.covers(each) for each in undone if each.startswith("/") and not each.startswith("//")):
        assert protection.covers(path)


LONG = ["%25" * 20_000, ";/" * 30_000, "../" * 20_000, "é" * 60_000, "é" * 512, "x" * 1024, ";" + "x" * 255]


@pytest.mark.parametrize("rest", LONG)
def test_long_paths_are_not_read(rest: str) -> None:
    """They are protected because of their length, so that they cost no time."""
    assert Protection(["/api"]).covers(f"/{rest}")
    assert not Protection().covers(f"/{rest}")


def test_everything() -> None:
    """``/`` protects every path, and also invalid ones."""
    for path in ("/", "", "*", "/x", "//", "http://host/x", "\x00"):
        assert Protection(["/"]).covers(path)


@pytest.mark.parametrize(
    "path", ["/api/open", "/api/open/", "/api/open/x", "/api/open/é", "/api/open/a b", "/api/open/.x", "/api/open/xy:z"]
)
def test_exempt_in_the_plain_spelling(path: str) -> None:
    """An exempt path is open with and without a slash at its end."""
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
        "/api/open/ ",
        "/api/open/x./y",
        "/api/open/%41",
        "/api/open/::$DATA",
        "/api/open/x:y",
        "/api/open/@@x",
        "/api/open/.\xff./secret",
        "/api/open/\ufffd",
        "/api/secret",
        "/api",
    ],
)
def test_nothing_else_is_exempt(path: str) -> None:
    """A path that can be interpreted in another way stays protected."""
    assert Protection(["/api"], exempt=["/api/open"]).covers(path)


def test_exempting_the_root_page() -> None:
    """``/`` as an exempt path means only the root page."""
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
        ["/*"],
        ["*"],
        ["/*/api"],
        ["/api**"],
        ["/a/../b"],
        ["/a//b"],
        ["/a;b"],
        ["/%61"],
        ["/a\\b"],
        ["/a\n"],
        ["/a?b"],
        ["/a#b"],
        ["/a./b"],
        ["/a /b"],
        ["/a:$b"],
        ["/" + "a" * 1024],
        [b"/api"],
    ],
)
@pytest.mark.parametrize("field", ["protect", "exempt"])
def test_what_is_no_prefix(field: str, prefixes: Any) -> None:
    """It would protect nothing, or something else, so it raises an error at startup."""
    with pytest.raises(ConfigurationError, match=f"^{field}: "):
        Protection(**{field: prefixes})


def test_an_exempt_prefix_is_exact() -> None:
    """An asterisk would exempt more than was meant."""
    with pytest.raises(ConfigurationError, match=r"^exempt: wildcards are not supported"):
        Protection(["/"], exempt=["/static*"])


def test_collections() -> None:
    """Any collection is accepted."""
    for prefixes in (("/a",), ["/a"], {"/a"}, {"/a": 1}):
        assert Protection(prefixes).covers("/a")  # type: ignore[arg-type]
