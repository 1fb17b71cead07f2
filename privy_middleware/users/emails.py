"""The e-mail addresses of a user, each with the account that it is from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from privy_middleware.users.accounts import (
    AppleAccount,
    DiscordAccount,
    EmailAccount,
    GithubAccount,
    GoogleAccount,
    LinkedAccount,
    LinkedInAccount,
    SpotifyAccount,
)
from privy_middleware.users.pydantic_schema import PydanticOutput

__all__ = ["EmailAddress", "addresses_in"]


@dataclass(frozen=True, slots=True)
class EmailAddress(PydanticOutput):
    """An e-mail address of a user.

    Attributes:
        address: the address, as it is in the account.
        account: the account that it is from.
        verified_at: when Privy last verified that the user receives mail at the address, in Unix seconds. It is
            ``None`` for an address from another provider: the token does not say whether the provider verified it.
    """

    address: str
    account: (
        EmailAccount | GoogleAccount | AppleAccount | LinkedInAccount | DiscordAccount | GithubAccount | SpotifyAccount
    )
    verified_at: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a new dict for JSON, without ``verified_at`` if it is not known."""
        values = {"address": self.address, "account": self.account.to_dict()}
        return values if self.verified_at is None else {**values, "verified_at": self.verified_at}


def addresses_in(accounts: Sequence[LinkedAccount]) -> Iterator[EmailAddress]:
    """Yield the e-mail address of each account that has one, in the order of the accounts."""
    for account in accounts:
        if isinstance(account, EmailAccount):
            if account.address:
                yield EmailAddress(account.address, account, account.latest_verified_at)
        elif isinstance(account, _PROVIDERS) and account.email:
            yield EmailAddress(account.email, account)


_PROVIDERS = (GoogleAccount, AppleAccount, LinkedInAccount, DiscordAccount, GithubAccount, SpotifyAccount)
