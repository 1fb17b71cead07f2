"""How long the tests wait for what is sure to come, so that none depends on how fast the machine is."""

from __future__ import annotations

from typing import Any

from privy_middleware import PrivyConfig
from privy_middleware.config import RequestSettings
from privy_middleware.fetching import timeout
from privy_middleware.keys import JWKSSource, fetcher
from privy_middleware.loader import UserLoader
from privy_middleware.web3auth import Web3AuthConfig

__all__ = ["LONGEST_TIMEOUT", "PATIENCE", "allow_time"]

PATIENCE = 120.0
"""In seconds: far longer than anything takes that ends at all."""
LONGEST_TIMEOUT = 60.0
"""In seconds: the longest time-out that settings may have."""


def allow_time() -> None:
    """Make the default time-outs of this process long enough for a busy machine; a test may still set shorter ones.

    The defaults are made for users who wait: five seconds for a whole fetch, and less for parts of it.
    """
    _set_default(JWKSSource.__init__, "timeout", PATIENCE)
    _set_default(UserLoader.__init__, "timeout", LONGEST_TIMEOUT)
    for settings in (RequestSettings, PrivyConfig, Web3AuthConfig):
        _set_default(settings.__init__, "key_timeout", LONGEST_TIMEOUT)
    timeout._CONNECT_SECONDS = PATIENCE
    fetcher._CACHE_SECONDS = PATIENCE


def _set_default(function: Any, parameter: str, value: float) -> None:
    assert parameter in function.__kwdefaults__
    function.__kwdefaults__[parameter] = value
