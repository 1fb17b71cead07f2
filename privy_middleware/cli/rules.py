"""Every rule for a token, checked one after the other by the core's own checks, and what to do where one fails."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from privy_middleware.cli.output import Finding
from privy_middleware.config import PrivyConfig
from privy_middleware.errors import InvalidToken, KeysUnavailable
from privy_middleware.fetching.waiting import run
from privy_middleware.tokens.base64url import decode_base64url
from privy_middleware.tokens.claims import (
    TokenKind,
    check_access,
    check_audience,
    check_identity,
    check_issuer,
    check_times,
)
from privy_middleware.tokens.jws import Header, check_algorithm, find_dots, read_header, read_payload
from privy_middleware.tokens.strict_json import NotStrictJSON, decode_bytes
from privy_middleware.users.user import PrivyUser, user_from_claims
from privy_middleware.verifiers.privy import ALGORITHMS, expected_audience, trusted_signer
from privy_middleware.verifiers.token import verifying_key

__all__ = ["Examined", "examine"]

_T = TypeVar("_T")

_DEFAULT_LEEWAY = 10.0
_DEFAULT_BYTES = 16384
_NO_APP = "set PRIVY_APP_ID or give --app-id, so that this is checked"
# What to do, by the code of the error; docs/why_401.md says more.
_FIXES: Mapping[str, str] = {
    "malformed_token": "look at what the client sends: a token has three parts with two dots, without spaces",
    "oversized_token": "raise max_token_bytes, and the header limits of the server",
    "unsupported_header": "it is not a token of Privy: look at which login service the client uses",
    "wrong_algorithm": "it is not a token of Privy: look at which login service the client uses",
    "unknown_key": "compare the app id with the frontend's, and leave verification_key out or copy it again",
    "bad_signature": "copy verification_key again, or leave it out; and look whether the token was cut off",
    "keys_unavailable": "check the network, the proxy and jwks_url, or set verification_key",
    "token_expired": "call getAccessToken() before each request, which renews the token; if it is new, set the clock",
    "token_not_yet_valid": "set the clock of the server (NTP)",
    "wrong_issuer": "Privy issues with iss privy.io: for Web3Auth and custom keys see the documentation of each",
    "wrong_audience": "use the same app id in the frontend's PrivyProvider and in the server's settings",
    "wrong_token_kind": "send the identity token in privy-id-token, and the access token in Authorization",
    "invalid_claims": "it is not a token of Privy, or was changed: look at which login service the client uses",
}


@dataclass(slots=True)
class Examined:
    """What a token says, and the result of each rule.

    Attributes:
        kind: the kind of token, by its place or else by its claims.
        header: the header, if it can be read.
        claims: the claims, if they can be read; nothing about them is verified unless all rules passed.
        user: the user of an identity token, if the claims are complete.
        findings: the result of each rule, in the order in which a request is checked.
    """

    kind: TokenKind
    header: dict[str, Any] | None = field(default=None, repr=False)
    claims: dict[str, Any] | None = field(default=None, repr=False)
    user: PrivyUser | None = field(default=None, repr=False)
    findings: list[Finding] = field(default_factory=list)

    def check(self, rule: str, passed: str, test: Callable[[], _T]) -> _T | None:
        """Run the check of a rule, add the finding, and return the result, ``None`` after a failure."""
        try:
            result = test()
        except (InvalidToken, KeysUnavailable) as error:
            self.findings.append(Finding("error", rule, str(error), _FIXES.get(error.code, ""), error.code))
            return None
        self.findings.append(Finding("ok", rule, passed))
        return result

    def skip(self, rule: str, why: str, fix: str = "") -> None:
        """Add a finding that a rule was not checked."""
        self.findings.append(Finding("skipped", rule, why, fix))


def examine(token: str, kind: TokenKind | None, config: PrivyConfig | None, now: float) -> Examined:
    """Check a token by every rule; without settings its signature and audience are not checked.

    Args:
        token: the token.
        kind: the kind that belongs in the token's place, ``None`` for the kind that its claims show.
        config: the settings of the app.
        now: the time at which the token has to be valid, in Unix seconds.
    """
    found = Examined(kind or "identity")
    most = _DEFAULT_BYTES if config is None else config.max_token_bytes
    dots = found.check("form", f"three parts, {len(token)} characters", lambda: find_dots(token, most))
    if dots is None:
        with contextlib.suppress(InvalidToken):
            # A token that is only too long can still be read.
            dots = find_dots(token, len(token))
    if dots is None:
        return found
    first, last = dots
    header = _check_header(found, token[:first])
    found.claims = found.check("payload", "a JSON object", lambda: read_payload(token[first + 1 : last]))
    found.kind = kind or _kind_of(found.claims or {})
    _check_signature(found, header, token, config)
    if found.claims is not None:
        _check_times(found, found.claims, _DEFAULT_LEEWAY if config is None else config.leeway, now)
        found.check("issuer", "privy.io", lambda: check_issuer(found.claims or {}, PrivyConfig.issuer_name))
        _check_audience(found, found.claims, config)
        _check_claims(found, found.claims)
    return found


def _kind_of(claims: Mapping[str, Any]) -> TokenKind:
    return "access" if "sid" in claims and "linked_accounts" not in claims else "identity"


def _check_header(found: Examined, segment: str) -> Header | None:
    header = found.check("header", "typ and parameters are accepted", lambda: read_header(segment))
    with contextlib.suppress(InvalidToken, NotStrictJSON):
        decoded = decode_bytes(decode_base64url(segment))
        found.header = decoded if isinstance(decoded, dict) else None
    alg = (found.header or {}).get("alg")
    if isinstance(alg, str):
        found.check("algorithm", alg, lambda: check_algorithm(alg, ALGORITHMS))
    return header


def _check_signature(found: Examined, header: Header | None, token: str, config: PrivyConfig | None) -> None:
    if config is None:
        found.skip("signature", "not checked: no app is configured", _NO_APP)
    elif header is None or header.alg not in ALGORITHMS:
        found.skip("signature", "not checked: the header is not accepted")
    else:
        signer = trusted_signer(config, _app_of(found.claims or {}, config))
        signed, _, signature = token.rpartition(".")
        found.check(
            "signature",
            f"verifies with a key of the app {signer.name}",
            lambda: run(verifying_key(signer, header, signed, signature)),
        )


def _app_of(claims: Mapping[str, Any], config: PrivyConfig) -> str:
    """Return the configured app that the token names, or else the first one."""
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    return next((app_id for app_id in config.app_ids if app_id in named), config.app_ids[0])


def _check_times(found: Examined, claims: Mapping[str, Any], leeway: float, now: float) -> None:
    # Alone, each of the two says whether the token is valid, which the other one would hide.
    expiry = {name: claims[name] for name in ("exp",) if name in claims}
    starts = {"exp": now + 1 + leeway} | {name: claims[name] for name in ("nbf", "iat") if name in claims}
    found.check("expiry", f"not expired (leeway {leeway:g} s)", lambda: check_times(expiry, now, leeway))
    found.check("start", "valid already", lambda: check_times(starts, now, leeway))


def _check_audience(found: Examined, claims: Mapping[str, Any], config: PrivyConfig | None) -> None:
    if config is None:
        found.skip("audience", "not checked: no app is configured", _NO_APP)
        return
    lists = found.kind == "identity"
    expected = expected_audience(*config.app_ids)
    accepts = frozenset(config.app_ids).__contains__
    found.check("audience", expected, lambda: check_audience(claims, accepts, lists=lists, expected=expected))


def _check_claims(found: Examined, claims: Mapping[str, Any]) -> None:
    if found.kind == "access":
        found.check("claims", "those of an access token", lambda: check_access(claims))
        return
    found.user = found.check("claims", "those of an identity token", lambda: _user_of(claims))


def _user_of(claims: Mapping[str, Any]) -> PrivyUser:
    user = user_from_claims(claims, *check_identity(claims))
    # Reading the accounts may fail, too.
    len(user.linked_accounts)
    return user
