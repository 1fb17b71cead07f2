"""The settings of the example apps: from the environment, or of the development issuer."""

from __future__ import annotations

import os

from privy_middleware import PrivyConfig
from privy_middleware.development import development_issuer

__all__ = ["load_config"]

_VARIABLES = ("PRIVY_APP_ID", "PRIVY_VERIFICATION_KEY", "PRIVY_JWKS_URL")


def load_config() -> PrivyConfig:
    """Return the settings from the environment, or if there are none, those of the development issuer."""
    if any(os.environ.get(name) for name in _VARIABLES):
        return PrivyConfig.from_env()
    return development_issuer().config()
