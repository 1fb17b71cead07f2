"""Every Python example of the documentation runs, and its result does what the page says."""

from __future__ import annotations

import json
import sys
import time
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from privy_middleware import KeysUnavailable, PrivyConfig, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.loader import UserLoader
from privy_middleware.loader.api import UserAPI
from tests.docs.driving import request
from tests.docs.pages import PAGES, ROOT, Section, blocks, run
from tests.loader.server import SECRET, UserServer, account, record
from tests.webhooks import sending

ADA = "did:privy:dev-ada"
QUICKSTARTS = {
    "Django": "/me",
    "Flask": "/me",
    "FastAPI": "/me",
    "Starlette": "/me",
    "Litestar": "/me",
} | dict.fromkeys(["Any ASGI app", "Any WSGI app"], "/")
FULL_USERS = dict.fromkeys(("FastAPI", "Starlette and other ASGI apps", "Flask", "Django"), "/me") | {"Plain WSGI": "/"}
WEBHOOKS = ["Starlette and FastAPI", "Flask", "Django", "Any WSGI app", "Callbacks"]


class NotFoundError(Exception):
    """A replacement for privy-client's error with the same name."""


class PrivyAPI:
    """A replacement for privy-client's client: ``client.users.get(user_id).to_dict()``."""

    @property
    def users(self) -> PrivyAPI:
        """Return the object with ``get``."""
        return self

    def get(self, user_id: str) -> types.SimpleNamespace:
        """Return a user, whose numbers are floats as in that client."""
        if user_id != ADA:
            raise NotFoundError
        return types.SimpleNamespace(to_dict=lambda: record(ADA, account("farcaster", fid=7.0, owner_address="0xA")))


@pytest.fixture(scope="module")
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run an issuer that replaces Privy, and set its address in the environment."""
    stand_in: Any = types.ModuleType("privy")
    stand_in.PrivyAPI, stand_in.NotFoundError = PrivyAPI, NotFoundError
    with DevelopmentIssuer() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIVY_APP_ID", running.app_id)
        patch.setenv("PRIVY_JWKS_URL", running.jwks_url)
        patch.setenv("PRIVY_APP_SECRET", SECRET)
        patch.setenv("PRIVY_WEBHOOK_SECRET", sending.SECRET)
        patch.setitem(sys.modules, "privy", stand_in)
        yield running


@pytest.fixture(scope="module")
def sections(issuer: DevelopmentIssuer) -> dict[str, dict[str, Section]]:
    """Run every page."""
    return {page.name: run(page, issuer.jwks_url) for page in PAGES}


@pytest.fixture
def server(issuer: DevelopmentIssuer) -> Iterator[UserServer]:
    """Run a REST API with the user Ada."""
    user = record(ADA, account("email", address="fresh@example.com"))
    with UserServer(user, secrets={issuer.app_id: SECRET}) as running:
        yield running


def access(issuer: DevelopmentIssuer) -> dict[str, str]:
    """Return the headers of a request with only Ada's access token."""
    return {"Authorization": f"Bearer {issuer.access_token('ada')}"}


def ask_the_server(users: UserLoader, issuer: DevelopmentIssuer, server: UserServer) -> None:
    """Make a loader of the documentation use the server on loopback instead of Privy."""
    config: PrivyConfig = issuer.config(app_secret=SECRET, api_url=server.url)
    users._source = UserAPI(config, 5.0)
    users.invalidate(ADA)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_snippet_runs(page: Path, sections: dict[str, dict[str, Section]]) -> None:
    """Every Python example was run."""
    assert {block.section for block in blocks(page) if block.language == "python"} == set(sections[page.name])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_other_snippets_are_marked(page: Path) -> None:
    """No Python code has another language mark, with which it would not be run."""
    assert {block.language for block in blocks(page)} <= _MARKS


_MARKS = {"", "python", "sh", "html", "http", "json", "ts", "swift", "kotlin", "dart", "toml", "nginx", "text"}


@pytest.mark.parametrize(
    ("page", "name"),
    [*(("README.md", name) for name in ("Django", "Flask", "FastAPI")), *(("start.md", name) for name in QUICKSTARTS)],
)
def test_quickstart(page: str, name: str, sections: dict[str, dict[str, Section]], issuer: DevelopmentIssuer) -> None:
    """The app of a front page rejects a request without a token, and has the user of a request with one."""
    section, path = sections[page][name], QUICKSTARTS[name]
    assert request(section, path, {})[0] == 401
    status, body = request(section, path, {"privy-id-token": issuer.identity_token("ada")})
    assert (status, ADA in body.decode()) == (200, True)


@pytest.mark.parametrize("name", FULL_USERS)
def test_full_users(
    name: str, sections: dict[str, dict[str, Section]], issuer: DevelopmentIssuer, server: UserServer
) -> None:
    """The app has the accounts of a user with an access token, and rejects a deleted user."""
    section, path = sections["full_users.md"][name], FULL_USERS[name]
    users: UserLoader = section.names["users"]
    ask_the_server(users, issuer, server)
    assert request(section, path, {})[0] == 401
    status, body = request(section, path, access(issuer))
    assert status == 200
    assert json.loads(body)["linked_accounts"][0]["address"] == "fresh@example.com"
    server.users.clear()
    users.invalidate(ADA)
    assert request(section, path, access(issuer)) == (401, b'{"message": "Invalid token"}')


@pytest.mark.parametrize("name", WEBHOOKS)
def test_webhooks(name: str, sections: dict[str, dict[str, Section]]) -> None:
    """The endpoint accepts only signed webhooks."""
    section = sections["webhooks.md"][name]
    body = sending.event()
    signed = sending.headers(body, timestamp=str(int(time.time())))
    assert request(section, "/privy/webhooks", signed, body) == (204, b"")
    assert request(section, "/privy/webhooks", signed, body + b" ") == (400, b'{"message": "Invalid webhook"}')


def test_webhook_functions(sections: dict[str, dict[str, Section]], issuer: DevelopmentIssuer) -> None:
    """The functions of the webhooks page do what it says."""
    names = sections["webhooks.md"]["Tokens of deleted users"].names
    store = _Store()
    for deletions in (names["deleted"], names["SharedDeletions"](store)):
        deletions.add(ADA)
        assert deletions({"sub": ADA}) is True
        assert deletions({"sub": "did:privy:dev-grace"}) is False
    kind_of = sections["webhooks.md"]["Using the verifier directly"].names["kind_of"]
    body = sending.event()
    assert kind_of(sending.headers(body, timestamp=str(int(time.time()))), body) == "user.updated_account"
    assert kind_of({}, body) is None


class _Store:
    """A replacement for a Redis client with the two methods that the page uses."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def set(self, key: str, value: str, ex: int) -> None:
        """Store a key."""
        self._keys.add(key)

    def exists(self, key: str) -> int:
        """Count a key."""
        return int(key in self._keys)


def test_loader_functions(
    sections: dict[str, dict[str, Section]], issuer: DevelopmentIssuer, server: UserServer
) -> None:
    """The functions of the page about full users do what it says."""
    names = sections["full_users.md"]["Caching and errors"].names
    ask_the_server(names["users"], issuer, server)
    assert names["name_of"](ADA) == "fresh@example.com"
    assert names["name_of"]("did:privy:gone") == "a former user"
    server.users["did:privy:bare"] = record("did:privy:bare")
    assert names["name_of"]("did:privy:bare") == "no e-mail address"
    several = sections["full_users.md"]["Several apps"].names
    with UserServer(record(ADA), secrets={"app-two": "secret-two"}) as other:
        several["several"]._source = UserAPI(replace(several["several"]._config, api_url=other.url), 5.0)
        assert several["load_from_app_two"](ADA).complete


def test_writing_metadata(
    sections: dict[str, dict[str, Section]], issuer: DevelopmentIssuer, server: UserServer
) -> None:
    """The function of the page about full users writes metadata, which a loaded user has immediately."""
    names = sections["full_users.md"]["Writing custom metadata"].names
    names["API"] = server.url
    ask_the_server(names["users"], issuer, server)
    assert names["users"].load(ADA).custom_metadata is None
    names["set_metadata"](ADA, {"role": "admin", "level": 3})
    assert names["users"].load(ADA).custom_metadata == {"role": "admin", "level": 3}
    names["set_metadata"](ADA, {"role": "member"})
    assert names["users"].load(ADA).custom_metadata == {"role": "member"}
    with pytest.raises(httpx2.HTTPStatusError, match="404"):
        names["set_metadata"]("did:privy:gone/x", {})
    assert server.requests[-1].path == "/v1/users/did%3Aprivy%3Agone%2Fx/custom_metadata"


def test_background_job(sections: dict[str, dict[str, Section]], issuer: DevelopmentIssuer) -> None:
    """A user is the same after it was stored for a job, with the addresses that Privy has verified."""
    names, jobs = sections["full_users.md"]["Background jobs"].names, list[Any]()
    names["queue"] = jobs
    user = PrivyVerifier(issuer.config()).verify_identity_token(issuer.identity_token("ada"))
    names["enqueue_welcome"](user)
    assert names["send_welcome"](json.loads(json.dumps(jobs[0]))) == ["ada@example.com"]
    assert sections["tokens.md"]["E-mail addresses"].names["verified_addresses"](user) == {"ada@example.com"}


def test_plugged_client(sections: dict[str, dict[str, Section]]) -> None:
    """The users of privy-client, in its own form, become ours."""
    names = sections["full_users.md"]["With privy-client"].names
    farcaster = names["users"].load(ADA).farcaster
    assert farcaster is not None
    assert farcaster.fid == 7
    assert names["load_user"]("did:privy:gone") is None


def test_migration(sections: dict[str, dict[str, Section]], issuer: DevelopmentIssuer) -> None:
    """The code of the migration page works."""
    page = sections["migration.md"]
    by_hand = page["From PyJWT"]
    assert by_hand.names["user_id_of"](issuer.access_token("ada")) == ADA
    assert by_hand.names["user_id_of"](issuer.access_token("ada", exp=1)) is None
    identity = {"privy-id-token": issuer.identity_token("ada")}
    assert json.loads(request(by_hand, "/me", identity)[1]) == {"user_id": ADA, "email": "ada@example.com"}
    client = page["From privy-client 0.5 and 0.6"].names
    assert len(client["profile"](issuer.identity_token("ada"))["wallets"]) == 2
    assert client["profile"]("no token") is None
    newer = page["From privy-client 0.8"].names
    assert newer["session_of"](issuer.access_token("ada")) == {"user_id": ADA, "session_id": "dev-session-ada"}
    assert newer["session_of"](issuer.access_token("ada", exp=1)) is None
    nowhere = PrivyConfig(app_id="app", jwks_url="http://127.0.0.1:9/", client_options={"trust_env": False})
    newer["verifier"] = PrivyVerifier(nowhere)
    with pytest.raises(KeysUnavailable):
        newer["session_of"](issuer.access_token("ada", aud="app"))
    flask = page["From flask-jwt-extended"]
    assert json.loads(request(flask, "/me", access(issuer))[1])["user_id"] == ADA
    assert json.loads(request(flask, "/hello", {})[1]) == {"hello": "stranger"}
    own_id = page["From Clerk"].names["own_id_of"]
    verify = client["verifier"].verify_identity_token
    assert own_id(verify(issuer.identity_token("alan"))) == "dev|alan"
    assert own_id(verify(issuer.identity_token("ada"))) is None


def test_start_by_hand(sections: dict[str, dict[str, Section]], issuer: DevelopmentIssuer) -> None:
    """The function of the quick start returns the user's ID, or the code of the error."""
    user_id_or_code = sections["start.md"]["Using the verifier directly"].names["user_id_or_code"]
    assert user_id_or_code(issuer.identity_token("ada")) == ADA
    assert user_id_or_code(issuer.identity_token("ada", exp=1)) == "token_expired"


def test_nothing_of_this_machine() -> None:
    """The documentation contains no address of a private machine."""
    text = "".join(page.read_text() for page in PAGES)
    assert str(ROOT) not in text
