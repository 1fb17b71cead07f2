"""Conditions on a user, the same for every framework.

They combine with ``&``, ``|`` and ``~``: ``has_wallet("ethereum", embedded=True) & ~is_guest()``.
"""

from __future__ import annotations

import functools
import json
import math
import operator
import re
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeAlias, TypedDict

from privy_middleware.callbacks import require_sync, returned
from privy_middleware.errors import ConfigurationError
from privy_middleware.settings.hints import known_keywords
from privy_middleware.users.known_types import check_account_type, check_chain_type
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
    "require_condition",
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
    verified_within: float | timedelta
    owns_wallet: str


_ADDRESS = re.compile(r"0x[0-9A-Fa-f]{40}")
_WORDS = 'write conditions as keywords, as in wallet="ethereum", linked="farcaster" or metadata={"role": "admin"}'
_HINTS = {
    "on_invalid": "is not a condition; use optional_privy_user, or optional in FastAPI, which also run without a user",
    "embedded": "is not a keyword; give has_wallet(embedded=True) as a condition",
    "role": 'is not a keyword; write metadata={"role": "…"}',
    "email": 'is not a keyword; write linked="email", or give a function of the user',
}
_NO_PARAMETERS: Parameters = MappingProxyType({})


class _Unknown:
    """The result if a request parameter is missing, so that ``~`` does not turn it into a condition that is met."""

    __slots__ = ()


_UNKNOWN = _Unknown()


class Condition:
    """A test of a user, combined with others by ``&``, ``|`` and ``~``.

    Attributes:
        parameters: the names of the request parameters (path, query, body) that the test uses.
        description: the condition as a short English phrase, for developers; it contains nothing about a user.
    """

    __slots__ = ("_description", "_is_group", "_test", "parameters")

    def __init__(self, test: _Test, parameters: frozenset[str] = frozenset(), description: str = "") -> None:
        """Set the test, the names of the request parameters that it uses, and the description.

        The default description is the name of the test.
        """
        self._test = test
        self.parameters: frozenset[str] = parameters
        self._description = description or f"predicate {_name_of(test)}"
        self._is_group = False

    @property
    def description(self) -> str:
        """Return the condition as a short English phrase, such as ``a wallet on ethereum is linked``."""
        return f"({self._description})" if self._is_group else self._description

    def __repr__(self) -> str:
        return f"<Condition: {self.description}>"

    def __call__(self, user: PrivyUser, parameters: Parameters = _NO_PARAMETERS) -> bool:
        """Return whether the user meets the condition.

        Raises:
            ConfigurationError: if a predicate returns something to await, which would count as met.
        """
        return self._ask(user, parameters) is True

    def _ask(self, user: PrivyUser, given: Parameters) -> bool | _Unknown:
        answer = returned(self._test(user, given), "condition")
        if isinstance(answer, Condition):
            # It would count as met by every user.
            fix = f"{self._description} returns a condition: give that condition itself, combined with &, | and ~"
            raise ConfigurationError("condition", fix)
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

        word = "or" if decisive else "and"
        combined = Condition(test, self.parameters | other.parameters, f"{self.description} {word} {other.description}")
        combined._is_group = decisive
        return combined

    def __invert__(self) -> Condition:
        """Return the opposite condition; neither of the two is met if a parameter that they use is missing."""

        def test(user: PrivyUser, given: Parameters) -> bool | _Unknown:
            answer = self._ask(user, given)
            return answer if isinstance(answer, _Unknown) else not answer

        return Condition(test, self.parameters, f"not ({self._description})")


def require_condition(value: object, field: str = "condition") -> None:
    """Check that a value is a condition or ``None``.

    Raises:
        ConfigurationError: if it is anything else, such as a function, which is no condition by itself.
    """
    if value is not None and not isinstance(value, Condition):
        fix = 'give a condition, such as condition(wallet="ethereum") or condition(lambda user: …)'
        raise ConfigurationError(field, fix)


def _wrap(predicate: Any) -> Condition:
    if isinstance(predicate, Condition):
        return predicate
    for function, call in _CALLS:
        if predicate is function:
            raise ConfigurationError("condition", f"call the function: {call}")
    given: object = predicate
    if not callable(given):
        fix = f"give a function that takes the user, such as lambda user: …; {_WORDS}"
        raise ConfigurationError("condition", fix)
    require_sync(predicate, "condition")
    return Condition(lambda user, _: predicate(user), description=f"predicate {_name_of(predicate)}")


def _name_of(function: object) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    named: Any = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def _require_boolean(value: object, name: str) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(name, "set True or False")


def has_wallet(chain: str | None = None, *, embedded: bool | None = None) -> Condition:
    """Return the condition that a wallet is linked: on ``chain``, embedded or external, if these are given.

    Raises:
        ConfigurationError: if ``chain`` is not a chain type, or ``embedded`` not a boolean.
    """
    if chain is not None:
        check_chain_type(chain, "wallet")
    if embedded is not None:
        _require_boolean(embedded, "embedded")

    def fits(user: PrivyUser, _: Parameters) -> bool:
        return any(
            (chain is None or wallet.chain_type == chain) and (embedded is None or wallet.is_embedded is embedded)
            for wallet in user.wallets
        )

    wallet = "a wallet" if embedded is None else "an embedded wallet" if embedded else "an external wallet"
    place = "" if chain is None else f" on {chain}"
    return Condition(fits, description=f"{wallet}{place} is linked")


def has_linked(account_type: str) -> Condition:
    """Return the condition that an account of a type is linked, such as ``"farcaster"``.

    Raises:
        ConfigurationError: if it is not an account type.
    """
    check_account_type(account_type, "linked")
    text = f"an account of type {account_type} is linked"
    return Condition(lambda user, _: bool(user.accounts(account_type)), description=text)


def has_metadata(wanted: Mapping[str, Any]) -> Condition:
    """Return the condition that the custom metadata contains each of the values, equal and of the same type.

    Raises:
        ConfigurationError: if there is no value, or one that custom metadata cannot contain.
    """
    values = _metadata(wanted)
    text = f"the custom metadata contains {json.dumps(values, ensure_ascii=False)}"
    return Condition(lambda user, _: _holds(user.custom_metadata or {}, values), description=text)


def _metadata(wanted: object) -> dict[str, Any]:
    if not isinstance(wanted, Mapping):
        raise ConfigurationError("metadata", 'give a dict of wanted values, such as {"role": "admin"}')
    if not wanted:
        raise ConfigurationError("metadata", 'is empty; name at least one value, such as {"role": "admin"}')
    for name, value in wanted.items():
        # Privy's custom metadata is a flat object, so nothing else would ever be equal.
        if not isinstance(name, str) or not isinstance(value, str | int | float):
            fix = f"the value of {name!r} must be a string, a number or a boolean; for anything else give a function"
            raise ConfigurationError("metadata", fix)
    return dict(wanted)


def is_guest() -> Condition:
    """Return the condition that the user is a guest."""
    return Condition(lambda user, _: user.is_guest, description="the user is a guest")


def verified_within(seconds: float | timedelta, account_type: str | None = None) -> Condition:
    """Return the condition that an account, of a type if one is given, was verified in the last ``seconds``.

    Raises:
        ConfigurationError: if the time is not positive, or ``account_type`` is not an account type.
    """
    seconds = _positive_seconds(seconds)
    if account_type is not None:
        check_account_type(account_type, "account_type")

    def recent(user: PrivyUser, _: Parameters) -> bool:
        accounts = user.linked_accounts if account_type is None else user.accounts(account_type)
        moment = time.time() - seconds
        times = (account.latest_verified_at for account in accounts)
        return any(verified is not None and verified >= moment for verified in times)

    account = "an account" if account_type is None else f"an account of type {account_type}"
    return Condition(recent, description=f"{account} was verified in the last {seconds:.12g} seconds")


def _positive_seconds(value: object) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise ConfigurationError("verified_within", "give a positive number of seconds, or a datetime.timedelta")
    return seconds


def owns_wallet(parameter: str) -> Condition:
    """Return the condition that the user owns the wallet whose address is in a request parameter.

    EVM addresses are compared without regard to case, all others exactly. If the parameter is missing, neither the
    condition nor its opposite is met.

    Raises:
        ConfigurationError: if ``parameter`` is not a name.
    """
    fix = 'give the name of a request parameter, such as "address"'
    if not isinstance(parameter, str) or not parameter.strip():
        raise ConfigurationError("owns_wallet", fix)
    if _ADDRESS.fullmatch(parameter):
        raise ConfigurationError("owns_wallet", f"{fix}, not an address")
    if not parameter.isprintable() or set(parameter) & set("{}<>[]"):
        raise ConfigurationError("owns_wallet", f"{fix}, without brackets")

    def owns(user: PrivyUser, parameters: Parameters) -> bool | _Unknown:
        address = parameters.get(parameter)
        return user.owns_wallet(address) if isinstance(address, str) else _UNKNOWN

    text = f'the user owns the wallet in the request parameter "{parameter}"'
    return Condition(owns, frozenset({parameter}), text)


@known_keywords(f"is not a condition; {_WORDS}", _HINTS)
def condition(
    *predicates: Predicate,
    wallet: str | None = None,
    linked: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    guest: bool | None = None,
    verified_within: float | timedelta | None = None,
    owns_wallet: str | None = None,
) -> Condition | None:
    """Return the condition that all arguments are met, or ``None`` if there are none.

    Args:
        *predicates: conditions, or functions that take the user.
        wallet: a chain on which a wallet must be linked, such as ``"ethereum"``.
        linked: a type of account that must be linked, such as ``"farcaster"``.
        metadata: values that the custom metadata must contain, each equal and of the same type.
        guest: whether the user must be a guest, or must not be one.
        verified_within: seconds, or a ``timedelta``, within which some account must have been verified.
        owns_wallet: the request parameter (path, query or body) with the address of a wallet of the user.

    Raises:
        ConfigurationError: if a keyword is unknown or its value wrong, or a predicate is not callable, or is async.
    """
    asked = [_wrap(predicate) for predicate in predicates]
    if guest is not None:
        _require_boolean(guest, "guest")
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


# As a predicate, each of them would return a condition, which would count as met.
_CALLS: tuple[tuple[object, str], ...] = (
    (condition, 'condition(wallet="ethereum")'),
    (has_linked, 'has_linked("farcaster")'),
    (has_metadata, 'has_metadata({"role": "admin"})'),
    (has_wallet, 'has_wallet("ethereum")'),
    (is_guest, "is_guest()"),
    (owns_wallet, 'owns_wallet("address")'),
    (verified_within, "verified_within(600)"),
)


def _holds(metadata: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    # True == 1 in Python, but not in the JSON of the metadata.
    return all(
        name in metadata and isinstance(metadata[name], bool) is isinstance(value, bool) and metadata[name] == value
        for name, value in wanted.items()
    )
