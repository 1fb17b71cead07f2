"""Keys verify only signatures that were made with them and with their own algorithm, in the one valid form."""

from __future__ import annotations

import math
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from privy_middleware.errors import ConfigurationError
from privy_middleware.keys.algorithms import SUPPORTED_ALGORITHMS, VerificationKey, check_algorithms
from privy_middleware.keys.errors import UnusableKey
from tests.support.signers import MESSAGE, Signer

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_DIGESTS = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES: dict[str, tuple[ec.EllipticCurve, int]] = {
    "ES256": (ec.SECP256R1(), 32),
    "ES384": (ec.SECP384R1(), 48),
    "ES512": (ec.SECP521R1(), 66),
}
_RSA = rsa.generate_private_key(65537, 2048)
_SIGNER = Signer("one")
_KEY = VerificationKey(_SIGNER.private.public_key(), SUPPORTED_ALGORITHMS, "one")


def _sign(alg: str) -> tuple[VerificationKey, bytes]:
    """Return a key for ``alg`` and a signature of ``MESSAGE``, both created with ``cryptography`` alone."""
    private: Any
    if alg in _CURVES:
        curve, size = _CURVES[alg]
        private = ec.generate_private_key(curve)
        r, s = decode_dss_signature(private.sign(MESSAGE, ec.ECDSA(_DIGESTS[alg[2:]])))
        signature = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    elif alg == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
        signature = private.sign(MESSAGE)
    else:
        private, digest = _RSA, _DIGESTS[alg[2:]]
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        signature = private.sign(MESSAGE, pss if alg.startswith("PS") else padding.PKCS1v15(), digest)
    return VerificationKey(private.public_key(), (alg,)), signature


@pytest.mark.parametrize("alg", SUPPORTED_ALGORITHMS)
def test_signature_verifies(alg: str) -> None:
    """A signature verifies with its own message, key and algorithm."""
    key, signature = _sign(alg)
    assert key.algorithm == alg
    assert key.algorithms == {alg}
    assert key.verifies(alg, MESSAGE, signature)


@pytest.mark.parametrize("alg", SUPPORTED_ALGORITHMS)
def test_anything_else_does_not_verify(alg: str) -> None:
    """Another message, length, algorithm or key, or a single different bit, is not accepted."""
    key, signature = _sign(alg)
    assert not key.verifies(alg, MESSAGE + b".", signature)
    assert not key.verifies(alg, MESSAGE, signature[:-1])
    assert not key.verifies(alg, MESSAGE, signature + b"\0")
    assert not key.verifies(alg, MESSAGE, bytes([signature[0] ^ 1]) + signature[1:])
    assert not key.verifies(alg, MESSAGE, signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not key.verifies(alg, MESSAGE, bytes(len(signature)))
    assert not key.verifies(alg, MESSAGE, b"")
    assert not any(
        key.verifies(other, MESSAGE, signature) for other in (*SUPPORTED_ALGORITHMS, "none", "HS256") if other != alg
    )


def test_ed448_verifies() -> None:
    """The other Edwards curve has the same algorithm name (RFC 8037 §3.1)."""
    private = ed448.Ed448PrivateKey.generate()
    key = VerificationKey(private.public_key(), ("EdDSA",))
    assert key.verifies("EdDSA", MESSAGE, private.sign(MESSAGE))
    assert not key.verifies("EdDSA", MESSAGE, private.sign(MESSAGE)[:64])


def test_twin_verifies() -> None:
    """(r, n-s) is as valid as (r, s): half of the genuine signatures have each form."""
    twin = _P256_ORDER - int.from_bytes(_SIGNER.signature[32:], "big")
    assert _KEY.verifies("ES256", MESSAGE, _SIGNER.signature[:32] + twin.to_bytes(32, "big"))


@pytest.mark.parametrize("r", [0, 1, _P256_ORDER, _P256_ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, _P256_ORDER, 2**256 - 1])
def test_numbers_out_of_range(r: int, s: int) -> None:
    """Values such as zero and those above the curve's order are rejected."""
    assert not _KEY.verifies("ES256", MESSAGE, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def test_der_form() -> None:
    """A signature in DER, OpenSSL's own form, is rejected (RFC 7518 §3.4)."""
    der = _SIGNER.private.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    assert not _KEY.verifies("ES256", MESSAGE, der)
    assert not _KEY.verifies("ES256", MESSAGE, der[:64])


@pytest.mark.parametrize("junk", [None, 7, "text", [], 2**600])
def test_junk(junk: Any) -> None:
    """Values that are not bytes are not accepted."""
    assert not _KEY.verifies("ES256", MESSAGE, junk)
    assert not _KEY.verifies("ES256", junk, _SIGNER.signature)


@given(st.binary(max_size=140))
def test_random_signatures(signature: bytes) -> None:
    """Random bytes neither raise an error nor verify."""
    assert not _KEY.verifies("ES256", MESSAGE, signature)


def test_key_of_several_algorithms() -> None:
    """An RSA key can be used with each of its algorithms that is allowed, and with no other."""
    key = VerificationKey(_RSA.public_key(), {"RS512", "PS256", "ES256"})
    assert key.algorithms == {"RS512", "PS256"}
    assert key.algorithm == "RS512"
    assert not key.verifies("RS256", MESSAGE, _RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256()))


def test_pss_with_another_salt() -> None:
    """The salt of a PSS signature must be as long as the digest (RFC 7518 §3.5)."""
    key = VerificationKey(_RSA.public_key(), ("PS256",))
    signature = _RSA.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA256())
    assert not key.verifies("PS256", MESSAGE, signature)


@pytest.mark.parametrize(
    ("public_key", "algorithms", "problem"),
    [
        (_SIGNER.private.public_key(), ("ES384", "RS256"), "on secp256r1, which does not fit ES384, RS256"),
        (
            ec.generate_private_key(ec.SECP256K1()).public_key(),
            SUPPORTED_ALGORITHMS,
            "an elliptic-curve key on secp256k1",
        ),
        (ed25519.Ed25519PrivateKey.generate().public_key(), ("ES256",), "an Edwards-curve key"),
        (_RSA.public_key(), ("ES256",), "an RSA key"),
        (dsa.generate_private_key(1024).public_key(), SUPPORTED_ALGORITHMS, "a key of another type"),
        (rsa.RSAPublicNumbers(65537, 2**2046 + 1).public_key(), ("RS256",), "fewer than 2048"),
        (rsa.RSAPublicNumbers(65537, 2**8192 + 1).public_key(), ("RS256",), "more than 8192"),
        (rsa.RSAPublicNumbers(2**256 + 1, 2**2047 + 1).public_key(), ("RS256",), "exponent"),
    ],
)
def test_keys_that_do_not_fit(public_key: Any, algorithms: tuple[str, ...], problem: str) -> None:
    """A key of another type, or one that is too weak or too slow, is rejected."""
    with pytest.raises(UnusableKey, match=problem):
        VerificationKey(public_key, algorithms)


def test_guessable_key() -> None:
    """A modulus that is a power of 65537 modulo every small prime comes from a faulty generator."""
    small = math.prod(odd for odd in range(3, 168, 2) if all(odd % factor for factor in range(3, odd, 2)))
    faulty = 65537**5 % small + small * (2**2047 // small + 2)
    with pytest.raises(UnusableKey, match="CVE-2017-15361"):
        VerificationKey(rsa.RSAPublicNumbers(65537, faulty).public_key(), ("RS256",))


def test_guessable_by_each_prime_alone() -> None:
    """The power can be different for each prime."""
    primes = [odd for odd in range(3, 168, 2) if all(odd % factor for factor in range(3, odd, 2))]
    small = math.prod(primes)

    def modulus(powers: list[int]) -> int:
        parts = [
            pow(65537, power, prime) * (small // prime) * pow(small // prime, -1, prime)
            for power, prime in zip(powers, primes, strict=True)
        ]
        large = sum(parts) % small + small * (2**2047 // small + 2)
        return large if large % 2 else large + small

    for shift in range(4):
        faulty = modulus([(number + shift) % 5 for number in range(len(primes))])
        with pytest.raises(UnusableKey, match="CVE-2017-15361"):
            VerificationKey(rsa.RSAPublicNumbers(65537, faulty).public_key(), ("RS256",))


@pytest.mark.parametrize("bits", [2048, 8192])
def test_rsa_bounds(bits: int) -> None:
    """RSA keys of 2048 and of 8192 bits are accepted, with an exponent of up to 256 bits."""
    public = rsa.RSAPublicNumbers(2**255 + 1, 2 ** (bits - 1) + 1).public_key()
    assert VerificationKey(public, ("RS256",)).algorithms == {"RS256"}


def test_fingerprint() -> None:
    """The fingerprint distinguishes keys, independently of their names."""
    same = VerificationKey(_SIGNER.private.public_key(), ("ES256",), "two")
    assert same.fingerprint == _KEY.fingerprint
    assert len(same.fingerprint) == 32
    assert same.fingerprint != VerificationKey(Signer().private.public_key(), ("ES256",)).fingerprint


def test_repr() -> None:
    """A key shows its algorithms and a part of its fingerprint."""
    assert repr(_KEY) == f"<VerificationKey ES256 {_KEY.fingerprint.hex()[:16]}>"


def test_algorithms_are_taken() -> None:
    """Any collection of supported names is accepted."""
    assert check_algorithms(["ES256", "EdDSA"]) == {"ES256", "EdDSA"}


@pytest.mark.parametrize(
    "algorithms", [(), "ES256", b"ES256", None, 5, ("none",), ("HS256", "ES256"), ("es256",), (None,), ("ES521",)]
)
def test_algorithms_are_refused(algorithms: Any) -> None:
    """No algorithm, ``none``, a shared-secret one or an unknown one is a configuration error (RFC 8725 §3.1)."""
    with pytest.raises(ConfigurationError, match=r"^algs: .*ES256"):
        check_algorithms(algorithms, "algs")
