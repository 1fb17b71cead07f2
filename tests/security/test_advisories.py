"""Published vulnerabilities of other libraries, each by its name.

Those in the fetching of keys are tested in ``tests/keys``; here, the class of bug is shown if a token or a request can
trigger it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from privy_middleware import ConfigurationError, PrivyConfig, PrivyVerifier
from privy_middleware.custom_keys import CustomKeyConfig
from privy_middleware.errors import InvalidToken, MissingToken
from privy_middleware.gate import Gate
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
    Request,
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

CRIT: tuple[dict[str, Any], ...] = (
    {"crit": ["x"], "x": 1},
    {"crit": []},
    {"crit": ["exp"]},
    {"crit": ["b64"], "b64": False},
    {"crit": None},
)
B64 = ({"b64": False}, {"b64": True}, {"b64": False, "crit": ["b64"]})


def hmac_under_the_public_key() -> list[str]:
    """Return the key confusions."""
    return attacks.hmac_tokens()


def unknown_crit() -> list[str]:
    """Return tokens with critical extensions."""
    return [token for header in CRIT for token in both(header)]


def unencoded_payload() -> list[str]:
    """Return tokens with ``b64`` (RFC 7797)."""
    detached = f"{part({**HEADER, 'b64': False, 'crit': ['b64']})}.{'x' * 10_000}.{'A' * 86}"
    return [*(token for header in B64 for token in both(header)), detached]


def no_algorithm() -> list[str]:
    """Return tokens without a signature, or with an empty one."""
    names = ("none", "None", "NONE", "nOnE", "", None)
    return [token for blank in ("", "AA", "IA") for token in attacks.with_alg(*names, signature=blank)]


def encrypted() -> list[str]:
    """Return tokens for a decoder of JWE."""
    bomb = attacks.as_jwe("PBES2-HS256+A128KW", p2c=2**31, p2s="AAAA")
    return [attacks.as_jwe(), attacks.as_jwe("RSA1_5"), attacks.as_jwe(zip="DEF"), bomb, attacks.zipped()]


def other_serialisations() -> list[str]:
    """Return tokens in JSON, and in a mixture of JSON and the compact form."""
    token = identity()
    header, payload, signature = token.split(".")
    mixed = [f'{{"a":"{header}.{payload}.{signature}"}}', f"{header}.{payload}.{signature}.{{}}"]
    polyglot = f'{{" {header}.{payload}.{signature}":"","protected":"{header}","payload":"{payload}","signature":"AA"}}'
    return [attacks.as_json(token, flattened=True), attacks.as_json(token, flattened=False), *mixed, polyglot]


def partial_issuers() -> list[str]:
    """Return tokens of issuers with similar names."""
    issuers = (
        "",
        "privy",
        ".io",
        "privy.io/",
        "privy.io.evil.example",
        ["privy.io"],
        ["x", "privy.io"],
        {"privy.io": 1},
    )
    return [token for issuer in issuers for token in both(iss=issuer)]


def mismatched_algorithms() -> list[str]:
    """Return tokens with another algorithm than that of the key."""
    return attacks.with_alg("ES384", "ES512", "ES256K", "EdDSA", "RS256", "PS256", "HS256", "es256", "ES256\0")


def blank_keys() -> list[str]:
    """Return tokens of unknown keys, with and without ``kid``."""
    secrets = [
        attacks.hmac_token(b""),
        attacks.hmac_token(b"\0"),
        attacks.hmac_token(b"None"),
        attacks.hmac_token(b"null"),
    ]
    return [*secrets, *both({"kid": "nobodys"}), *both({"kid": ""})]


def psychic_signatures() -> list[str]:
    """Return signatures of zeros and multiples of the order."""
    return [attacks.with_signature(signature) for signature in attacks.bad_signatures().values()]


def many_segments() -> list[str]:
    """Return tokens with too many dots."""
    return ["." * 16_000, "a." * 8_000, identity() + "." * 1_000, "." * 3, "." * 10_000_000]


def oversized_segments() -> list[str]:
    """Return segments that would need much memory to decode."""
    return [f"{'A' * 10_000_000}.e30.AA", f"e30.{'A' * 10_000_000}.AA", f"e30.e30.{'A' * 10_000_000}"]


def deep_json() -> list[str]:
    """Return JSON that exhausts a recursive parser."""
    deep = ("[" * 6000, '{"a":' * 2000 + "1" + "}" * 2000, "[" * 6000 + "]" * 6000)
    return [*(sign(HEADER, each) for each in deep), *(sign(each, IDENTITY) for each in deep)]


def aliases() -> list[str]:
    """Return a valid token in other spellings."""
    return list(attacks.spellings())


def audience_bypasses() -> list[str]:
    """Return audiences that an inexact comparison would accept."""
    wrong: tuple[Any, ...] = (
        [],
        "",
        None,
        {},
        [""],
        ["other"],
        [None],
        {APP_ID: True},
        APP_ID[:4],
        f"x{APP_ID}",
        [[APP_ID]],
        [APP_ID, {}],
    )
    return [token for audience in wrong for token in both(aud=audience)]


def unprotected_algorithm() -> list[str]:
    """Return a token whose algorithm is in an unprotected header."""
    header = part({"typ": "JWT", "kid": SIGNER.kid})
    payload = part({**IDENTITY, "alg": "ES256"})
    serialised = json.dumps({"header": {"alg": "ES256"}, "protected": header, "payload": payload, "signature": "AA"})
    return [sign_segments(header, payload), serialised]


TOKENS: dict[str, Callable[[], list[str]]] = {
    "PyJWT CVE-2017-11424": hmac_under_the_public_key,
    "PyJWT CVE-2022-29217": hmac_under_the_public_key,
    "PyJWT CVE-2026-48526 GHSA-xgmm-8j9v-c9wx": hmac_under_the_public_key,
    "PyJWT GHSA-r6x4 GHSA-ffc3 GHSA-p4g4 GHSA-w2cx GHSA-pxh4": hmac_under_the_public_key,
    "PyJWT CVE-2026-48523 GHSA-jq35-7prp-9v3f": mismatched_algorithms,
    "PyJWT CVE-2024-53861 GHSA-75c5-xw7c-p5pm": partial_issuers,
    "PyJWT CVE-2026-32597 GHSA-752w-5fwx-jx9f": unknown_crit,
    "PyJWT CVE-2026-48525 GHSA-w7vc-732c-9m39": unencoded_payload,
    "PyJWT GHSA-8wjv-2p76-3863 GHSA-w6j9-cwv2-h6wq": deep_json,
    "PyJWT GHSA-hxm8-2xgr-2p9m": aliases,
    "python-jose CVE-2016-7036": hmac_under_the_public_key,
    "python-jose CVE-2024-33663": hmac_under_the_public_key,
    "python-jose CVE-2024-33664 CVE-2024-29370": encrypted,
    "python-jose 403 413 417": lambda: [*unknown_crit(), *psychic_signatures()],
    "Authlib CVE-2022-39174 CVE-2022-39175 CVE-2024-37568": hmac_under_the_public_key,
    "Authlib CVE-2025-59420": unknown_crit,
    "Authlib CVE-2025-61920": oversized_segments,
    "Authlib CVE-2025-62706": encrypted,
    "Authlib CVE-2026-28802": no_algorithm,
    "Authlib CVE-2026-28490": encrypted,
    "joserfc GHSA-wphv-vfrh-23q5": unencoded_payload,
    "joserfc 1.6.3": encrypted,
    "fast-jwt CVE-2023-48223 CVE-2026-34950 GHSA-mvf2-f6gm-w987 GHSA-ww5h-9m49-7xx4": hmac_under_the_public_key,
    "fast-jwt GHSA-hm7r-c7qw-ghp6": unknown_crit,
    "fast-jwt CVE-2026-44351 GHSA-gmvf-9v4p-v8jc GHSA-8wpc-h4q6-8fxv": blank_keys,
    "fast-jwt CVE-2025-30144": partial_issuers,
    "jsonwebtoken CVE-2015-9235": hmac_under_the_public_key,
    "jsonwebtoken CVE-2022-23539 CVE-2022-23540": lambda: [*mismatched_algorithms(), *no_algorithm()],
    "jose CVE-2022-36083 CVE-2024-28176": encrypted,
    "python-jwt CVE-2022-39227": other_serialisations,
    "json-jwt CVE-2023-51774": encrypted,
    "golang-jwt CVE-2025-30204": many_segments,
    "golang-jwt CVE-2020-26160": audience_bypasses,
    "Java CVE-2022-21449": psychic_signatures,
    "ruby-jwt CVE-2026-45363": blank_keys,
    "PHP JWT GHSA-jc38-x7x8-2xc8": unprotected_algorithm,
    "Envoy CVE-2021-21378": partial_issuers,
}


@pytest.mark.parametrize("advisory", TOKENS)
def test_token_is_refused(advisory: str) -> None:
    """The tokens of the advisory are invalid here."""
    refused(*TOKENS[advisory]())


@pytest.mark.parametrize("advisory", ["Authlib CVE-2026-27962", "node-jose CVE-2018-0114"])
def test_keys_in_headers(advisory: str, collector: KeyServer) -> None:
    """A key or an address in a header is not used."""
    refused(*attacks.embedded_key(collector.url))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/", "data:application/json,{}", "http://a.example/"]
)
def test_pyjwt_cve_2026_48522(url: str) -> None:
    """Keys are fetched over ``https``, or there is a ``ConfigurationError``."""
    with pytest.raises(ConfigurationError, match=r"^jwks_url: "):
        PrivyConfig(app_id=APP_ID, jwks_url=url)


def test_pyjwt_cve_2025_45768_weak_keys() -> None:
    """An RSA key is strong enough, or there is a ``ConfigurationError``."""
    weak = rsa.generate_private_key(65537, 1024).public_key()
    pem = weak.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ConfigurationError, match=r"^public_key: .*2048"):
        CustomKeyConfig(public_key=pem, algorithms=("RS256",), issuer="a", audience="b")


@pytest.mark.parametrize("algorithms", [(), None, ("none",), ("ES256", "HS256"), "HS256", ("es256",), (None,)])
def test_python_jose_cve_2024_33663_algorithms_are_mandatory(algorithms: Any) -> None:
    """Neither an empty list, nor ``none``, nor a shared-secret algorithm can be configured."""
    with pytest.raises(ConfigurationError, match=r"^algorithms: "):
        CustomKeyConfig(public_key=SIGNER.pem, algorithms=algorithms, issuer="a", audience="b")


def test_python_jose_cve_2025_61152_no_switch() -> None:
    """No option turns off verification."""
    for name in ("verify_signature", "options", "verify", "algorithms"):
        with pytest.raises(TypeError, match=name):
            verifier().verify_identity_token(identity(), **{name: False})
        with pytest.raises(ConfigurationError):
            PrivyConfig.from_mapping({"app_id": APP_ID, name: False})


def test_authlib_cve_2026_28498_fails_closed() -> None:
    """Unknown algorithms and headers are rejected."""
    refused(*both({"typ": "unknown"}), *both({"alg": "UNKNOWN"}), *both({"kid": "unknown"}), *both(sub=MISSING))


def test_joserfc_cve_2025_65015_no_token_in_errors() -> None:
    """The text of an exception contains no part of a token, however large."""
    secret = "a-secret-to-hide"
    for token in (secret * 10_000, f"{secret}.{secret}.{secret}", sign({**HEADER, "kid": secret}, IDENTITY), secret):
        with pytest.raises(InvalidToken) as caught:
            verifier().verify_identity_token(token)
        assert secret not in f"{caught.value!r}{caught.value}{vars(caught.value)}{caught.value.args}"


def test_fast_jwt_cve_2026_35039_cache_collision() -> None:
    """The key of the token cache is the whole token, and each verifier and kind has its own cache."""
    judge = verifier()
    tokens = [identity(sub=f"did:privy:{number}", padding="x" * 3000) for number in range(20)]
    for _ in range(2):
        assert [judge.verify_identity_token(token).id for token in tokens] == [f"did:privy:{n}" for n in range(20)]
    for token in tokens:
        for number in range(0, len(token), 401):
            changed_token = token[:number] + ("A" if token[number] != "A" else "B") + token[number + 1 :]
            with pytest.raises(InvalidToken):
                judge.verify_identity_token(changed_token)


def test_fast_jwt_cve_2026_35041_no_expressions_on_claims() -> None:
    """Claims are compared as text, so the time depends only on their length, and no result on an earlier comparison."""
    judge = verifier()
    hostile = ("a" * 8000 + "!", "^(a+)+$", ".*", "(" * 4000)
    for claims in ({"aud": each} for each in hostile):
        refused(*both(**claims), judge=judge)
    for _ in range(4):
        assert judge.verify_identity_token(identity()).id
        refused(*both(iss=".*"), judge=judge)


@pytest.mark.parametrize(
    "material", [b"", "", {}, {"kty": "oct", "k": ""}, [], {"keys": [{"kty": "oct", "k": "AA"}]}, object()]
)
def test_jsonwebtoken_cve_2022_23529_23541_key_types(material: Any) -> None:
    """Key material of a wrong type is a ``ConfigurationError``, and none of its methods are called."""
    with pytest.raises(ConfigurationError, match=r"^verification_key: "):
        PrivyConfig(app_id=APP_ID, verification_key=material)


@pytest.mark.parametrize("advisory", ["oauth2-proxy CVE-2025-64484", "Django CVE-2015-0219", "gunicorn 2799"])
def test_header_smuggling_by_underscore(advisory: str) -> None:
    """A field with an underscore is a different field; if a server joins both, they are two values."""
    gate, attacker = Gate(verifier()), identity(sub="did:privy:attacker")
    for name in ("privy_id_token", "PRIVY_ID_TOKEN", "privy-id_token"):
        assert not found(gate, Request((name, attacker))).presented
    joined = found(gate, Request(id_header(f"{attacker},{identity()}")))
    assert joined.error == "conflicting_tokens"


@pytest.mark.parametrize("advisory", ["oauth2-proxy CVE-2026-40575 GHSA-7x63-xv5r-3p2x", "oauth2-proxy CVE-2025-54576"])
def test_exemption_is_decided_by_the_path_alone(advisory: str) -> None:
    """Neither the header of a proxy nor a query exempts a path."""
    gate = Gate(verifier(), ["/"], ["/open"])
    for request in (
        Request(("X-Forwarded-Uri", "/open"), path="/secret"),
        Request(("X-Original-URL", "/open"), path="/secret"),
        Request(path="/secret", target="/secret?/open"),
        Request(path="/secret?x=/open"),
        Request(path="/secret#/open"),
    ):
        with pytest.raises(MissingToken):
            checked(gate, request, found(gate, request))


def test_envoy_cve_2021_21378_optional_refuses_bad_tokens() -> None:
    """An optional user means an optional token, not an invalid one."""
    gate = Gate(verifier())
    for token in both(iss="https://unknown.example"):
        with pytest.raises(InvalidToken):
            found(gate, Request(id_header(token))).optional()


def test_envoy_cve_2024_45809_cve_2025_64527_failing_key_server() -> None:
    """If a key server closes the connection in the middle, this is an outage, not a crash."""
    with KeyServer(SIGNER) as server:
        server.behave = lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
        options = {"trust_env": False}
        gate = Gate(PrivyVerifier(PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=options)))
        assert found(gate, Request(id_header(identity()))).error == "keys_unavailable"


@pytest.mark.parametrize("line", ["=privy-id-token={}", "=; =privy-id-token={}", "privy-id-token ={}x"])
def test_werkzeug_cve_2023_23934_nameless_cookies(line: str) -> None:
    """A cookie without a name is not used as one with a name."""
    auth = found(Gate(verifier()), Request(("Cookie", line.format(identity()))))
    assert auth.user is None


def test_cpython_cve_2024_7592_quoted_cookies() -> None:
    """Cookies are not unquoted, so a header of backslashes takes no longer than any other of its length."""
    gate = Gate(verifier())
    hostile = f'privy-id-token="{chr(92) * 100}"'
    assert found(gate, Request(("Cookie", hostile))).error == "malformed_token"
    assert found(gate, Request(("Cookie", f'privy-id-token="{identity()}"'))).error == "malformed_token"
    large = f'privy-id-token="{chr(92) * 1_000_000}"'
    assert found(gate, Request(("Cookie", large))).error == "oversized_token"


def test_fastapi_zitadel_auth_149_unknown_kids() -> None:
    """An unknown ``kid`` causes no wait, and does not remove the current keys."""
    with KeyServer(SIGNER) as server:
        options = {"trust_env": False}
        settings = PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=options)
        judge = PrivyVerifier(settings, clock=Clock(NOW), key_clock=Clock())
        assert judge.verify_identity_token(identity()).id
        refused(*(token for number in range(20) for token in both({"kid": f"unknown-{number}"})), judge=judge)
        assert judge.verify_identity_token(identity(marker=1)).id
        assert server.count <= 2


def test_a_stranger_under_our_kid() -> None:
    """The configured key is used, whatever the token says."""
    stranger = Signer(SIGNER.kid)
    refused(sign(HEADER, IDENTITY, stranger.private), sign(HEADER, ACCESS, stranger.private))
    refused(sign(changed(HEADER, {"kid": MISSING}), IDENTITY, stranger.private))


def test_authlib_ghsa_fg6f_cve_2026_41425_login_csrf() -> None:
    """No request creates a session here: a cookie from another site must be valid, and the only one."""
    gate = Gate(verifier())
    planted = cookies(("privy-id-token", identity(sub="did:privy:attacker")), ("privy-id-token", identity()))
    assert found(gate, Request(planted)).error == "conflicting_tokens"
