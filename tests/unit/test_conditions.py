"""Conditions on a user, as keywords and as functions."""

from __future__ import annotations

import functools
import json
import time
from datetime import timedelta
from typing import Any

import pytest

from privy_middleware import Condition, ConfigurationError, PrivyUser, condition
from privy_middleware.conditions import (
    has_linked,
    has_metadata,
    has_wallet,
    is_guest,
    owns_wallet,
    verified_within,
)
from privy_middleware.settings import hints
from tests.support.callables import in_a_plain_function
from tests.support.tokens import identity, user_of


def user(*accounts: dict[str, Any], metadata: dict[str, Any] | None = None, **claims: Any) -> PrivyUser:
    """Return a user with these accounts."""
    if metadata is not None:
        claims["custom_metadata"] = json.dumps(metadata)
    return user_of(identity(linked_accounts=json.dumps(accounts), **claims))


ETHEREUM = {"type": "wallet", "address": "0x1", "chain_type": "ethereum", "lv": 1}
SOLANA = {"type": "wallet", "address": "s", "chain_type": "solana", "lv": 1}
FARCASTER = {"type": "farcaster", "fid": 1, "username": "a", "oa": "0x1", "lv": 1}
LINE = {"type": "line_oauth", "subject": "x"}


def meets(someone: PrivyUser, *predicates: Any, **words: Any) -> bool:
    """Return whether the user meets the condition of these keywords."""
    asked = condition(*predicates, **words)
    assert asked is not None
    return asked(someone)


def test_no_words_no_condition() -> None:
    """Without keywords there is no condition."""
    assert condition() is None


def test_wallet() -> None:
    """A wallet of another chain does not count."""
    assert meets(user(SOLANA, ETHEREUM), wallet="ethereum")
    assert not meets(user(SOLANA), wallet="ethereum")
    assert not meets(user(), wallet="ethereum")


def test_linked() -> None:
    """The type can be one that the library does not know."""
    assert meets(user(FARCASTER), linked="farcaster")
    assert meets(user(LINE), linked="line_oauth")
    assert not meets(user(LINE, ETHEREUM), linked="farcaster")


@pytest.mark.parametrize(
    ("has", "wanted", "met"),
    [
        ({"role": "admin", "x": 1}, {"role": "admin"}, True),
        ({"role": "admin"}, {"role": "user"}, False),
        ({"role": "admin"}, {"role": "admin", "level": 1}, False),
        (None, {"role": "admin"}, False),
        ({"flag": 1}, {"flag": True}, False),
        ({"flag": True}, {"flag": 1}, False),
        ({"flag": True}, {"flag": True}, True),
        ({"level": 1.0}, {"level": 1}, True),
        ({"level": "1"}, {"level": 1}, False),
        ({"a": 1, "b": 2}, {"a": 1}, True),
    ],
)
def test_metadata(has: dict[str, Any] | None, wanted: dict[str, Any], met: bool) -> None:
    """All values must be equal, and ``True`` is not a number."""
    assert meets(user(metadata=has), metadata=wanted) is met


def test_metadata_is_copied() -> None:
    """The condition does not change with the dict that was passed."""
    wanted = {"role": "admin"}
    asked = condition(metadata=wanted)
    assert asked
    wanted.clear()
    assert not asked(user(metadata={}))


def test_guest() -> None:
    """The user must be, or must not be, a guest."""
    assert meets(user(guest="t"), guest=True)
    assert not meets(user(guest="t"), guest=False)
    assert meets(user(), guest=False)
    assert not meets(user(), guest=True)


def test_verified_within() -> None:
    """An account was verified within the time; accounts without a time do not count."""
    now = int(time.time())
    assert meets(user(ETHEREUM, {**SOLANA, "lv": now - 50}), verified_within=100)
    assert not meets(user({**SOLANA, "lv": now - 150}), verified_within=100)
    assert not meets(user(LINE), verified_within=100)
    assert not meets(user(), verified_within=1e9)


def test_all_words_together() -> None:
    """All keywords must be met."""
    words: dict[str, Any] = {"wallet": "ethereum", "linked": "farcaster", "guest": False}
    assert meets(user(ETHEREUM, FARCASTER), lambda someone: someone.id, **words)
    assert not meets(user(ETHEREUM, FARCASTER), lambda someone: None, **words)
    assert not meets(user(ETHEREUM), **words)


def test_combining() -> None:
    """``&``, ``|`` and ``~`` combine conditions and plain functions."""
    yes, no = Condition(lambda *_: 1), Condition(lambda *_: "")
    someone = user()
    assert (yes & yes)(someone) is True
    assert (yes & no)(someone) is False
    assert (no & yes)(someone) is False
    assert (yes | no)(someone) is True
    assert (no | yes)(someone) is True
    assert (no | no)(someone) is False
    assert (~no)(someone) is True
    assert (~yes)(someone) is False
    assert (yes & (lambda _: False))(someone) is False
    assert (no | (lambda _: "met"))(someone) is True


def test_wallets_in_detail() -> None:
    """Any chain or one, embedded wallets, external wallets, or both."""
    embedded, external = {**ETHEREUM, "wallet_client_type": "privy"}, {**SOLANA, "wallet_client_type": "phantom"}
    someone = user(embedded, external)
    assert has_wallet()(someone)
    assert not has_wallet()(user())
    assert has_wallet("ethereum", embedded=True)(someone)
    assert has_wallet("solana", embedded=False)(someone)
    assert not has_wallet("ethereum", embedded=False)(someone)
    assert not has_wallet("solana", embedded=True)(someone)


def test_verified_within_of_a_type() -> None:
    """An account of another type does not count."""
    someone = user({**ETHEREUM, "lv": int(time.time())}, FARCASTER)
    assert verified_within(100, "wallet")(someone)
    assert not verified_within(100, "farcaster")(someone)


def test_owning_the_wallet_of_a_parameter() -> None:
    """The address in the request must be one of the user's wallets."""
    address = "0x" + "aB" * 20
    someone = user({**ETHEREUM, "address": address})
    asked = condition(owns_wallet="address")
    assert asked
    assert asked.parameters == {"address"}
    assert asked(someone, {"address": address.lower()})
    for given in (
        {},
        {"address": None},
        {"address": ""},
        {"address": "0x1"},
        {"address": [address]},
        {"other": address},
    ):
        assert not asked(someone, given)
    assert not asked(someone)


def test_missing_parameter_in_combinations() -> None:
    """A missing parameter meets neither a condition nor its opposite, but does not matter if another part decides."""
    someone = user({"type": "wallet", "address": "0x1", "chain_type": "ethereum", "lv": 1})
    mine, yours = owns_wallet("mine"), owns_wallet("yours")
    met, not_met = has_wallet(), ~has_wallet()
    given = {"mine": "0x1"}
    for asked in (yours, ~yours, ~~yours, yours & met, met & yours, yours | not_met, not_met | yours, mine & ~yours):
        assert not asked(someone, given)
        assert not (~asked)(someone, given)
    for asked in (yours | met, met | yours, ~(yours & not_met), ~(not_met & yours), mine, mine | ~yours):
        assert asked(someone, given)
        assert not (~asked)(someone, given)
    together = condition(wallet="ethereum", owns_wallet="yours")
    assert together
    assert not together(someone, given)
    assert not (~together)(someone, given)
    assert (~together)(someone, {"yours": "0x2"})


def test_parameters_are_gathered() -> None:
    """A condition lists the parameters of all its parts."""
    mine, yours = owns_wallet("mine"), owns_wallet("yours")
    for combined in (
        mine & yours,
        mine | yours,
        mine & ~yours,
        condition(mine, yours),
        condition(mine, owns_wallet="yours"),
    ):
        assert combined
        assert combined.parameters == {"mine", "yours"}
    assert (mine & (lambda _: True)).parameters == {"mine"}
    assert is_guest().parameters == has_linked("email").parameters == has_metadata({"a": 1}).parameters == frozenset()


@pytest.mark.parametrize("predicate", [None, True, "admin", {"role": "admin"}])
def test_what_is_no_predicate(predicate: Any) -> None:
    """An error is raised where the condition is written, not at a request."""
    for write in (lambda: condition(predicate), lambda: is_guest() & predicate, lambda: is_guest() | predicate):
        with pytest.raises(ConfigurationError, match=r"^condition: give a function that takes the user"):
            write()


class Awaitable:
    """An awaitable."""

    def __await__(self) -> Any:
        """Return immediately."""
        yield from ()


async def asynchronous(_: PrivyUser) -> bool:
    """An async callable that looks like a predicate."""
    return False


def test_asynchronous_predicates_are_refused() -> None:
    """A coroutine is true, so every user would meet the condition."""
    someone = user()
    yes = Condition(lambda *_: True)
    for predicate in (in_a_plain_function(asynchronous), lambda _: Awaitable()):
        for asked in (condition(predicate), yes & predicate, ~yes | predicate, condition(yes, predicate)):
            assert asked
            with pytest.raises(ConfigurationError, match=r"^condition: .*awaited"):
                asked(someone)


class Allowed:
    """A predicate that is an object."""

    def __call__(self, _: PrivyUser) -> bool:
        """Accept every user."""
        return True


def is_staff(_: PrivyUser) -> bool:
    """A predicate."""
    return True


@pytest.mark.parametrize(
    ("asked", "description"),
    [
        (has_wallet(), "a wallet is linked"),
        (has_wallet("ethereum"), "a wallet on ethereum is linked"),
        (has_wallet("ethereum", embedded=True), "an embedded wallet on ethereum is linked"),
        (has_wallet(embedded=False), "an external wallet is linked"),
        (has_linked("farcaster"), "an account of type farcaster is linked"),
        (has_metadata({"role": "admin", "level": 2}), 'the custom metadata contains {"role": "admin", "level": 2}'),
        (is_guest(), "the user is a guest"),
        (verified_within(600), "an account was verified in the last 600 seconds"),
        (
            verified_within(timedelta(days=30), "passkey"),
            "an account of type passkey was verified in the last 2592000 seconds",
        ),
        (owns_wallet("address"), 'the user owns the wallet in the request parameter "address"'),
        (~is_guest(), "not (the user is a guest)"),
        (~(is_guest() | has_wallet()), "not (the user is a guest or a wallet is linked)"),
        (is_guest() & has_wallet(), "the user is a guest and a wallet is linked"),
        (is_guest() | has_wallet(), "(the user is a guest or a wallet is linked)"),
        (condition(is_staff), f"predicate {__name__}.is_staff"),
        (condition(functools.partial(is_staff)), f"predicate {__name__}.is_staff"),
        (condition(Allowed()), f"predicate {__name__}.Allowed"),
        (condition(lambda _: True), f"predicate {__name__}.<lambda>"),
        (Condition(lambda *_: True), f"predicate {__name__}.<lambda>"),
        (condition(wallet="ethereum", guest=False), "not (the user is a guest) and a wallet on ethereum is linked"),
    ],
)
def test_description(asked: Any, description: str) -> None:
    """Each condition describes itself in English, without personal data, and cannot be given another description."""
    assert asked.description == description
    assert repr(asked) == f"<Condition: {description}>"
    with pytest.raises(AttributeError):
        asked.description = "another"


@pytest.mark.parametrize(
    ("write", "known"),
    [
        (lambda: has_linked("custom:my-provider"), True),
        (lambda: has_linked("line_oauth"), True),
        (lambda: has_wallet("bitcoin-taproot"), True),
        (lambda: has_linked("strava_oauth"), False),
        (lambda: has_wallet("monad"), False),
    ],
)
def test_types_are_open_sets(write: Any, known: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Privy adds types, so an unknown one that resembles no known one is only a warning, which is logged once."""
    hints._warned.clear()
    write()
    write()
    assert [each.levelname for each in caplog.records] == ([] if known else ["WARNING"])


def test_time_as_timedelta() -> None:
    """A time can be a ``timedelta``."""
    someone = user({**ETHEREUM, "lv": int(time.time()) - 50})
    assert meets(someone, verified_within=timedelta(minutes=1))
    assert not meets(someone, verified_within=timedelta(seconds=30))
