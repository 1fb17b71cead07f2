"""A WSGI framework in a wrapper that makes it an ASGI app."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from asgiref.wsgi import WsgiToAsgi

from privy_middleware import PrivyMiddleware
from tests.behaviour.clients.asgi import scope_of
from tests.paths.routes import Seen
from tests.paths.stacks import by_asgi
from tests.paths.wsgi_apps import pyramid_app
from tests.support.tokens import config


@pytest.mark.parametrize(("protect", "names"), [([], ["/private"]), (["/private"], [])])
def test_pyramid_in_asgi(protect: list[str], names: list[str]) -> None:
    """Pyramid uses a request header as the start of the path, also inside a wrapper."""
    seen, wrap = Seen(), cast(Any, WsgiToAsgi)
    with asyncio.Runner() as runner:
        call = by_asgi(PrivyMiddleware(wrap(pyramid_app(seen)), config(), protect=protect), runner)
        call(scope_of("http", "/x", [("X-Vhm-Root", "/private")], method="GET"), [])
    assert seen.names == names
