"""A shared key cache for tests."""

from __future__ import annotations

__all__ = ["SharedInMemory"]


class SharedInMemory:
    """A key cache that several verifiers of a process share."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """Return the stored value."""
        return self.values.get(key)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Store a value."""
        self.values[key] = value
