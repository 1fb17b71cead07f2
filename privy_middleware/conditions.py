"""Conditions on a user, the same for every framework.

They combine with ``&``, ``|`` and ``~``: ``has_wallet("ethereum", embedded=True) & ~is_guest()``.
"""

from __future__ import annotations

import functools
import operator
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, TypedDict

from privy_middleware.callbacks import require_sync, returned
from privy_middleware.errors import ConfigurationError
from privy_middleware.users.user import PrivyUser

__all__ = [
    "Condition",
    "ConditionWords",
    "Parameters",
    "Predicate",
    "condition",
    "has_linked",
    "has_metadata",
    "has_wallet",
    "is_guest",
    "owns_wallet",
    "verified_within",
]

Predicate: TypeAlias = Callable[[PrivyUser], object]
Parameters: TypeAlias = Mapping[str, object]
_Test: TypeAlias = Callable[[PrivyUser, Parameters], object]


class ConditionWords(TypedDict, total=False):
    """The keyword arguments of a condition; ``privy_middleware.condition`` explains them."""

    wallet: str
    linked: str
    metadata: Mapping[str, Any]
    guest: bool
    verified_within: float
    owns_wallet: str


_NO_PARAMETERS: Parameters = MappingProxyType({})


class _Unknown:
    """The result if a request parameter is missing, so that ``~`` does not turn it into a condition that is met."""

    __slots__ = ()


_UNKNOWN = _Unknown()


class Condition:
    """A test of a user, combined with others by ``&``, ``|`` and ``~``.

    Attributes:
        parameters: the names of the request parameters (path, query, body) that the test uses.
    """

    __slots__ = ("_test", "parameters")

    def __init__(self, test: _Test, parameters: frozenset[str] = frozenset()) -> None:
        """Set the test, and the names of the request parameters that it uses."""
        self._test = test
        self.parameters: frozenset[str] = parameters

    def __call__(self, user: PrivyUser, parameters: Parameters = _NO_PARAMETERS) -> bool:
        """Return whether the user meets the condition.

        Raises:
            ConfigurationError: if a predicate returns something to await, which would count as met.
        """
        return self._ask(user, parameters) is True

    def _ask(self, user: PrivyUser, given: Parameters) -> bool | _Unknown:
        answer = returned(self._test(user, given), "condition")
        return answer if isinstance(answer, _Unknown) else bool(answer)

    def __and__(self, other: Predicate) -> Condition:
        """Return a condition that is met if both are met."""
        return self._combined(_wrap(other), decisive=False)

    def __or__(self, other: Predicate) -> Condition:
        """Return a condition that is met if at least one of the two is met."""
        return self._combined(_wrap(other), decisive=True)

    def _combined(self, other: Condition, *, decisive: bool) -> Condition:
        def test(user: PrivyUser, given: Parameters) -> bool | _Unknown:
            first = self._ask(user, given)
            if first is decisive:
                return decisive
            second = other._ask(user, given)
            return second if second is decisive or first is not _UNKNOWN else first

        return Condition(test, self.parameters | other.parameters)

    def __invert__(self) -> Condition:
        """Return the opposite condition; neither of the two is met if a parameter that they use is missing."""

        def test(user: PrivyUser, given: Parameters) -> bool | _Unknown:
            answer = self._ask(user, given)
            return answer if isinstance(answer, _Unknown) else not answer

        return Condition(test, self.parameters)


def _wrap(predicate: Predicate) -> Condition:
    if isinstance(predicate, Condition):
        return predicate
    if not callable(predicate):
        raise ConfigurationError("condition", "give a function that takes the user, such as lambda user: …")
    require_sync(predicate, "condition")
    return Condition(lambda user, _: predicate(user))


def has_wallet(chain: str | None = None, *, embedded: bool | None = None) -> Condition:
    """Return the condition that a wallet is linked: on ``chain``, embedded or external, if these are given."""

    def fits(user: PrivyUser, _: Parameters) -> bool:
        return any(
            (chain is None or wallet.chain_type == chain) and (embedded is None or wallet.is_embedded is embedded)
            for wallet in user.wallets
        )

    return Condition(fits)


def has_linked(account_type: str) -> Condition:
    """Return the condition that an account of a type is linked, such as ``"farcaster"``."""
    return Condition(lambda user, _: bool(user.accounts(account_type)))


def has_metadata(wanted: Mapping[str, Any]) -> Condition:
    """Return the condition that the custom metadata contains each of the values, equal and of the same type."""
    values = dict(wanted)
    return Condition(lambda user, _: _holds(user.custom_metadata or {}, values))


def is_guest() -> Condition:
    """Return the condition that the user is a guest."""
    return Condition(lambda user, _: user.is_guest)


def verified_within(seconds: float, account_type: str | None = None) -> Condition:
    """Return the condition that an account, of a type if one is given, was verified in the last ``seconds``."""

    def recent(user: PrivyUser, _: Parameters) -> bool:
        accounts = user.linked_accounts if account_type is None else user.accounts(account_type)
        moment = time.time() - seconds
        times = (account.latest_verified_at for account in accounts)
        return any(verified is not None and verified >= moment for verified in times)

    return Condition(recent)


def owns_wallet(parameter: str) -> Condition:
    """Return the condition that the user owns the wallet whose address is in a request parameter.

    EVM addresses are compared without regard to case, all others exactly. If the parameter is missing, neither the
    condition nor its opposite is met.
    """

    def owns(user: PrivyUser, parameters: Parameters) -> bool | _Unknown:
        address = parameters.get(parameter)
        return user.owns_wallet(address) if isinstance(address, str) else _UNKNOWN

    return Condition(owns, frozenset({parameter}))


def condition(
    *predicates: Predicate,
    wallet: str | None = None,
    linked: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    guest: bool | None = None,
    verified_within: float | None = None,
    owns_wallet: str | None = None,
) -> Condition | None:
    """Return the condition that all arguments are met, or ``None`` if there are none.

    Args:
        *predicates: conditions, or functions that take the user.
        wallet: a chain on which a wallet must be linked, such as ``"ethereum"``.
        linked: a type of account that must be linked, such as ``"farcaster"``.
        metadata: values that the custom metadata must contain, each equal and of the same type.
        guest: whether the user must be a guest, or must not be one.
        verified_within: seconds within which some account must have been verified.
        owns_wallet: the request parameter (path, query or body) with the address of a wallet of the user.

    Raises:
        ConfigurationError: if a predicate is not callable, or is async.
    """
    asked = [_wrap(predicate) for predicate in predicates]
    if guest is not None:
        asked.append(is_guest() if guest else ~is_guest())
    if wallet is not None:
        asked.append(has_wallet(wallet))
    if linked is not None:
        asked.append(has_linked(linked))
    if metadata is not None:
        asked.append(has_metadata(metadata))
    if verified_within is not None:
        asked.append(_WITHIN(verified_within))
    if owns_wallet is not None:
        asked.append(_OWNS(owns_wallet))
    if not asked:
        return None
    return functools.reduce(operator.and_, asked)


# Two arguments of ``condition`` have the names of these functions.
_WITHIN, _OWNS = verified_within, owns_wallet


def _holds(metadata: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    # True == 1 in Python, but not in the JSON of the metadata.
    return all(
        name in metadata and isinstance(metadata[name], bool) is isinstance(value, bool) and metadata[name] == value
        for name, value in wanted.items()
    )
