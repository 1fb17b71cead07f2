"""Addresses that are derived from public keys."""

from __future__ import annotations

import sys

import pytest

from privy_middleware.errors import ConfigurationError
from privy_middleware.web3auth import derive_address
from tests.support.tokens import MISSING
from tests.web3auth.support import POINTS, social, user_of


@pytest.mark.parametrize("point", POINTS)
def test_ethereum_addresses(point: dict[str, str]) -> None:
    """Known values, with the checksum of EIP-55, for both spellings of a key and for its negation."""
    assert derive_address("secp256k1", point["compressed"]) == point["address"]
    assert derive_address("secp256k1", point["uncompressed"]) == point["address"]
    assert derive_address("secp256k1", point["negated_compressed"]) == point["negated_address"]
    assert derive_address("secp256k1", point["x_only"]) is None


def test_the_address_of_the_key_one() -> None:
    """The generator of secp256k1 (SEC 2 §2.4.1) has a well-known address."""
    generator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    assert derive_address("secp256k1", generator) == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("00" * 32, "1" * 32),
        (
            "06ddf6e1d765a193d9cbe146ceeb79ac1cb485ed5f5b37913a8cf5857eff00a9",
            "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        ),
    ],
)
def test_solana_addresses(key: str, address: str) -> None:
    """The well-known addresses of the system program and the token program."""
    assert derive_address("ed25519", key) == address
    assert derive_address("ed25519", f"{key}00") is None


def test_no_address_without_a_whole_key_on_a_known_curve() -> None:
    """A point that is not on the curve has no address, and neither does a key of an unknown curve."""
    off_curve = "02" + "00" * 31 + "05"
    assert derive_address("secp256k1", off_curve) is None
    assert derive_address("p256", POINTS[0]["compressed"]) is None
    assert derive_address(None, POINTS[0]["compressed"]) is None
    assert derive_address("secp256k1", None) is None


@pytest.mark.parametrize(("library", "curve"), [("Crypto.Hash.keccak", "secp256k1"), ("base58", "ed25519")])
def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, library: str, curve: str) -> None:
    """Everything except derived addresses works without the extra."""
    monkeypatch.setitem(sys.modules, library, None)
    key = POINTS[0]["compressed"] if curve == "secp256k1" else POINTS[0]["x_only"]
    user = user_of(social(wallets=[{"type": "web3auth_app_key", "curve": curve, "public_key": key}]))
    assert user.owns_app_key(key)
    assert user.to_dict()["wallets"][0]["public_key"] == key
    with pytest.raises(ConfigurationError, match=r"pip install 'privy-middleware\[web3auth\]'"):
        user.owns_wallet(POINTS[0]["address"])


def test_a_stated_address_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is compared directly."""
    monkeypatch.setitem(sys.modules, "Crypto.Hash.keccak", None)
    wallets = [{"type": "ethereum", "address": POINTS[0]["address"], "curve": None}]
    assert user_of(social(wallets=wallets, email=MISSING)).owns_wallet(POINTS[0]["address"].lower())
