"""The e-mail addresses of a user, and which of them Privy has verified."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware import AppleAccount, EmailAccount, EmailAddress, GithubAccount, GoogleAccount, LinkedInAccount
from privy_middleware.custom_keys import CustomKeyUser
from privy_middleware.plugin import display_name
from privy_middleware.users.records import user_from_record
from privy_middleware.users.user import user_from_access_claims, user_from_claims
from privy_middleware.web3auth import Web3AuthUser
from tests.loader.server import VERIFIED_AT, account, record

GOOGLE = {"type": "google_oauth", "subject": "g", "email": "ada@gmail.example", "name": "Ada", "lv": 3}
EMAIL = {"type": "email", "address": "ada@example.com", "lv": 5}
APPLE = {"type": "apple_oauth", "subject": "a", "email": "x@relay.example", "lv": 7}
LINKEDIN = {"type": "linkedin_oauth", "subject": "l", "email": "ada@work.example", "lv": 9}


def user_with(*items: dict[str, Any]) -> Any:
    """Return the user of a token with some accounts."""
    return user_from_claims({"sub": "did:privy:x"}, items, None)


def test_addresses_of_a_token() -> None:
    """Each account with an address has an entry, in the order of the accounts; Privy verified only its own."""
    wallet, discord = {"type": "wallet", "address": "0xA", "lv": 1}, {"type": "discord_oauth", "subject": "d"}
    user = user_with(GOOGLE, wallet, EMAIL, APPLE, discord, LINKEDIN)
    google, email, apple, linkedin = user.email_addresses
    assert google == EmailAddress("ada@gmail.example", user.google)
    assert email == EmailAddress("ada@example.com", user.email, 5)
    assert apple == EmailAddress("x@relay.example", user.apple)
    assert linkedin == EmailAddress("ada@work.example", user.linkedin)
    assert [type(each.account) for each in user.email_addresses] == [
        GoogleAccount,
        EmailAccount,
        AppleAccount,
        LinkedInAccount,
    ]
    assert [each.verified_at for each in user.email_addresses] == [None, 5, None, None]


def test_addresses_of_the_rest_api() -> None:
    """The REST API also has the addresses of accounts whose token does not contain them."""
    items = [
        account(kind, subject="s", email=f"{kind}@b.c") for kind in ("discord_oauth", "github_oauth", "spotify_oauth")
    ]
    user = user_from_record(record("did:privy:x", *items, account("email", address="a@b.c")), fresh_at=5.0)
    assert [(each.address, each.verified_at) for each in user.email_addresses] == [
        ("discord_oauth@b.c", None),
        ("github_oauth@b.c", None),
        ("spotify_oauth@b.c", None),
        ("a@b.c", VERIFIED_AT),
    ]
    assert isinstance(user.email_addresses[1].account, GithubAccount)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"type": "email", "address": "", "lv": 5}],
        [{"type": "google_oauth", "subject": "g", "email": ""}],
        [{"type": "apple_oauth", "subject": "a"}],
        [{"type": "new_oauth", "email": "a@b.c"}],
    ],
)
def test_no_address(items: list[dict[str, Any]]) -> None:
    """Empty addresses do not count, and neither do those of accounts of an unknown type."""
    assert user_with(*items).email_addresses == ()


def test_address_that_was_never_verified() -> None:
    """An e-mail account without a time of verification has an address that is not verified."""
    assert user_with({"type": "email", "address": "a@b.c"}).email_addresses[0].verified_at is None


def test_values() -> None:
    """An address is an immutable value, with a ``to_dict``."""
    google, email = user_with(GOOGLE, EMAIL).email_addresses
    assert hash(email) == hash(user_with(EMAIL).email_addresses[0])
    with pytest.raises(AttributeError):
        email.address = "eve@example.com"
    assert email.to_dict() == {
        "address": "ada@example.com",
        "account": {"type": "email", "address": "ada@example.com", "latest_verified_at": 5},
        "verified_at": 5,
    }
    assert google.to_dict().keys() == {"address", "account"}


@pytest.mark.parametrize(
    ("user", "name"),
    [
        (user_with(GOOGLE, EMAIL), "ada@example.com"),
        (user_with(GOOGLE, APPLE), "ada@gmail.example"),
        (user_with(), "did:privy:x"),
        (user_from_access_claims({"sub": "did:privy:x"}), "did:privy:x"),
        (Web3AuthUser("web3auth:x", "i", email="ada@example.com"), "ada@example.com"),
        (Web3AuthUser("web3auth:x", "i"), "web3auth:x"),
        (CustomKeyUser("custom:i:u", "u", "i"), "custom:i:u"),
    ],
)
def test_name_to_show(user: Any, name: str) -> None:
    """It is an address that Privy has verified, or else the first one, or else the ID."""
    assert display_name(user) == name
