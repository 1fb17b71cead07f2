"""Django by WSGI, through its own test client."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.test import Client as TestClient
from django.test import override_settings

from privy_middleware import PrivyConfig
from tests.behaviour.client import Answer, Client, Headers, unambiguous
from tests.behaviour.clients.wsgi import joined

MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", "django_privy.middleware.PrivyMiddleware"]


class Django(Client):
    """Drive the example app's routes as its authors' tests would."""

    def __init__(self, config: PrivyConfig) -> None:
        self._settings = {"PRIVY": config, "ROOT_URLCONF": "example_apps.django_app", "MIDDLEWARE": MIDDLEWARE}
        self._client = TestClient(enforce_csrf_checks=True)
        self._apps = only_the_example_s_apps()

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send one request, its repeated headers joined as a WSGI server joins them."""
        fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in joined(headers).items()}
        with override_settings(**self._settings):
            # The class of the fields' values is too narrow in the stubs.
            return answer_of(self._client.generic(method, unambiguous(path), body, **fields))  # type: ignore[arg-type]

    def close(self) -> None:
        """Install the tests' own apps again."""
        self._apps.disable()


def only_the_example_s_apps() -> override_settings:
    """Install what the example app does, which keeps no accounts; once, since it is too slow for every request."""
    apps = override_settings(INSTALLED_APPS=["django_privy"])
    apps.enable()
    return apps


def answer_of(response: HttpResponseBase) -> Answer:
    """Return Django's response as the suite compares it."""
    headers = tuple((name.lower(), value) for name, value in response.items())
    return Answer(response.status_code, headers, b"".join(response))


def make_client(config: PrivyConfig) -> Client:
    """Build a client of the example app."""
    return Django(config)
