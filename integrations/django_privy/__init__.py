"""Privy authentication for Django.

Add ``django_privy.middleware.PrivyMiddleware`` to ``MIDDLEWARE``, and set ``PRIVY_APP_ID`` in the environment or
``APP_ID`` in the dict ``settings.PRIVY``. Every request then has ``request.privy_user``, the verified user or ``None``.
"""

from django_privy.decorators import optional_privy_user, require_privy_user
from django_privy.http import AuthenticatedPrivyHttpRequest, PrivyHttpRequest
from django_privy.signing_out import asign_out, clear_privy_cookies, sign_out
from django_privy.views import PrivyUserRequiredMixin

__all__ = [
    "AuthenticatedPrivyHttpRequest",
    "PrivyHttpRequest",
    "PrivyUserRequiredMixin",
    "asign_out",
    "clear_privy_cookies",
    "optional_privy_user",
    "require_privy_user",
    "sign_out",
]
