"""The user of a token: the ID, the keys and the wallets."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from privy_middleware.conditions import condition
from privy_middleware.errors import InvalidClaims
from privy_middleware.web3auth import Web3AuthUser, Web3AuthWallet
from tests.support.tokens import MISSING
from tests.web3auth.support import (
    ADDRESS,
    APP_KEY,
    EXTERNAL,
    EXTERNAL_ISSUER,
    POINTS,
    PUBLISHED,
    SOCIAL_ISSUER,
    external,
    social,
    user_of,
    verifier,
)

ED_KEY = {
    "type": "web3auth_app_key",
    "curve": "ed25519",
    "public_key": "51924e8ee177fa58ec0612f5bbff98a87a86b36c56381d9f5049ab0bfd02472d",
}
NEW_NAMES = {
    "userId": "u-1",
    "authConnection": "connection",
    "authConnectionId": "connection-id",
    "groupedAuthConnectionId": "group",
}


def test_every_claim_has_its_field() -> None:
    """The fields have Python's names."""
    user = user_of(social(**NEW_NAMES, email="a@example.com", name="Ada", profileImage="https://example.com/a.png"))
    assert (user.user_id, user.auth_connection, user.auth_connection_id) == ("u-1", "connection", "connection-id")
    assert user.grouped_auth_connection_id == "group"
    assert (user.email, user.name, user.profile_image) == ("a@example.com", "Ada", "https://example.com/a.png")
    assert user.wallets == (Web3AuthWallet("web3auth_app_key", "secp256k1", POINTS[0]["compressed"]),)


def test_the_old_names_mean_the_same() -> None:
    """A user of an older token is the same user; if both names are present, the new one is used."""
    gone = dict.fromkeys(NEW_NAMES, MISSING)
    old = {"verifierId": "u-1", "verifier": "connection", "aggregateVerifier": "group"}
    older = user_of(social(**{**gone, **old}))
    newer = user_of(social(**{**NEW_NAMES, "authConnectionId": MISSING}))
    assert older == newer
    assert user_of(social(**{**gone, **old, "userId": "u-2"})).user_id == "u-2"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (NEW_NAMES, "web3auth:user:group:u-1"),
        ({**NEW_NAMES, "groupedAuthConnectionId": MISSING}, "web3auth:user:connection-id:u-1"),
        ({"userId": "u-1"}, "web3auth:user:google:u-1"),
        ({"userId": "ada@example.com"}, "web3auth:user:google:ada@example.com"),
        ({"userId": MISSING}, f"web3auth:key:secp256k1:{POINTS[0]['compressed']}"),
        ({"userId": ""}, f"web3auth:key:secp256k1:{POINTS[0]['compressed']}"),
        ({"authConnection": None}, f"web3auth:key:secp256k1:{POINTS[0]['compressed']}"),
        ({"userId": None, "wallets": [ED_KEY, APP_KEY]}, f"web3auth:key:secp256k1:{POINTS[0]['compressed']}"),
        ({"userId": None, "wallets": [ED_KEY]}, f"web3auth:key:ed25519:{ED_KEY['public_key']}"),
    ],
)
def test_the_id_of_a_social_login(claims: dict[str, Any], expected: str) -> None:
    """The ID contains the connection and its user ID, from which the wallets are derived, or else the wallet's key."""
    assert user_of(social(**claims)).id == expected


def test_ids_do_not_collide() -> None:
    """Equal user IDs of two connections are two users, and a separator in them changes nothing."""
    pairs = [("a", "b"), ("b", "a"), ("a:b", "c"), ("a", "b:c"), ("a%3Ab", "c"), ("A", "b"), ("a", "B")]
    pairs += [("a", "web3auth"), ("wallet", f"ethereum:{ADDRESS.lower()}"), ("é", "b"), ("a/b", "c"), ("a", "b/c")]
    ids = {user_of(social(authConnection=name, userId=user_id)).id for name, user_id in pairs}
    ids |= {user_of(external(), **EXTERNAL).id, user_of(social(userId=None)).id}
    assert len(ids) == len(pairs) + 2


def test_the_id_is_the_same_with_and_without_personal_data() -> None:
    """The dashboard's setting for e-mail, name and picture does not change the ID."""
    shown = social(email="a@example.com", name="Ada", profileImage="https://example.com/a.png")
    assert user_of(shown).id == user_of(social()).id


@pytest.mark.parametrize(
    "wallets",
    [
        [],
        [{**APP_KEY, "public_key": POINTS[0]["x_only"]}],
        [{**APP_KEY, "curve": MISSING}],
        [{**APP_KEY, "curve": "p256"}],
    ],
)
def test_somebody_must_be_told(wallets: list[dict[str, Any]]) -> None:
    """A token with neither a user ID nor a whole key is rejected."""
    told = [{name: value for name, value in each.items() if value is not MISSING} for each in wallets]
    assert user_of(social(wallets=told)).user_id == "ada@example.com"
    with pytest.raises(InvalidClaims):
        verifier().verify_token(social(userId=MISSING, wallets=told))


@pytest.mark.parametrize(
    "claims",
    [
        {"wallets": MISSING},
        {"wallets": "[]"},
        {"wallets": {}},
        {"wallets": ["0x00"]},
        {"wallets": [None]},
        {"wallets": [{}]},
        {"wallets": [{"type": 1}]},
        {"wallets": [{"type": ""}]},
        {"wallets": [{**APP_KEY, "public_key": 3}]},
        {"wallets": [{**APP_KEY, "curve": ["secp256k1"]}]},
        {"wallets": [{"type": "ethereum", "address": {}}]},
        {"userId": 7},
        {"verifier": [], "authConnection": MISSING},
        {"email": ["a@example.com"]},
        {"name": False},
        {"profileImage": {}},
    ],
)
def test_claims_of_the_wrong_type_are_refused(claims: dict[str, Any]) -> None:
    """The token is invalid."""
    with pytest.raises(InvalidClaims):
        verifier().verify_token(social(**claims))


@pytest.mark.parametrize(
    "wallets",
    [
        [],
        [APP_KEY],
        [{"type": "ethereum", "address": ADDRESS}, {"type": "solana", "address": "So1"}],
        [{"type": "ethereum", "address": ""}],
        [{"type": "ethereum", "address": ADDRESS}, APP_KEY],
    ],
)
def test_an_external_login_proves_one_address(wallets: list[dict[str, str]]) -> None:
    """With no address or several, the user would be ambiguous."""
    with pytest.raises(InvalidClaims):
        verifier(**EXTERNAL).verify_token(external(wallets=wallets))


def test_an_external_login_says_nothing_of_a_person() -> None:
    """Such a token proves only an address, so its e-mail address and user ID are not used."""
    user = user_of(external(email="ada@example.com", userId="ada@example.com", authConnection="google"), **EXTERNAL)
    assert user.to_dict() == {
        "id": f"web3auth:wallet:ethereum:{ADDRESS.lower()}",
        "issuer": EXTERNAL_ISSUER,
        "wallets": [{"type": "ethereum", "address": ADDRESS}],
    }


def test_one_wallet_is_one_user_by_every_connector() -> None:
    """Every spelling of the address is the same user; Solana's addresses are case-sensitive."""
    first = user_of(external(), **EXTERNAL)
    lower = [{"type": "ethereum", "address": ADDRESS.lower()}]
    assert user_of(external(iss="metamask", aud="app.example.com", wallets=lower), **EXTERNAL).id == first.id
    ids = {user_of(external(wallets=[{"type": "solana", "address": a}]), **EXTERNAL).id for a in ("Abc", "aBc")}
    assert ids == {"web3auth:wallet:solana:Abc", "web3auth:wallet:solana:aBc"}


@pytest.mark.parametrize("point", POINTS)
def test_owns_app_key(point: dict[str, str]) -> None:
    """The whole key is the user's in every spelling; half of it, its negation and a key of another curve are not."""
    user = user_of(social(wallets=[{**APP_KEY, "public_key": point["compressed"]}, ED_KEY]))
    x_and_y = point["uncompressed"][2:]
    for mine in (point["compressed"], point["compressed"].upper(), point["uncompressed"], x_and_y, x_and_y.upper()):
        assert user.owns_app_key(mine)
        assert user.owns_app_key(f"0x{mine}")
    assert user.owns_app_key(ED_KEY["public_key"])
    others = [each["compressed"] for each in POINTS if each is not point]
    negated = f"{point['x_only']}{_FIELD - int(x_and_y[64:], 16):064x}"
    twisted = [point["negated_compressed"], point["x_only"], f"04{point['x_only']}", negated, f"04{negated}"]
    twisted += [x_and_y[64:] + x_and_y[:64], x_and_y[:-2], f"{x_and_y}00", f"00{x_and_y}", point["x_only"] * 2]
    off_curve = point["uncompressed"][:-2] + f"{int(point['uncompressed'][-2:], 16) ^ 1:02x}"
    hybrid = f"0{6 + int(point['uncompressed'][-1], 16) % 2}{point['uncompressed'][2:]}"
    spelt = ["", " ", f" {point['compressed']}", f"{point['compressed']}\n", point["compressed"][:-1], "02" * 2, "zz"]
    for foreign in [*others, *twisted, off_curve, off_curve[2:], hybrid, *spelt]:
        assert not user.owns_app_key(foreign)
        assert not user.owns_app_key(f"0x{foreign}")


# The prime of secp256k1's field (SEC 2 §2.4.1): a point's negation has the same X, and the prime less its Y.
_FIELD = 2**256 - 2**32 - 977


@pytest.mark.parametrize("point", POINTS)
def test_a_token_may_spell_its_key_without_the_first_byte(point: dict[str, str]) -> None:
    """X and Y in 64 bytes are the same key, and so the same wallet and the same user."""
    x_and_y = {**APP_KEY, "public_key": point["uncompressed"][2:]}
    compressed = {**APP_KEY, "public_key": point["compressed"]}
    user = user_of(social(userId=None, wallets=[x_and_y]))
    assert user.id == user_of(social(userId=None, wallets=[compressed])).id
    assert user.addresses() == (point["address"],)
    assert user.owns_app_key(point["compressed"])
    assert not user.owns_app_key(point["negated_compressed"])


@pytest.mark.parametrize("value", [None, 1, b"02", ["02"], {}])
def test_owns_app_key_takes_anything_a_client_sends(value: Any) -> None:
    """A value that is not text is never the user's key or address."""
    user = user_of(social())
    assert user.owns_app_key(value) is False
    assert user.owns_wallet(value) is False


def test_an_x_only_key_of_a_token_is_nobodys() -> None:
    """The sample of the documentation has one: it fits two keys, so it proves neither."""
    x_only = POINTS[0]["x_only"]
    user = user_of(social(wallets=[{**APP_KEY, "public_key": x_only}]))
    assert not user.owns_app_key(x_only)
    assert not user.owns_app_key(POINTS[0]["compressed"])
    assert not user.owns_app_key(POINTS[0]["negated_compressed"])
    assert user.addresses() == ()


def test_the_bytes_of_one_curve_are_no_key_of_another() -> None:
    """An X coordinate has 32 bytes, and so does an Ed25519 key."""
    user = user_of(social(wallets=[{**ED_KEY, "public_key": POINTS[0]["x_only"]}]))
    assert user.owns_app_key(POINTS[0]["x_only"])
    assert not user.owns_app_key(POINTS[0]["compressed"])
    assert not user.owns_wallet(POINTS[0]["address"])


def test_threshold_keys_are_asked_for_by_type() -> None:
    """They are not app keys."""
    user = user_of(social(wallets=[{**APP_KEY, "type": "web3auth_threshold_key"}]))
    assert not user.owns_app_key(POINTS[0]["compressed"])
    assert user.owns_app_key(POINTS[0]["compressed"], wallet_type="web3auth_threshold_key")


def test_owns_wallet() -> None:
    """Derived addresses and those in the token count; the address of the negated key does not."""
    user = user_of(social(wallets=[ED_KEY, APP_KEY, {"type": "solana", "address": "So1"}, {"type": "new_kind"}]))
    assert user.addresses() == ("6VRRFLNshaAmxJsk9DA7LKLYzqSi6VxPv9Bx684xPsKJ", POINTS[0]["address"], "So1")
    for mine in (*user.addresses(), POINTS[0]["address"].lower()):
        assert user.owns_wallet(mine)
    for foreign in (POINTS[0]["negated_address"], POINTS[1]["address"], "so1", "", POINTS[0]["address"][2:]):
        assert not user.owns_wallet(foreign)


def test_find_wallet() -> None:
    """A wallet is found by type, and by curve if one is given."""
    user = user_of(social(wallets=[ED_KEY, APP_KEY]))
    ed, app = user.wallets
    assert user.find_wallet("web3auth_app_key") is ed
    assert user.find_wallet("web3auth_app_key", "secp256k1") is app
    assert user.find_wallet("ethereum") is None
    assert (ed.chain_type, app.chain_type, Web3AuthWallet("tron", address="T1").chain_type) == (
        "solana",
        "ethereum",
        "tron",
    )
    assert app.is_embedded
    assert not Web3AuthWallet("tron", address="T1").is_embedded


def test_to_dict_is_json_of_what_the_token_says() -> None:
    """It contains nothing else."""
    user = user_of(social(wallets=[APP_KEY], email=None))
    assert json.loads(json.dumps(user.to_dict())) == {
        "id": "web3auth:user:google:ada@example.com",
        "issuer": SOCIAL_ISSUER,
        "user_id": "ada@example.com",
        "auth_connection": "google",
        "wallets": [APP_KEY],
    }


def test_pydantic_documents_and_serialises_the_user() -> None:
    """FastAPI can return it, without the raw claims."""
    adapter = TypeAdapter(Web3AuthUser)
    user = user_of(social())
    assert adapter.dump_python(user) == user.to_dict()
    assert "claims" not in adapter.json_schema(mode="serialization")["properties"]


def test_the_user_cannot_be_changed() -> None:
    """One object is used for many requests."""
    user = user_of(social())
    with pytest.raises(dataclasses.FrozenInstanceError):
        user.email = "another@example.com"  # type: ignore[misc]
    with pytest.raises(TypeError):
        user.claims["wallets"] = []  # type: ignore[index]
    assert hash(user) == hash(user_of(social()))


def test_the_repr_shows_nothing_personal() -> None:
    """It does not contain the ID either, which often contains an e-mail address."""
    shown = repr(user_of(social(email="ada@example.com", name="Ada Lovelace", profileImage="https://example.com/ada")))
    assert "ada" not in shown.lower()
    assert POINTS[0]["compressed"] not in shown


def test_conditions_see_the_wallets() -> None:
    """The condition keywords are those for Privy's users; a condition on unknown fields is not met."""
    user: Any = user_of(social(wallets=[APP_KEY]))
    met = condition(wallet="ethereum")
    assert met is not None
    assert met(user)
    unmet = [condition(wallet="solana"), condition(linked="email"), condition(metadata={"role": "admin"})]
    unmet += [condition(verified_within=60), condition(guest=True)]
    assert not any(each(user) for each in unmet if each is not None)


def test_the_published_user() -> None:
    """All fields of the example in the documentation."""
    payload = PUBLISHED["tokens"]["social_2025"]["payload"]
    user = user_of(social(**{**payload, "aud": "test-client-id"}))
    assert user.to_dict() == {
        "id": "web3auth:user:web3auth-google-sapphire-mainnet:ada@example.com",
        "issuer": SOCIAL_ISSUER,
        "email": "ada@example.com",
        "name": "Ada",
        "profile_image": "https://lh3.googleusercontent.com/a/x=s96-c",
        "user_id": "ada@example.com",
        "auth_connection": "web3auth",
        "grouped_auth_connection_id": "web3auth-google-sapphire-mainnet",
        "wallets": payload["wallets"],
    }
