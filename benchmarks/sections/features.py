"""What each feature adds to a request, beside the same request without it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.apps.contender import BODY
from benchmarks.pairing import Candidate
from benchmarks.report import Row, Section, paired
from benchmarks.sections.run import UNIT, Run, progress
from benchmarks.sending import PATH, App, ASGIClient, Fields, cookie
from benchmarks.tokens import FOUR
from benchmarks.verification import RAW
from privy_middleware import PrivyMiddleware

__all__ = ["rows"]

_SECTION = Section("features", f"what each feature adds to a request by ASGI, the same token again, {FOUR}")
_OTHER_COOKIES = "; ".join(f"other{number}={'x' * 80}" for number in range(40))
_SETTINGS: dict[str, dict[str, Any]] = {
    "protect": {"protect": ["/page", "/account/settings"], "exempt": ["/page/health"]},
    "is_revoked": {"is_revoked": lambda claims: claims["sub"] == "nobody"},
    "on_event": {"on_event": lambda event: None},
    "refresh_url": {"refresh_url": "/refresh"},
}


@dataclass(frozen=True)
class _Case:
    """A request to an app: with the middleware or without it, and with which headers."""

    app: App
    fields: Fields
    method: str = "GET"


def rows(run: Run) -> Iterator[Row]:
    """Measure the features of the ASGI middleware, in pairs of requests."""
    progress("features")
    loop = asyncio.new_event_loop()
    token, access = run.bench.token(), run.bench.access_token()
    cases = _cases(run, access)
    candidates = [
        Candidate(name, ASGIClient(each.app, each.fields, [token], PATH, loop, method=each.method).timer)
        for name, each in cases.items()
    ]
    times = run.measure(candidates)
    loop.close()
    for name, (wanted, without) in _PAIRS.items():
        seconds = times.seconds(wanted).median - times.seconds(without).median
        yield paired(_SECTION, name, UNIT, times.added(wanted, without, RAW), microseconds=seconds * 1e6)


_PAIRS = {
    "the middleware, for a request without a token": ("no token", "bare"),
    "a token in a header": ("header", "no token"),
    "a token in a cookie": ("cookie", "no token"),
    "4 KB of other cookies beside a token in a header": ("other cookies", "header"),
    "an access token beside the identity token": ("both", "header"),
    "the cross-site rule: POST with a cookie, instead of GET": ("POST", "cookie"),
    "a view that requires the user, Vary and Cache-Control": ("required", "cookie"),
    "off by default: protect and exempt": ("protect", "required"),
    "off by default: is_revoked": ("is_revoked", "required"),
    "off by default: on_event": ("on_event", "required"),
    "off by default: refresh_url": ("refresh_url", "required"),
}


def _cases(run: Run, access: str) -> dict[str, _Case]:
    plain = PrivyMiddleware(_bare, run.bench.config())
    cases = {
        "bare": _Case(_bare, cookie),
        "no token": _Case(plain, lambda token: {}),
        "header": _Case(plain, _header),
        "cookie": _Case(plain, cookie),
        "other cookies": _Case(plain, lambda token: {"cookie": _OTHER_COOKIES, **_header(token)}),
        "both": _Case(plain, lambda token: {"authorization": f"Bearer {access}", **_header(token)}),
        "POST": _Case(plain, lambda token: {"origin": "https://app.example", **cookie(token)}, "POST"),
        "required": _Case(PrivyMiddleware(_requiring, run.bench.config()), cookie),
    }
    for name, given in _SETTINGS.items():
        options = {key: given[key] for key in ("protect", "exempt") if key in given}
        settings = {key: value for key, value in given.items() if key not in options}
        cases[name] = _Case(PrivyMiddleware(_requiring, run.bench.config(**settings), **options), cookie)
    return cases


def _header(token: str) -> dict[str, str]:
    return {"privy-id-token": token}


async def _bare(_scope: Any, _receive: App, send: App) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": BODY})


async def _requiring(scope: Any, receive: App, send: App) -> None:
    scope["state"]["privy_auth"].require()
    await _bare(scope, receive, send)
