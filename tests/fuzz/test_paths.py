"""Whatever path a client sends, over any server, no protected handler runs without a user."""

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

# Django causes the first warning over ASGI; the second is from frameworks that leave files of other requests open.
pytestmark = [
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]
_FEW = settings.get_profile("default").max_examples
# The fuzz session sends 200,000 requests to all apps of a kind.
many = settings(max_examples=_FEW if settings().max_examples == _FEW else 50_000)
rules = pytest.mark.parametrize("rules", [PREFIXES, EVERYTHING], ids=["prefixes", "everything"])


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Turn off the logs of frameworks and servers about such requests."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def check(case: Case, read: Read, stacks: Sequence[Stack], rules: Rules, kind: str = "") -> None:
    """Send a request to each app, and check which handlers and files it reaches."""
    request = read(case.raw)
    if request is None:
        return
    for stack in stacks:
        changed = {**request, "type": kind, "subprotocols": []} if kind else request
        for name in stack.reached(changed):
            assert rules.opens(name, "WEBSOCKET" if kind == "websocket" else case.method), (stack.name, name)


@rules
def test_by_wsgi(rules: Rules) -> None:
    """All WSGI frameworks with all WSGI servers."""
    with wsgi_stacks(rules) as stacks:

        @many
        @given(cases, st.sampled_from(sorted(WSGI_SERVERS)))
        def attack(case: Case, server: str) -> None:
            check(case, WSGI_SERVERS[server], stacks, rules)

        attack()


@rules
def test_by_asgi(rules: Rules) -> None:
    """All ASGI frameworks with all ASGI servers."""
    with asgi_stacks(rules) as stacks:

        @many
        @given(cases, st.sampled_from(sorted(ASGI_SERVERS)), st.sampled_from(["http", "http", "websocket"]))
        def attack(case: Case, server: str, kind: str) -> None:
            check(case, ASGI_SERVERS[server], stacks, rules, kind)

        attack()


@given(ordinary_paths(), st.sampled_from(sorted(ASGI_SERVERS)), st.sampled_from(sorted(WSGI_SERVERS)))
def test_ordinary_paths_are_open(path: str, asgi: str, wsgi: str) -> None:
    """A path that is not below a prefix needs no user, with any server."""
    protection = Protection(PREFIXES.protect)
    raw = request_bytes("GET", quote(path).encode())
    scope, environ = ASGI_SERVERS[asgi](raw), WSGI_SERVERS[wsgi](raw)
    assert scope is not None
    assert environ is not None
    assert not any(map(protection.covers, (*ASGIRequest(scope).paths, *WSGIRequest(environ).paths)))
