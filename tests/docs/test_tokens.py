"""The statements of the tokens page about the content of identity tokens, tested with signed tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

import pytest

from privy_middleware import InvalidToken, PrivyConfig, PrivyUser, PrivyVerifier
from privy_middleware.conditions import condition, has_linked, has_wallet, verified_within
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.users import ACCOUNT_TYPES, CrossAppAccount, EmailAccount, UnknownAccount
from tests.docs.tables import rows

ISSUER = DevelopmentIssuer()
VERIFIER = PrivyVerifier(PrivyConfig(app_id=ISSUER.app_id, verification_key=ISSUER.public_key_pem))
WALLET = "0x72d916C83baF0730bbe2BeC6FF8c522C13bC0aEF"
LV = 1_731_974_000
EMAIL = {"type": "email", "address": "ada@example.com", "lv": LV}
TABLE = dict(rows("tokens.md", "in the token"))


def user_of(*accounts: object, **claims: Any) -> PrivyUser:
    """Return the user of a token with these accounts."""
    return of_text(json.dumps(accounts), **claims)


def of_text(accounts: str, **claims: Any) -> PrivyUser:
    """Return the user of a token with this text for its accounts."""
    return VERIFIER.verify_identity_token(ISSUER.identity_token("empty", linked_accounts=accounts, **claims))


def refused(accounts: str = "[]", **claims: Any) -> None:
    """Check that such a token is rejected, with the code of the page."""
    with pytest.raises(InvalidToken) as caught:
        of_text(accounts, **claims)
    assert caught.value.code == "invalid_claims"


def nested(depth: int) -> dict[str, Any]:
    """Return an account of an unknown type with this number of nested objects."""
    value: dict[str, Any] = {}
    for _ in range(depth - 2):
        value = {"in": value}
    return {"type": "future", "in": value}


def names_twice() -> None:
    """They are rejected in known and unknown accounts, deep inside, and in the metadata."""
    refused('[{"type": "email", "address": "a@b.c", "address": "d@e.f"}]')
    refused('[{"type": "future", "in": [{"a": {"b": 1, "b": 1}}]}]')
    refused('[{"type": "email", "address": "a@b.c", "\\u0061ddress": "a@b.c"}]')
    refused(custom_metadata='{"role": "member", "role": "admin"}')


def no_json_of_ours() -> None:
    """Numbers that JavaScript reads as another value are rejected."""
    refused('[{"type": "email", "address": "\\ud800"}]')
    refused('[{"type": "farcaster", "fid": 1e999}]')
    refused(custom_metadata='{"limit": 1e999}')


def no_object() -> None:
    """A list with other values is rejected."""
    for item in ("null", "1", '"email"', '[{"type": "email"}]'):
        refused(f"[{json.dumps(EMAIL)}, {item}]")


def unknown_type() -> None:
    """The account is kept with all its fields."""
    item = {"type": "line_oauth", "subject": "s", "more": {"a": [1]}, "lv": 5}
    (account,) = user_of(item).linked_accounts
    assert isinstance(account, UnknownAccount)
    assert (account.type, account.to_dict(), account.latest_verified_at) == ("line_oauth", item, 5)


def too_deep() -> None:
    """Deeper values are rejected, and others are kept."""
    refused(json.dumps([nested(32)]))
    assert user_of(nested(31)).linked_accounts[0].to_dict() == nested(31)


def not_identified() -> None:
    """The account is kept, but not found as an account of its type."""
    for item in ({"type": "email", "lv": 5}, {"type": "email", "address": 5}, {"type": "email", "address": None}):
        user = user_of(item, EMAIL)
        assert isinstance(user.linked_accounts[0], UnknownAccount)
        assert user.linked_accounts[0].to_dict() == item
        assert user.email == user.linked_accounts[1]
        assert user.accounts("email") == (user.email,)
        alone = user_of(item)
        assert (alone.email, has_linked("email")(alone)) == (None, False)
    google = user_of({"type": "google_oauth", "subject": "s"})
    assert (google.google, len(google.linked_accounts)) == (None, 1)
    wallet = user_of({"type": "wallet", "chain_type": "ethereum", "address": [WALLET]})
    assert (wallet.wallet, has_wallet("ethereum")(wallet), wallet.owns_wallet(WALLET)) == (None, False, False)


def odd_option() -> None:
    """Fields of a wrong type are omitted."""
    user = user_of({"type": "wallet", "address": WALLET, "chain_type": 1, "wallet_client_type": ["privy"], "id": {}})
    assert user.wallet is not None
    assert (user.wallet.chain_type, user.wallet.wallet_client_type, user.wallet.id) == (None, None, None)
    assert user.owns_wallet(WALLET)


def odd_moment() -> None:
    """The time is ignored."""
    for moment in ("1731974000", None, True, [1]):
        user = user_of(EMAIL | {"lv": moment})
        assert user.email == EmailAccount(address="ada@example.com")
        assert not verified_within(10**10)(user)


def fraction() -> None:
    """The time is rounded down."""
    assert user_of(EMAIL | {"lv": 5.9}).linked_accounts[0].latest_verified_at == 5


def extra_field() -> None:
    """The field is dropped."""
    user = user_of(EMAIL | {"verified": True})
    assert user.email == EmailAccount(address="ada@example.com", latest_verified_at=LV)


def other_apps_wallets() -> None:
    """Wallets with an address are kept, and do not count as the user's own."""
    wallets = [{"address": WALLET}, {"address": 5}, {}, None]
    user = user_of({"type": "cross_app", "subject": "s", "embedded_wallets": wallets, "smart_wallets": wallets})
    (account,) = user.linked_accounts
    assert isinstance(account, CrossAppAccount)
    assert account.embedded_wallets == account.smart_wallets
    assert [wallet.address for wallet in account.embedded_wallets or ()] == [WALLET]
    assert (user.wallet, user.wallets, user.smart_wallet, user.owns_wallet(WALLET)) == (None, (), None, False)
    wanted = condition(wallet="ethereum")
    assert wanted is not None
    assert not wanted(user)


def other_apps_no_list() -> None:
    """They count as missing."""
    (account,) = user_of({"type": "cross_app", "subject": "s", "embedded_wallets": {"address": WALLET}}).linked_accounts
    assert account == CrossAppAccount(subject="s")


def odd_creation() -> None:
    """The time is ignored."""
    assert [user_of(cr=value).created_at for value in ("5", 5, "soon", "-5", [5])] == [5, 5, None, None, None]


def odd_guest() -> None:
    """Only the letter ``t`` marks a guest."""
    assert [user_of(guest=value).is_guest for value in ("t", True, "true", "f")] == [True, False, False, False]


CASES: dict[str, Callable[[], None]] = {
    "a duplicate name in an object, at any depth": names_twice,
    "a lone surrogate, or a number too large for a float": no_json_of_ours,
    "an account that is not an object": no_object,
    "an account of an unknown type": unknown_type,
    "either claim nested more than 32 levels deep": too_deep,
    "a known account whose identifying field is missing or has a wrong type": not_identified,
    "an optional field with a wrong type": odd_option,
    "an lv that is not a finite number": odd_moment,
    "an lv with a fraction": fraction,
    "a field that the account's type does not have": extra_field,
    "wallets of another app": other_apps_wallets,
    "wallets of another app that are not in a list": other_apps_no_list,
    "a cr that is neither a number nor a string of digits": odd_creation,
    "a guest that is not the string t": odd_guest,
}


@pytest.mark.parametrize("row", TABLE)
def test_inside_the_claims(row: str) -> None:
    """Each row of the table is correct."""
    CASES[row]()
    assert ("the token is rejected" in TABLE[row]) is (
        CASES[row] in (names_twice, no_json_of_ours, no_object, too_deep)
    )


def test_every_case_is_on_the_page() -> None:
    """The page lists all of them."""
    assert list(TABLE) == list(CASES)


def test_what_identifies_an_account() -> None:
    """The second table lists the required fields of every type."""
    written: dict[str, set[str]] = {}
    others = {name for name in ACCOUNT_TYPES if name.endswith("_oauth") and name != "google_oauth"}
    for types, field, *_ in rows("tokens.md", "type"):
        for name in types.split(", "):
            words = field.partition(",")[0].split(" and ")
            written |= {each: set(words) for each in (others if name == "the other …_oauth" else {name})}
    needed = {
        name: {part.name for part in fields(cls) if part.default is MISSING} for name, cls in ACCOUNT_TYPES.items()
    }
    assert written == needed
