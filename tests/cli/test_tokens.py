"""``privy-middleware token``: from the running issuer, or signed with the keys of the state file."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from privy_middleware import PrivyVerifier
from privy_middleware.cli import tokens
from privy_middleware.cli.issuers import issuer_with_state, known_address
from privy_middleware.development import DevelopmentIssuer
from tests.cli.running import CommandLine
from tests.support.keyserver import KeyServer, reply
from tests.support.ports import free_port


@pytest.fixture(autouse=True)
def usual_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """Replace the usual port of an issuer, which a developer may be using, by a free one."""
    port = free_port()
    monkeypatch.setattr(tokens, "DEFAULT_PORT", port)
    return port


def test_from_an_issuer(cli: CommandLine, issuer: DevelopmentIssuer) -> None:
    """The running issuer's tokens verify with its keys."""
    verifier = PrivyVerifier(issuer.config())
    token = cli("token", "ada", "--issuer", issuer.url).out.strip()
    assert verifier.verify_identity_token(token).id == "did:privy:dev-ada"
    token = cli("token", "grace", "--kind", "access", "--issuer", issuer.url + "/").out.strip()
    assert verifier.verify_access_token(token).user_id == "did:privy:dev-grace"


def test_from_the_issuer_in_the_environment(
    cli: CommandLine, issuer: DevelopmentIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``PRIVY_JWKS_URL``, as ``dev`` sets it, says where the issuer is."""
    monkeypatch.setenv("PRIVY_JWKS_URL", issuer.jwks_url)
    token = cli("token", "ada").out.strip()
    assert PrivyVerifier(issuer.config()).verify_identity_token(token).id == "did:privy:dev-ada"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:4080/x", "http://127.0.0.1:4080"),
        ("http://localhost:1/x", "http://localhost:1"),
        ("http://[::1]:2/x", "http://[::1]:2"),
        ("https://auth.privy.io/x", None),
        ("http://issuer.example/x", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_only_a_local_issuer_is_asked(url: str, address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Privy's own key server is not an issuer that can be asked for tokens."""
    monkeypatch.setenv("PRIVY_JWKS_URL", url)
    assert known_address() == address


def test_with_the_keys_of_the_state_file(cli: CommandLine, directory: Path) -> None:
    """Without a running issuer its keys sign the token."""
    state = directory / ".privy-dev.json"
    with issuer_with_state(state) as running:
        verifier = PrivyVerifier(running.config())
        token = cli("token", "ada").out.strip()
        assert verifier.verify_identity_token(token).id == "did:privy:dev-ada"
        token = cli("token", "ada", "--kind", "access", "--state", str(state)).out.strip()
        assert verifier.verify_access_token(token).user_id == "did:privy:dev-ada"
        assert cli("token", "nobody").code == 2


def test_its_lifetime_and_app(cli: CommandLine, directory: Path) -> None:
    """``--expires-in`` and ``--app-id`` change the token that the state file's keys sign."""
    with issuer_with_state(directory / ".privy-dev.json", app_id="another-app") as running:
        verifier = PrivyVerifier(running.config(), clock=lambda: time.time() + 7000)
        token = cli("token", "ada", "--expires-in", "7200", "--app-id", "another-app").out.strip()
        assert verifier.verify_identity_token(token).id == "did:privy:dev-ada"
        checked = cli("inspect", stdin=cli("token", "ada", "--expires-in", "-60").out)
    assert "token_expired" not in checked.out
    assert "error    expiry: The token expired" in checked.out


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("token", "identity", "eyJ"),
        ("header", "identity", "privy-id-token: eyJ"),
        ("header", "access", "Authorization: Bearer eyJ"),
        ("cookie", "identity", "privy-id-token=eyJ"),
        ("cookie", "access", "privy-token=eyJ"),
        ("curl", "access", "curl -i -H 'Authorization: Bearer eyJ"),
    ],
)
def test_its_forms(form: str, kind: str, begins: str, cli: CommandLine, issuer: DevelopmentIssuer) -> None:
    """The token can be printed as a header, a cookie or a command, in one line."""
    result = cli("token", "ada", "--kind", kind, "--as", form, "--issuer", issuer.url, "--url", "http://x/?a=1&b=2")
    assert result.code == 0
    assert result.out.startswith(begins)
    assert result.out.count("\n") == 1
    assert ("'http://x/?a=1&b=2'" in result.out) is (form == "curl")


def test_wrong_usage_says_what_to_do(cli: CommandLine, issuer: DevelopmentIssuer) -> None:
    """Each mistake is exit code 2, with the next step."""
    assert "no such file" in cli("token", "ada", "--state", "other.json").err
    assert "leave out" in cli("token", "ada", "--issuer", issuer.url, "--expires-in", "5").err
    assert 'no user "nobody"' in cli("token", "nobody", "--issuer", issuer.url).err
    assert "http://127.0.0.1:4080" in cli("token", "ada", "--issuer", "127.0.0.1:4080").err
    assert cli("token", "ada", "--state", "other.json").code == 2
    for seconds in ("nan", "inf", "1e300", "9" * 30, "1.5"):
        assert cli("token", "ada", "--expires-in", seconds).code == 2


def test_from_the_issuer_at_the_usual_port(cli: CommandLine, usual_port: int, directory: Path) -> None:
    """Without a state file the issuer of another directory is asked."""
    with DevelopmentIssuer(port=usual_port) as running:
        result = cli("token", "ada")
        assert PrivyVerifier(running.config()).verify_identity_token(result.out.strip()).id == "did:privy:dev-ada"
        assert f"from the issuer at {running.url}" in result.err
        assert cli("token", "nobody").code == 2
    assert not list(directory.iterdir())


@pytest.mark.parametrize("options", [(), ("--expires-in", "600")])
@pytest.mark.parametrize("in_git", [True, False])
def test_without_an_issuer(options: tuple[str, ...], in_git: bool, cli: CommandLine, directory: Path) -> None:
    """A state file is made, whose keys the next issuer in the directory has."""
    if in_git:
        subprocess.run(["git", "init", "--quiet"], check=True)
    result = cli("token", "ada", *options)
    assert "privy-middleware dev" in result.err
    assert ("info/exclude" in result.err) is in_git
    with issuer_with_state(directory / ".privy-dev.json") as running:
        verifier = PrivyVerifier(running.config())
        assert verifier.verify_identity_token(result.out.strip()).id == "did:privy:dev-ada"
        assert verifier.verify_identity_token(cli("token", "ada").out.strip()).id == "did:privy:dev-ada"


def test_what_is_no_issuer(cli: CommandLine) -> None:
    """An address without an issuer is an error that says so."""
    closed = cli("token", "ada", "--issuer", f"http://127.0.0.1:{free_port()}")
    assert (closed.code, "no issuer answers" in closed.err) == (1, True)
    with KeyServer() as server:
        for token in (b"5", b'"x"', b"\"a.b.c'; echo injected; '\"", b'"a.b.\\u001b[31m"'):
            server.behave = reply(b'{"identity_token": ' + token + b"}")
            other = cli("token", "ada", "--as", "curl", "--issuer", server.url.rpartition("/")[0])
            assert (other.code, other.out) == (1, "")
        for document in (b"[]", b"{}", b"<html>"):
            server.behave = reply(document)
            other = cli("token", "ada", "--issuer", server.url.rpartition("/")[0])
            assert (other.code, "is not a development issuer" in other.err) == (1, True)
