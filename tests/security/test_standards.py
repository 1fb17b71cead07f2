"""The rules of the standards, each by its section."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from privy_middleware import ConfigurationError, PrivyConfig, PrivyVerifier
from privy_middleware.custom_keys import CustomKeyConfig
from privy_middleware.errors import (
    AuthenticationError,
    BadSignature,
    CrossSiteRequest,
    InvalidToken,
    MissingToken,
    TokensDisagree,
)
from privy_middleware.gate import Gate
from privy_middleware.keys import read_jwks
from privy_middleware.lookup import Lookup
from tests.security import attacks
from tests.security.attacks import both, refused
from tests.support.clock import Clock
from tests.support.keyserver import KeyServer
from tests.support.signers import Signer
from tests.support.tokens import (
    ACCESS,
    APP_ID,
    HEADER,
    IDENTITY,
    MISSING,
    NOW,
    SIGNER,
    SUBJECT,
    Request,
    access,
    b64,
    bearer,
    changed,
    checked,
    cookies,
    found,
    id_header,
    identity,
    part,
    sign,
    sign_segments,
    verifier,
)


@pytest.mark.parametrize("algorithms", [(), ("none",), ("HS256",), ("ES256", "HS256"), ("es256",), "HS256"])
def test_rfc_8725_3_1_algorithms_are_configured(algorithms: Any) -> None:
    """Algorithms are an allow-list of asymmetric ones, or there is a ``ConfigurationError``."""
    with pytest.raises(ConfigurationError, match=r"^algorithms: "):
        CustomKeyConfig(public_key=SIGNER.pem, algorithms=algorithms, issuer="a", audience="b")


def test_rfc_8725_3_1_algorithms_fit_the_key() -> None:
    """An algorithm of another kind of key is a ``ConfigurationError``, or an invalid token."""
    with pytest.raises(ConfigurationError):
        CustomKeyConfig(public_key=SIGNER.pem, algorithms=("RS256",), issuer="a", audience="b")
    refused(*attacks.with_alg("ES384", "RS256", "EdDSA", "es256", "Es256", " ES256"))


def test_rfc_8725_3_2_only_a_signature_counts() -> None:
    """``none``, a JWE and a JSON serialisation are rejected."""
    token = identity()
    serialised = [attacks.as_json(token, flattened=flattened) for flattened in (True, False)]
    refused(*attacks.with_alg("none", signature=""), attacks.as_jwe(), *serialised)


def test_rfc_8725_3_3_every_signature_is_checked() -> None:
    """A nested token is not a claim, and an invalid signature is not tried with another key."""
    second = Signer("second")
    judge = verifier(verification_key={"keys": [SIGNER.jwk, second.jwk]})
    with pytest.raises(BadSignature):
        judge.verify_identity_token(sign(HEADER, IDENTITY, second.private))
    refused(sign(changed(HEADER, {"cty": "JWT"}), identity().encode()), judge=judge)


def test_rfc_8725_3_4_points_are_validated() -> None:
    """A key that is not on its curve or has a wrong length is rejected."""
    off = {**SIGNER.jwk, "y": SIGNER.jwk["x"]}
    short = {**SIGNER.jwk, "x": b64(b"\x01" * 31)}
    infinity = {**SIGNER.jwk, "x": b64(bytes(32)), "y": b64(bytes(32))}
    for jwk in (off, short, infinity):
        with pytest.raises(ConfigurationError):
            PrivyConfig(app_id=APP_ID, verification_key=jwk)


def test_rfc_8725_3_7_utf_8_only() -> None:
    """This applies to the header and the claims."""
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        refused(
            sign(json.dumps(HEADER).encode(encoding), IDENTITY), sign(HEADER, json.dumps(IDENTITY).encode(encoding))
        )
    refused(sign(HEADER, json.dumps({**IDENTITY, "name": "é"}, ensure_ascii=False).encode("latin-1")))


def test_rfc_8725_3_8_issuer_and_subject() -> None:
    """The issuer is Privy, the keys are those of the issuer, and the subject is not empty."""
    refused(*both(iss="other"), *both(iss=MISSING), *both(sub=MISSING), *both(sub=""), *both(sub=["did:privy:x"]))
    refused(sign(HEADER, IDENTITY, attacks.STRANGER.private))


def test_rfc_8725_3_9_audience() -> None:
    """The audience is required and compared, and every verifier has one."""
    refused(*both(aud=MISSING), *both(aud="other"), *both(aud=[]))
    for app_id in ("", (), [""]):
        with pytest.raises(ConfigurationError, match=r"^app_id: "):
            PrivyConfig.from_mapping({"app_id": app_id})


def test_rfc_8725_3_10_received_claims_are_hostile(collector: KeyServer) -> None:
    """Addresses in a token are never requested."""
    url = collector.url
    refused(*attacks.embedded_key(url))
    assert verifier().verify_identity_token(identity({"url": url, "href": url}, jku=url, x5u=url, picture=url)).id


@pytest.mark.parametrize(
    "typ", [MISSING, None, "", "JWS", "JOSE", "at+jwt", "dpop+jwt", "application/at+jwt", 1, ["JWT"]]
)
def test_rfc_8725_3_11_typ(typ: Any) -> None:
    """``typ`` must be ``JWT``, in any case, with or without its prefix."""
    refused(*both({"typ": typ}))
    assert verifier().verify_identity_token(identity({"typ": "jwt"})).id
    assert verifier().verify_access_token(access({"typ": "application/JWT"})).user_id


def test_rfc_8725_3_12_kinds_exclude_one_another() -> None:
    """No token is accepted as both kinds."""
    for claims in ({}, {"sid": "s"}, {"linked_accounts": "[]"}, {"sid": "s", "linked_accounts": "[]"}):
        base = {"iss": "privy.io", "aud": APP_ID, "sub": SUBJECT, "iat": NOW, "exp": NOW + 60, **claims}
        token, accepted = sign(HEADER, base), 0
        for verify in (verifier().verify_identity_token, verifier().verify_access_token):
            try:
                verify(token)
                accepted += 1
            except InvalidToken:
                continue
        assert accepted == (1 if claims else 0)


def test_rfc_8725_3_13_no_decompression() -> None:
    """A compressed token is rejected before it is decompressed."""
    refused(
        attacks.zipped(),
        *both({"zip": "DEF"}),
        attacks.as_jwe(zip="DEF"),
        attacks.as_jwe("PBES2-HS256+A128KW", p2c=10**9),
    )


def test_rfc_8725bis_alphabet() -> None:
    """Only letters, digits, ``-``, ``_`` and two dots are allowed."""
    token = identity()
    for character in "+/=~!@#$%^&*()[]{}<>?,;:'\"\\| \t\r\n\0\x7fé\u200b":
        refused(token[:30] + character + token[31:], token + character, character + token)


def test_rfc_7515_4_header_names_are_unique() -> None:
    """Parsers differ about which of two values they use."""
    for header in (
        '{"alg":"ES256","typ":"JWT","alg":"ES256"}',
        '{"alg":"none","typ":"JWT","alg":"ES256"}',
        '{"alg":"ES256","typ":"JWT","kid":"a","kid":"test-kid"}',
        '{"alg":"ES256","typ":"JWT","x":{"a":1,"a":2}}',
    ):
        refused(sign(header, IDENTITY))


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], None, "exp", ["alg"], {}, False])
def test_rfc_7515_4_1_11_crit(crit: Any) -> None:
    """No extension is supported, so none may be critical."""
    refused(*both({"crit": crit, "exp": 1}))


@pytest.mark.parametrize("b64_value", [False, True, None, "false", 0])
def test_rfc_7797_7_b64(b64_value: Any) -> None:
    """Unencoded payloads are not allowed in JWTs."""
    refused(*both({"b64": b64_value}), *both({"b64": b64_value, "crit": ["b64"]}))


def test_rfc_7515_2_base64url() -> None:
    """Padding, line breaks, other characters and unused bits are rejected."""
    refused(*attacks.spellings())


def test_rfc_7517_5_unknown_keys_are_passed_over() -> None:
    """Unknown ``kty`` and ``use`` do not affect the other keys."""
    strangers = [
        {"kty": "XYZ"},
        {**Signer("enc").jwk, "use": "enc"},
        {**Signer("x").jwk, "crv": "P-257"},
        {"kty": "oct"},
    ]
    keys = read_jwks({"keys": [*strangers, SIGNER.jwk]}, algorithms=("ES256",))
    assert [key.kid for key in keys.keys] == [SIGNER.kid]


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_rfc_7519_2_numeric_dates(name: str) -> None:
    """Dates are JSON numbers, with or without a fraction."""
    wrong: tuple[Any, ...] = (str(NOW), True, None, [NOW], {}, "")
    refused(*(token for value in wrong for token in both(**{name: value})))
    moment = NOW + 60.5 if name == "exp" else NOW - 60.5
    assert verifier().verify_identity_token(identity(**{name: moment})).id


def test_rfc_7519_4_1_4_expiration() -> None:
    """A token is rejected on or after ``exp``, except for the leeway."""
    clock = Clock(NOW + 3599.5)
    judge = verifier(clock, leeway=0)
    assert judge.verify_identity_token(identity()).id
    clock.time = NOW + 3600
    refused(identity(), judge=judge)


def test_rfc_7519_4_1_5_and_6_not_before() -> None:
    """A token is rejected before ``nbf`` or ``iat``, except for the leeway."""
    judge = verifier(leeway=10)
    refused(*both(nbf=NOW + 11), *both(iat=NOW + 11), judge=judge)
    assert judge.verify_identity_token(identity(nbf=NOW + 10, iat=NOW + 10)).id


def test_rfc_6750_2_one_place_a_request() -> None:
    """Two values of one kind are rejected; a token in a URL or a body is not read (§5.3)."""
    gate = Gate(verifier())
    with pytest.raises(InvalidToken):
        found(gate, Request(bearer(access()), bearer(access(marker=1)))).require()
    in_url = Request(path="/", target=f"/?access_token={access()}&privy-id-token={identity()}")
    assert not found(gate, in_url).presented


def test_rfc_6750_3_challenges() -> None:
    """The challenge has no ``error`` without a token, and for an invalid one ``invalid_token`` and none of its text."""
    gate = Gate(verifier(), ["/"])
    challenges = []
    for request in (Request(), Request(id_header("garbage"))):
        with pytest.raises(AuthenticationError) as caught:
            checked(gate, request, found(gate, request))
        assert caught.value.status == 401
        challenges.append(dict(caught.value.headers)["WWW-Authenticate"])
    assert challenges[0] == "Bearer"
    assert challenges[1].startswith('Bearer error="invalid_token"')


def test_rfc_9110_11_1_case() -> None:
    """Schemes are compared without case, and so are the names of fields (§5.1)."""
    gate = Gate(verifier())
    for scheme in ("Bearer", "bearer", "BEARER", "bEaReR"):
        for name in ("Authorization", "authorization", "AUTHORIZATION"):
            assert found(gate, Request((name, f"{scheme} {access()}"))).access


def test_rfc_9110_11_6_2_authorization_is_single() -> None:
    """Two fields, or two values in one field, are rejected if one of them is a bearer token."""
    gate = Gate(verifier())
    for fields in (
        [bearer(access()), ("Authorization", "Basic x")],
        [("Authorization", f"Basic x, Bearer {access()}")],
    ):
        assert found(gate, Request(*fields)).error == "conflicting_tokens"
    assert not found(gate, Request(("Authorization", "Basic x"), ("Authorization", "Basic y"))).presented


def test_rfc_9110_15_5_2_every_401_has_a_challenge() -> None:
    """This holds for every reason."""
    kinds = [AuthenticationError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    unauthorized = [kind for kind in kinds if kind.status == 401]
    assert len(unauthorized) > 15
    for kind in unauthorized:
        assert dict(kind().headers)["WWW-Authenticate"].startswith("Bearer")


def test_rfc_9110_12_5_5_vary_and_rfc_9111_3_5() -> None:
    """Error responses vary on the fields that were read, and are not stored."""
    gate = Gate(verifier())
    assert {name.lower() for name in gate.vary} == {"cookie", "authorization", "privy-id-token"}
    for error in (MissingToken(), InvalidToken(), CrossSiteRequest()):
        headers = dict(error.headers)
        assert headers["Cache-Control"] == "no-store"
        assert {name.strip().lower() for name in headers["Vary"].split(",")} == {name.lower() for name in gate.vary}


def test_asvs_9_1_signature_first() -> None:
    """The error does not depend on the claims if the signature is invalid."""
    judge = verifier()
    for claims in ({"exp": 1}, {"iss": "x"}, {"sub": ""}, {"linked_accounts": MISSING}):
        with pytest.raises(BadSignature):
            judge.verify_identity_token(sign(HEADER, changed(IDENTITY, claims), attacks.STRANGER.private))


def test_asvs_9_2_span_kind_audience() -> None:
    """A valid signature alone is not enough."""
    refused(*both(exp=NOW - 60), *both(nbf=NOW + 60), *both(aud="other"))
    refused(
        sign(HEADER, changed(ACCESS, {"sid": MISSING})), sign(HEADER, changed(IDENTITY, {"linked_accounts": MISSING}))
    )


def test_asvs_7_4_1_sign_out() -> None:
    """A session that the app has revoked ends immediately, also for cached tokens and for other spellings of them."""
    ended: set[Any] = set()
    judge = verifier(is_revoked=lambda claims: claims.get("sid") in ended)
    token = access(sid="session-1")
    assert judge.verify_access_token(token).user_id
    ended.add("session-1")
    for _ in range(2):
        with pytest.raises(InvalidToken):
            judge.verify_access_token(token)
    assert judge.verify_access_token(access(sid="session-2")).user_id


def test_asvs_10_3_3_a_user_is_issuer_and_subject() -> None:
    """The same subject in another app is another user: their tokens are not accepted together."""
    keys = {"a": SIGNER.jwk, "b": SIGNER.jwk}
    gate = Gate(PrivyVerifier(PrivyConfig(app_id=("a", "b"), verification_key=keys), clock=Clock(NOW)))
    auth = found(gate, Request(id_header(identity(aud="a")), bearer(access(aud="b"))))
    assert isinstance(auth.refusal, TokensDisagree)
    assert found(gate, Request(id_header(identity(aud="a")), bearer(access(aud="a")))).require().id


def test_asvs_3_5_cross_origin() -> None:
    """``Sec-Fetch-Site`` is used first, then ``Origin``, and headers of proxies are not used (4.1.3)."""
    gate, cookie = Gate(verifier()), cookies(("privy-id-token", identity()))
    host, evil = ("Host", "app.example"), ("Origin", "https://evil.example")
    same = ("Sec-Fetch-Site", "same-origin")
    assert found(gate, Request(host, cookie, same, evil, method="POST")).require().id
    for forwarded in (
        ("X-Forwarded-Host", "evil.example"),
        ("Forwarded", "host=evil.example"),
        ("X-Host", "evil.example"),
    ):
        refusal = found(gate, Request(host, cookie, evil, forwarded, method="POST")).refusal
        assert isinstance(refusal, CrossSiteRequest)


def test_asvs_4_4_2_websocket_origin() -> None:
    """The same rule applies to a handshake with a cookie."""
    gate, cookie = Gate(verifier()), cookies(("privy-id-token", identity()))
    for origin, good in (("https://app.example", True), ("https://evil.example", False), ("null", False)):
        request = Request(("Host", "app.example"), cookie, ("Origin", origin), method="WEBSOCKET", scheme="wss")
        assert (found(gate, request).user is not None) is good


def test_asvs_16_results_are_logged_and_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Each rejected token is logged in a line with a code, and nothing that the client sent."""
    caplog.set_level(logging.DEBUG)
    gate = Gate(verifier())
    for token in ("garbage\r\ninjected: 1", identity({"kid": "\r\ninjected"}), identity(aud="injected")):
        lookup = Lookup(gate, Request(id_header(token)))
        lookup.find()
        lookup.report()
    lines = [record.getMessage() for record in caplog.records]
    for line, code in zip(lines, ("malformed_token", "unknown_key", "wrong_audience"), strict=True):
        assert line.startswith(f"privy-middleware: GET /: served without a user, {code} (identity token, header). The ")
        assert "injected" not in line


def test_segments_are_three() -> None:
    """There must be exactly three segments, none of them empty (RFC 7515 §7.1)."""
    header, payload, signature = identity().split(".")
    refused("..", f"{header}..{signature}", f".{payload}.{signature}", f"{header}.{payload}.", f"{header}.{payload}")
    refused(sign_segments(part(HEADER), ""), sign_segments("", part(IDENTITY)))
