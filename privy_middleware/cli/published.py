"""The keys of an app, compared with what its key server publishes, and the clock compared with the server's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from privy_middleware.cli.output import Finding, Status
from privy_middleware.config import PrivyConfig
from privy_middleware.fetching.download import Document, Downloader, FetchFailed
from privy_middleware.http.loopback import is_local_host
from privy_middleware.keys.errors import InvalidKeySet
from privy_middleware.keys.jwks import read_jwks
from privy_middleware.keys.keyset import KeySet
from privy_middleware.verifiers.privy import ALGORITHMS

__all__ = ["check_keys"]

_MOST_BYTES = 262_144
# Date has whole seconds.
_EXACTNESS = 1.0


def check_keys(config: PrivyConfig, app_id: str) -> Iterator[Finding]:
    """Yield what is found about the keys of an app, after fetching those that its server publishes."""
    url = config.jwks_url_of(app_id)
    fixed = config.key_sets.get(app_id)
    before = time.time()
    try:
        document = Downloader(
            url, timeout=config.key_timeout, max_bytes=_MOST_BYTES, options=config.client_options
        ).get()
        published = read_jwks(document.body, algorithms=ALGORITHMS)
    except (FetchFailed, InvalidKeySet) as error:
        yield _unreachable(url, str(error), fixed)
        return
    if fixed is None:
        yield Finding("ok", "keys", f"{_count(published)} at {url}")
    else:
        yield _compared(fixed, published, url)
    if is_local_host(urlsplit(url).netloc):
        fix = "leave out jwks_url in production: Privy's own address is the default"
        yield Finding("warning", "keys", "they are those of a server on this machine", fix)
    yield from _check_clock(document, before, time.time(), config.leeway)


def _count(keys: KeySet) -> str:
    text = "1 key" if len(keys.keys) == 1 else f"{len(keys.keys)} keys"
    return f"{text} (skipped {keys.skipped})" if keys.skipped else text


def _unreachable(url: str, problem: str, fixed: KeySet | None) -> Finding:
    if fixed is None:
        fix = "check the network, a proxy, certificates and jwks_url; or set verification_key, which needs no network"
        return Finding("error", "keys", f"no keys from {url}: {problem}", fix)
    message = f"verification_key has {_count(fixed)}; not compared with {url}: {problem}"
    return Finding("warning", "keys", message, "check that it is the app's verification key in the dashboard")


def _compared(fixed: KeySet, published: KeySet, url: str) -> Finding:
    own, theirs = ({key.fingerprint for key in keys.keys} for keys in (fixed, published))
    if not own & theirs:
        message = f"verification_key is none of the {_count(published)} at {url}: every token of the app is refused"
        return Finding(
            "error", "keys", message, "copy it from the dashboard again, or leave it out: keys are fetched then"
        )
    if theirs - own:
        message = f"verification_key lacks {len(theirs - own)} of the {_count(published)} at {url}"
        fix = "leave it out: tokens signed with the other keys are refused, and keys change"
        return Finding("warning", "keys", message, fix)
    return Finding("ok", "keys", f"verification_key is what {url} publishes")


def _check_clock(document: Document, before: float, after: float, leeway: float) -> Iterator[Finding]:
    if document.date is None:
        return
    # The server may have read its clock at any time between the request and the response.
    off = max(before - document.date - _EXACTNESS, document.date - after - _EXACTNESS, 0.0)
    ahead = "ahead of" if before > document.date else "behind"
    if not off:
        yield Finding("ok", "clock", "agrees with the key server's")
        return
    message = f"{off:.0f} s {ahead} the key server's (leeway {leeway:g} s)"
    status: Status = "error" if off > leeway else "warning"
    yield Finding(status, "clock", message, "set the clock of this machine (NTP)")
