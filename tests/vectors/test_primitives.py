"""Wycheproof's signatures in the form that JWS uses, with ``VerificationKey``."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware import ConfigurationError
from privy_middleware.keys import VerificationKey, load_key_set
from tests.support.vectors import Counts, wycheproof

ALGORITHMS = {
    "ecdsa_secp256r1_sha256_p1363": "ES256",
    "ecdsa_secp384r1_sha384_p1363": "ES384",
    "ecdsa_secp521r1_sha512_p1363": "ES512",
    "ed25519": "EdDSA",
    "ed448": "EdDSA",
    "rsa_signature_2048_sha256": "RS256",
    "rsa_signature_2048_sha384": "RS384",
    "rsa_signature_2048_sha512": "RS512",
    "rsa_signature_3072_sha256": "RS256",
    "rsa_signature_4096_sha256": "RS256",
    "rsa_signature_4096_sha512": "RS512",
    "rsa_signature_8192_sha256": "RS256",
}
_DER = "ecdsa_secp256r1_sha256"


def _key(group: dict[str, Any], alg: str) -> VerificationKey:
    (key,) = load_key_set(group["publicKeyPem"], algorithms=[alg]).keys
    return key


def _verdicts(name: str, alg: str) -> list[tuple[dict[str, Any], bool]]:
    return [
        (test, _key(group, alg).verifies(alg, bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])))
        for group, test in wycheproof(name)
        if not _has_small_exponent(group)
    ]


def _is_refused(group: dict[str, Any], alg: str) -> bool:
    with pytest.raises(ConfigurationError, match="exponent"):
        _key(group, alg)
    return True


def _has_small_exponent(group: dict[str, Any]) -> bool:
    return int(group["publicKey"].get("publicExponent", "010001"), 16) < 65537


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_signatures(name: str, counts: Counts) -> None:
    """Each signature has its publisher's result; for "acceptable" both results are right."""
    outcomes = [
        (f"{name} {test['tcId']}", test["result"] == "acceptable" or accepted == (test["result"] == "valid"))
        for test, accepted in _verdicts(name, ALGORITHMS[name])
    ]
    small = [(group, test) for group, test in wycheproof(name) if _has_small_exponent(group)]
    outcomes += [(f"{name} {test['tcId']}", _is_refused(group, ALGORITHMS[name])) for group, test in small]
    notes = [f"{name}: {len(small)} with e=3, whose keys are refused"] if small else []
    counts.hold("primitives", outcomes, *notes)


def test_no_signature_in_der_is_taken(counts: Counts) -> None:
    """ECDSA signatures in DER, valid or not, do not have the form of RFC 7518 §3.4."""
    outcomes = [(str(test["tcId"]), not accepted) for test, accepted in _verdicts(_DER, "ES256")]
    counts.hold("DER refused", outcomes)
