"""How long tests wait for an event that must happen, so that no test depends on the speed of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from privy_middleware import PrivyConfig
from privy_middleware.config import RequestSettings
from privy_middleware.fetching import timeout
from privy_middleware.keys import JWKSSource, fetcher
from privy_middleware.loader import UserLoader
from privy_middleware.revocation import follower
from privy_middleware.web3auth import Web3AuthConfig

__all__ = ["LONGEST_TIMEOUT", "PATIENCE", "allow_time", "eventually"]

PATIENCE = 120.0
"""Seconds, much longer than anything that ends can take."""
LONGEST_TIMEOUT = 60.0
"""Seconds, the longest timeout that settings accept."""


def allow_time() -> None:
    """Make the default timeouts of this process long enough for a busy machine; a test can still set shorter ones.

    The defaults are meant for users who wait: five seconds for a whole fetch, and less for its parts.
    """
    _set_default(JWKSSource.__init__, "timeout", PATIENCE)
    _set_default(UserLoader.__init__, "timeout", LONGEST_TIMEOUT)
    for settings in (RequestSettings, PrivyConfig, Web3AuthConfig):
        _set_default(settings.__init__, "key_timeout", LONGEST_TIMEOUT)
    timeout._CONNECT_SECONDS = PATIENCE
    fetcher._CACHE_SECONDS = PATIENCE
    follower._LOAD_SECONDS = PATIENCE


def eventually(condition: Callable[[], object]) -> None:
    """Wait until a condition is true, which it must become."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it has not become true"
        time.sleep(0.01)


def _set_default(function: Any, parameter: str, value: float) -> None:
    assert parameter in function.__kwdefaults__
    function.__kwdefaults__[parameter] = value
