"""Threats, each by its name, and the expected result.

The behaviour of key servers is tested in ``tests/keys``, and requests in every framework in ``tests/behaviour``.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from privy_middleware import KeysUnavailable, PrivyConfig, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.errors import BadSignature, CrossSiteRequest, InvalidToken, MissingToken, PrivyError, TokenRevoked
from privy_middleware.gate import Gate
from tests.security import attacks
from tests.security.attacks import HOSTILE_KIDS, both, refused
from tests.support.clock import Clock
from tests.support.keyserver import KeyServer, hang_up
from tests.support.patience import PATIENCE
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
    bearer,
    changed,
    checked,
    cookies,
    found,
    id_header,
    identity,
    part,
    runs_of,
    sign,
    sign_segments,
    twin,
    verifier,
)

LOCAL = {"trust_env": False}


def test_access_as_identity_and_identity_as_access() -> None:
    """The kinds exclude each other, whatever else a token contains."""
    judge = verifier()
    for token in (
        access(),
        access(custom_metadata="{}"),
        access(cr="1"),
        identity(linked_accounts=MISSING, sid=MISSING),
    ):
        with pytest.raises(InvalidToken):
            judge.verify_identity_token(token)
    for token in (identity(), identity(sid="s"), access(linked_accounts="[]"), access(linked_accounts=None)):
        with pytest.raises(InvalidToken):
            judge.verify_access_token(token)


def test_other_app_issuer_or_key() -> None:
    """A token of another app, of another issuer or of another key is rejected."""
    refused(*both(aud=attacks.OTHER_APP), *both(iss="https://api-auth.web3auth.io"), *both(iss="test-app"))
    refused(sign(HEADER, IDENTITY, attacks.STRANGER.private), sign(HEADER, ACCESS, attacks.STRANGER.private))


def test_alg_none_variants_and_wrong_types() -> None:
    """They are rejected signed, unsigned or with garbage, without a 500 for a list or an object."""
    names = (
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "es256",
        "ES256 ",
        "ES256K",
        "ES384",
        "EdDSA",
        "HS256",
        "RS256",
        "PS256",
    )
    wrong = (None, 0, True, ["ES256"], {"alg": "ES256"}, MISSING)
    refused(*attacks.with_alg(*names, *wrong))
    refused(*attacks.with_alg(*names, *wrong, signature=""), *attacks.with_alg("none", signature="AAAA"))


def test_hs256_with_every_form_of_the_public_key() -> None:
    """None of the seventeen forms is used as a secret."""
    assert len(attacks.public_forms()) == 17
    for material in ({"keys": [SIGNER.jwk]}, SIGNER.pem, SIGNER.jwk, json.dumps(SIGNER.jwk)):
        refused(*attacks.hmac_tokens(), judge=verifier(verification_key=material))


@pytest.mark.parametrize("value", [None, False, True, [], ["exp"], ["b64"], "DEF", "A256GCM", {}])
@pytest.mark.parametrize("name", ["crit", "b64", "zip", "enc"])
def test_crit_b64_zip_enc(name: str, value: Any) -> None:
    """A header that would change how the token is read is rejected."""
    refused(*both({name: value}), *both({name: value, "crit": [name]}))


def test_key_injection_by_header(collector: KeyServer) -> None:
    """A key in the header is not used, and its addresses are not requested."""
    refused(*attacks.embedded_key(collector.url))


@pytest.mark.parametrize("kid", HOSTILE_KIDS, ids=range(len(HOSTILE_KIDS)))
def test_hostile_kid(kid: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is only compared, and never opened, requested, returned or logged."""
    caplog.set_level(logging.DEBUG)
    refused(*both({"kid": kid}))
    auth = found(Gate(verifier()), Request(id_header(identity({"kid": kid}))))
    assert auth.refusal is not None
    if isinstance(kid, str) and kid:
        assert kid not in caplog.text + str(auth.refusal) + repr(auth) + auth.refusal.body.decode()


def test_unknown_kid_flood() -> None:
    """A thousand unknown IDs cause at most two fetches, and known IDs are still accepted."""
    with KeyServer(SIGNER) as server:
        judge = PrivyVerifier(PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL), clock=Clock(NOW))
        assert judge.verify_identity_token(identity()).id
        for number in range(1000):
            with pytest.raises(InvalidToken):
                judge.verify_identity_token(identity({"kid": f"invented-{number}"}))
        assert judge.verify_identity_token(identity(marker="fresh")).id
        assert server.count <= 2


def test_key_server_down_when_cold() -> None:
    """The response is 503 for all requests, with few fetches, and never 401."""
    with KeyServer(SIGNER) as server:
        server.behave = hang_up
        judge = PrivyVerifier(PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL), clock=Clock(NOW))
        for number in range(50):
            with pytest.raises(KeysUnavailable) as caught:
                judge.verify_identity_token(identity(marker=number))
            assert dict(caught.value.headers)["Retry-After"]
        assert server.count <= 3


@pytest.mark.parametrize("age", [60, 3600, 3600 + 600, 3600 + 86_000])
def test_unknown_kid_flood_while_the_key_server_is_down(age: float) -> None:
    """A thousand unknown IDs cause at most three fetches, and 503 rather than 401."""
    with KeyServer(SIGNER) as server:
        keys = Clock()
        settings = PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL)
        judge = PrivyVerifier(settings, clock=Clock(NOW), key_clock=keys)
        assert judge.verify_identity_token(identity()).id
        server.behave = hang_up
        keys.advance(age)
        before = server.count
        for number in range(1000):
            with pytest.raises(KeysUnavailable) as caught:
                judge.verify_identity_token(identity({"kid": f"invented-{number}"}))
            assert dict(caught.value.headers)["Retry-After"]
        assert judge.verify_identity_token(identity(marker="fresh")).id
        assert server.count - before <= 3


def test_rotation() -> None:
    """Old and new tokens are valid while both keys are published, and the old one is not afterwards."""
    with DevelopmentIssuer() as issuer:
        before = issuer.identity_token()
        issuer.rotate()
        after = issuer.identity_token()
        judge = PrivyVerifier(issuer.config(client_options=LOCAL))
        assert judge.verify_identity_token(after).id == judge.verify_identity_token(before).id
        issuer.withdraw_old()
        fresh = PrivyVerifier(issuer.config(client_options=LOCAL))
        assert fresh.verify_identity_token(after).id
        with pytest.raises(InvalidToken):
            fresh.verify_identity_token(before)


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_times_of_wrong_type(name: str) -> None:
    """They must be finite JSON numbers within limits; otherwise the token is invalid, without an OverflowError."""
    wrong: tuple[Any, ...] = (
        None,
        True,
        "1800003600",
        " 9999999999 ",
        "9_999_999_999",
        "٩٩٩٩٩٩٩٩٩٩",
        [],
        {},
        0,
        -1,
        1e300,
        10**400,
    )
    refused(*(token for value in wrong for token in both(**{name: value})))
    for number in ("NaN", "Infinity", "-Infinity", "1e400", "9" * 5000, "0x6b", "1_8", "+1"):
        payload = json.dumps(changed(IDENTITY, {name: "?"})).replace('"?"', number)
        refused(sign(HEADER, payload))


def test_clock_skew() -> None:
    """The same limited leeway applies to ``exp``, ``nbf`` and ``iat``, also for a cached token."""
    for leeway in (0, 10, 60):
        clock = Clock(NOW)
        judge = verifier(clock, leeway=leeway)
        token = identity(nbf=NOW)
        for moment, good in ((-leeway - 1, False), (-leeway, True), (3599 + leeway, True), (3600 + leeway, False)):
            clock.time = NOW + moment
            if good:
                assert judge.verify_identity_token(token) is judge.verify_identity_token(token)
            else:
                refused(token, judge=judge)


def test_no_exp_no_sub() -> None:
    """A token without expiry and a user without an ID are rejected."""
    refused(*both(exp=MISSING), *both(sub=MISSING), *both(sub=""), *both(sub=None), *both(sub=1))


def test_audience_tricks() -> None:
    """A prefix, a substring, another case, a list and an object are rejected."""
    wrong: tuple[Any, ...] = (
        APP_ID[:-1],
        APP_ID.upper(),
        f" {APP_ID}",
        f"{APP_ID},x",
        "",
        None,
        1,
        {APP_ID: 1},
        [],
        [[APP_ID]],
        [APP_ID, 1],
    )
    refused(*(token for audience in wrong for token in both(aud=audience)))
    assert verifier().verify_identity_token(identity(aud=["x", APP_ID])).id == SUBJECT
    with pytest.raises(InvalidToken):
        verifier().verify_access_token(access(aud=["x", APP_ID]))


def test_duplicate_json_names() -> None:
    """They are rejected in the header, in the claims and in the inner JSON, escaped or not."""
    header, payload = json.dumps(HEADER), json.dumps(IDENTITY)
    for name in ("sub", "exp", "aud", "linked_accounts", "unknown"):
        for spelt in (name, "".join(f"\\u{ord(letter):04x}" for letter in name)):
            value = json.dumps(IDENTITY.get(name, 1))
            refused(sign(header, f'{payload[:-1]},"{spelt}":{value},"{name}":{value}}}'))
    for name in ("alg", "kid", "typ", "unknown"):
        value = json.dumps(HEADER.get(name, 1))
        refused(sign(f'{header[:-1]},"{name}":{value},"{name}":{value}}}', payload))
    refused(identity(linked_accounts='[{"type":"email","type":"phone"}]'), identity(custom_metadata='{"a":1,"a":2}'))


def test_nested_huge_and_dotted() -> None:
    """They are rejected before they are decoded, or by the limits of the decoder."""
    for size in (16_385, 1_000_000):
        refused("." * size, "a" * size, "a." * (size // 2), f"{part(HEADER)}.{'A' * size}.AAAA")
    for depth in (50, 2000, 5000):
        refused(sign(HEADER, "[" * depth), sign("[" * depth + "]" * depth, IDENTITY))
        refused(sign(HEADER, '{"a":' * depth + "1" + "}" * depth))
    refused(
        identity(linked_accounts="[" * 4000 + "]" * 4000), identity(custom_metadata='{"a":' * 1500 + "1" + "}" * 1500)
    )


def test_a_good_token_above_the_limit() -> None:
    """It is rejected because of its size."""
    token = identity(padding="x" * 13_000)
    assert len(token) > 16_384
    refused(token)
    assert verifier(max_token_bytes=32_768).verify_identity_token(token).id


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xfe",
        b'{"sub":"\xed\xa0\x80"}',
        "{}".encode("utf-16"),
        "{}".encode("utf-32"),
        b"\xef\xbb\xbf{}",
        b"{}\x00",
        b"\x00",
    ],
)
def test_other_encodings(payload: bytes) -> None:
    """Only UTF-8 is accepted, in the header and the claims."""
    refused(sign(HEADER, payload), sign(payload, IDENTITY))


def test_surrogates_nul_and_text_that_is_not_ascii() -> None:
    """They never cause a 500, in the token itself and in its strings."""
    token = identity()
    refused(
        "\ud800",
        "é" * 9,
        f"{token}\ud800",
        f"\udc80{token}",
        token.replace(".", "\uff0e"),
        "\0.\0.\0",
        token.replace(".", "\u3002"),
    )
    raw = json.dumps(IDENTITY)
    refused(sign(HEADER, raw.replace(SUBJECT, "\\ud800")), sign(HEADER, raw.replace('"cr"', '"\\udfff"')))
    refused(
        identity(linked_accounts='[{"type":"\\ud800"}]'), identity(linked_accounts='[{"type":"email","x":"\\uDFFF"}]')
    )


def test_one_spelling() -> None:
    """White space, padding, other alphabets and unused bits are rejected."""
    refused(*attacks.spellings())


def test_ecdsa_twin() -> None:
    """(r, n - s) is a valid signature: accepted, with at most two cache entries, and revoked with its token."""
    gone: set[str] = set()
    judge = verifier(is_revoked=lambda claims: claims["sub"] in gone)
    token = identity()
    other = twin(token)
    assert other != token
    assert twin(other) == token
    assert judge.verify_identity_token(token) == judge.verify_identity_token(other)
    assert len(judge._identity._cache) == 2
    gone.add(SUBJECT)
    for spelt in (token, other):
        with pytest.raises(TokenRevoked):
            judge.verify_identity_token(spelt)


@pytest.mark.parametrize("name", attacks.bad_signatures())
def test_bad_signatures(name: str) -> None:
    """DER, short, long, zero and out-of-range signatures are rejected."""
    refused(attacks.with_signature(attacks.bad_signatures()[name]))


def test_changed_by_one_character() -> None:
    """Changing any character of a token makes it invalid."""
    token = identity()
    judge = verifier()
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(InvalidToken):
            judge.verify_identity_token(token[:place] + other + token[place + 1 :])


def test_cookie_tossing() -> None:
    """Two different cookies are rejected, and one with a similar name is not used."""
    gate, good, other = Gate(verifier()), identity(), identity(sub="did:privy:attacker")
    for fields in (
        [cookies(("privy-id-token", other), ("privy-id-token", good))],
        [cookies(("privy-id-token", good)), cookies(("privy-id-token", other))],
        [("Cookie", f"privy-id-token={good},privy-id-token={other}")],
        [("Cookie", f"privy-id-token={good},a=b")],
    ):
        assert found(gate, Request(*fields)).error in ("conflicting_tokens", "malformed_token")
    for name in ("\xa0privy-id-token", "\x85privy-id-token", "=privy-id-token", "Privy-Id-Token", '"privy-id-token"'):
        assert found(gate, Request(("Cookie", f"{name}={other}"))).presented is False
        both_cookies = Request(("Cookie", f"{name}={other}; privy-id-token={good}"))
        assert found(gate, both_cookies).require().id == SUBJECT


def test_header_against_cookie() -> None:
    """The header is used, even if it is invalid; two kinds must belong to the same user."""
    gate, other = Gate(verifier()), "did:privy:other"
    request = Request(id_header(identity(sub=other)), cookies(("privy-id-token", identity())))
    assert found(gate, request).require().id == other
    for fields in (
        [id_header("bad"), cookies(("privy-id-token", identity()))],
        [bearer("bad"), cookies(("privy-id-token", identity()))],
        [bearer(access(sub=other)), id_header(identity())],
        [bearer(access(sub=other)), cookies(("privy-id-token", identity()))],
        [cookies(("privy-token", access(sub=other)), ("privy-id-token", identity()))],
    ):
        with pytest.raises(InvalidToken):
            found(gate, Request(*fields)).require()


def test_several_header_lines_and_underscores() -> None:
    """Repeated, joined by a WSGI server, or sent as ``privy_id_token``: more than one value is rejected."""
    gate, good, other = Gate(verifier()), identity(), identity(sub="did:privy:attacker")
    for fields in (
        [id_header(good), id_header(other)],
        [id_header(f"{other},{good}")],
        [id_header(f"{good},")],
        [bearer(access()), bearer(access(sub="x"))],
        [bearer(f"{access()},Bearer {access(sub='x')}")],
        [bearer(access()), ("Authorization", "Basic eDp5")],
    ):
        assert found(gate, Request(*fields)).error == "conflicting_tokens"
    assert found(gate, Request(("privy_id_token", other))).presented is False


def test_path_tricks() -> None:
    """No spelling and no override header removes the protection; see ``tests/http/test_protected_paths.py``."""
    gate = Gate(verifier(), ["/admin"], ["/admin/login"])
    paths = (
        "/admin",
        "/ADMIN",
        "//admin",
        "/./admin",
        "/x/../admin",
        "/admin;x",
        "/%61dmin",
        "/admin/login/../x",
        "\\admin",
        "/admin/login;/../x",
        "/admin%2flogin",
        "/admin/login\0",
        "/admin/LOGIN",
        "/admin/login/..;/x",
        "/admin?x",
    )
    for path in paths:
        for name in (
            "X-Original-URL",
            "X-Rewrite-URL",
            "X-Forwarded-Uri",
            "X-Forwarded-Prefix",
            "X-HTTP-Method-Override",
        ):
            request = Request((name, "/admin/login"), path=path)
            with pytest.raises(MissingToken):
                checked(gate, request, found(gate, request))


def test_csrf_with_cookie_tokens() -> None:
    """An unsafe request from a page of another site is rejected, and the same with a token in a header is not."""
    gate = Gate(verifier())
    foreign = (
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Origin", "null")],
        [("Origin", "https://app.example.evil"), ("Host", "app.example")],
        [("Origin", "http://app.example"), ("Host", "app.example")],
    )
    for fields in foreign:
        for method in ("POST", "PUT", "PATCH", "DELETE", "WEBSOCKET"):
            by_cookie = Request(cookies(("privy-id-token", identity())), *fields, method=method)
            assert isinstance(found(gate, by_cookie).refusal, CrossSiteRequest)
            assert found(gate, Request(id_header(identity()), *fields, method=method)).require().id


def bad_tokens() -> list[str]:
    """Return an invalid token of each kind."""
    good = identity()
    stranger = sign(HEADER, IDENTITY, attacks.STRANGER.private)
    wrong = (identity(exp=NOW - 60), identity(aud="x"), identity(iss="x"), identity({"kid": "x"}), identity(sub=1))
    return [
        "garbage",
        good + "=",
        stranger,
        *wrong,
        access(),
        *attacks.with_alg("none"),
        identity({"typ": "x"}),
        "a" * 20_000,
    ]


def test_error_oracle() -> None:
    """All invalid tokens get exactly the same response."""
    gate = Gate(verifier())
    refusals = [found(gate, Request(id_header(token))).refusal for token in bad_tokens()]
    assert all(isinstance(refusal, InvalidToken) for refusal in refusals)
    assert len({refusal.code for refusal in refusals if refusal}) >= 9
    assert len({(refusal.status, refusal.body, refusal.headers) for refusal in refusals if refusal}) == 1


def test_nothing_of_a_token_is_logged_shown_or_kept(caplog: pytest.LogCaptureFixture) -> None:
    """No ten consecutive characters of it are in any log, text, repr or traceback."""
    caplog.set_level(logging.DEBUG)
    gate = Gate(verifier())
    for token in [*bad_tokens()[1:], identity(), access()]:
        auth = found(gate, Request(id_header(token), cookies(("privy-token", token))))
        shown = [repr(auth), repr(auth.user), repr(auth.tokens), repr(gate.settings), caplog.text]
        for verify in (verifier().verify_identity_token, verifier().verify_access_token):
            try:
                shown.append(repr(verify(token)))
            except PrivyError as error:
                shown += [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
        text = "".join(shown)
        assert not [run for run in runs_of(token) if run in text and run not in "a" * 10]


def test_cache_never_gives_anothers_claims() -> None:
    """The key is the whole token: tokens that differ in one part are different entries (CVE-2026-35039)."""
    judge = verifier()
    good = identity()
    header, payload, signature = good.split(".")
    assert judge.verify_identity_token(good).id == SUBJECT
    other = part(changed(IDENTITY, {"sub": "did:privy:victim"}))
    refused(
        f"{header}.{other}.{signature}",
        f"{header}.{payload}.{'A' * 86}",
        f"{header}.{payload}.",
        f".{payload}.{signature}",
    )
    users = {f"did:privy:{number}": identity(sub=f"did:privy:{number}") for number in range(50)}
    for _ in range(2):
        for subject, token in users.items():
            assert judge.verify_identity_token(token).id == subject


def test_caches_are_not_shared() -> None:
    """Kinds do not share a cache, and neither do verifiers of other apps, issuers or keys."""
    token = identity()
    assert verifier().verify_identity_token(token).id
    refused(token, judge=verifier(app_id="other-app"))
    refused(token, judge=verifier(verification_key=Signer(SIGNER.kid).jwk))


def test_threads_never_see_another_user() -> None:
    """Concurrent users with shared keys, caches and headers are never mixed up."""
    judge = verifier(token_cache_size=8)
    users = {f"did:privy:{number}": identity(sub=f"did:privy:{number}") for number in range(16)}
    start = threading.Barrier(8)

    def work(seed: int) -> list[str]:
        start.wait(PATIENCE)
        turns = list(users.items())[seed:] + list(users.items())[:seed]
        return [subject for subject, token in turns * 20 if judge.verify_identity_token(token).id != subject]

    with ThreadPoolExecutor(8) as pool:
        assert [wrong for found in pool.map(work, range(8)) for wrong in found] == []


def test_optimised_python() -> None:
    """All checks also run with ``python -O``."""
    program = (
        "import sys\n"
        "from privy_middleware import InvalidToken, PrivyConfig, PrivyVerifier\n"
        "from privy_middleware.development.issuer import DevelopmentIssuer\n"
        "issuer = DevelopmentIssuer()\n"
        "judge = PrivyVerifier(PrivyConfig(app_id=issuer.app_id, verification_key=issuer.public_key_pem))\n"
        "if judge.verify_identity_token(issuer.identity_token()).id != 'did:privy:dev-ada': sys.exit(1)\n"
        "bad = [issuer.identity_token(exp=1), issuer.identity_token(aud='x'), issuer.identity_token(sub=''),\n"
        "       issuer.access_token(), issuer.identity_token()[:-4] + 'AAAA', 'garbage',\n"
        "       issuer.identity_token(headers={'alg': 'none'}), issuer.identity_token(headers={'crit': ['x']})]\n"
        "for token in bad:\n"
        "    try: judge.verify_identity_token(token)\n"
        "    except InvalidToken: continue\n"
        "    sys.exit(2)\n"
        "sys.exit(0 if sys.flags.optimize else 3)\n"
    )
    done = subprocess.run([sys.executable, "-O", "-W", "error", "-c", program], check=False, env={**os.environ})
    assert done.returncode == 0


def test_a_bad_signature_is_the_last_word() -> None:
    """With a known ``kid`` no second key is tried."""
    second = Signer("second")
    judge = verifier(verification_key={"keys": [SIGNER.jwk, second.jwk]})
    assert judge.verify_identity_token(sign(changed(HEADER, {"kid": MISSING}), IDENTITY, second.private)).id
    with pytest.raises(BadSignature):
        judge.verify_identity_token(sign(HEADER, IDENTITY, second.private))


def test_segments_out_of_order() -> None:
    """Segments of valid tokens in another combination are rejected."""
    first, second = identity().split("."), access().split(".")
    mixed = [".".join((first[0], second[1], first[2])), ".".join((first[1], first[0], first[2])), ".".join(first[:2])]
    refused(
        *mixed, ".".join(first + second), ".".join((first[2], first[1], first[0])), sign_segments(first[1], first[0])
    )
