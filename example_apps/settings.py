"""Where the example apps get their settings: the environment, or else the development issuer."""

from __future__ import annotations

import os

from privy_middleware import PrivyConfig
from privy_middleware.issuer import development_issuer

__all__ = ["load_config"]


def load_config() -> PrivyConfig:
    """Return the settings of ``PRIVY_*``, or of the embedded development issuer when none is set."""
    if any(name.startswith("PRIVY_") and value for name, value in os.environ.items()):
        return PrivyConfig.from_env()
    return development_issuer().config()
