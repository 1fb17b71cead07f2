"""The types that users' checkers see: each line here is checked by mypy and pyright, and runs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_type

from flask import Blueprint, Flask

from flask_privy import (
    Privy,
    PrivyHTTPException,
    optional_privy_user,
    privy_auth,
    privy_user,
    require_privy_user,
)
from privy_middleware import PrivyAuth, PrivyError, PrivyUser
from privy_middleware.conditions import has_linked
from tests.flask.conftest import ADA, Header


def is_ada(user: PrivyUser) -> bool:
    """Say whether the user is Ada."""
    return user.id == ADA


@require_privy_user
def bare(name: str, *, size: int = 1) -> dict[str, str]:
    """Be an ordinary view."""
    return {name: privy_user.id * size}


@require_privy_user(wallet="ethereum", metadata={"role": "admin"}, guest=False)
def worded(name: str) -> str:
    """Be a view with a condition in words."""
    return name


@require_privy_user(is_ada, linked="email")
def predicated(name: str) -> str:
    """Be a view with a predicate."""
    return name


@require_privy_user(is_ada)
def predicated_alone() -> int:
    """Be a view with nothing but a predicate."""
    return 1


@require_privy_user(has_linked("email") & is_ada)
async def asynchronous(name: str) -> str:
    """Be an async view."""
    return name


@optional_privy_user
def optional(number: int) -> int:
    """Be a view with or without a user."""
    return number


@optional_privy_user(on_invalid="anonymous")
async def lenient() -> int:
    """Be an async one."""
    return 1


def test_decorators_keep_signatures(app: Flask, ada: Header) -> None:
    """Arguments and results are what they were."""
    with app.test_request_context(headers=ada):
        assert_type(bare("name", size=2), dict[str, str])
        assert_type(worded("name"), str)
        assert_type(predicated("name"), str)
        assert_type(predicated_alone(), int)
        assert_type(optional(1), int)
        pending: tuple[Coroutine[Any, Any, str], Coroutine[Any, Any, int]] = asynchronous("name"), lenient()
        for each in pending:
            each.close()
        plain: Callable[[str], str] = worded
        assert plain("x") == "x"


def test_proxies_are_typed(app: Flask, ada: Header) -> None:
    """What stands behind the proxies is completed and checked as itself."""
    with app.test_request_context(headers=ada):
        assert_type(privy_user, PrivyUser)
        assert_type(privy_auth, PrivyAuth)
        assert_type(privy_auth.user, PrivyUser | None)
        assert_type(privy_auth.error, str | None)
        assert (privy_user.id, privy_auth.error) == (ADA, None)


def test_extension_is_typed(app: Flask) -> None:
    """The extension object, its guard and its exception."""
    privy = Privy()
    privy.protect(app, exempt=["login", bare])
    privy.protect(Blueprint("blueprint", __name__), is_ada, wallet="ethereum")
    assert_type(privy, Privy)

    def on_refusal(error: PrivyHTTPException) -> int:
        assert_type(error.error, PrivyError)
        return error.error.status

    assert callable(on_refusal)
