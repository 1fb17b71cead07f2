"""Privy authentication for FastAPI; ``fastapi_privy.starlette`` is the plugin for Starlette.

The names here are imported when they are first used, so that the plugin for Starlette does not need FastAPI.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi_privy.application import Privy
    from fastapi_privy.dependencies import (
        AccessClaims,
        CurrentUser,
        OptionalUser,
        current_access,
        current_user,
        optional,
        optional_user,
        require,
    )
    from fastapi_privy.starlette import clear_privy_cookies, privy_auth, sign_out
else:
    _STARLETTE = ("clear_privy_cookies", "privy_auth", "sign_out")
    _HOMES = {"Privy": "application", **dict.fromkeys(_STARLETTE, "starlette")}

    def __getattr__(name: str) -> object:
        """Return a public name from the module that defines it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'dependencies')}"), name)


__all__ = [
    "AccessClaims",
    "CurrentUser",
    "OptionalUser",
    "Privy",
    "clear_privy_cookies",
    "current_access",
    "current_user",
    "optional",
    "optional_user",
    "privy_auth",
    "require",
    "sign_out",
]
