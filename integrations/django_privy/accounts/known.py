"""Find the Django user of a Privy user, with one database query per request."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from django_privy.accounts.models import PrivyAccount
from django_privy.request_attributes import find_lookup
from privy_middleware import PrivyUser

__all__ = ["find_account", "query_account", "remember_account"]


def find_account(request: HttpRequest | None, issuer: str, privy_user: PrivyUser) -> Any:
    """Return the Django user of a Privy user, or ``None``; queries the database only once per request."""
    lookup = None if request is None else find_lookup(request)
    if lookup is not None and lookup.account is not None and lookup.account[0] == (issuer, privy_user.id):
        return lookup.account[1]
    user = query_account(issuer, privy_user)
    remember_account(request, issuer, privy_user, user)
    return user


def remember_account(request: HttpRequest | None, issuer: str, privy_user: PrivyUser, user: Any) -> None:
    """Cache the Django user of a Privy user for the rest of the request."""
    lookup = None if request is None else find_lookup(request)
    if lookup is not None:
        lookup.account = ((issuer, privy_user.id), user)


def query_account(issuer: str, privy_user: PrivyUser) -> Any:
    """Return the Django user of a Privy user from the database, or ``None``."""
    accounts = PrivyAccount.objects.select_related("user").filter(issuer=issuer, did=privy_user.id)
    # Some databases ignore case when they compare strings, but DIDs are case-sensitive.
    return next((account.user for account in accounts if account.did == privy_user.id), None)
