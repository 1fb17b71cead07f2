"""What the development issuer serves to programs; a ``UserLoader`` needs no network with it."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest

from privy_middleware.development import PERSONAS, DevelopmentIssuer
from privy_middleware.development.web import WebRequest
from privy_middleware.errors import UserDeleted, UserUnavailable
from privy_middleware.http.request import FieldNames, Request
from privy_middleware.loader import UserLoader
from tests.support.patience import PATIENCE

POST = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n"
ADA = "did:privy:dev-ada"


@pytest.fixture(scope="module")
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run an issuer."""
    with DevelopmentIssuer() as running:
        yield running


@pytest.fixture
def client(issuer: DevelopmentIssuer) -> Iterator[httpx2.Client]:
    """Call the REST API as the app does."""
    credentials = base64.b64encode(f"{issuer.app_id}:{issuer.app_secret}".encode()).decode()
    headers = {"privy-app-id": issuer.app_id, "Authorization": f"Basic {credentials}"}
    with httpx2.Client(base_url=issuer.api_url, headers=headers, trust_env=False, timeout=PATIENCE) as made:
        yield made


class TestLoader:
    """A ``UserLoader`` with the settings of the issuer."""

    @pytest.mark.parametrize("name", PERSONAS)
    def test_load(self, issuer: DevelopmentIssuer, name: str) -> None:
        """Each user is loaded, complete and fresh, in sync and async code."""
        persona = PERSONAS[name]
        users = UserLoader(issuer.config())
        loaded = users.load(persona.did)
        assert (loaded.id, loaded.complete, loaded.fresh_at is not None) == (persona.did, True, True)
        assert [account.type for account in loaded.linked_accounts] == [
            each["type"] for each in persona.linked_accounts
        ]
        users.invalidate(persona.did)
        assert anyio.run(users.aload, persona.did).to_dict() == loaded.to_dict()

    def test_changes(self, issuer: DevelopmentIssuer) -> None:
        """A user that was added, changed or removed is so for the loader as well."""
        users = UserLoader(issuer.config(), ttl=0)
        did = issuer.add_user("mary", email="mary@example.com").did
        assert users.load(did).email_addresses[0].address == "mary@example.com"
        issuer.add_user("mary", custom_metadata={"role": "editor"})
        assert dict(users.load(did).custom_metadata or {}) == {"role": "editor"}
        del issuer.users["mary"]
        with pytest.raises(UserDeleted):
            users.load(did)

    def test_wrong_secret(self, issuer: DevelopmentIssuer) -> None:
        """The loader says that the secret is wrong."""
        users = UserLoader(issuer.config(app_secret="another-secret"))
        with pytest.raises(UserUnavailable, match="check app_secret"):
            users.load(ADA)

    def test_another_app_id(self, issuer: DevelopmentIssuer) -> None:
        """With other app ids the configuration has no secret, unless it is given."""
        assert issuer.config().app_secret == issuer.app_secret
        assert issuer.config(app_id="other").app_secret is None


class TestRequests:
    """Single requests."""

    def test_user(self, client: httpx2.Client) -> None:
        """The response is JSON that must not be stored; the id may be percent-encoded."""
        for path in (f"/users/{ADA}", "/users/did%3Aprivy%3Adev-ada"):
            response = client.get(path)
            assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
            assert response.json()["id"] == ADA
            assert response.json()["has_accepted_terms"] is True

    @pytest.mark.parametrize("path", ["/users/did:privy:nobody", "/users/", "/users/ada", "/users/did:privy:dev-ada/x"])
    def test_no_user(self, client: httpx2.Client, path: str) -> None:
        """Other users are a 404 with an error in JSON."""
        response = client.get(path)
        assert response.status_code == 404
        assert response.json() == {"error": "There is no user with this id."}

    @pytest.mark.parametrize(
        "headers",
        [
            {"Authorization": ""},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic x"},
            {"Authorization": "Basic \xe4"},
            {"privy-app-id": "other"},
            {"privy-app-id": ""},
        ],
    )
    def test_wrong_credentials(self, client: httpx2.Client, headers: dict[str, str]) -> None:
        """Without the right id and secret, no user is told from no user."""
        raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        for did in (ADA, "did:privy:nobody"):
            response = client.get(f"/users/{did}", headers=raw)
            assert (response.status_code, list(response.json())) == (401, ["error"])
            assert response.headers["www-authenticate"] == 'Basic realm="privy"'

    def test_browsers(self, client: httpx2.Client) -> None:
        """Another site cannot read users, even with the secret."""
        assert client.get(f"/users/{ADA}", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403

    def test_methods(self, client: httpx2.Client) -> None:
        """Other methods are refused, and the response names the right ones."""
        response = client.post(f"/users/{ADA}", json={})
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
        response = client.get(f"/users/{ADA}/custom_metadata")
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert client.head(f"/users/{ADA}").status_code == 200

    def test_custom_metadata(self, client: httpx2.Client, issuer: DevelopmentIssuer) -> None:
        """Metadata is replaced as a whole, and is in the next token."""
        response = client.post("/users/did:privy:dev-empty/custom_metadata", json={"custom_metadata": {"seats": 3}})
        assert (response.status_code, response.json()["custom_metadata"]) == (200, {"seats": 3})
        assert dict(issuer.user("empty").custom_metadata or {}) == {"seats": 3}

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"{}", b"7", b'{"custom_metadata": []}', b'{"custom_metadata": {"a": {}}}']
    )
    def test_wrong_metadata(self, client: httpx2.Client, issuer: DevelopmentIssuer, body: bytes) -> None:
        """Wrong metadata is a 400 that says what is wrong, and changes nothing."""
        response = client.post(f"/users/{ADA}/custom_metadata", content=body)
        assert (response.status_code, list(response.json())) == (400, ["error"])
        assert issuer.users["ada"] == PERSONAS["ada"]

    def test_metadata_of_other_sites(self, client: httpx2.Client, issuer: DevelopmentIssuer) -> None:
        """A page of another site changes nothing."""
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
            response = client.post(f"/users/{ADA}/custom_metadata", json={"custom_metadata": {}}, headers=headers)
            assert response.status_code == 403
        assert issuer.users["ada"] == PERSONAS["ada"]

    def test_both_addresses_of_the_keys(self, issuer: DevelopmentIssuer, client: httpx2.Client) -> None:
        """The key set is at the path of Privy's older and newer host, by GET and HEAD only."""
        for path in (f"/api/v1/apps/{issuer.app_id}/jwks.json", f"/v1/apps/{issuer.app_id}/jwks.json"):
            response = client.get(issuer.url + path)
            assert (response.json(), response.headers["cache-control"]) == (issuer.jwks(), "public, max-age=60")
            refused = client.post(issuer.url + path, headers={"Origin": issuer.url})
            assert refused.status_code == 405


class TestConnections:
    """Requests that are not proper HTTP."""

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            (b"nonsense\r\n\r\n", b"Bad Request"),
            (b"GET / HTTP/9.9\r\n\r\n", b"HTTP Version Not Supported"),
            (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 414 "),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 200 + b"\r\n", b" 431 "),
            (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 501 "),
            (POST + b"Content-Length: 9\r\n\r\na=b", b" 400 "),
            (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", b" 411 "),
            (POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\na", b" 413 "),
            (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na", b" 411 "),
            *(
                (POST + b"Content-Length: " + length + b"\r\n\r\na", b" 411 ")
                for length in (b"-1", b"+1", b"1, 1", b"")
            ),
        ],
    )
    def test_refused(self, issuer: DevelopmentIssuer, sent: bytes, status: bytes) -> None:
        """They get an error that repeats nothing of what was sent."""
        address = urlsplit(issuer.url)
        with socket.create_connection((str(address.hostname), address.port), timeout=PATIENCE) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(65_536):
                answer += part
        assert status in answer.partition(b"\r\n")[0]
        for word in (b"nonsense", b"aaaa", b"BREW"):
            assert word not in answer

    def test_failure(self, issuer: DevelopmentIssuer, caplog: pytest.LogCaptureFixture) -> None:
        """If the issuer itself fails, there is a response, and a line in the log without the message of the error."""
        with DevelopmentIssuer(clock=lambda: float("secret")) as broken:
            response = httpx2.get(f"{broken.url}/tokens/ada", trust_env=False)
        assert (response.status_code, response.text) == (500, "The development issuer has failed; see its log.\n")
        assert caplog.messages[-1] == "The development issuer could not answer a request: ValueError."


def test_requests_are_those_of_the_core() -> None:
    """A request to the issuer has what the functions for the apps' requests need."""
    request: Request = WebRequest("GET", "/a?b=c", (("Host", "localhost"), ("X", " 1 "), ("x", "2")), "127.0.0.1")
    assert request.present(FieldNames(["x", "y"])) == {"x": ["1", "2"]}
    assert request.paths == ("/a",)
