"""The users of a development issuer, checked when they are added."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeAlias

from privy_middleware.development.personas import DEFAULT_CREATED_AT, DEFAULT_VERIFIED_AT, Persona
from privy_middleware.errors import ConfigurationError
from privy_middleware.settings.hints import check_keywords
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes
from privy_middleware.users.accounts import ACCOUNT_TYPES

__all__ = [
    "DevelopmentUsers",
    "build_persona",
    "check_persona",
    "persona_to_json",
    "personas_from_json",
    "read_personas",
    "with_own_ids",
]

_Personas: TypeAlias = Mapping[str, Persona]
_Change: TypeAlias = Callable[[_Personas], _Personas]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
# A DID that can stand in a path segment (W3C DID Core §3.1).
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:-]{1,200}")
_EVM_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_SOLANA_ADDRESS = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")
_METADATA_BYTES = 1024
_NOUNS = {str: "a string", int: "a whole number"}
_FIELDS = ("did", "email", "phone", "wallets", "linked_accounts", "custom_metadata", "is_guest", "created_at")


class DevelopmentUsers(MutableMapping[str, Persona]):
    """The users of an issuer by name, which can be added, replaced and removed."""

    def __init__(
        self, read: Callable[[], _Personas], change: Callable[[Callable[[_Personas], _Personas]], None]
    ) -> None:
        """Set the function that returns the users, and the one that replaces them by what a function makes of them."""
        self._read = read
        self._change = change

    def __getitem__(self, name: str) -> Persona:
        """Return a user."""
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names, in the order in which the users were added."""
        return iter(self._read())

    def __len__(self) -> int:
        """Return the number of users."""
        return len(self._read())

    def __setitem__(self, name: str, persona: Persona) -> None:
        """Add or replace a user.

        Raises:
            ConfigurationError: if a field of the persona is wrong, or another user has the same id.
        """
        self.put({name: persona})

    def __delitem__(self, name: str) -> None:
        """Remove a user."""
        removed = self[name]
        self._change(lambda users: {known: each for known, each in users.items() if known != removed.name})

    def put(self, personas: Mapping[str, Persona]) -> None:
        """Add or replace users, all of them or, if one is wrong, none; raises as ``users[name] = persona`` does."""
        for name, persona in personas.items():
            check_persona(name, persona)
        self._change(lambda users: with_own_ids({**users, **personas}))

    def __repr__(self) -> str:
        """Return the names."""
        return f"<DevelopmentUsers {', '.join(self)}>"


def with_own_ids(users: _Personas) -> _Personas:
    """Return the users.

    Raises:
        ConfigurationError: if two of them have the same id.
    """
    owners: dict[str, str] = {}
    for name, persona in users.items():
        if owners.setdefault(persona.did, name) != name:
            raise ConfigurationError("did", f"{owners[persona.did]} and {name} must not have the same id")
    return users


def build_persona(
    name: str,
    *,
    did: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    wallets: Sequence[str | Mapping[str, Any]] = (),
    linked_accounts: Sequence[Mapping[str, Any]] = (),
    custom_metadata: Mapping[str, Any] | None = None,
    is_guest: bool = False,
    created_at: int = DEFAULT_CREATED_AT,
) -> Persona:
    """Return a persona; the arguments are those of ``DevelopmentIssuer.add_user``.

    Raises:
        ConfigurationError: if an argument is wrong.
    """
    accounts = [
        _short_account("email", "email", address=email),
        _short_account("phone", "phone", phone_number=phone),
        *(_wallet(each, path) for path, each in _items(wallets, "wallets")),
        *(_given(each, path) for path, each in _items(linked_accounts, "linked_accounts")),
    ]
    persona = Persona(
        name=name,
        did=f"did:privy:dev-{name}" if did is None else did,
        is_guest=is_guest,
        linked_accounts=tuple(each for each in accounts if each is not None),
        custom_metadata=dict(custom_metadata) if isinstance(custom_metadata, Mapping) else custom_metadata,
        created_at=created_at,
    )
    check_persona(name, persona)
    return persona


def _items(value: object, field: str) -> Iterator[tuple[str, Any]]:
    """Return the items of a list, each with its path."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise ConfigurationError(field, "give a list")
    return ((f"{field}[{index}]", item) for index, item in enumerate(value))


def _short_account(field: str, kind: str, **identity: str | None) -> dict[str, Any] | None:
    """Return the account of a keyword such as ``email``, if it was given."""
    [value] = identity.values()
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise ConfigurationError(field, "give a string that is not empty")
    return {"type": kind, **identity, "lv": DEFAULT_VERIFIED_AT}


def _given(account: Any, path: str) -> dict[str, Any]:
    """Return an account that was given, with the time at which it was verified."""
    completed: dict[str, Any] = {"lv": DEFAULT_VERIFIED_AT, **account} if isinstance(account, Mapping) else account
    _check_account(completed, path)
    return completed


def _wallet(wallet: object, path: str) -> dict[str, Any]:
    if isinstance(wallet, Mapping):
        return _given({"chain_type": "ethereum", **wallet, "type": "wallet"}, path)
    text = wallet if isinstance(wallet, str) else ""
    for pattern, chain in ((_EVM_ADDRESS, "ethereum"), (_SOLANA_ADDRESS, "solana")):
        if pattern.fullmatch(text):
            return {"type": "wallet", "address": text, "chain_type": chain, "lv": DEFAULT_VERIFIED_AT}
    raise ConfigurationError(
        path, 'give an Ethereum or Solana address, or for other chains {"address": "…", "chain_type": "…"}'
    )


def check_persona(name: str, persona: Persona) -> None:
    """Check a user of an issuer.

    Raises:
        ConfigurationError: if a field is wrong, naming it.
    """
    if not isinstance(persona, Persona):
        raise ConfigurationError("users", "give a Persona, or use add_user")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError("name", "use letters, digits and . _ - between them, at most 64")
    if persona.name != name:
        raise ConfigurationError("name", f'the persona is called "{persona.name}", not "{name}"')
    if not isinstance(persona.did, str) or not _DID.fullmatch(persona.did):
        raise ConfigurationError("did", 'give an id such as "did:privy:dev-ada"')
    if not isinstance(persona.is_guest, bool):
        raise ConfigurationError("is_guest", "set true or false")
    if type(persona.created_at) is not int or persona.created_at < 1:
        raise ConfigurationError("created_at", "give a whole number of Unix seconds")
    for index, account in enumerate(persona.linked_accounts):
        _check_account(account, f"linked_accounts[{index}]")
    _check_metadata(persona.custom_metadata)


def _check_account(account: Any, path: str) -> None:
    kind = account.get("type") if isinstance(account, dict) else None
    if not isinstance(kind, str) or not kind:
        raise ConfigurationError(path, 'give an object with a type, such as {"type": "email", "address": "…"}')
    _json_size(account, path)
    known = ACCOUNT_TYPES.get(kind)
    for part in () if known is None else fields(known)[1:]:
        expected = part.metadata.get("kind", str)
        if part.default is MISSING and type(account.get(part.name)) is not expected:
            raise ConfigurationError(f"{path}.{part.name}", f"is required for {kind}, as {_NOUNS[expected]}")


def _json_size(value: object, path: str) -> int:
    """Return the size of a value as JSON, in bytes."""
    try:
        return len(json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode())
    except (TypeError, ValueError, RecursionError):
        raise ConfigurationError(path, "use only values of JSON") from None


def _check_metadata(metadata: Mapping[str, Any] | None) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict):
        raise ConfigurationError("custom_metadata", "give an object")
    for name, value in metadata.items():
        if not isinstance(name, str) or not isinstance(value, str | int | float | bool):
            raise ConfigurationError(f"custom_metadata.{name}", "give a string, a number or a boolean")
    if _json_size(metadata, "custom_metadata") > _METADATA_BYTES:
        raise ConfigurationError("custom_metadata", "Privy stores at most 1 KB")


def read_personas(path: str | os.PathLike[str]) -> dict[str, Persona]:
    """Return the personas of a JSON file, an object from name to the arguments of ``add_user``.

    Raises:
        ConfigurationError: if the file cannot be read, or an entry is wrong, naming the entry and the field.
    """
    try:
        data = decode_bytes(Path(path).read_bytes())
    except OSError as error:
        raise ConfigurationError("personas", f"{path} cannot be read: {error.strerror}") from None
    except NotStrictJSON:
        raise ConfigurationError("personas", f"{path} is not JSON, or has a name twice") from None
    if not isinstance(data, dict):
        raise ConfigurationError("personas", f'{path} must contain an object such as {{"mary": {{"email": "…"}}}}')
    return personas_from_json(data, str(path))


def personas_from_json(entries: Mapping[str, Any], path: str) -> dict[str, Persona]:
    """Return the personas of a JSON object in a file.

    Raises:
        ConfigurationError: if an entry is wrong, naming it, the field and the file.
    """
    personas = {}
    for name, entry in entries.items():
        try:
            personas[name] = _from_json(name, entry)
        except ConfigurationError as error:
            problem = str(error).removeprefix(f"{error.field}: ")
            raise ConfigurationError(f"{name}.{error.field}".rstrip("."), f"{problem} (in {path})") from None
    return personas


def _from_json(name: str, entry: object) -> Persona:
    if not isinstance(entry, dict):
        raise ConfigurationError("", 'give an object such as {"email": "mary@example.com"}')
    check_keywords(entry, _FIELDS, f"is not a field; the fields are {', '.join(_FIELDS)}")
    return build_persona(name, **entry)


def persona_to_json(persona: Persona) -> dict[str, Any]:
    """Return the entry that ``personas_from_json`` reads."""
    entry = {
        "did": persona.did,
        "is_guest": persona.is_guest,
        "linked_accounts": list(persona.linked_accounts),
        "custom_metadata": persona.custom_metadata,
        "created_at": persona.created_at,
    }
    return {name: value for name, value in entry.items() if value is not None}
