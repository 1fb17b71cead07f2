"""``settings.PRIVY``, read through one object.

It is a dict of the core's settings (``{"APP_ID": …}``), with the path prefixes ``PROTECT`` and ``EXEMPT`` beside them;
or a ``PrivyConfig``, or a verifier. Without any of the core's settings the ``PRIVY_*`` environment variables are read.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings

from privy_middleware import ConfigurationError
from privy_middleware.plugin import Gate, Settings, build_gate

__all__ = ["Parts", "PrivySettings"]

_PATHS = ("protect", "exempt")


class Parts(NamedTuple):
    """What ``settings.PRIVY`` says: the core's settings, and the path prefixes that require a user, or do not."""

    config: Settings
    protect: Sequence[str] = ()
    exempt: Sequence[str] = ()


class PrivySettings:
    """Look at Django's settings at every access, so that ``override_settings`` works; build a gate when they change."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._lock = threading.Lock()
        self._built: tuple[object, Gate] | None = None

    @property
    def value(self) -> Any:
        """Return what ``settings.PRIVY`` is now."""
        return getattr(settings, "PRIVY", None)

    @property
    def parts(self) -> Parts:
        """Return the core's settings, None for the environment, and the paths that require a user or do not."""
        value = self.value
        if not isinstance(value, Mapping):
            return Parts(value)
        paths = {str(key).lower(): item for key, item in value.items() if str(key).lower() in _PATHS}
        named = {key: item for key, item in value.items() if str(key).lower() not in _PATHS}
        return Parts(named or None, **paths)

    @property
    def gate(self) -> Gate:
        """Return the gate of the settings as they are now.

        Raises:
            ConfigurationError: when a setting is wrong.
        """
        built, value = self._built, self.value
        if built is not None and built[0] is value:
            return built[1]
        with self._lock:
            # One lock for all threads: two gates would fetch the same keys twice.
            if self._built is None or self._built[0] is not value:
                self._built = (value, self._build())
            return self._built[1]

    def _build(self) -> Gate:
        config, protect, exempt = self.parts
        try:
            if isinstance(config, str | bytes | list | tuple):
                raise ConfigurationError("PRIVY", 'set a dict such as {"APP_ID": "…"}')
            return build_gate(config, protect=protect, exempt=exempt)
        except ConfigurationError as error:
            if config is not None or error.field in _PATHS:
                error.args = (f'settings.PRIVY["{error.field.upper()}"] ({error})',)
            raise
