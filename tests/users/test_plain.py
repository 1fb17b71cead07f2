"""Users inside of data: where they are found, and which annotations allow them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, Generic, Literal, Optional, TypedDict, TypeVar

import pytest

from privy_middleware import AccessTokenClaims, LinkedAccount, PrivyUser, WalletAccount
from privy_middleware.custom_keys import CustomKeyUser
from privy_middleware.plugin import convert_content, may_hold_users, to_plain
from privy_middleware.web3auth import Web3AuthUser

USER = PrivyUser("did:privy:x", linked_accounts=(WalletAccount(address="0xA"),))
T = TypeVar("T")


class Page(Generic[T]):
    """A generic class of an app."""


class Fields(TypedDict):
    """A dict with known keys."""

    user: PrivyUser


@dataclass
class Item:
    """A dataclass of an app."""

    name: str


def test_users_are_found_in_containers() -> None:
    """Users and accounts in dicts, lists, tuples and sets are converted; everything else stays the same."""
    item, unhashed = Item("x"), object()
    data = {"one": USER, "more": [USER, (USER,), {USER}, frozenset({USER})], "item": item, "other": [1, "a", unhashed]}
    assert to_plain(data) == {
        "one": USER.to_dict(),
        "more": [USER.to_dict()] + [[USER.to_dict()]] * 3,
        "item": item,
        "other": [1, "a", unhashed],
    }
    assert to_plain(USER.linked_accounts) == [{"type": "wallet", "address": "0xA"}]
    assert to_plain("text") == "text"
    assert data["one"] is USER


@pytest.mark.parametrize(
    "annotation",
    [
        PrivyUser,
        Web3AuthUser,
        CustomKeyUser,
        AccessTokenClaims,
        WalletAccount,
        LinkedAccount,
        PrivyUser | None,
        Optional[PrivyUser],  # noqa: UP045
        list[PrivyUser],
        dict[str, tuple[PrivyUser, ...]],
        Annotated[PrivyUser, "documented"],
        Any,
        object,
        dict,
        list,
        tuple,
        set,
        Mapping,
        dict[str, Any],
        list[dict[str, object]],
        Fields,
        Page,
        Page[PrivyUser],
    ],
)
def test_annotations_that_allow_users(annotation: Any) -> None:
    """An annotation allows users if it names them, or does not say what is inside."""
    assert may_hold_users(annotation)


@pytest.mark.parametrize(
    "annotation",
    [
        str,
        bytes,
        int,
        None,
        type(None),
        dict[str, str],
        list[int] | None,
        Literal["PrivyUser"],
        Annotated[str, "documented"],
        Item,
        list[Item],
        Page[str],
        Iterator[bytes],
        Callable[[int], str],
    ],
)
def test_annotations_that_exclude_users(annotation: Any) -> None:
    """Data with such an annotation is not looked through."""
    assert not may_hold_users(annotation)


def test_alias() -> None:
    """The name of a ``type`` statement, which Python 3.11 does not have, stands for its value."""
    assert may_hold_users(SimpleNamespace(__value__=list[PrivyUser]))
    assert not may_hold_users(SimpleNamespace(__value__=list[str]))


def test_content() -> None:
    """A hook for responses makes their content plain after the hook that it replaces; some have no content."""

    async def hook(response: Any) -> Any:
        response.content = [response.content]
        return response

    async def converted(response: Any, *hooks: Any) -> Any:
        return await convert_content(*hooks)(response)

    assert asyncio.run(converted(SimpleNamespace(content=USER))).content == USER.to_dict()
    assert asyncio.run(converted(SimpleNamespace(content=USER), hook)).content == [USER.to_dict()]
    nothing = object()
    assert asyncio.run(converted(nothing)) is nothing
