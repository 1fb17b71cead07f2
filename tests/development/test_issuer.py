"""The development issuer: its tokens have the form of Privy's, and it serves only loopback."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import http.client
import json
import logging
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from privy_middleware.config import PrivyConfig
from privy_middleware.development import PERSONAS, DevelopmentIssuer, Persona, development_issuer
from privy_middleware.errors import ConfigurationError
from tests.support.patience import PATIENCE
from tests.support.ports import free_port

APP_ID = "privy-development-app"

# Every account type of Privy's identity token, with its required and its optional keys.
ACCOUNT_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "email": ({"address"}, set()),
    "phone": ({"phone_number"}, set()),
    "wallet": ({"address", "chain_type"}, {"id", "wallet_client_type"}),
    "smart_wallet": ({"address", "smart_wallet_type"}, set()),
    "farcaster": ({"fid", "username", "oa"}, set()),
    "google_oauth": ({"subject", "email", "name"}, set()),
    "twitter_oauth": ({"subject"}, {"username", "name", "pfp"}),
    "discord_oauth": ({"subject", "username"}, set()),
    "github_oauth": ({"subject", "username"}, set()),
    "spotify_oauth": ({"subject"}, set()),
    "instagram_oauth": ({"subject", "username"}, set()),
    "tiktok_oauth": ({"subject"}, {"username"}),
    "linkedin_oauth": ({"subject"}, {"email"}),
    "apple_oauth": ({"subject", "email"}, set()),
    "custom_auth": ({"custom_user_id"}, set()),
    "telegram": ({"telegram_user_id"}, {"username"}),
    "cross_app": ({"subject", "provider_app_id", "embedded_wallets", "smart_wallets"}, set()),
    "passkey": ({"credential_id"}, set()),
}
UNKNOWN_TYPES = {"line_oauth", "twitch_oauth", "custom:example-sso", "authorization_key", "bluesky_oauth"}


@pytest.fixture
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run an issuer on a free loopback port."""
    with DevelopmentIssuer() as running:
        yield running


def verify(issuer: DevelopmentIssuer, token: str, *, verify_exp: bool = True) -> dict[str, Any]:
    """Verify with PyJWT and the key that the issuer publishes under the token's ``kid``."""
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(issuer.jwks()).keys}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        audience=issuer.app_id,
        issuer="privy.io",
        options={"verify_exp": verify_exp},
    )
    return claims


def fetch(
    issuer: DevelopmentIssuer, path: str, *hosts: str, method: str = "GET"
) -> tuple[int, http.client.HTTPMessage, str]:
    """Send a request with exactly these ``Host`` lines, and return status, headers and text."""
    address = urlsplit(issuer.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=PATIENCE)
    try:
        connection.putrequest(method, path, skip_host=True)
        for host in hosts:
            connection.putheader("Host", host)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def get(issuer: DevelopmentIssuer, path: str) -> tuple[int, http.client.HTTPMessage, str]:
    """Send a ``GET`` request."""
    return fetch(issuer, path, urlsplit(issuer.url).netloc)


def loopbacks() -> list[str]:
    """Return this machine's own loopback addresses; some have no IPv6."""
    found = []
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.create_server((host, 0), family=family):
                found.append(host)
        except OSError:
            continue
    return found


def run(code: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a new process, in which every warning is an error except those of ``flags``."""
    path = os.pathsep.join(part for part in sys.path if part)
    command = [sys.executable, "-X", "dev", "-W", "error", *flags, "-c", code]
    return subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class TestPersonas:
    """The personas."""

    def test_cover_every_account_type(self) -> None:
        """Together the personas have every account type, including an unknown one."""
        types_held = {kind for persona in PERSONAS.values() for kind in persona.account_types}
        assert types_held == set(ACCOUNT_KEYS) | UNKNOWN_TYPES

    @pytest.mark.parametrize("name", PERSONAS)
    def test_accounts_have_the_keys_of_the_token(self, name: str) -> None:
        """Each account has the keys its type has in a token, and ``lv``."""
        for account in PERSONAS[name].linked_accounts:
            required, optional = ACCOUNT_KEYS.get(account["type"], (set(), account.keys()))
            required = required | {"type", "lv"}
            assert required <= account.keys() <= required | optional

    @pytest.mark.parametrize("name", PERSONAS)
    def test_are_invented(self, name: str) -> None:
        """Names match, DIDs contain ``dev``, and every e-mail address is at example.com."""
        persona = PERSONAS[name]
        mails = [
            str(value)
            for account in persona.linked_accounts
            for key, value in account.items()
            if key == "email" or (account["type"] == "email" and key == "address")
        ]
        assert (persona.name, persona.did) == (name, f"did:privy:dev-{name}")
        assert all(mail.endswith("@example.com") for mail in mails)

    def test_cannot_be_changed(self) -> None:
        """Neither the mapping nor a persona can be changed."""
        with pytest.raises(dataclasses.FrozenInstanceError):
            PERSONAS["ada"].name = "eve"  # type: ignore[misc]
        assert isinstance(PERSONAS, types.MappingProxyType)

    def test_stand_for_the_cases_of_the_example_apps(self) -> None:
        """There is an admin with an Ethereum wallet, a user without one, a guest, and one without accounts."""
        grace_chains = {account.get("chain_type") for account in PERSONAS["grace"].linked_accounts}
        assert PERSONAS["ada"].custom_metadata == {"role": "admin"}
        assert PERSONAS["ada"].account_types == ("email", "google_oauth", "wallet")
        assert grace_chains == {"solana", None}
        assert PERSONAS["grace"].custom_metadata is None
        assert [persona.name for persona in PERSONAS.values() if persona.is_guest] == ["guest"]
        assert PERSONAS["empty"].linked_accounts == ()

    def test_alan_has_every_shape_of_picture(self) -> None:
        """Twitter pictures are a path, a default, a URL, null, empty and missing."""
        missing = "missing"
        twitter = [each for each in PERSONAS["alan"].linked_accounts if each["type"] == "twitter_oauth"]
        pictures = [each.get("pfp", missing) for each in twitter]
        assert pictures == [
            "2001/dev_normal.jpg",
            "default_profile_normal.png",
            "https://example.com/alan.png",
            None,
            "",
            missing,
        ]


class TestTokens:
    """The issued tokens."""

    @pytest.mark.parametrize("name", PERSONAS)
    def test_identity_token_is_privys(self, name: str) -> None:
        """An identity token has Privy's claims with Privy's types, and PyJWT accepts it."""
        persona, issuer = PERSONAS[name], DevelopmentIssuer(lifetime=60)
        claims = verify(issuer, issuer.identity_token(name))
        optional = {"custom_metadata"} if persona.custom_metadata else set()
        optional |= {"guest"} if persona.is_guest else set()
        assert claims.keys() == {"cr", "linked_accounts", "iss", "iat", "aud", "sub", "exp"} | optional
        assert (claims["iss"], claims["aud"], claims["sub"]) == ("privy.io", APP_ID, persona.did)
        assert claims["exp"] - claims["iat"] == 60
        assert claims["cr"] == str(persona.created_at)
        assert json.loads(claims["linked_accounts"]) == list(persona.linked_accounts)
        assert json.loads(claims.get("custom_metadata", "null")) == persona.custom_metadata
        assert claims.get("guest") == ("t" if persona.is_guest else None)

    @pytest.mark.parametrize("name", PERSONAS)
    def test_access_token_is_privys(self, name: str) -> None:
        """An access token has the six claims of Privy's, including a session ID."""
        issuer = DevelopmentIssuer("another-app")
        claims = verify(issuer, issuer.access_token(name))
        assert claims.keys() == {"sid", "iss", "iat", "aud", "sub", "exp"}
        assert claims["sid"] == f"dev-session-{name}"
        assert (claims["iss"], claims["aud"], claims["sub"]) == (
            "privy.io",
            "another-app",
            PERSONAS[name].did,
        )
        assert claims["exp"] - claims["iat"] == 3600

    def test_header_is_privys(self) -> None:
        """The JOSE header has alg, typ and a 43-character key thumbprint (RFC 7638)."""
        issuer = DevelopmentIssuer()
        jwk = issuer.jwks()["keys"][0]
        members = f'{{"crv":"P-256","kty":"EC","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
        thumbprint = base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).decode().rstrip("=")
        expected = {"alg": "ES256", "typ": "JWT", "kid": thumbprint}
        assert len(thumbprint) == 43
        assert issuer.kid == thumbprint
        assert jwt.get_unverified_header(issuer.identity_token()) == expected
        assert jwt.get_unverified_header(issuer.access_token()) == expected

    def test_key_set_holds_public_members_only(self) -> None:
        """The published key has its use and algorithm, and no private member."""
        (jwk,) = DevelopmentIssuer().jwks()["keys"]
        assert jwk.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert (jwk["kty"], jwk["crv"], jwk["use"], jwk["alg"]) == ("EC", "P-256", "sig", "ES256")

    def test_key_set_handed_out_is_a_copy(self) -> None:
        """Changing the result of ``jwks`` does not change the published keys."""
        issuer = DevelopmentIssuer()
        issuer.jwks()["keys"][0].clear()
        assert issuer.jwks()["keys"][0]["kid"] == issuer.kid

    def test_pem_verifies(self) -> None:
        """The PEM is a SubjectPublicKeyInfo that verifies the tokens."""
        issuer = DevelopmentIssuer()
        pem = issuer.public_key_pem
        claims = jwt.decode(issuer.access_token(), pem, algorithms=["ES256"], audience=APP_ID, issuer="privy.io")
        assert pem.startswith("-----BEGIN PUBLIC KEY-----\n")
        assert claims["sub"] == "did:privy:dev-ada"

    def test_sizes_span_the_cookie_limit(self) -> None:
        """The collector's token is too large for a cookie, but within the limits for headers and tokens; ada's fits."""
        issuer = DevelopmentIssuer()
        assert len(issuer.identity_token("ada")) < 4096 < len(issuer.identity_token("collector")) < 8190

    def test_claims_are_overridden_or_removed(self) -> None:
        """A keyword replaces or adds a claim, valid or not; ``None`` removes it."""
        issuer = DevelopmentIssuer()
        token = issuer.identity_token("grace", aud=APP_ID, sub=None, linked_accounts=[7], extra={"a": 1}, iss="x")
        claims = jwt.decode(token, options={"verify_signature": False})
        assert "sub" not in claims
        assert (claims["linked_accounts"], claims["extra"], claims["iss"]) == ([7], {"a": 1}, "x")
        claims = jwt.decode(issuer.access_token(sid=None, iss=5), options={"verify_signature": False})
        assert "sid" not in claims
        assert claims["iss"] == 5

    def test_headers_are_overridden_or_removed(self) -> None:
        """JOSE header fields are replaced, added or removed; the signature stays ES256."""
        issuer = DevelopmentIssuer()
        headers = {"alg": "none", "typ": None, "kid": "other", "crit": ["x"]}
        for token in (issuer.identity_token(headers=headers), issuer.access_token(headers=headers)):
            first, _, signature = token.split(".")
            header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
            assert header == {"alg": "none", "kid": "other", "crit": ["x"]}
            assert len(signature) == 86

    def test_another_key_signs(self) -> None:
        """With ``key`` the token names the published key, but its signature is not valid."""
        issuer, key = DevelopmentIssuer(), ec.generate_private_key(ec.SECP256R1())
        for token in (issuer.identity_token(key=key), issuer.access_token(key=key)):
            with pytest.raises(jwt.InvalidSignatureError):
                verify(issuer, token)
            assert jwt.decode(token, key.public_key(), algorithms=["ES256"], audience=APP_ID)

    def test_clock_and_lifetime(self) -> None:
        """``iat`` and ``exp`` are whole seconds of the given clock."""
        issuer = DevelopmentIssuer(lifetime=90, clock=lambda: 1_000_000_000.75)
        claims = verify(issuer, issuer.identity_token(), verify_exp=False)
        assert (claims["iat"], claims["exp"]) == (1_000_000_000, 1_000_000_090)

    def test_own_persona(self) -> None:
        """A custom persona can be used; empty metadata is present, as in Privy's tokens."""
        issuer = DevelopmentIssuer()
        claims = verify(issuer, issuer.identity_token(Persona("me", "did:privy:dev-me", custom_metadata={})))
        assert (claims["sub"], claims["custom_metadata"]) == ("did:privy:dev-me", "{}")

    def test_unknown_persona(self) -> None:
        """The error for an unknown name lists the known ones."""
        for mint in (DevelopmentIssuer().identity_token, DevelopmentIssuer().access_token):
            with pytest.raises(ConfigurationError, match="ada, grace, alan") as caught:
                mint("nobody")
            assert caught.value.field == "persona"


class TestRotation:
    """Key rotation."""

    def test_rotate_then_withdraw(self) -> None:
        """After a rotation both keys are published and the new one signs; withdrawing removes the old one."""
        issuer = DevelopmentIssuer()
        before, old_kid, old_pem = issuer.access_token(), issuer.kid, issuer.public_key_pem
        issuer.rotate()
        after = issuer.access_token()
        assert [key["kid"] for key in issuer.jwks()["keys"]] == [issuer.kid, old_kid]
        assert issuer.kid != old_kid
        assert issuer.public_key_pem != old_pem
        assert verify(issuer, before)["sub"] == verify(issuer, after)["sub"]
        issuer.withdraw_old()
        assert [key["kid"] for key in issuer.jwks()["keys"]] == [issuer.kid]
        assert verify(issuer, after)

    def test_rotation_is_served(self, issuer: DevelopmentIssuer) -> None:
        """The served key set changes immediately."""
        issuer.rotate()
        assert json.loads(get(issuer, urlsplit(issuer.jwks_url).path)[2]) == issuer.jwks()
        assert len(issuer.jwks()["keys"]) == 2


class TestServer:
    """The served pages."""

    def test_key_set(self, issuer: DevelopmentIssuer) -> None:
        """The key set has the same path as Privy's, and can be cached for a minute."""
        status, headers, text = get(issuer, f"/api/v1/apps/{APP_ID}/jwks.json")
        assert issuer.jwks_url == f"{issuer.url}/api/v1/apps/{APP_ID}/jwks.json"
        assert (status, json.loads(text)) == (200, issuer.jwks())
        assert headers["Content-Type"] == "application/json"
        assert headers["Cache-Control"] == "public, max-age=60"

    def test_app_id_is_quoted_in_the_path(self) -> None:
        """An app ID with a slash is one segment of the path."""
        with DevelopmentIssuer("a/b ?") as issuer:
            assert issuer.jwks_url.endswith("/apps/a%2Fb%20%3F/jwks.json")
            assert get(issuer, urlsplit(issuer.jwks_url).path)[0] == 200

    @pytest.mark.parametrize("name", PERSONAS)
    def test_tokens(self, issuer: DevelopmentIssuer, name: str) -> None:
        """Each persona's two tokens are served, and must not be stored."""
        status, headers, text = get(issuer, f"/tokens/{name}")
        pair = json.loads(text)
        assert (status, headers["Cache-Control"]) == (200, "no-store")
        assert pair.keys() == {"identity_token", "access_token"}
        assert verify(issuer, pair["identity_token"])["sub"] == PERSONAS[name].did
        assert verify(issuer, pair["access_token"])["sid"] == f"dev-session-{name}"

    def test_help(self, issuer: DevelopmentIssuer) -> None:
        """The first page lists the personas, a warning, and commands for curl."""
        status, headers, text = get(issuer, "/?query")
        assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        assert all(f"\n  {name} " in text for name in PERSONAS)
        assert "NOT for production" in text
        assert f"curl -s {issuer.url}/tokens/ada" in text
        assert issuer.jwks_url in text

    @pytest.mark.parametrize("line", ["ID_TOKEN", "ACCESS_TOKEN"])
    def test_help_can_be_pasted(self, issuer: DevelopmentIssuer, line: str) -> None:
        """The Python code in the shell commands prints one of the two tokens."""
        _, _, text = get(issuer, "/")
        code = text.partition(f"  {line}=")[2].partition("python3 -c '")[2].partition("')")[0]
        picked = subprocess.run(
            [sys.executable, "-c", code],
            input=get(issuer, "/tokens/ada")[2],
            capture_output=True,
            text=True,
            check=True,
        )
        assert ("sid" in verify(issuer, picked.stdout.strip())) == (line == "ACCESS_TOKEN")

    @pytest.mark.parametrize(
        "path",
        [
            "/tokens",
            "/tokens/",
            "/tokens/nobody",
            "/tokens/ada/",
            "/ada",
            "ada",
            "/api/v1/apps/other/jwks.json",
        ],
    )
    def test_not_found(self, issuer: DevelopmentIssuer, path: str) -> None:
        """Any other path is 404, and is not repeated in the response."""
        status, headers, text = get(issuer, path)
        assert (status, text, headers["Cache-Control"]) == (404, "Not found\n", "no-store")

    def test_only_get(self, issuer: DevelopmentIssuer) -> None:
        """Other methods get no token."""
        for method, expected in (("POST", 411), ("PUT", 501), ("TRACE", 501)):
            status, _, text = fetch(issuer, "/tokens/ada", "localhost", method=method)
            assert status == expected
            assert "identity_token" not in text

    @pytest.mark.parametrize(
        "host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.255.0.9:65535", "[::1]", "[::1]:8000"]
    )
    def test_loopback_host_names_are_answered(self, issuer: DevelopmentIssuer, host: str) -> None:
        """Every spelling of loopback is accepted."""
        assert fetch(issuer, "/tokens/ada", host)[0] == 200

    @pytest.mark.parametrize(
        "hosts",
        [
            (),
            ("",),
            ("evil.example",),
            ("127.0.0.1.evil.example",),
            ("localhost.evil.example",),
            ("evil.example@127.0.0.1",),
            ("127.0.0.1:80:80",),
            ("0.0.0.0",),
            ("192.168.1.10",),
            ("[::]",),
            ("localhost", "evil.example"),
            ("localhost", "localhost"),
        ],
    )
    def test_other_host_names_are_refused(self, issuer: DevelopmentIssuer, hosts: tuple[str, ...]) -> None:
        """A page whose host name was rebound to loopback gets 403 for every path (DNS rebinding)."""
        for path in ("/", "/tokens/ada", urlsplit(issuer.jwks_url).path, "/nowhere"):
            status, _, text = fetch(issuer, path, *hosts)
            assert (status, text) == (403, "Loopback hosts only\n")

    @pytest.mark.parametrize("path", ["/", "/tokens/ada", "/nowhere"])
    def test_no_other_origin_may_read(self, issuer: DevelopmentIssuer, path: str) -> None:
        """No response has a CORS header, and none can be interpreted as a script."""
        _, headers, _ = get(issuer, path)
        assert not [name for name in headers if name.lower().startswith("access-control-")]
        assert headers["X-Content-Type-Options"] == "nosniff"

    def test_many_at_once(self, issuer: DevelopmentIssuer) -> None:
        """Requests are handled concurrently."""
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: get(issuer, "/tokens/ada")[0], range(40)))
        assert statuses == [200] * 40

    def test_config(self, issuer: DevelopmentIssuer) -> None:
        """The configuration accepts this issuer, and settings can be overridden."""
        config = issuer.config(leeway=3)
        assert isinstance(config, PrivyConfig)
        assert (config.app_id, config.jwks_url, config.leeway) == (APP_ID, issuer.jwks_url, 3)
        assert issuer.config(app_id="other").app_id == "other"


class TestLoopbackOnly:
    """The addresses of the server."""

    @pytest.mark.parametrize(
        "host",
        [
            "0.0.0.0",
            "::",
            "",
            "192.168.1.10",
            "10.0.0.1",
            "128.0.0.1",
            "2001:db8::1",
            "fe80::1",
            "::1%lo",
            "::ffff:192.168.1.10",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "127.1",
            "2130706433",
            " 127.0.0.1",
        ],
    )
    def test_other_addresses_are_refused(self, host: str) -> None:
        """Addresses and names other than those of loopback are a ``ConfigurationError`` that says how to fix it."""
        with pytest.raises(ConfigurationError, match=r"host: .*use 127\.0\.0\.1") as caught:
            DevelopmentIssuer(host=host)
        assert caught.value.field == "host"

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "127.255.255.254", "::1", "localhost", "Localhost"])
    def test_loopback_is_taken(self, host: str) -> None:
        """Loopback in every form is accepted at construction."""
        assert DevelopmentIssuer(host=host).app_id == APP_ID

    @pytest.mark.parametrize("host", loopbacks())
    def test_every_loopback_family_is_served(self, host: str) -> None:
        """IPv4 and, if the machine has it, IPv6 are served, with a URL for each."""
        with DevelopmentIssuer(host=host) as issuer:
            assert urlsplit(issuer.url).hostname == host
            assert json.loads(get(issuer, urlsplit(issuer.jwks_url).path)[2]) == issuer.jwks()

    def test_localhost_is_an_address(self) -> None:
        """``localhost`` is 127.0.0.1, independently of name resolution."""
        with DevelopmentIssuer(host="localhost") as issuer:
            assert urlsplit(issuer.url).hostname == "127.0.0.1"


class TestLife:
    """Start and stop."""

    def test_stop_frees_the_port_and_the_threads(self) -> None:
        """After ``stop`` the port is free again and no thread is left, even with an idle connection."""
        threads = set(threading.enumerate())
        issuer = DevelopmentIssuer(port=free_port()).start()
        address = urlsplit(issuer.url)
        with socket.create_connection((str(address.hostname), address.port), timeout=PATIENCE) as idle:
            assert get(issuer, "/")[0] == 200
            issuer.stop()
            assert idle.recv(1) == b""
        assert set(threading.enumerate()) <= threads
        with socket.create_server((str(address.hostname), address.port or 0)):
            issuer.stop()

    def test_start_again(self) -> None:
        """Starting twice keeps the server; after a stop it starts again with the same key."""
        issuer = DevelopmentIssuer()
        with issuer:
            url, kid = issuer.url, issuer.kid
            assert issuer.start() is issuer
            assert issuer.url == url
        with issuer:
            assert json.loads(get(issuer, urlsplit(issuer.jwks_url).path)[2])["keys"][0]["kid"] == kid

    def test_fixed_port(self) -> None:
        """A configured port is used, and can be used again immediately."""
        port = free_port()
        for _ in range(2):
            with DevelopmentIssuer(port=port) as issuer:
                assert issuer.url == f"http://127.0.0.1:{port}"
                assert get(issuer, "/")[0] == 200

    def test_port_in_use(self, issuer: DevelopmentIssuer) -> None:
        """A port that is in use or invalid is a ``ConfigurationError``."""
        for port in (urlsplit(issuer.url).port or 0, 70_000):
            with pytest.raises(ConfigurationError, match=f"port: {port} cannot be used") as caught:
                DevelopmentIssuer(port=port).start()
            assert caught.value.field == "port"

    def test_not_started(self) -> None:
        """Before the start there is no address, and the error says what to do."""
        issuer = DevelopmentIssuer()
        for ask in (lambda: issuer.url, lambda: issuer.jwks_url, issuer.config):
            with pytest.raises(ConfigurationError, match=r"not started; call start\(\)"):
                ask()

    def test_repr_shows_no_key(self, issuer: DevelopmentIssuer) -> None:
        """The repr contains only the app ID and the address, started or not."""
        assert repr(issuer) == f"<DevelopmentIssuer app_id='{APP_ID}' url='{issuer.url}'>"
        assert repr(DevelopmentIssuer()) == f"<DevelopmentIssuer app_id='{APP_ID}' url=None>"

    def test_start_warns(self, caplog: pytest.LogCaptureFixture) -> None:
        """The start logs a warning with the address."""
        with caplog.at_level(logging.WARNING, "privy_middleware.development.issuer"), DevelopmentIssuer() as issuer:
            (record,) = caplog.records
            assert (record.name, record.levelname) == ("privy_middleware.development.issuer", "WARNING")
            assert "NOT for production" in record.getMessage()
            assert issuer.url in record.getMessage()

    def test_no_token_is_logged(
        self, issuer: DevelopmentIssuer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Requests, valid and invalid, are not logged or printed, and so no token is."""
        with caplog.at_level(logging.DEBUG):
            token = json.loads(get(issuer, "/tokens/ada")[2])["identity_token"]
            get(issuer, f"/{token}")
            fetch(issuer, "/", token)
            fetch(issuer, f"/{token}", "localhost", method="PUT")
        assert caplog.records == []
        assert capfd.readouterr() == ("", "")

    def test_broken_connection_is_quiet(
        self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """If a client resets its connection, this is logged at level DEBUG, without a traceback on the terminal."""
        with caplog.at_level(logging.DEBUG, "privy_middleware.development.server"), DevelopmentIssuer() as issuer:
            address = urlsplit(issuer.url)
            client = socket.create_connection((str(address.hostname), address.port), timeout=PATIENCE)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            assert get(issuer, "/")[0] == 200
        messages = [
            record.getMessage() for record in caplog.records if record.name == "privy_middleware.development.server"
        ]
        assert messages == ["A connection ended with an error: ConnectionResetError."]
        assert "Traceback" not in capfd.readouterr().err


class TestShared:
    """The issuer of the process."""

    def test_is_one(self) -> None:
        """All threads get the same running issuer."""
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: development_issuer(), range(16)))
        (issuer,) = found
        try:
            assert json.loads(get(issuer, urlsplit(issuer.jwks_url).path)[2]) == issuer.jwks()
        finally:
            issuer.stop()

    def test_exits_cleanly(self) -> None:
        """A process that uses it exits normally, with no other warning than that of the issuer."""
        code = "from privy_middleware.development.issuer import development_issuer as d; print(d().access_token())"
        done = run(code)
        assert (done.returncode, done.stdout.count(".")) == (0, 2)
        assert done.stderr.startswith("The development issuer runs at http://127.0.0.1:")
        assert done.stderr.count("\n") == 1

    def test_forked_child_shares_its_parents(self) -> None:
        """A forked child uses its parent's issuer, and its exit does not stop it."""
        code = """
import os, urllib.request
from privy_middleware.development import development_issuer
issuer = development_issuer()
child = os.fork()
if child == 0:
    with urllib.request.urlopen(development_issuer().jwks_url) as response:
        assert issuer.kid.encode() in response.read()
    issuer.stop()
    raise SystemExit(7)
status = os.waitpid(child, 0)[1]
with urllib.request.urlopen(issuer.jwks_url) as response:
    print(os.waitstatus_to_exitcode(status), response.status)
"""
        # The process can fork although it has threads: the issuer's thread holds no lock during the fork.
        done = run(code, "-W", "ignore::DeprecationWarning")
        assert (done.returncode, done.stdout) == (0, "7 200\n"), done.stderr


def test_tokens_are_current() -> None:
    """By default a token is issued now and is valid for an hour."""
    issuer, before = DevelopmentIssuer(), int(time.time())
    claims = verify(issuer, issuer.identity_token())
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] == claims["iat"] + 3600
