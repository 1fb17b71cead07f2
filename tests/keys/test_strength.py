"""Keys for which anyone can create signatures are rejected in every form."""

from __future__ import annotations

import base64
import functools
import hashlib
import itertools
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from privy_middleware import ConfigurationError
from privy_middleware.custom_keys import CustomKeyConfig
from privy_middleware.keys import JWKSSource, load_key_set, read_jwks
from tests.support.keyserver import KeyServer, reply
from tests.support.signers import Signer
from tests.support.tokens import b64

_Point: TypeAlias = tuple[int, int]
_Public: TypeAlias = ed25519.Ed25519PublicKey | ed448.Ed448PublicKey

_IDENTITY = (0, 1)


@dataclass(frozen=True)
class _Curve:
    """The Edwards curve a·x² + y² = 1 + d·x²·y² over a prime field, of order ``cofactor`` · ``order`` (RFC 8032 §5)."""

    name: str
    prime: int
    a: int
    d: int
    cofactor: int
    order: int
    size: int

    def points(self) -> Iterator[_Point]:
        """Yield points of the curve, ordered by their y-coordinates."""
        for y in itertools.count(2):
            square = (1 - y * y) * pow(self.a - self.d * y * y, -1, self.prime) % self.prime
            # If there is a square root, it is one of these, because the primes are 3 modulo 4 and 5 modulo 8.
            root = pow(square, (self.prime + 3) // 8 if self.prime % 8 == 5 else (self.prime + 1) // 4, self.prime)
            for x in (root, root * pow(2, (self.prime - 1) // 4, self.prime) % self.prime):
                if x * x % self.prime == square:
                    yield x, y

    def add(self, one: _Point, other: _Point) -> _Point:
        """Return the sum of two points."""
        (x1, y1), (x2, y2) = one, other
        product = self.d * x1 * x2 * y1 * y2
        x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, self.prime)
        y = (y1 * y2 - self.a * x1 * x2) * pow(1 - product, -1, self.prime)
        return x % self.prime, y % self.prime

    def multiply(self, point: _Point, times: int) -> _Point:
        """Return a multiple of a point."""
        total = _IDENTITY
        for bit in f"{times:b}":
            total = self.add(total, total)
            if bit == "1":
                total = self.add(total, point)
        return total

    @functools.cache  # noqa: B019 - of two curves that are there as long as the module
    def low_points(self) -> frozenset[_Point]:
        """Return the points of low order, which are the multiples of all points by the prime ``order``."""
        found: set[_Point] = set()
        points = self.points()
        while len(found) < self.cofactor:
            found.add(self.multiply(next(points), self.order))
        return frozenset(found)

    def encodings(self, point: _Point) -> set[bytes]:
        """Return all bytes that can be decoded as the point or its negative, with y reduced or not and either sign."""
        top = 8 * self.size - 1
        coordinates = range(point[1], 1 << min(top, self.prime.bit_length()), self.prime)
        return {(y | sign << top).to_bytes(self.size, "little") for y in coordinates for sign in (0, 1)}

    def low_encodings(self) -> set[bytes]:
        """Return every encoding of a point of low order."""
        return {encoded for point in self.low_points() for encoded in self.encodings(point)}

    def public(self, encoded: bytes) -> _Public:
        """Return a public key of OpenSSL."""
        kind = ed25519.Ed25519PublicKey if self.size == 32 else ed448.Ed448PublicKey
        return kind.from_public_bytes(encoded)

    def forgery(self) -> bytes:
        """Return a signature that was made without the private key: any S, and R = S·B."""
        seed = bytes(self.size)
        if self.size == 32:
            r = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
            raw = bytearray(hashlib.sha512(seed).digest()[:32])
            raw[0], raw[31] = raw[0] & 0xF8, raw[31] & 0x7F | 0x40
        else:
            r = ed448.Ed448PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
            raw = bytearray(hashlib.shake_256(seed).digest(57))
            raw[0], raw[55], raw[56] = raw[0] & 0xFC, raw[55] | 0x80, 0
        return r + (int.from_bytes(raw, "little") % self.order).to_bytes(self.size, "little")

    def jwk(self, encoded: bytes, **members: Any) -> dict[str, Any]:
        """Return the JWK of a public key."""
        return {"kty": "OKP", "crv": self.name, "x": b64(encoded), **members}


_P25519, _P448 = 2**255 - 19, 2**448 - 2**224 - 1
_ED25519 = _Curve(
    name="Ed25519",
    prime=_P25519,
    a=-1,
    d=-121665 * pow(121666, -1, _P25519) % _P25519,
    cofactor=8,
    order=2**252 + 27742317777372353535851937790883648493,
    size=32,
)
_ED448 = _Curve(
    name="Ed448",
    prime=_P448,
    a=1,
    d=-39081,
    cofactor=4,
    order=2**446 - 13818066809895115352007386748515426880336692474882178609894547503885,
    size=57,
)
_LOW = [(curve, encoded) for curve in (_ED25519, _ED448) for encoded in sorted(curve.low_encodings())]
_IDS = [f"{curve.name} {encoded.hex()[:4]}-{encoded.hex()[-4:]}" for curve, encoded in _LOW]
every_low_encoding = pytest.mark.parametrize(("curve", "encoded"), _LOW, ids=_IDS)


@pytest.mark.parametrize(("curve", "count"), [(_ED25519, 14), (_ED448, 10)])
def test_low_points(curve: _Curve, count: int) -> None:
    """The cofactor times each point is the identity, and they have this many encodings."""
    assert {curve.multiply(point, curve.cofactor) for point in curve.low_points()} == {_IDENTITY}
    assert len(curve.low_encodings()) == count


def _raw_verdicts(key: _Public, forgery: bytes) -> Iterator[bool]:
    for number in range(256):
        try:
            key.verify(forgery, b"message %d" % number)
        except InvalidSignature:
            yield False
        else:
            yield True


@pytest.mark.parametrize(
    ("curve", "encoded"),
    [(curve, encoded) for curve, encoded in _LOW if curve is _ED25519 or not any(encoded[:-1])],
)
def test_anybody_can_sign_for_them(curve: _Curve, encoded: bytes) -> None:
    """OpenSSL accepts a signature made without a private key, for at least one message in eight."""
    assert any(_raw_verdicts(curve.public(encoded), curve.forgery()))
    honest = ed25519.Ed25519PrivateKey.generate() if curve is _ED25519 else ed448.Ed448PrivateKey.generate()
    assert not any(_raw_verdicts(honest.public_key(), curve.forgery()))


@every_low_encoding
def test_points_of_low_order_are_refused(curve: _Curve, encoded: bytes) -> None:
    """This applies to configured keys, as PEM, JWK or JWKS, for Privy's tokens and for custom ones."""
    public = curve.public(encoded)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for material in (pem, curve.jwk(encoded), {"keys": [curve.jwk(encoded)]}):
        with pytest.raises(ConfigurationError, match=r"^verification_key: .*(low order|y-coordinate)") as caught:
            load_key_set(material, algorithms=("EdDSA",))
        assert b64(encoded)[:10] not in str(caught.value)
        with pytest.raises(ConfigurationError, match=r"^public_key: .*(low order|y-coordinate)"):
            CustomKeyConfig(public_key=material, algorithms=("EdDSA",), issuer="me", audience="you")


@every_low_encoding
def test_points_of_low_order_are_passed_over(curve: _Curve, encoded: bytes) -> None:
    """The other keys of a set are kept, and the summary contains the reason."""
    good = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    entries = [curve.jwk(encoded, kid="bad"), _ED25519.jwk(good, kid="good")]
    key_set = read_jwks({"keys": entries}, algorithms=("EdDSA",))
    assert [key.kid for key in key_set.keys] == ["good"]
    assert key_set.skipped.startswith(("1: it is a point of low order", "1: its y-coordinate"))


@pytest.mark.parametrize("curve", [_ED25519, _ED448])
def test_coordinates_are_reduced(curve: _Curve) -> None:
    """A y-coordinate that is not reduced is rejected, whatever the point (RFC 8032 §5.1.3, §5.2.3)."""
    top = 8 * curve.size - 1
    for y in {curve.prime, curve.prime + 5, (1 << top) - 1}:
        for sign in (0, 1):
            encoded = (y | sign << top).to_bytes(curve.size, "little")
            with pytest.raises(ConfigurationError, match="y-coordinate is not less than"):
                load_key_set(curve.jwk(encoded), algorithms=("EdDSA",))


@pytest.mark.parametrize("curve", [_ED25519, _ED448])
def test_other_points_are_taken(curve: _Curve) -> None:
    """Other y-coordinates are accepted, also those close to the rejected ones."""
    forbidden = {y for _, y in curve.low_points()}
    for low in forbidden:
        for y in {(low + 2) % curve.prime, (low - 2) % curve.prime} - forbidden:
            encoded = y.to_bytes(curve.size, "little")
            (key,) = load_key_set(curve.jwk(encoded), algorithms=("EdDSA",)).keys
            assert key.algorithms == {"EdDSA"}
            assert not key.verifies("EdDSA", b"message", curve.forgery())


_N = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n


def _rsa_jwk(e: int) -> dict[str, Any]:
    return {"kty": "RSA", "n": b64(_N.to_bytes(256)), "e": b64(e.to_bytes((e.bit_length() + 7) // 8))}


def _rsa_der(e: int) -> bytes:
    public = rsa.RSAPublicNumbers(e, _N).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("e", [1, 2, 3, 4, 5, 17, 257, 65535, 65536, 65538, 2 * 65537, 2**256 + 1])
def test_rsa_exponents_that_are_refused(e: int) -> None:
    """Even, small and very long exponents are rejected (FIPS 186-5 §A.1.1)."""
    with pytest.raises(ConfigurationError, match=r"^verification_key: .*(exponent|not those of a public key)"):
        load_key_set(_rsa_jwk(e), algorithms=("RS256",))
    key_set = read_jwks({"keys": [_rsa_jwk(e), Signer("good").jwk]}, algorithms=("RS256", "ES256"))
    assert [key.kid for key in key_set.keys] == ["good"]
    assert key_set.skipped.startswith("1: ")


@pytest.mark.parametrize("e", [3, 5, 17, 257, 65535])
def test_rsa_exponents_that_are_refused_in_pem(e: int) -> None:
    """They are rejected in PEM as well as in a JWK."""
    with pytest.raises(ConfigurationError, match="exponent is even, less than 65537 or longer than 256 bits"):
        load_key_set(base64.b64encode(_rsa_der(e)), algorithms=("RS256",))


def test_rsa_with_the_exponent_one() -> None:
    """With e=1 a message is its own signature; cryptography cannot create such a key, so the bytes are edited."""
    three = _rsa_der(3)
    assert three.endswith(b"\x02\x01\x03")
    with pytest.raises(ConfigurationError, match=r"^verification_key: "):
        load_key_set(base64.b64encode(three[:-1] + b"\x01"), algorithms=("RS256",))


@pytest.mark.parametrize("e", [65537, 65539, 2**32 + 1])
def test_rsa_exponents_that_are_taken(e: int) -> None:
    """Odd exponents from 65537 on are accepted."""
    for material in (_rsa_jwk(e), base64.b64encode(_rsa_der(e))):
        assert load_key_set(material, algorithms=("RS256",)).keys


def test_a_server_that_publishes_one(caplog: pytest.LogCaptureFixture) -> None:
    """Its other keys are used, and the log contains the reason."""
    caplog.set_level(logging.WARNING)
    good = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    identity = _ED25519.jwk((1).to_bytes(32, "little"), kid="forged")
    with KeyServer() as server:
        server.behave = reply(json.dumps({"keys": [identity, _ED25519.jwk(good, kid="good")]}).encode())
        source = JWKSSource(server.url, algorithms=("EdDSA",))
        source.ready()
    assert source.lookup("forged", "EdDSA") == ()
    assert source.lookup("good", "EdDSA")
    (record,) = caplog.records
    assert record.getMessage().endswith("are skipped: 1: it is a point of low order, for which an attacker can sign.")
