"""Proxies for the current request, like Flask's ``request``."""

from __future__ import annotations

from typing import cast

from werkzeug.local import LocalProxy

from flask_privy.request import current_lookup
from privy_middleware import PrivyAuth, PrivyUser

__all__ = ["privy_auth", "privy_user"]

privy_user: PrivyUser = cast(PrivyUser, LocalProxy(lambda: current_lookup().find().user))
"""The user of the current request; falsy if there is none."""

privy_auth: PrivyAuth = cast(PrivyAuth, LocalProxy(lambda: current_lookup().find()))
"""The ``PrivyAuth`` of the current request."""
