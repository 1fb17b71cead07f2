"""Public keys of wallets in their canonical form, and the addresses derived from them."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from privy_middleware.errors import ConfigurationError

__all__ = ["canonical_address", "canonical_key", "derive_address"]

_HEX = re.compile("(?:0x)?((?:[0-9a-fA-F]{2})+)")
_EVM_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
# The length in bytes and the first byte of an encoded point of the curve (SEC 1 §2.3.3).
_ENCODED_POINTS = frozenset({(33, 2), (33, 3), (65, 4)})
# Some clients leave out the first byte of an uncompressed point.
_X_AND_Y_BYTES = 64
_ED25519_BYTES = 32


def canonical_key(curve: str | None, public_key: object) -> bytes | None:
    """Return the canonical form of a hexadecimal public key: a compressed point, or the 32 bytes of an ed25519 key.

    The key may be a compressed or uncompressed point, or X and Y without the first byte. ``None`` means that it is not
    a complete key of the curve. An X coordinate alone is not complete: it belongs to two keys with different addresses.
    """
    found = _HEX.fullmatch(public_key) if isinstance(public_key, str) else None
    if found is None:
        return None
    data = bytes.fromhex(found[1])
    if curve == "secp256k1":
        return _compressed(data)
    return data if curve == "ed25519" and len(data) == _ED25519_BYTES else None


def derive_address(curve: str | None, public_key: object) -> str | None:
    """Return the Ethereum or Solana address of a hexadecimal public key, or ``None`` if it is not a complete key.

    Raises:
        ConfigurationError: if the libraries of the extra ``web3auth`` are not installed.
    """
    key = canonical_key(curve, public_key)
    if key is None:
        return None
    return _ethereum(key) if curve == "secp256k1" else _solana(key)


def canonical_address(address: str) -> str:
    """Return an address for comparison: in an EVM address the case of the letters is only a checksum (EIP-55)."""
    return address.lower() if _EVM_ADDRESS.fullmatch(address) else address


def _compressed(data: bytes) -> bytes | None:
    if len(data) == _X_AND_Y_BYTES:
        data = b"\x04" + data
    if (len(data), data[0]) not in _ENCODED_POINTS:
        return None
    point = _point(data)
    return None if point is None else point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def _point(data: bytes) -> EllipticCurvePublicKey | None:
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256K1(), data)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _ethereum(compressed: bytes) -> str:
    """Return the last 20 bytes of the Keccak-256 hash of X and Y, with the checksum of EIP-55."""
    point = EllipticCurvePublicKey.from_encoded_point(SECP256K1(), compressed)
    plain = _keccak(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:])[-20:].hex()
    checksum = _keccak(plain.encode()).hex()
    return "0x" + "".join(c.upper() if int(check, 16) >= 8 else c for c, check in zip(plain, checksum, strict=False))


def _keccak(data: bytes) -> bytes:
    digest: bytes = _load("Crypto.Hash.keccak").new(digest_bits=256, data=data).digest()
    return digest


def _solana(key: bytes) -> str:
    text: bytes = _load("base58").b58encode(key)
    return text.decode("ascii")


def _load(library: str) -> Any:
    """Import a library of the extra ``web3auth``, which is needed for addresses only."""
    try:
        return import_module(library)
    except ImportError:
        fix = "install the libraries for addresses: pip install 'privy-middleware[web3auth]'"
        raise ConfigurationError("web3auth", fix) from None
