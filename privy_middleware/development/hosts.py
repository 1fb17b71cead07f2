"""How addresses on this machine are written: the host names of loopback, and ports."""

from __future__ import annotations

__all__ = ["LOOPBACK_HOST", "PORT"]

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"

LOOPBACK_HOST = rf"(?:localhost|\[::1\]|127(?:\.{_BYTE}){{3}})"
"""A regular expression for ``localhost`` and loopback addresses, in any case; any other text could be a name (DNS)."""

PORT = r"(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})"
"""A regular expression for the number of a port."""
