"""Conditions: condition keywords, functions, and combinations."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_type

from privy_middleware import PrivyAuth, PrivyUser
from privy_middleware.conditions import (
    Condition,
    ConditionWords,
    Parameters,
    Predicate,
    condition,
    has_linked,
    has_metadata,
    has_wallet,
    is_guest,
    owns_wallet,
    require_condition,
    verified_within,
)


def is_early(user: PrivyUser) -> bool:
    return (user.created_at or 0) < 1_700_000_000


def words(given: ConditionWords) -> None:
    assert_type(condition(**given), Condition | None)


def truthy(user: PrivyUser) -> object:
    return user.email


def made() -> None:
    assert_type(has_wallet(), Condition)
    assert_type(has_wallet("ethereum", embedded=True), Condition)
    assert_type(has_linked("farcaster"), Condition)
    assert_type(has_metadata({"role": "admin", "level": 3}), Condition)
    assert_type(is_guest(), Condition)
    assert_type(verified_within(86_400, "email"), Condition)
    assert_type(verified_within(timedelta(days=1)), Condition)
    assert_type(owns_wallet("address"), Condition)


def combined() -> None:
    assert_type(has_wallet("ethereum") & ~is_guest(), Condition)
    assert_type(has_linked("email") | has_linked("phone"), Condition)
    assert_type(has_linked("email") & is_early, Condition)
    assert_type(has_linked("email") | truthy, Condition)


def in_words() -> None:
    # A call without condition keywords returns no condition.
    assert_type(condition(), Condition | None)
    assert_type(
        condition(
            is_early,
            truthy,
            wallet="ethereum",
            linked="farcaster",
            metadata={"role": "admin"},
            guest=False,
            verified_within=3600,
            owns_wallet="address",
        ),
        Condition | None,
    )


def used(auth: PrivyAuth, user: PrivyUser, parameters: Parameters) -> None:
    owner = owns_wallet("address")
    assert_type(owner(user, parameters), bool)
    assert_type(owner(user), bool)
    assert_type(owner.parameters, frozenset[str])
    assert_type(owner.description, str)
    require_condition(owner, "privy_condition")
    assert_type(auth.require(owner, parameters), PrivyUser)
    predicates: list[Predicate] = [owner, is_early, truthy, lambda user: user.wallets]
    assert_type(condition(*predicates), Condition | None)


def of_no_user(name: str) -> bool:
    return name == "ada"


def refused() -> None:
    """Mistakes that a type checker must report."""
    condition(walet="ethereum")  # type: ignore[call-arg]
    condition(guest="no")  # type: ignore[arg-type]
    condition(of_no_user)  # type: ignore[arg-type]
    condition("ethereum")  # type: ignore[arg-type]
    is_guest() & True  # type: ignore[operator]
