"""Where the example apps get their settings: the environment, or else the development issuer."""

from __future__ import annotations

import os

from privy_middleware import PrivyConfig
from privy_middleware.development import development_issuer

__all__ = ["load_config"]

_VARIABLES = ("PRIVY_APP_ID", "PRIVY_VERIFICATION_KEY", "PRIVY_JWKS_URL")


def load_config() -> PrivyConfig:
    """Return the environment's settings, or without any those of the embedded development issuer."""
    if any(os.environ.get(name) for name in _VARIABLES):
        return PrivyConfig.from_env()
    return development_issuer().config()
