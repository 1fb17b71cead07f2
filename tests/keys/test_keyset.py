"""A key set finds the keys for a token's header."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from privy_middleware.keys import FixedKeys, KeySet, KeySource, VerificationKey, load_key_set, read_jwks
from tests.support.signers import Signer

_ONE, _TWO, _NAMELESS = Signer("one"), Signer("two"), Signer()
_SET = read_jwks({"keys": [_ONE.jwk, _TWO.jwk, _NAMELESS.jwk]}, algorithms=("ES256",))


def _kids(key_set: KeySet, kid: str | None, alg: str = "ES256") -> list[str | None]:
    return [key.kid for key in key_set.find(kid, alg)]


def test_by_kid() -> None:
    """A ``kid`` finds the one key with exactly this name."""
    assert _kids(_SET, "one") == ["one"]
    assert _kids(_SET, "ONE") == []
    assert _kids(_SET, "") == []
    assert _kids(_SET, "three") == []


def test_by_algorithm() -> None:
    """A key that cannot be used with the algorithm is not found."""
    assert _kids(_SET, "one", "ES384") == []
    assert _kids(_SET, "one", "none") == []


def test_without_kid() -> None:
    """Without a ``kid``, every suitable key may have signed the token."""
    assert _kids(_SET, None) == ["one", "two", None]
    assert _kids(_SET, None, "RS256") == []


def test_tries_are_bounded() -> None:
    """A token without a ``kid`` is tried with at most eight keys."""
    many = read_jwks({"keys": [Signer(str(n)).jwk for n in range(9)]}, algorithms=("ES256",))
    assert _kids(many, None) == [str(n) for n in range(8)]


def test_single_nameless_key() -> None:
    """A single PEM is used for any ``kid``, a single JWK with a name is not."""
    pem = load_key_set(_ONE.pem, algorithms=("ES256",))
    assert _kids(pem, "anything") == [None]
    assert _kids(pem, None) == [None]
    assert _kids(pem, "anything", "ES384") == []
    jwk = load_key_set(_ONE.jwk, algorithms=("ES256",))
    assert _kids(jwk, "anything") == []


def test_two_nameless_keys() -> None:
    """Several keys without names are used only for tokens without a ``kid``."""
    pair = read_jwks({"keys": [_NAMELESS.jwk, Signer().jwk]}, algorithms=("ES256",))
    assert _kids(pair, "anything") == []
    assert _kids(pair, None) == [None, None]


def test_one_key_under_two_algorithms() -> None:
    """A key that is published once for each of two algorithms is found for each, once."""
    public = rsa.generate_private_key(65537, 2048).public_key()
    keys = [VerificationKey(public, (alg,), "rsa") for alg in ("RS256", "PS256")]
    key_set = KeySet(keys)
    assert key_set.find("rsa", "RS256") == (keys[0],)
    assert key_set.find("rsa", "PS256") == (keys[1],)
    assert KeySet([*keys, *keys]).find(None, "RS256") == (keys[0],)


@pytest.mark.parametrize(("kid", "known"), [("one", True), (None, True), ("three", False)])
def test_known_kids(kid: str | None, known: bool) -> None:
    """Fetching the set again could not help for a known ``kid``, or without one."""
    assert _SET.covers(kid) is known


@pytest.mark.parametrize(("kid", "named"), [("one", True), (None, False), ("three", False)])
def test_names(kid: str | None, named: bool) -> None:
    """A set knows the ``kid`` of its keys, and no other."""
    assert _SET.has_kid(kid) is named


def test_a_single_pem_names_nothing() -> None:
    """It is tried for any ``kid``, but has none."""
    pem = load_key_set(_ONE.pem, algorithms=("ES256",))
    assert not pem.has_kid("anything")
    assert not pem.has_kid(None)


def test_known_to_a_single_pem() -> None:
    """A single PEM knows every ``kid``."""
    assert load_key_set(_ONE.pem, algorithms=("ES256",)).covers("anything")


def test_same_keys() -> None:
    """Sets are equal in any order of their keys, and differ by name, key and algorithm."""
    assert _SET.same_keys(KeySet(reversed(_SET.keys)))
    assert not _SET.same_keys(KeySet(_SET.keys[:2]))
    renamed = read_jwks({"keys": [{**_ONE.jwk, "kid": "uno"}]}, algorithms=("ES256",))
    assert not renamed.same_keys(KeySet(_SET.keys[:1]))


def test_nothing_passed_over() -> None:
    """By default, no keys were skipped."""
    assert KeySet(_SET.keys).skipped == ""
    assert load_key_set(_ONE.pem, algorithms=("ES256",)).skipped == ""


def test_repr() -> None:
    """A set shows only its size."""
    assert repr(_SET) == "<KeySet of 3>"


@pytest.mark.anyio
async def test_fixed_keys() -> None:
    """Configured keys are always available, never change, and need no wait."""
    source: KeySource = FixedKeys(_SET)
    source.fetch()
    source.ready()
    await source.afetch()
    await source.aready()
    assert source.lookup("one", "ES256") == _SET.keys[:1]
    assert source.lookup("three", "ES256") == ()
    assert source.unavailable() is None
    assert source.uncertain("three", 0) is None
    assert source.is_current(0)
    assert source.holds("any", "ES256")
    assert source.generation == 0
