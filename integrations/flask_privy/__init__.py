"""Privy authentication for Flask.

``Privy(app)`` adds ``request.privy_user`` to every request, which is verified when it is first used.
``@require_privy_user`` and ``privy.protect(blueprint)`` require a user.
"""

from flask_privy import signals
from flask_privy.decorators import optional_privy_user, require_privy_user
from flask_privy.exceptions import PrivyHTTPException
from flask_privy.extension import Privy
from flask_privy.proxies import privy_auth, privy_user
from flask_privy.request import PrivyRequest
from flask_privy.signing_out import clear_privy_cookies, sign_out

__all__ = [
    "Privy",
    "PrivyHTTPException",
    "PrivyRequest",
    "clear_privy_cookies",
    "optional_privy_user",
    "privy_auth",
    "privy_user",
    "require_privy_user",
    "sign_out",
    "signals",
]
