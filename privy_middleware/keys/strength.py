"""Refuse public keys that are too weak, too slow, or for which an attacker can make signatures."""

from __future__ import annotations

import functools

from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from privy_middleware.keys.errors import UnusableKey

__all__ = ["check_strength"]

_RSA_BITS = range(2048, 8192 + 1)
# FIPS 186-5 §A.1.1. Small exponents make forgery easier, and large ones are slow.
_RSA_EXPONENTS = range(65537, 2**256, 2)
_SMALL_PRIMES = tuple(odd for odd in range(3, 168, 2) if all(odd % factor for factor in range(3, odd, 2)))

_P25519 = 2**255 - 19
_P448 = 2**448 - 2**224 - 1
# The y-coordinate of two points of order 8, a root of d·y⁴ + 2·y² - 1 (with the d of RFC 8032 §5.1).
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_LOW_25519 = frozenset({0, 1, _P25519 - 1, _ORDER_8, _P25519 - _ORDER_8})
_LOW_448 = frozenset({0, 1, _P448 - 1})


def check_strength(key: PublicKeyTypes) -> None:
    """Check that only the owner of the private key can make signatures, and that verifying them takes limited time.

    Raises:
        UnusableKey: if it is an RSA key of a wrong size, or a key for which an attacker can make signatures.
    """
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key)
    elif isinstance(key, ed25519.Ed25519PublicKey):
        _check_edwards(key.public_bytes_raw(), _P25519, _LOW_25519)
    elif isinstance(key, ed448.Ed448PublicKey):
        _check_edwards(key.public_bytes_raw(), _P448, _LOW_448)


def _check_edwards(encoded: bytes, prime: int, low: frozenset[int]) -> None:
    """Refuse the points of low order, for which signatures can be made without a private key.

    These are the points whose y-coordinate is in ``low``, with either sign of x. OpenSSL also accepts y-coordinates
    that are not reduced modulo the prime, which RFC 8032 §5.1.3 and §5.2.3 forbid.
    """
    # The highest bit is the sign of x (RFC 8032 §5.1.2, §5.2.2).
    y = int.from_bytes(encoded, "little") & ~(1 << (8 * len(encoded) - 1))
    if y >= prime:
        raise UnusableKey("its y-coordinate is not less than the prime of its curve")
    if y in low:
        raise UnusableKey("it is a point of low order, for which an attacker can sign")


def _check_rsa(key: rsa.RSAPublicKey) -> None:
    if key.key_size not in _RSA_BITS:
        raise UnusableKey("it is an RSA key of fewer than 2048 or more than 8192 bits")
    numbers = key.public_numbers()
    if numbers.e not in _RSA_EXPONENTS:
        raise UnusableKey("it is an RSA key whose exponent is even, less than 65537 or longer than 256 bits")
    if _is_guessable(numbers.n):
        raise UnusableKey("it is an RSA key from a faulty generator, which can be factored (CVE-2017-15361)")


def _is_guessable(modulus: int) -> bool:
    """Return whether the modulus is from the faulty generator, whose primes are powers of 65537 modulo small primes."""
    return all(modulus % prime in powers for prime, powers in _powers_of_65537())


@functools.cache
def _powers_of_65537() -> tuple[tuple[int, frozenset[int]], ...]:
    return tuple((prime, frozenset(pow(65537, n, prime) for n in range(prime))) for prime in _SMALL_PRIMES)
