"""Compact JWS: only one spelling, and only known headers."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware.errors import (
    InvalidClaims,
    InvalidToken,
    MalformedToken,
    OversizedToken,
    UnsupportedHeader,
)
from privy_middleware.tokens.jws import Header, find_dots, read_header, read_payload
from tests.support.tokens import HEADER, MISSING, changed, identity, part

ODD: tuple[Any, ...] = (None, [], "x", False)


def test_a_token_is_taken_apart() -> None:
    """A token is split into its parts (RFC 7515 §7.1)."""
    token = identity()
    first, last = find_dots(token, len(token))
    assert [token[:first], token[first + 1 : last], token[last + 1 :]] == token.split(".")


def test_nothing_of_a_header_is_shown() -> None:
    """The repr contains no part of the header, not even ``kid``."""
    assert "a-kid-to-hide" not in repr(read_header(part(changed(HEADER, {"kid": "a-kid-to-hide"}))))


def test_size_comes_first() -> None:
    """A token above the size limit is rejected for its size; one at the limit is not."""
    with pytest.raises(OversizedToken):
        find_dots("é" * 300, 256)
    token = identity()
    with pytest.raises(OversizedToken):
        find_dots(token, len(token) - 1)
    assert len(find_dots(token, len(token))) == 2


def test_segments_may_be_empty() -> None:
    """Empty segments are counted; their content is checked later."""
    assert find_dots("..", 16384) == (0, 1)
    assert find_dots("a..b", 16384) == (1, 2)


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c.d", "." * 4, "a.b.c.d.e", "é.a.b", "\ud800.a.b"])
def test_what_is_not_three_segments_is_refused(token: str) -> None:
    """A JWE, a JSON serialisation and garbage are not compact JWS (RFC 8725 §3.2)."""
    with pytest.raises(MalformedToken):
        find_dots(token, 16384)


@pytest.mark.parametrize("token", [None, 1, b"a.b.c", ["a.b.c"], bytearray(b"a.b.c")])
def test_what_is_not_text_is_refused(token: Any) -> None:
    """A token must be a ``str``."""
    with pytest.raises(MalformedToken):
        find_dots(token, 16384)


@pytest.mark.parametrize(
    "payload", ["[]", "null", '"a"', "1", "{", "", '{"a":1,"a":2}', '{"a":NaN}', b"\xff", b"\xfe\xff"]
)
def test_a_payload_is_a_strict_object(payload: object) -> None:
    """The payload must be a strict JSON object (RFC 7519 §7.2)."""
    with pytest.raises(InvalidClaims):
        read_payload(part(payload))


def test_a_payload_is_base64url() -> None:
    """The payload must have the one valid spelling too."""
    for payload in ("e30=", "e31", "e!0"):
        with pytest.raises(MalformedToken):
            read_payload(payload)


@pytest.mark.parametrize("typ", ["JWT", "jwt", "Jwt", "application/jwt", "Application/JWT"])
def test_typ_fits(typ: str) -> None:
    """``typ`` can be ``JWT`` in any case, with or without the prefix of the media type (RFC 7519 §5.1)."""
    assert read_header(part(changed(HEADER, {"typ": typ}))) == Header("ES256", "test-kid")


def test_kid_is_optional() -> None:
    """A header without ``kid`` has none."""
    assert read_header(part(changed(HEADER, {"kid": MISSING}))) == Header("ES256", None)


def test_parameters_that_change_nothing_pass() -> None:
    """``cty``, ``x5t`` and unknown parameters are ignored."""
    unused = {"cty": "JWT", "x5t": "abc", "x5t#S256": "abc", "hello": [1, {"a": None}]}
    assert read_header(part(changed(HEADER, unused))) == Header("ES256", "test-kid")


@pytest.mark.parametrize(
    "changes",
    [{name: value} for name in ("crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c") for value in ODD]
    + [{"typ": typ} for typ in (MISSING, None, "", "JWS", "at+jwt", "JWT ", 1, ["JWT"], {"a": 1})]
    + [{"alg": alg} for alg in (MISSING, None, 1, ["ES256"], {"a": 1}, True)]
    + [{"kid": kid} for kid in (None, 1, ["test-kid"], {"a": 1}, True)],
)
def test_headers_that_are_refused(changes: dict[str, Any]) -> None:
    """RFC 7515 §4.1.11, RFC 7797 §7 and RFC 8725 §3.10-3.13 require this."""
    with pytest.raises(UnsupportedHeader):
        read_header(part(changed(HEADER, changes)))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "[]",
        "null",
        "1",
        '"ES256"',
        "{",
        '{"alg":"ES256","alg":"ES256","typ":"JWT"}',
        b"\xff",
        '{"alg":"\\ud800"}',
        "NaN",
        "[" * 5000,
    ],
)
def test_a_header_is_a_strict_object(header: object) -> None:
    """Names must be unique (RFC 7515 §4)."""
    with pytest.raises(InvalidToken):
        read_header(part(header))


def test_segments_longer_than_can_be_right_are_not_decoded() -> None:
    """A header of some kilobytes, or a signature longer than that of the longest RSA key, is rejected by its length."""
    find_dots(f"{'A' * 2048}.AAAA.{'A' * 1366}", 16384)
    for token in (f"{'A' * 2049}.AAAA.AAAA", f"AAAA.AAAA.{'A' * 1367}"):
        with pytest.raises(MalformedToken):
            find_dots(token, 16384)
