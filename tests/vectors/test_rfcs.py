"""The examples of RFC 7515, 7520, 7797 and 8037."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.vectors import Counts, load
from tests.vectors.reading import loads, public_half, reads, verifies, verifies_with_secret

COMPACT = (
    "curve25519_jws",
    "jws_4_1.rsa_v15_signature",
    "jws_4_2.rsa-pss_signature",
    "jws_4_3.ecdsa_signature",
    "jws_4_4.hmac-sha2_integrity_protection",
)
JSON_ONLY = (
    "jws_4_6.protecting_specific_header_fields",
    "jws_4_7.protecting_content_only",
    "jws_4_8.multiple_signatures",
    "rfc7797_4.2.hmac-sha2_b64_false",
)
OTHER_READING = ("jws_4_5.signature_with_detached_content", "rfc7797_hmac-sha2_b64_false")
PUBLIC_KEYS = ("jwk_3_1.ec_public_key", "jwk_3_3.rsa_public_key")


def _accepts(example: dict[str, Any]) -> bool:
    key, token = example["input"]["key"], example["output"]["compact"]
    if key["kty"] == "oct":
        return verifies_with_secret(token, key) and not loads(key)
    return verifies(token, public_half(key)) and not loads(key)


def _is_no_token(serialization: Any) -> bool:
    return reads(serialization) is None and reads(json.dumps(serialization)) is None


def test_rfc_7515_and_8037(counts: Counts) -> None:
    """Each example has the result of its RFC."""
    cases = load("rfc/rfc_jws_examples.json")["cases"]
    outcomes = [(each["id"], verifies(each["jws"], each["jwk"]) == (each["expect"] == "valid")) for each in cases]
    counts.hold("RFCs", outcomes)


def test_compact_examples_of_the_cookbook(counts: Counts) -> None:
    """Each is accepted with the public part of its key, and never with its private or symmetric key."""
    examples = {name: load(f"cookbook/{name}.json") for name in COMPACT}
    counts.hold("RFCs", [(name, _accepts(example)) for name, example in examples.items()])


def test_json_serializations_are_no_tokens(counts: Counts) -> None:
    """Other forms than the compact one are rejected, as an object and as text (RFC 8725 §3.2)."""
    outcomes = []
    for name in (*COMPACT, *JSON_ONLY):
        output = load(f"cookbook/{name}.json")["output"]
        outcomes += [(f"{name} {form}", _is_no_token(output[form])) for form in output if form.startswith("json")]
    counts.hold("RFCs", outcomes)


@pytest.mark.parametrize("name", OTHER_READING)
def test_payloads_that_stand_elsewhere_or_unencoded_are_refused(name: str, counts: Counts) -> None:
    """A detached payload is not the signed one, and the header rules reject ``b64: false`` (RFC 7797 §7)."""
    example = load(f"cookbook/{name}.json")
    key, token = example["input"]["key"], example["output"]["compact"]
    accepted = verifies_with_secret(token, {"kid": "", **key})
    counts.hold("RFCs", [(name, not accepted and not loads(key))])


def test_public_keys_of_the_cookbook(counts: Counts) -> None:
    """The two public keys of RFC 7520 are accepted."""
    counts.hold("RFCs", [(name, loads(load(f"cookbook/{name}.json"))) for name in PUBLIC_KEYS])
