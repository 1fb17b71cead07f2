"""Conditions on a user: the same words for every framework."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from privy_middleware.users import PrivyUser

__all__ = ["Condition", "Predicate", "condition"]

Predicate: TypeAlias = Callable[[PrivyUser], object]


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate over a user that combines with ``&``, ``|`` and ``~``."""

    predicate: Predicate

    def __call__(self, user: PrivyUser) -> bool:
        """Say whether the user meets the condition."""
        return bool(self.predicate(user))

    def __and__(self, other: Predicate) -> Condition:
        """Return a condition that both meet."""
        return Condition(lambda user: self(user) and other(user))

    def __or__(self, other: Predicate) -> Condition:
        """Return a condition that either meets."""
        return Condition(lambda user: self(user) or other(user))

    def __invert__(self) -> Condition:
        """Return the opposite condition."""
        return Condition(lambda user: not self(user))


def condition(
    *predicates: Predicate,
    wallet: str | None = None,
    linked: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    guest: bool | None = None,
    verified_within: float | None = None,
) -> Condition | None:
    """Return the condition that every word and every predicate is met, ``None`` where there is none.

    Args:
        *predicates: any callables over the user.
        wallet: a chain on which a wallet must be linked, such as ``"ethereum"``.
        linked: a type of account that must be linked, such as ``"farcaster"``.
        metadata: values that the custom metadata must hold, each equal and of the same type.
        guest: whether the user must be a guest, or must not.
        verified_within: seconds within which some account must have been verified.
    """
    asked = list(predicates)
    if wallet is not None:
        asked.append(lambda user: any(each.chain_type == wallet for each in user.wallets))
    if linked is not None:
        asked.append(lambda user: bool(user.accounts(linked)))
    if metadata is not None:
        wanted = dict(metadata)
        asked.append(lambda user: _holds(user.custom_metadata or {}, wanted))
    if guest is not None:
        asked.append(lambda user: user.is_guest is guest)
    if verified_within is not None:
        asked.append(lambda user: _verified_since(user, time.time() - verified_within))
    return _all(asked) if asked else None


def _all(predicates: Iterable[Predicate]) -> Condition:
    together = tuple(predicates)
    return Condition(lambda user: all(predicate(user) for predicate in together))


def _holds(metadata: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    # True == 1 in Python, but not in the metadata's JSON: a flag never stands for a number.
    return all(
        name in metadata and isinstance(metadata[name], bool) is isinstance(value, bool) and metadata[name] == value
        for name, value in wanted.items()
    )


def _verified_since(user: PrivyUser, moment: float) -> bool:
    return any((account.latest_verified_at or 0) >= moment for account in user.linked_accounts)
