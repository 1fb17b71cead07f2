"""Attacks with tokens, compared with PyJWT: it accepts every token that we accept, and we raise only our own errors.

PyJWT is configured as strictly as possible: ES256, the key, issuer, audience, and ``exp``, ``sub``, ``iss`` and ``aud``
as required claims. It still accepts these tokens, which ``docs/tokens.md`` requires us to reject:

- padding after a segment, and unused bits in a segment's last character;
- a missing ``typ``, or any other one, if the header is decoded without a check of it;
- ``jwk``, ``jku``, ``x5u``, ``x5c``, ``zip`` and ``enc`` in the header;
- ``exp``, ``iat`` and ``nbf`` as strings, and outside any calendar;
- an empty ``sub``, a repeated name in an object, NaN, and JSON in UTF-16 or after a byte order mark;
- an audience in a list with values that are not strings, and any list for an access token;
- a token of one kind instead of the other: PyJWT does not distinguish kinds;
- invalid inner JSON, deep nesting, and tokens above the size limit.
"""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jwt.utils import base64url_decode

from privy_middleware import PrivyUser
from tests.fuzz.peers import pyjwt_accepts, we_accept
from tests.security import attacks
from tests.support.tokens import (
    ACCESS,
    APP_ID,
    HEADER,
    IDENTITY,
    MISSING,
    NOW,
    SIGNER,
    SUBJECT,
    access,
    b64,
    changed,
    identity,
    part,
    sign,
    sign_segments,
    twin,
)

GOOD = (identity(), access(), identity(aud=["x", APP_ID]), access({"kid": MISSING}))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
odd_values = json_values | st.sampled_from(
    [
        "",
        "none",
        "ES256",
        "HS256",
        "JWT",
        "jwt",
        "privy.io",
        APP_ID,
        [APP_ID],
        [APP_ID, 1],
        SUBJECT,
        SIGNER.kid,
        MISSING,
        "[]",
        "{}",
        "[{}]",
        "null",
        "�",
        NOW,
        NOW + 5,
        NOW + 60,
        NOW - 60,
        1e300,
        10**400,
        str(NOW + 60),
        True,
        0,
        -1,
    ]
)
header_names = st.sampled_from(
    ["alg", "typ", "kid", "cty", "crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c", "x5t", "p2c", "epk", "other"]
)
claim_names = st.sampled_from(
    [
        "iss",
        "aud",
        "sub",
        "exp",
        "iat",
        "nbf",
        "sid",
        "linked_accounts",
        "custom_metadata",
        "cr",
        "guest",
        "jti",
        "other",
    ]
)
changes_of_header = st.dictionaries(header_names, odd_values, max_size=2)
changes_of_claims = st.dictionaries(claim_names, odd_values, max_size=3)


def as_json(value: object) -> bytes:
    """Return JSON, as freely as Python writes it."""
    return json.dumps(value).encode()


@st.composite
def signed(draw: st.DrawFn) -> str:
    """Draw a token with a valid signature and any content."""
    base = draw(st.sampled_from([IDENTITY, ACCESS]))
    header, claims = changed(HEADER, draw(changes_of_header)), changed(base, draw(changes_of_claims))
    return sign(as_json(header), as_json(claims))


@st.composite
def doubled(draw: st.DrawFn) -> str:
    """Draw a token with a valid signature and a repeated name in its header or its claims."""
    segments = []
    for base in (HEADER, draw(st.sampled_from([IDENTITY, ACCESS]))):
        text, name = json.dumps(base), draw(st.sampled_from(sorted(base)))
        again = f',"{name}":{json.dumps(base[name])}}}'
        segments.append(text[:-1] + again if draw(st.booleans()) else text)
    return sign(segments[0], segments[1])


@st.composite
def spelt_otherwise(draw: st.DrawFn) -> str:
    """Draw a token with a valid signature and other bytes in its segments."""
    filler = st.sampled_from(["=", "==", "\n", " ", "+", "/", "A", "\0", "é"])
    segments = [part(HEADER), part(draw(st.sampled_from([IDENTITY, ACCESS])))]
    place = draw(st.integers(0, 1))
    at = draw(st.integers(0, len(segments[place])))
    segments[place] = segments[place][:at] + draw(filler) + segments[place][at:]
    return sign_segments(segments[0], segments[1])


@st.composite
def raw_segments(draw: st.DrawFn) -> str:
    """Draw a token with a valid signature over any bytes."""
    return sign_segments(b64(draw(st.binary(max_size=60))), b64(draw(st.binary(max_size=60))))


@st.composite
def in_another_encoding(draw: st.DrawFn) -> str:
    """Draw a token with a valid signature in another encoding than UTF-8."""
    encoding = draw(st.sampled_from(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "utf-7"]))
    text = json.dumps({**IDENTITY, "name": draw(st.text("éa", max_size=4))}, ensure_ascii=False)
    return sign(HEADER, text.encode(encoding))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw a valid token with a few changes."""
    token = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(token)))
        kept = draw(st.sampled_from([0, 1, 1, 2, 40]))
        token = token[:at] + draw(st.text(LETTERS + "=.+/ \n\0é\ud800", max_size=3)) + token[at + kept :]
    return token


hostile = st.one_of(
    signed(),
    doubled(),
    spelt_otherwise(),
    raw_segments(),
    in_another_encoding(),
    mutated(),
    st.text(max_size=80),
    st.text(LETTERS + ".", max_size=200),
    st.sampled_from(
        [*GOOD, *map(twin, GOOD), *attacks.spellings(), *attacks.hmac_tokens(), *attacks.embedded_key("x")]
    ),
)


@given(hostile)
@example(identity() + "==")
@example("\ud800")
@example("." * 20_000)
@example(sign(as_json(HEADER), b"[" * 6000))
def test_we_accept_nothing_that_pyjwt_refuses(token: str) -> None:
    """The claims are the same, and a token has one kind, cached or not."""
    accepted = we_accept(token)
    assert len(accepted) in (0, 2)
    if accepted:
        claims = pyjwt_accepts(token)
        assert claims is not None
        first, second = accepted
        assert first == second
        assert claims["sub"] == (first.id if isinstance(first, PrivyUser) else first.user_id)


@given(hostile)
def test_what_we_accept_keeps_every_rule(token: str) -> None:
    """A token that is accepted has one spelling and claims of the right types, within their time."""
    for accepted in we_accept(token):
        assert jwt.get_unverified_header(token)["alg"] == "ES256"
        assert str(jwt.get_unverified_header(token)["typ"]).lower() in ("jwt", "application/jwt")
        claims = pyjwt_accepts(token)
        assert claims is not None
        assert type(claims["exp"]) in (int, float)
        assert claims["exp"] > NOW - 10
        assert all(segment == b64(base64url_decode(segment)) for segment in token.split("."))
        assert isinstance(accepted, PrivyUser) is ("linked_accounts" in claims)
        assert isinstance(claims["aud"], str) or isinstance(accepted, PrivyUser)


@given(st.binary(max_size=200) | st.none() | st.integers() | st.lists(st.text(max_size=3), max_size=3))
def test_what_is_no_text_is_refused(token: Any) -> None:
    """The error is the same as for any other invalid token."""
    assert we_accept(token) == ()


@pytest.mark.parametrize("token", GOOD)
def test_good_tokens_are_good_for_both(token: str) -> None:
    """Without accepted tokens, the comparison would be worthless."""
    assert len(we_accept(token)) == len(we_accept(twin(token))) == 2
    assert pyjwt_accepts(token)


@pytest.mark.parametrize(
    "token",
    [
        identity() + "==",
        identity({"jwk": SIGNER.jwk}),
        identity({"zip": "DEF"}),
        identity({"typ": "at+jwt"}),
        identity(exp=str(NOW + 60)),
        identity(sub=""),
        sign(HEADER, json.dumps(IDENTITY)[:-1] + ',"sub":"did:privy:other"}'),
        sign(HEADER, json.dumps(IDENTITY).encode("utf-16")),
        sign(HEADER, json.dumps(IDENTITY)[:-1] + ',"x":NaN}'),
        identity(linked_accounts="not json"),
    ],
)
def test_what_pyjwt_accepts_and_we_refuse(token: str) -> None:
    """The examples of the list above."""
    assert pyjwt_accepts(token)
    assert we_accept(token) == ()
