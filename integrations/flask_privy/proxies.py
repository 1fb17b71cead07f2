"""The user of the current request, as Flask has its ``request``."""

from __future__ import annotations

from typing import cast

from werkzeug.local import LocalProxy

from flask_privy.request import current_lookup
from privy_middleware import PrivyAuth, PrivyUser

__all__ = ["privy_auth", "privy_user"]

privy_user: PrivyUser = cast(PrivyUser, LocalProxy(lambda: current_lookup().find().user))
"""The current request's user; falsy where there is none, as ``@optional_privy_user`` allows."""

privy_auth: PrivyAuth = cast(PrivyAuth, LocalProxy(lambda: current_lookup().find()))
"""What is known about the current request."""
