"""Wycheproof's JWK sets, with our key loader."""

from __future__ import annotations

from typing import Any

from privy_middleware.keys import InvalidKeySet, read_jwks
from privy_middleware.keys.algorithms import SUPPORTED_ALGORITHMS
from tests.support.vectors import Counts, wycheproof
from tests.vectors.reading import loads, reads, verifies, verifies_with_secret


def _key_set(group: dict[str, Any]) -> dict[str, Any]:
    key_set: dict[str, Any] = group.get("public") or group["private"]
    return key_set


def _is_symmetric(key_set: dict[str, Any]) -> bool:
    return all(key["kty"] == "oct" for key in key_set["keys"])


def _fetched_set_verifies(key_set: dict[str, Any], token: Any) -> bool:
    """Return whether a token is valid with the set as a fetched one, in which unusable keys are skipped."""
    read = reads(token)
    if read is None:
        return False
    try:
        keys = read_jwks(key_set, algorithms=SUPPORTED_ALGORITHMS).find(read.header.kid, read.header.alg)
    except InvalidKeySet:
        return False
    return any(key.verifies(read.header.alg, read.signing_input, read.signature) for key in keys)


def _is_right(group: dict[str, Any], test: dict[str, Any]) -> bool:
    key_set, token = _key_set(group), test["jws"]
    by_product = verifies(token, key_set) or _fetched_set_verifies(key_set, token)
    if test["result"] == "invalid":
        return not by_product
    if not _is_symmetric(key_set):
        return verifies(token, key_set) and _fetched_set_verifies(key_set, token)
    # A valid MAC: the library rejects the set, and reads the token correctly.
    return not loads(key_set) and any(verifies_with_secret(token, key) for key in key_set["keys"])


def test_json_web_key(counts: Counts) -> None:
    """Invalid sets are rejected, configured and fetched; valid ones are accepted, unless they are shared secrets.

    A set of shared secrets is rejected as a whole. For the valid ones, the test checks that the reader parses the token
    and that the MAC, which the test computes, is right.
    """
    pairs = list(wycheproof("json_web_key"))
    outcomes = [(str(test["tcId"]), _is_right(group, test)) for group, test in pairs]
    secrets = sum(_is_symmetric(_key_set(group)) and test["result"] == "valid" for group, test in pairs)
    counts.hold("JWK sets", outcomes, f"{secrets} valid ones hold shared secrets, which are refused")
