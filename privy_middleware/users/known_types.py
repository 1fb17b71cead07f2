"""Account types and chain types in conditions: mistyped ones are errors, unknown ones are warnings.

Both sets are open, since Privy adds types. A type that is close to a known one, or a usual other name of it, would
silently match no account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from privy_middleware.errors import ConfigurationError
from privy_middleware.settings.hints import closest, quoted_list, warn_once
from privy_middleware.users.accounts import ACCOUNT_TYPES, CHAIN_TYPES, OTHER_ACCOUNT_TYPES

__all__ = ["check_account_type", "check_chain_type"]

_ACCOUNT_TYPES = (*ACCOUNT_TYPES, *OTHER_ACCOUNT_TYPES)
_OAUTH = "_oauth"
_LEAST_SIMILAR = 0.8

_ACCOUNT_ALIASES: Mapping[str, tuple[str, ...]] = {
    **{name.removesuffix(_OAUTH): (name,) for name in _ACCOUNT_TYPES if name.endswith(_OAUTH)},
    **{f"{name}{_OAUTH}": (name,) for name in ("farcaster", "telegram", "passkey", "email", "phone")},
    "x": ("twitter_oauth",),
    "x_oauth": ("twitter_oauth",),
    "gmail": ("google_oauth",),
    "mail": ("email",),
    "sms": ("phone",),
    "mobile": ("phone",),
    "telephone": ("phone",),
    "warpcast": ("farcaster",),
    "webauthn": ("passkey",),
    "jwt": ("custom_auth",),
    "custom": ("custom_auth",),
    "embedded_wallet": ("wallet",),
    "metamask": ("wallet",),
    "phantom": ("wallet",),
    "smartwallet": ("smart_wallet",),
}
_CHAIN_ALIASES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("evm", "eth", "ether", "eip155", "erc20", "mainnet", "base", "polygon", "arbitrum", "optimism", "bsc"),
        ("ethereum",),
    ),
    "sol": ("solana",),
    "spl": ("solana",),
    **dict.fromkeys(("btc", "bitcoin"), ("bitcoin-segwit", "bitcoin-taproot")),
    "segwit": ("bitcoin-segwit",),
    "taproot": ("bitcoin-taproot",),
    "xrp": ("xrpl",),
    "ripple": ("xrpl",),
    "atom": ("cosmos",),
    "xlm": ("stellar",),
    "apt": ("aptos",),
    "trx": ("tron",),
    "strk": ("starknet",),
}


def check_account_type(value: object, field: str) -> None:
    """Check the type of an account that a condition asks for.

    Raises:
        ConfigurationError: if it is not a type, or another name or a mistyped form of a known one.
    """
    name = _name(value, field, 'give one account type, such as "email" or "google_oauth"', "has_linked")
    if name in _ACCOUNT_TYPES or name.startswith("custom:"):
        return
    if name.casefold() in (*CHAIN_TYPES, *_CHAIN_ALIASES):
        raise ConfigurationError(field, f'"{name}" is a chain: did you mean wallet="{_chains(name)[0]}"?')
    plain = name.casefold().replace("-", "_").replace(" ", "_")
    found = _ACCOUNT_ALIASES.get(plain) or _similar(plain, _ACCOUNT_TYPES, _ACCOUNT_ALIASES)
    _refuse_or_warn(name, field, found, "an account type", _ACCOUNT_TYPES)


def check_chain_type(value: object, field: str) -> None:
    """Check the chain of a wallet that a condition asks for.

    Raises:
        ConfigurationError: if it is not a chain type, or another name or a mistyped form of a known one.
    """
    fix = 'name one chain, such as "ethereum"; for a wallet on any chain use has_wallet()'
    name = _name(value, field, fix, "has_wallet")
    if name in CHAIN_TYPES:
        return
    if name.startswith("0x"):
        raise ConfigurationError(field, 'name a chain, such as "ethereum"; owns_wallet compares addresses')
    _refuse_or_warn(name, field, _chains(name), "a chain type", CHAIN_TYPES)


def _name(value: object, field: str, fix: str, function: str) -> str:
    if not isinstance(value, str):
        several = f'; combine several with |, as in {function}("…") | {function}("…")'
        raise ConfigurationError(field, fix + (several if isinstance(value, list | tuple | set) else ""))
    if not value.strip() or "," in value:
        raise ConfigurationError(field, fix)
    return value


def _chains(name: str) -> tuple[str, ...]:
    plain = name.casefold().partition(":")[0].replace("_", "-").replace(" ", "-")
    for network in ("-mainnet", "-testnet", "-devnet", "-sepolia"):
        plain = plain.removesuffix(network)
    known = (plain,) if plain in CHAIN_TYPES else ()
    return known or _CHAIN_ALIASES.get(plain) or _similar(plain, CHAIN_TYPES, _CHAIN_ALIASES)


def _similar(plain: str, known: Sequence[str], aliases: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the known name that is most similar, without the common ending of many account types."""
    if plain in known:
        return (plain,)
    stem = plain.removesuffix(_OAUTH)
    stems = {name.removesuffix(_OAUTH): name for name in known}
    # Short aliases are similar to too much.
    stems |= {alias: found[0] for alias, found in aliases.items() if len(alias) > 4}
    found = closest(stem, stems, _LEAST_SIMILAR)
    return () if found is None else (stems[found],)


def _refuse_or_warn(name: str, field: str, found: Sequence[str], noun: str, known: Sequence[str]) -> None:
    if found:
        suggestion = " or ".join(f'"{each}"' for each in found)
        raise ConfigurationError(field, f'"{name}" is not the name of {noun}; did you mean {suggestion}?')
    warn_once(
        f'{field}="{name}"',
        f"is not {noun} that this version of privy-middleware knows, so check its spelling: if it is wrong, no user "
        f"has it. Known are {quoted_list(known)}",
    )
