"""Settings that are one value, or a dict with a value for each app or issuer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from privy_middleware.errors import ConfigurationError
from privy_middleware.keys.keyset import KeySet
from privy_middleware.keys.material import KeyMaterial, load_key_set

__all__ = ["check_jwks_urls", "load_key_sets"]


def load_key_sets(
    material: KeyMaterial | None, names: Collection[str], noun: str, algorithms: Collection[str]
) -> dict[str, KeySet]:
    """Return the key sets of ``verification_key`` by name.

    Args:
        material: the key or keys if there is one name, or a dict from name to key or keys.
        names: the configured app ids or issuers.
        noun: what a name is called in messages, such as ``"app id"``.
        algorithms: the algorithms that a key may be used with.

    Raises:
        ConfigurationError: if a key is wrong, or it is not clear which name it belongs to.
    """
    if material is None:
        return {}
    given: dict[str, Any] = {}
    if isinstance(material, Mapping) and not set(names).isdisjoint(material):
        given.update(material)
    elif len(names) == 1:
        given = dict.fromkeys(names, material)
    else:
        raise ConfigurationError("verification_key", f"for several {noun}s give a dict from {noun} to key")
    _check_names("verification_key", given, names, noun)
    return {name: load_key_set(each, algorithms=algorithms, field="verification_key") for name, each in given.items()}


def check_jwks_urls(url: object, names: Collection[str], noun: str) -> None:
    """Check that ``jwks_url`` is a text, a dict of texts by name, or ``None``.

    Raises:
        ConfigurationError: if it is anything else, or a key of the dict is not one of the names.
    """
    values = [*url.values()] if isinstance(url, Mapping) else [url] if url is not None else []
    if not all(isinstance(each, str) for each in values):
        raise ConfigurationError("jwks_url", f"give an address, or a dict from {noun} to address")
    if isinstance(url, Mapping):
        _check_names("jwks_url", url, names, noun)


def _check_names(field: str, given: Mapping[str, Any], names: Collection[str], noun: str) -> None:
    if not set(given) <= set(names):
        raise ConfigurationError(field, f"every key of the dict must be one of the {noun}s")
