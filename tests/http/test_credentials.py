"""The headers and cookies that tokens are read from."""

from __future__ import annotations

import pytest

from privy_middleware.errors import ConflictingTokens
from privy_middleware.http.cookies import CookieNames
from privy_middleware.http.credentials import (
    Credential,
    CredentialReader,
    Source,
    TokenLocation,
    vary_names,
)
from tests.support.tokens import Request, bearer, cookies

IDENTITY = TokenLocation("identity", "privy-id-token", "privy-id-token")
ACCESS = TokenLocation("access", "authorization", "privy-token", bearer=True)
BARE = TokenLocation("access", "x-token")
BOTH: tuple[Source, ...] = ("header", "cookie")


def read(
    request: Request, location: TokenLocation = IDENTITY, sources: tuple[Source, ...] = BOTH
) -> tuple[str, str] | None:
    """Return the source and the token."""
    found = [(each.source, each.token) for each in CredentialReader([location], sources).read(request)]
    return found[0] if found else None


def test_nothing_there() -> None:
    """Without a field and a cookie there is no token."""
    for slot in (IDENTITY, ACCESS, BARE):
        assert read(Request(), slot) is None
        assert read(Request(cookies(("a", "b"))), slot) is None


def test_header_and_cookie() -> None:
    """The first source with a token is used."""
    request = Request(("privy-id-token", "h"), cookies(("privy-id-token", "c")))
    assert read(request) == ("header", "h")
    assert read(request, sources=("cookie", "header")) == ("cookie", "c")
    assert read(request, sources=("cookie",)) == ("cookie", "c")
    assert read(request, sources=("header",)) == ("header", "h")
    assert read(Request(cookies(("privy-id-token", "c"))), sources=("header",)) is None


def test_a_credential_hides_its_token() -> None:
    """The place is shown, the token is not."""
    credential = Credential("identity", "cookie", "a-token-to-hide")
    assert credential.kind == "identity"
    assert "cookie" in repr(credential)
    assert "hide" not in repr(credential)


@pytest.mark.parametrize("value", ["Bearer t", "bearer t", "BEARER t", "bEaReR  t", " Bearer t ", "\tBearer t"])
def test_bearer(value: str) -> None:
    """The scheme is compared without case (RFC 9110 §11.1, RFC 6750 §2.1)."""
    assert read(Request(("Authorization", value)), ACCESS) == ("header", "t")


@pytest.mark.parametrize(
    "value",
    ["", "Basic dTpw", "Bearert", "Bearer-t", "Bearer_t", "Bearer1 t", "xBearer t", "Basic Bearer", "Digest a=b, c=d"],
)
def test_other_schemes_are_not_ours(value: str) -> None:
    """Other schemes are ignored, so that the cookie is used."""
    request = Request(("Authorization", value), cookies(("privy-token", "c")))
    assert read(request, ACCESS) == ("cookie", "c")


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("Bearer=t", "=t"),
        ("Bearer\tt", "\tt"),
        ("Bearer a b", "a b"),
        ('Bearer "t"', '"t"'),
        ('Bearer "null"', '"null"'),
        ("Bearer Null", "Null"),
        ("Bearer null null", "null null"),
    ],
)
def test_a_bad_bearer_is_a_token_that_will_not_verify(value: str, token: str) -> None:
    """The cookie is not used instead."""
    request = Request(("Authorization", value), cookies(("privy-token", "c")))
    assert read(request, ACCESS) == ("header", token)


@pytest.mark.parametrize(
    "values",
    [
        ("Bearer a", "Bearer b"),
        ("Bearer a", "Basic b"),
        ("Basic b", "Bearer a"),
        ("Bearer a,Bearer b",),
        ("Bearer a, Basic b",),
        ("Bearer a", ""),
        ("Bearer a,",),
        (",Bearer a",),
    ],
)
def test_authorization_is_single(values: tuple[str, ...]) -> None:
    """There must be only one field, also if a server has joined the lines with commas (RFC 9110 §11.6.2)."""
    request = Request(*(("Authorization", value) for value in values))
    with pytest.raises(ConflictingTokens):
        read(request, ACCESS)


@pytest.mark.parametrize("values", [("a", "b"), ("a,b",), ("a, b",), ("a", ""), ("a,",), ("a", "a,b"), ("a", "A")])
def test_two_headers_that_differ(values: tuple[str, ...]) -> None:
    """Frameworks would use one or the other, so both are rejected."""
    request = Request(*(("privy-id-token", value) for value in values), cookies(("privy-id-token", "c")))
    with pytest.raises(ConflictingTokens):
        read(request)


def test_equal_duplicates_count_once() -> None:
    """The same value twice counts once, joined or not."""
    assert read(Request(("privy-id-token", "a"), ("privy-id-token", "a"))) == ("header", "a")
    assert read(Request(("privy-id-token", "a, a"))) == ("header", "a")
    assert read(Request(bearer("a"), bearer("a")), ACCESS) == ("header", "a")
    assert read(Request(("Authorization", "Bearer a,Bearer a")), ACCESS) == ("header", "a")
    twice = cookies(("privy-id-token", "a"), ("privy-id-token", "a"))
    assert read(Request(twice)) == ("cookie", "a")
    assert read(Request(twice, twice)) == ("cookie", "a")


NO_TOKEN = ["", " ", "null", "undefined", " null "]


@pytest.mark.parametrize("value", NO_TOKEN)
def test_what_a_signed_out_page_sends_is_no_token(value: str) -> None:
    """An empty value, ``null`` and ``undefined`` as text count as if the field was missing."""
    cookie = cookies(("privy-id-token", "c"), ("privy-token", "c"))
    for slot, field in (
        (IDENTITY, ("privy-id-token", value)),
        (BARE, ("x-token", value)),
        (ACCESS, bearer(value)),
        (ACCESS, ("Authorization", f"bearer {value}".rstrip())),
    ):
        assert read(Request(field), slot, ("header",)) is None
        assert read(Request(field, cookie), slot) == (None if slot is BARE else ("cookie", "c"))
    assert read(Request(cookies(("privy-id-token", value)))) is None
    emptied = Request(cookies(("privy-id-token", value)), ("privy-id-token", "h"))
    assert read(emptied, sources=("cookie", "header")) == ("header", "h")


@pytest.mark.parametrize(
    "value", ["Null", "NULL", "None", "nil", "nullx", "null.null.null", '"null"', "'null'", "false"]
)
def test_other_words_are_bad_tokens(value: str) -> None:
    """Only these two words in JavaScript's spelling count as no token."""
    cookie = cookies(("privy-id-token", "c"), ("privy-token", "c"))
    assert read(Request(("privy-id-token", value), cookie)) == ("header", value)
    assert read(Request(bearer(value), cookie), ACCESS) == ("header", value)
    assert read(Request(cookies(("privy-id-token", value)))) == ("cookie", value)


@pytest.mark.parametrize("values", [("", ""), ("null", "null"), ("null", ""), ("null", "undefined")])
def test_several_values_that_are_no_tokens_are_none(values: tuple[str, ...]) -> None:
    """Several of them count as no token too, also if a server has joined them with commas."""
    assert read(Request(("privy-id-token", ",".join(values)))) is None
    cookie = cookies(("privy-id-token", "c"), ("privy-token", "c"))
    assert read(Request(*(("privy-id-token", value) for value in values), cookie)) == ("cookie", "c")
    assert read(Request(*(bearer(value) for value in values), cookie), ACCESS) == ("cookie", "c")
    assert read(Request(*(cookies(("privy-id-token", value)) for value in values))) is None


def test_no_bearer_token_beside_another_scheme_is_none() -> None:
    """Neither of the two is a token."""
    for values in (["Bearer null", "Basic dTpw"], ["Basic dTpw", "Bearer"], ["Basic dTpw,Bearer undefined"]):
        request = Request(*(("Authorization", value) for value in values), cookies(("privy-token", "c")))
        assert read(request, ACCESS) == ("cookie", "c")


@pytest.mark.parametrize("value", NO_TOKEN)
def test_no_token_beside_a_token_is_a_conflict(value: str) -> None:
    """It is unclear which of the two the client meant, so both are rejected."""
    cookie = cookies(("privy-id-token", "c"), ("privy-token", "c"))
    for slot, fields in (
        (IDENTITY, [("privy-id-token", "a"), ("privy-id-token", value)]),
        (IDENTITY, [("privy-id-token", f"{value},a")]),
        (ACCESS, [bearer("a"), bearer(value)]),
        (ACCESS, [("Authorization", f"Bearer {value},Bearer a")]),
    ):
        for order in (fields, fields[::-1]):
            with pytest.raises(ConflictingTokens):
                read(Request(*order, cookie), slot)
    with pytest.raises(ConflictingTokens):
        read(Request(cookies(("privy-id-token", value), ("privy-id-token", "a"))))


@pytest.mark.parametrize(
    "fields",
    [
        [cookies(("privy-id-token", "a"), ("privy-id-token", "b"))],
        [cookies(("privy-id-token", "a")), cookies(("privy-id-token", "b"))],
        [cookies(("privy-id-token", "a"), ("privy-id-token", ""))],
    ],
)
def test_two_cookies_that_differ(fields: list[tuple[str, str]]) -> None:
    """A cookie that was added from a subdomain does not choose the user."""
    with pytest.raises(ConflictingTokens):
        read(Request(*fields))


@pytest.mark.parametrize(
    "name",
    [
        "Privy-Id-Token",
        "privy-id-token2",
        "xprivy-id-token",
        "\xa0privy-id-token",
        "\x85privy-id-token",
        '"privy-id-token"',
        "privy_id_token",
        "privy-did:privy:x-id-token",
        "privy-id-token\x00",
        "\x0bprivy-id-token",
        "$privy-id-token",
    ],
)
def test_cookie_names_are_exact(name: str) -> None:
    """Names are compared byte for byte (RFC 6265 §4.2.1)."""
    assert CookieNames("privy-id-token").values([f"{name}=t"]) == {}


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("c=1", ["1"]),
        (" c = 1 ;\tc=2\t", ["1", "2"]),
        ("a=c=1; c=1=2", ["1=2"]),
        ("c", []),
        ("c;=c=1", []),
        ("=c=1", []),
        (";;;c=1;;", ["1"]),
        ('c="1"', ['"1"']),
        ("c=1,c=2", ["1,c=2"]),
        ("a=1,c=2", []),
    ],
)
def test_cookie_lines(line: str, values: list[str]) -> None:
    """A line is split at semicolons, and nothing in it is decoded."""
    assert CookieNames("c").values([line]).get("c", []) == values


def test_names_for_vary() -> None:
    """Responses vary on the fields that are read, each listed once."""
    assert list(vary_names([IDENTITY, ACCESS])) == ["Cookie", "privy-id-token", "Authorization"]
    assert list(vary_names([BARE])) == ["x-token"]
