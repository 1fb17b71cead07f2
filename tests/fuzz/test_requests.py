"""Attacks with requests: fields, paths and origins of any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from privy_middleware.errors import PrivyError
from privy_middleware.gate import Gate
from privy_middleware.http.cross_site import is_cross_site
from privy_middleware.http.protected_paths import Protection
from privy_middleware.lookup import Lookup
from tests.fuzz.spelling import folded
from tests.support.tokens import SUBJECT, Request, access, identity, verifier

GOOD, SESSION = identity(), access()
GATE = Gate(verifier())

names = st.sampled_from(
    ["cookie", "authorization", "privy-id-token", "privy_id_token", "host", "origin", "sec-fetch-site"]
)
pieces = st.sampled_from(
    [
        "privy-id-token=",
        "privy-token=",
        "Bearer ",
        "bearer",
        "Basic ",
        ";",
        ",",
        "; ",
        "=",
        '"',
        " ",
        "\t",
        "\\",
        "\xa0",
        "\x85",
        GOOD,
        SESSION,
        GOOD[:40],
        "null",
        "https://app.example",
        "app.example",
        "same-origin",
        "cross-site",
        "\x00",
        "é",
    ]
)
values = st.lists(pieces, max_size=6).map("".join) | st.text(max_size=40)
fields = st.lists(st.tuples(names, values), max_size=5)
methods = st.sampled_from(["GET", "POST", "DELETE", "OPTIONS", "WEBSOCKET", "get", ""])


@given(fields, methods)
def test_any_request_has_an_answer(these: list[tuple[str, str]], method: str) -> None:
    """The user is that of the valid token; otherwise there is no user and an error code, and never an exception."""
    auth = Lookup(GATE, Request(*these, method=method)).find()
    if auth.user is not None:
        assert auth.user.id == SUBJECT
        assert auth.refusal is None
        assert any(GOOD in value or SESSION in value for _, value in these)
    else:
        assert auth.presented is (auth.refusal is not None)
        assert auth.refusal is None or isinstance(auth.refusal, PrivyError)


@given(fields)
def test_a_second_value_never_makes_a_user(these: list[tuple[str, str]]) -> None:
    """If there is another token too, the valid one is not used."""
    other = ("privy-id-token", identity(sub="did:privy:other"))
    auth = Lookup(GATE, Request(("privy-id-token", GOOD), *these, other)).find()
    assert auth.user is None


segments = st.sampled_from(
    ["api", "API", "%61pi", "%2561pi", "open", "x", ".", "..", "", ";a", "api;b", "..;", " api", "%2e%2e"]
)
separators = st.sampled_from(["/", "//", "\\", "%2f", "%5c", "/./", "/../"])
paths = st.lists(st.tuples(separators, segments), max_size=6).map(lambda pairs: "".join(map("".join, pairs))) | st.text(
    max_size=30
)


@given(paths)
def test_only_the_plain_spelling_is_exempt(path: str) -> None:
    """An exempt path is below the exempt prefix, for the most tolerant router too."""
    if not Protection(["/"], ["/open"]).covers(path):
        assert path == "/open" or path.startswith("/open/")
        assert folded(path) == "/open" or folded(path).startswith("/open/")
        assert not set(path) & set("%\\;?#\0")


@given(paths)
def test_folded_paths_are_protected(path: str) -> None:
    """A path that a tolerant router reads as protected is protected."""
    protection = Protection(["/api"])
    assert protection.covers(f"/api/{path}")
    if folded(path) == "/api" or folded(path).startswith("/api/"):
        assert protection.covers(path)


@given(values, values)
def test_an_origin_is_own_or_foreign(origin: str, host: str) -> None:
    """Only an origin that is that of the host is accepted, and no value raises an error."""
    crosses = is_cross_site(Request(("Origin", origin), ("Host", host)), ())
    assert crosses or host.split(":", maxsplit=1)[0].lower() in origin.lower()
