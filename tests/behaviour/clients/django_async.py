"""Django over ASGI, with its own asynchronous test client."""

from __future__ import annotations

from urllib.parse import unquote

from asgiref.sync import async_to_sync
from django.test import AsyncClient, override_settings
from django.test.client import FakePayload

from example_apps import django_app
from privy_middleware import PrivyConfig
from tests.behaviour.client import Answer, Client, Headers
from tests.behaviour.clients.django import MIDDLEWARE, answer_of, only_the_example_s_apps


class AsyncDjango(Client):
    """A client of the example app's routes."""

    def __init__(self, config: PrivyConfig) -> None:
        self._settings = {"PRIVY": config, "ROOT_URLCONF": django_app.__name__, "MIDDLEWARE": MIDDLEWARE}
        self._client = AsyncClient(enforce_csrf_checks=True)
        self._apps = only_the_example_s_apps()

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send a request with repeated headers, which only the scope can contain."""
        route, _, query = path.partition("?")
        fields = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        with override_settings(**self._settings):
            return answer_of(
                async_to_sync(self._client.request)(
                    method=method,
                    path=unquote(route),
                    query_string=query.encode("latin-1"),
                    headers=fields,
                    _body_file=FakePayload(body),
                )
            )

    def close(self) -> None:
        """Restore the installed apps of the tests."""
        self._apps.disable()


def make_client(config: PrivyConfig) -> Client:
    """Return a client of the example app."""
    return AsyncDjango(config)
