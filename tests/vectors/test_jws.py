"""Wycheproof's compact JWS, with our reader, key loader and keys."""

from __future__ import annotations

from typing import Any

from tests.support.vectors import Counts, wycheproof
from tests.vectors.reading import loads, reads, verifies, verifies_with_secret

# Both results are right: the JWK says PS256 and the JWS PS384; the JWK says "ES521".
_EITHER = {346, 350, 347, 351}
# Marked invalid, but identical to the valid vector 357.
_SAME_AS_VALID = {367, 370}
# Marked valid with a "?" inside a segment, which is not a base64url character (RFC 7515 §2).
_NOT_BASE64URL = {372, 373}
DISPUTED = _EITHER | _SAME_AS_VALID | _NOT_BASE64URL


def _key(group: dict[str, Any]) -> dict[str, Any]:
    key: dict[str, Any] = group.get("public") or group["private"]
    return key


def _accepts(group: dict[str, Any], token: Any) -> bool:
    key = _key(group)
    return verifies_with_secret(token, key) if key["kty"] == "oct" else verifies(token, key)


def _is_right(group: dict[str, Any], test: dict[str, Any]) -> bool:
    accepted = _accepts(group, test["jws"])
    wanted = test["result"] == "valid" and test["tcId"] not in _NOT_BASE64URL
    return test["tcId"] in _EITHER or accepted == (wanted or test["tcId"] in _SAME_AS_VALID)


def test_json_web_signature(counts: Counts) -> None:
    """Each vector has its publisher's result, or that of the RFC for the eight disputed ones."""
    pairs = list(wycheproof("json_web_signature"))
    outcomes = [(str(test["tcId"]), _is_right(group, test)) for group, test in pairs]
    macs = sum(_key(group)["kty"] == "oct" for group, _ in pairs)
    counts.hold("JWS", outcomes, f"{macs} with a MAC made by the test", f"{len(DISPUTED)} disputed")


def test_the_disputed_ones() -> None:
    """The disputed vectors are as described, so that they hide no other difference."""
    by_id = {test["tcId"]: test for _, test in wycheproof("json_web_signature")}
    assert {by_id[each]["jws"] for each in _SAME_AS_VALID} == {by_id[357]["jws"]}
    assert all("?" in by_id[each]["jws"] and reads(by_id[each]["jws"]) is None for each in _NOT_BASE64URL)


def test_no_shared_secret_is_ever_a_key() -> None:
    """The library rejects every symmetric key of the vectors."""
    secrets = [_key(group) for group, _ in wycheproof("json_web_signature") if _key(group)["kty"] == "oct"]
    assert secrets
    assert not any(map(loads, secrets))


def test_json_web_crypto(counts: Counts) -> None:
    """JWS have their publisher's result; a JWE, valid or not, is rejected (RFC 8725 §3.2)."""
    outcomes = []
    for group, test in wycheproof("json_web_crypto"):
        if "jwe" in test:
            outcomes.append((str(test["tcId"]), reads(test["jwe"]) is None))
        else:
            outcomes.append((str(test["tcId"]), _accepts_any(_key(group), test["jws"]) == (test["result"] == "valid")))
    refused = sum("jwe" in test for _, test in wycheproof("json_web_crypto"))
    counts.hold("JOSE crypto", outcomes, f"{refused} of them JWE, which are refused")


def _accepts_any(material: dict[str, Any], token: Any) -> bool:
    keys = material.get("keys", [material])
    if all(key["kty"] == "oct" for key in keys):
        assert not loads(material)
        return any(verifies_with_secret(token, key) for key in keys)
    return verifies(token, material)
