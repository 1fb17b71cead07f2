"""Privy authentication for Litestar."""

from litestar_privy.plugin import Privy, refusal_response
from litestar_privy.signing_out import clear_privy_cookies, sign_out
from litestar_privy.users import CurrentUser, OptionalUser, requires_privy_user

__all__ = [
    "CurrentUser",
    "OptionalUser",
    "Privy",
    "clear_privy_cookies",
    "refusal_response",
    "requires_privy_user",
    "sign_out",
]
