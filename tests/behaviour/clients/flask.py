"""Flask, with its own test client."""

from __future__ import annotations

from urllib.parse import unquote

from flask.testing import FlaskClient

from example_apps.flask_app import create_app
from privy_middleware import PrivyConfig
from tests.behaviour.client import Answer, Client, Headers
from tests.behaviour.clients.wsgi import joined


class Flask(Client):
    """A client of the example app."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send a request, with repeated headers joined as WSGI servers do."""
        fields = list(joined(headers).items())
        # The test client would parse two leading slashes as a host.
        overrides = {"PATH_INFO": unquote(path)} if path.startswith("//") else None
        response = self._client.open(path, method=method, headers=fields, data=body, environ_overrides=overrides)
        answered = tuple((name.lower(), value) for name, value in response.headers)
        return Answer(response.status_code, answered, response.get_data())


def make_client(config: PrivyConfig) -> Client:
    """Return a client of the example app."""
    return Flask(create_app(config).test_client(use_cookies=False))
