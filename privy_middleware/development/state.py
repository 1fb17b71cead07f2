"""What a development issuer remembers: its keys, secrets and users, in memory or in a file.

The file contains private keys, so only its owner may read it. It is replaced as a whole: a crash leaves either the old
content or the new one. A file that cannot be understood is never written to.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from privy_middleware.development.personas import PERSONAS, Persona
from privy_middleware.development.records import check_webhook_secret, new_webhook_secret
from privy_middleware.development.signing import KeyRing, SigningKey
from privy_middleware.development.users import persona_to_json, personas_from_json, with_own_ids
from privy_middleware.errors import ConfigurationError
from privy_middleware.tokens.strict_json import decode_bytes

__all__ = ["IssuerState", "Memory", "StateFile"]

_VERSION = 1
_OTHERS = 0o077


def _new_app_secret() -> str:
    return f"dev_{secrets.token_urlsafe(24)}"


@dataclass(frozen=True)
class IssuerState:
    """The state of an issuer; it is immutable, and each change makes a new one.

    Attributes:
        keys: the signing keys.
        users: the users by name.
        app_secret: the secret of the app, for the REST API.
        webhook_secret: the signing key of webhooks.
    """

    keys: KeyRing = field(default_factory=lambda: KeyRing((SigningKey(),)))
    users: Mapping[str, Persona] = field(default_factory=lambda: PERSONAS)
    app_secret: str = field(default_factory=_new_app_secret, repr=False)
    webhook_secret: str = field(default_factory=new_webhook_secret, repr=False)


class Memory:
    """Keep the state of an issuer only while the issuer exists."""

    def load(self) -> IssuerState:
        """Return a new state."""
        return IssuerState()

    def save(self, state: IssuerState) -> None:
        """Do nothing."""


class StateFile:
    """Keep the state of an issuer in a file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Set the path; a link is followed, so that it stays a link when the file is replaced."""
        self._path = Path(path).resolve()
        self._known: bytes | None = None

    def load(self) -> IssuerState:
        """Return the state in the file, or a new one, which is then saved, if there is no file.

        Raises:
            ConfigurationError: if the file cannot be used, naming it and the fix.
        """
        content = self._read()
        if content is None:
            return self._create()
        try:
            state = _from_json(decode_bytes(content), str(self._path))
        except (ValueError, KeyError, TypeError, AttributeError, UnsupportedAlgorithm):
            raise self._error("is damaged or not a state file; restore it, or move it away to start anew") from None
        self._known = content
        return state

    def save(self, state: IssuerState) -> None:
        """Replace the file.

        Raises:
            ConfigurationError: if it cannot be written, or another process has changed it since it was read.
        """
        if self._read() not in (None, self._known):
            raise self._error("was changed by another process; start this one again to use the changes")
        self._write(state, os.replace)

    def _create(self) -> IssuerState:
        """Return a new state in a new file, or that of another process which has made the file in the meantime."""
        state = IssuerState()
        try:
            self._write(state, _link)
        except FileExistsError:
            return self.load()
        return state

    def _read(self) -> bytes | None:
        try:
            # Reading from a pipe could wait for ever.
            if self._path.exists() and not self._path.is_file():
                raise self._error("is not a file; give the path of a file, which may be a new one")
            with self._path.open("rb") as file:
                if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                    raise self._error("has private keys and can be read by others; run: chmod 600 " + str(self._path))
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error(f"cannot be read: {error.strerror}") from None

    def _write(self, state: IssuerState, move: Callable[[str, Path], None]) -> None:
        content = (json.dumps(_to_json(state), indent=2, ensure_ascii=False) + "\n").encode()
        try:
            # ``mkstemp`` makes a file that only its owner can read.
            descriptor, name = tempfile.mkstemp(prefix=f"{self._path.name}.", suffix=".tmp", dir=self._path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(descriptor)
                move(name, self._path)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(name)
        except FileExistsError:
            raise
        except OSError as error:
            raise self._error(f"cannot be written: {error.strerror}") from None
        self._known = content

    def _error(self, problem: str) -> ConfigurationError:
        return ConfigurationError("state", f"{self._path} {problem}")


def _link(name: str, path: Path) -> None:
    """Give a file its name unless there is a file of that name, where the file system can do so."""
    try:
        os.link(name, path)
    except FileExistsError:
        raise
    except OSError:
        os.replace(name, path)


def _to_json(state: IssuerState) -> dict[str, Any]:
    """Return the state; of the built-in personas only what was changed is written, so that they can be extended."""
    changed = {name: each for name, each in state.users.items() if PERSONAS.get(name) != each}
    return {
        "about": "The state of a privy-middleware development issuer. It has private keys: do not share or commit it.",
        "version": _VERSION,
        "keys": [
            {"kid": key.kid, "withdrawn": key.kid in state.keys.withdrawn, "private_key": key.private_pem}
            for key in state.keys.keys
        ],
        "app_secret": state.app_secret,
        "webhook_secret": state.webhook_secret,
        "users": {name: persona_to_json(persona) for name, persona in changed.items()},
        "removed_users": [name for name in PERSONAS if name not in state.users],
    }


def _from_json(data: Any, path: str) -> IssuerState:
    """Return the state of ``_to_json``; raises many kinds of exceptions if the data is something else."""
    if data["version"] != _VERSION:
        raise ConfigurationError("state", f"{path} was written by another version of privy-middleware; move it away")
    keys = tuple(SigningKey.from_pem(entry["private_key"]) for entry in data["keys"])
    withdrawn = frozenset(key.kid for key, entry in zip(keys, data["keys"], strict=True) if entry["withdrawn"])
    if not keys or keys[0].kid in withdrawn or not data["app_secret"].strip():
        raise ValueError("no signing key, or no secret")
    check_webhook_secret(data["webhook_secret"])
    kept = {name: persona for name, persona in PERSONAS.items() if name not in data["removed_users"]}
    users = with_own_ids({**kept, **personas_from_json(data["users"], path)})
    return IssuerState(KeyRing(keys, withdrawn), users, data["app_secret"], data["webhook_secret"])
