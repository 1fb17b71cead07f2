"""Django over WSGI, with its own test client."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.test import Client as TestClient
from django.test import override_settings

# Its handlers load the middleware, so this is imported before any test overrides a setting.
from example_apps import django_app
from privy_middleware import PrivyConfig
from privy_middleware.http.request import environ_key
from tests.behaviour.client import Answer, Client, Headers, unambiguous
from tests.behaviour.clients.wsgi import joined

MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", "django_privy.middleware.PrivyMiddleware"]


class Django(Client):
    """A client of the example app's routes."""

    def __init__(self, config: PrivyConfig) -> None:
        self._settings = {"PRIVY": config, "ROOT_URLCONF": django_app.__name__, "MIDDLEWARE": MIDDLEWARE}
        self._client = TestClient(enforce_csrf_checks=True)
        self._apps = only_the_example_s_apps()

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send a request, with repeated headers joined as WSGI servers do."""
        fields = {environ_key(name.lower()): value for name, value in joined(headers).items()}
        with override_settings(**self._settings):
            # The type of the fields' values is too narrow in the stubs.
            return answer_of(self._client.generic(method, unambiguous(path), body, **fields))  # type: ignore[arg-type]

    def close(self) -> None:
        """Restore the installed apps of the tests."""
        self._apps.disable()


def only_the_example_s_apps() -> override_settings:
    """Use the installed apps of the example app, without accounts; only once, because it is slow."""
    apps = override_settings(INSTALLED_APPS=["django_privy"])
    apps.enable()
    return apps


def answer_of(response: HttpResponseBase) -> Answer:
    """Return Django's response in the form of the suite."""
    headers = tuple((name.lower(), value) for name, value in response.items())
    return Answer(response.status_code, headers, b"".join(response))


def make_client(config: PrivyConfig) -> Client:
    """Return a client of the example app."""
    return Django(config)
