"""Whatever path a client sends, through whichever server, nothing protected runs without a user."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privy_middleware.asgi import ASGIRequest
from privy_middleware.http.protected_paths import Protection
from privy_middleware.wsgi import WSGIRequest
from tests.fuzz.requests import Case, cases, ordinary_paths
from tests.paths.routes import EVERYTHING, PREFIXES, Rules
from tests.paths.servers import ASGI_SERVERS, WSGI_SERVERS, Read, request_bytes
from tests.paths.stacks import Stack, asgi_stacks, wsgi_stacks

# Django serves files by ASGI with the one, and some frameworks leave files open that nobody asked for with the other.
pytestmark = [
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]
_FEW = settings.get_profile("default").max_examples
# The fuzz session runs 200,000 requests through all apps of a kind.
many = settings(max_examples=_FEW if settings().max_examples == _FEW else 50_000)
rules = pytest.mark.parametrize("rules", [PREFIXES, EVERYTHING], ids=["prefixes", "everything"])


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let no framework and no server log what it makes of such requests."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def check(case: Case, read: Read, stacks: Sequence[Stack], rules: Rules, kind: str = "") -> None:
    """Send a request to each app, and hold what it reaches to the rules."""
    request = read(case.raw)
    if request is None:
        return
    for stack in stacks:
        changed = {**request, "type": kind, "subprotocols": []} if kind else request
        for name in stack.reached(changed):
            assert rules.opens(name, "WEBSOCKET" if kind == "websocket" else case.method), (stack.name, name)


@rules
def test_by_wsgi(rules: Rules) -> None:
    """Every WSGI framework behind every WSGI server."""
    with wsgi_stacks(rules) as stacks:

        @many
        @given(cases, st.sampled_from(sorted(WSGI_SERVERS)))
        def attack(case: Case, server: str) -> None:
            check(case, WSGI_SERVERS[server], stacks, rules)

        attack()


@rules
def test_by_asgi(rules: Rules) -> None:
    """Every ASGI framework behind every ASGI server."""
    with asgi_stacks(rules) as stacks:

        @many
        @given(cases, st.sampled_from(sorted(ASGI_SERVERS)), st.sampled_from(["http", "http", "websocket"]))
        def attack(case: Case, server: str, kind: str) -> None:
            check(case, ASGI_SERVERS[server], stacks, rules, kind)

        attack()


@given(ordinary_paths(), st.sampled_from(sorted(ASGI_SERVERS)), st.sampled_from(sorted(WSGI_SERVERS)))
def test_ordinary_paths_are_open(path: str, asgi: str, wsgi: str) -> None:
    """A path that is below no prefix needs no user, whichever server has read it."""
    protection = Protection(PREFIXES.protect)
    raw = request_bytes("GET", quote(path).encode())
    scope, environ = ASGI_SERVERS[asgi](raw), WSGI_SERVERS[wsgi](raw)
    assert scope is not None
    assert environ is not None
    assert not any(map(protection.covers, (*ASGIRequest(scope).paths, *WSGIRequest(environ).paths)))
