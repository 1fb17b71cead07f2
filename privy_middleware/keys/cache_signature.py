"""Signatures of the entries of a shared key cache, so that somebody who can write to the cache cannot choose keys."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from typing import Any

from privy_middleware.errors import ConfigurationError
from privy_middleware.settings.placeholders import check_no_placeholder

__all__ = ["CacheSigner", "SIGNATURE_BYTES", "check_cache_secrets"]

_FIELD = "key_cache_secret"
_FIX = (
    "set at least 32 characters, visible ASCII without commas: the app secret, or the output of `openssl rand -hex 32`"
)
# A key that is shorter than the digest makes HMAC weaker (RFC 2104 §3). A comma separates secrets in the environment.
_SECRET = re.compile(r"[!-+\--~]{32,1024}")
# The same secret may sign other things elsewhere: this key is for entries of this format only.
_PURPOSE = b"privy-middleware: entries of the shared key cache, 1"
_PREFIX = b"hmac-sha256 "
SIGNATURE_BYTES = len(_PREFIX) + 64 + 1
"""How many bytes a signature adds to an entry."""


class CacheSigner:
    """Sign entries with the first of some secrets, and verify them with all, so that a secret can be replaced.

    An instance contains keys that are derived from the secrets, and not the secrets.
    """

    __slots__ = ("_keys",)

    def __init__(self, secrets: Collection[str]) -> None:
        """Derive the keys.

        Raises:
            ConfigurationError: if there is no secret, or one is too short to be a key.
        """
        self._keys = [hmac.digest(secret.encode(), _PURPOSE, "sha256") for secret in check_cache_secrets(secrets)]

    def sign(self, entry: bytes) -> bytes:
        """Return an entry with its signature on a line before it."""
        return _signature(self._keys[0], entry) + entry

    def verify(self, value: bytes) -> bytes | None:
        """Return the signed entry, or ``None`` if no secret signed exactly these bytes."""
        given, entry = value[:SIGNATURE_BYTES], value[SIGNATURE_BYTES:]
        # Every comparison is made, each in constant time.
        matches = [hmac.compare_digest(given, _signature(key, entry)) for key in self._keys]
        return entry if any(matches) else None


def check_cache_secrets(secrets: Any) -> tuple[str, ...]:
    """Return the secrets of a setting, one or several.

    Raises:
        ConfigurationError: if there is none, or one is not usable; the message does not contain it.
    """
    given = (secrets,) if isinstance(secrets, str) else secrets
    if not isinstance(given, Collection) or not given:
        raise ConfigurationError(_FIELD, _FIX)
    for secret in given:
        check_no_placeholder(secret, _FIELD, "app secret")
        if not isinstance(secret, str) or not _SECRET.fullmatch(secret):
            raise ConfigurationError(_FIELD, _FIX)
    return tuple(given)


def _signature(key: bytes, entry: bytes) -> bytes:
    return _PREFIX + hmac.digest(key, entry, "sha256").hex().encode() + b"\n"
