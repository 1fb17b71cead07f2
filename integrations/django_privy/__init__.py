"""Privy authentication for Django.

List ``django_privy.middleware.PrivyMiddleware`` in ``MIDDLEWARE`` and give ``settings.PRIVY`` an ``APP_ID``: every
request has ``request.privy_user`` then, the verified user or ``None``.
"""

from django_privy.decorators import optional_privy_user, require_privy_user
from django_privy.http import AuthenticatedPrivyHttpRequest, PrivyHttpRequest
from django_privy.views import PrivyUserRequiredMixin

__all__ = [
    "AuthenticatedPrivyHttpRequest",
    "PrivyHttpRequest",
    "PrivyUserRequiredMixin",
    "optional_privy_user",
    "require_privy_user",
]
