"""``settings.PRIVY``, which is read through one object.

It is a dict of the core's settings (``{"APP_ID": …}``), which can also have the path prefixes ``PROTECT`` and
``EXEMPT``; or a ``PrivyConfig``, or a verifier. Settings that are not in the dict are read from the ``PRIVY_*``
environment variables.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings

from privy_middleware import ConfigurationError
from privy_middleware.plugin import Gate, Settings, SettingsSource, build_gate, is_same_page

__all__ = ["Parts", "PrivySettings", "login_url_problem"]

_PATHS = ("protect", "exempt")
_LOGIN_PAGE = "set it to the page on which Privy's client signs users in."
_SPELLING = 'settings.PRIVY["{}"]'


class Parts(NamedTuple):
    """The parts of ``settings.PRIVY``.

    Attributes:
        config: a configuration or a verifier, or ``None``.
        source: the core's settings in the dict, which have precedence over the environment, or ``None``.
        protect: the protected path prefixes.
        exempt: the exempt path prefixes.
    """

    config: Settings = None
    source: SettingsSource | None = None
    protect: Sequence[str] = ()
    exempt: Sequence[str] = ()


class PrivySettings:
    """The current ``settings.PRIVY``, read at every access so that ``override_settings`` works.

    Attributes:
        value: the setting itself, or ``None`` if it is missing.
        parts: its parts.
        gate: the gate for it, which is built again when the setting changes.
    """

    def __init__(self) -> None:
        """Create it without reading the settings."""
        self._lock = threading.Lock()
        self._built: tuple[object, Gate] | None = None

    @property
    def value(self) -> Any:
        """Return the current ``settings.PRIVY``, or ``None``."""
        return getattr(settings, "PRIVY", None)

    @property
    def parts(self) -> Parts:
        """Return the core's settings, and the protected and exempt paths."""
        value = self.value
        if not isinstance(value, Mapping):
            return Parts(value)
        paths = {str(key).lower(): item for key, item in value.items() if str(key).lower() in _PATHS}
        named = {key: item for key, item in value.items() if str(key).lower() not in _PATHS}
        fix = 'is not a setting; did you mean "{OPTION}"?'
        return Parts(source=SettingsSource(named, _SPELLING, option_fix=fix), **paths)

    @property
    def gate(self) -> Gate:
        """Return the gate for the current settings.

        Raises:
            ConfigurationError: if a setting is wrong.
        """
        built, value = self._built, self.value
        if built is not None and built[0] is value:
            return built[1]
        with self._lock:
            # Without the lock, two threads could create two gates, and fetch the same keys twice.
            if self._built is None or self._built[0] is not value:
                self._built = (value, self._build())
            return self._built[1]

    def _build(self) -> Gate:
        config, source, protect, exempt = self.parts
        try:
            if isinstance(config, str | bytes | list | tuple):
                raise ConfigurationError("PRIVY", 'set a dict such as {"APP_ID": "…"}')
            return build_gate(config, protect=protect, exempt=exempt, framework=source)
        except ConfigurationError as error:
            if error.field in _PATHS:
                error.args = (f"{_SPELLING.format(error.field.upper())} ({error.args[0]})",)
            elif error.field == "PRIVY":
                error.args = (f"settings.{error.args[0]}",)
            raise


def login_url_problem(login_url: str | None, path: str | None = None) -> str | None:
    """Return what is wrong with ``PRIVY["LOGIN_URL"]``, or ``None``; ``path`` is that of the sign-in view."""
    if login_url is None:
        return f'PRIVY["LOGIN_URL"] is not set: {_LOGIN_PAGE}'
    if path is not None and is_same_page(path, login_url):
        return f'PRIVY["LOGIN_URL"] is the sign-in view itself: {_LOGIN_PAGE}'
    return None
