"""``privy-middleware inspect``: every rule is shown, and the token appears in no output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from privy_middleware.development import DevelopmentIssuer
from tests.cli.running import CommandLine, Result, Terminal
from tests.support.ports import free_port


def statuses(result: Result) -> dict[str, str]:
    """Return the status of each rule of the first token by the rule's name."""
    return {rule["check"]: rule["status"] for rule in result.json[0]["rules"]}


def codes(result: Result) -> dict[str, str]:
    """Return the code of each failed rule by the rule's name."""
    return {rule["check"]: rule["code"] for rule in result.json[0]["rules"] if "code" in rule}


@pytest.fixture
def settings(issuer: DevelopmentIssuer, monkeypatch: pytest.MonkeyPatch) -> DevelopmentIssuer:
    """Set the issuer's settings in the environment."""
    monkeypatch.setenv("PRIVY_APP_ID", issuer.app_id)
    monkeypatch.setenv("PRIVY_JWKS_URL", issuer.jwks_url)
    return issuer


@pytest.mark.parametrize("kind", ["identity", "access"])
def test_a_good_token(kind: str, cli: CommandLine, settings: DevelopmentIssuer) -> None:
    """All rules pass, and the user's accounts are shown."""
    sign = settings.identity_token if kind == "identity" else settings.access_token
    token = sign("ada", exp=int(time.time()) + 5400)
    result = cli("inspect", stdin=token)
    assert result.code == 0
    assert result.out.startswith(f"{kind.capitalize()} token\n")
    assert "ok       signature: verifies with a key of the app privy-development-app" in result.out
    assert ("address=ada@example.com" in result.out) is (kind == "identity")
    assert "expires          in 1 hour" in result.out
    assert token.split(".")[1] not in result.out
    assert cli("inspect", "--json", stdin=token).json[0]["passed"] is True


def test_without_settings_it_says_what_was_not_checked(cli: CommandLine, issuer: DevelopmentIssuer) -> None:
    """Without an app the signature and the audience are skipped, and nothing is fetched."""
    result = cli("inspect", "--json", stdin=issuer.identity_token("ada"))
    assert result.code == 0
    skipped = {rule for rule, status in statuses(result).items() if status == "skipped"}
    assert skipped == {"signature", "audience"}


def test_every_rule_is_shown_after_a_failure(cli: CommandLine, settings: DevelopmentIssuer) -> None:
    """A token that is wrong in several ways has an error for each, with what to do."""
    past = int(time.time()) - 200
    token = settings.identity_token("ada", aud="another-app", iss="example.com", exp=past, iat=int(time.time()) + 900)
    result = cli("inspect", "--json", stdin=token)
    assert result.code == 1
    assert codes(result) == {
        "expiry": "token_expired",
        "start": "token_not_yet_valid",
        "issuer": "wrong_issuer",
        "audience": "wrong_audience",
    }
    assert statuses(result)["signature"] == "ok"
    shown = cli("inspect", stdin=token).out
    assert "expired          3 minutes ago" in shown
    assert "-> use the same app id" in shown


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"headers": {"alg": "none"}}, {"algorithm": "wrong_algorithm"}),
        ({"headers": {"typ": "at+jwt"}}, {"header": "unsupported_header"}),
        ({"headers": {"alg": 5}}, {"header": "unsupported_header"}),
        ({"headers": {"kid": "other"}}, {"signature": "unknown_key"}),
        ({"linked_accounts": "x"}, {"claims": "invalid_claims"}),
        ({"linked_accounts": "[5]"}, {"claims": "invalid_claims"}),
        ({"exp": None}, {"expiry": "invalid_claims"}),
        ({"exp": True, "cr": "soon", "nbf": 1e300}, {"expiry": "invalid_claims", "start": "invalid_claims"}),
        ({"aud": ["x", "privy-development-app"]}, {}),
    ],
)
def test_the_rule_that_fails(
    changes: dict[str, Any], failed: dict[str, str], cli: CommandLine, settings: DevelopmentIssuer
) -> None:
    """The failed rule has the code that the log of the app would have."""
    assert codes(cli("inspect", "--json", stdin=settings.identity_token("ada", **changes))) == failed


def test_the_keys_of_the_options(cli: CommandLine, issuer: DevelopmentIssuer, directory: Path) -> None:
    """Keys and app can be given as options, and another key does not verify."""
    key = directory / "key.pem"
    key.write_text(DevelopmentIssuer().public_key_pem)
    app = ["--app-id", issuer.app_id]
    token = issuer.identity_token("ada")
    assert cli("inspect", *app, "--jwks-url", issuer.jwks_url, stdin=token).code == 0
    wrong = cli("inspect", *app, "--verification-key", str(key), "--json", stdin=token)
    assert (wrong.code, codes(wrong)) == (1, {"signature": "bad_signature"})
    down = cli("inspect", *app, "--jwks-url", f"http://127.0.0.1:{free_port()}/jwks.json", "--json", stdin=token)
    assert codes(down) == {"signature": "keys_unavailable"}
    alone = cli("inspect", "--verification-key", str(key), stdin=token)
    assert (alone.code, "give --app-id" in alone.err) == (2, True)
    assert "placeholder" in cli("inspect", "--app-id", "your-app-id", stdin=token).err


@pytest.mark.parametrize(
    ("around", "kind", "removed"),
    [
        ("Bearer {access}", "access", ['"Bearer"']),
        ('"{access}"', "access", ["quotation marks"]),
        ("authorization: bearer  {access}", "access", ["the name of the header", '"Bearer"']),
        ("Privy-Id-Token: '{identity}'", "identity", ["the name of the header", "quotation marks"]),
        ("Cookie: a=b; privy-token={access}; c=d", "access", ["the rest of the cookie header"]),
        ("a=b; privy-id-token={identity}", "identity", ["the rest of the cookie header"]),
        ('{{"identity_token": "{identity}"}}', "identity", ["the JSON around it"]),
        ("{identity:.9}\n  {identity:9}", "identity", ["white space inside the token"]),
    ],
)
def test_what_is_removed(
    around: str, kind: str, removed: list[str], cli: CommandLine, settings: DevelopmentIssuer
) -> None:
    """A pasted header, cookie or JSON is understood, and what was removed is said."""
    tokens = {"identity": settings.identity_token("ada"), "access": settings.access_token("ada")}
    text = around.replace("{identity:.9}", tokens["identity"][:9]).replace("{identity:9}", tokens["identity"][9:])
    result = cli("inspect", "--json", stdin=text.format(**tokens) + "\n")
    assert result.code == 0
    assert (result.json[0]["kind"], result.json[0]["removed"]) == (kind, removed)
    assert f"Removed before reading: {removed[0]}" in cli("inspect", stdin=text.format(**tokens)).out


def test_several_tokens(cli: CommandLine, settings: DevelopmentIssuer) -> None:
    """A cookie header with both tokens, and the issuer's JSON, have two results."""
    identity, access = settings.identity_token("ada"), settings.access_token("ada")
    both = json.dumps({"identity_token": identity, "access_token": access})
    for text in (f"cookie: privy-token={access}; privy-id-token={identity}", both):
        assert [each["kind"] for each in cli("inspect", "--json", stdin=text).json] == ["identity", "access"]


def test_a_token_in_the_wrong_place(cli: CommandLine, settings: DevelopmentIssuer) -> None:
    """The place says which kind belongs there."""
    result = cli("inspect", "--json", stdin=f"privy-id-token: {settings.access_token('ada')}")
    assert codes(result) == {"claims": "wrong_token_kind"}
    result = cli("inspect", "--json", stdin=f"Authorization: Bearer {settings.identity_token('ada')}")
    assert codes(result) == {"claims": "wrong_token_kind"}


def test_what_is_no_token(cli: CommandLine, settings: DevelopmentIssuer) -> None:
    """Garbage is an error of its first rule, a payload that is no object of its own; nothing at all is wrong usage."""
    assert codes(cli("inspect", "--json", stdin="garbage")) == {"form": "malformed_token"}
    assert codes(cli("inspect", "--json", stdin="{not json")) == {"form": "malformed_token"}
    head = settings.identity_token("ada").split(".")[0]
    assert codes(cli("inspect", "--json", stdin=f"{head}.W10.e30"))["payload"] == "invalid_claims"
    assert "header" in codes(cli("inspect", "--json", stdin="W10.W10.e30"))
    assert "Header" not in cli("inspect", stdin="W10.W10.e30").out
    assert cli("inspect", stdin=" \n").code == 2


def test_a_token_that_is_too_long(cli: CommandLine, settings: DevelopmentIssuer) -> None:
    """The other rules are checked, too."""
    result = cli("inspect", "--json", stdin=settings.identity_token("ada", padding="x" * 20_000))
    assert codes(result) == {"form": "oversized_token"}


def test_a_token_in_the_arguments(cli: CommandLine, issuer: DevelopmentIssuer) -> None:
    """It is refused with the reason, and not shown again."""
    token = issuer.identity_token("ada")
    result = cli("inspect", token)
    assert result.code == 2
    assert "history" in result.err
    assert token not in result.err
    other = cli("inspect", "secret")
    assert (other.code, "stdin" in other.err, "secret" in other.err) == (2, True, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "--app-id", "{}"),
        ("inspect", "--app-id", "x", "--jwks-url", "http://127.0.0.1:1/{}"),
        ("inspect", "--app-id", "x", "--verification-key", "{}"),
        ("inspect", "--{}"),
        ("doctor", "{}"),
        ("routes", "main:app", "--fail-on-open", "{}"),
        ("token", "ada", "--kind", "{}"),
        ("{}",),
    ],
)
def test_a_token_that_is_quoted(arguments: tuple[str, ...], cli: CommandLine, issuer: DevelopmentIssuer) -> None:
    """No error message and no request has a token that was given in a wrong place."""
    token = issuer.identity_token("empty")
    result = cli(*(each.format(token) for each in arguments), stdin=token)
    assert result.code == 2
    shown = result.out + result.err
    assert result.err.startswith("Usage: ")
    assert not any(part in shown for part in token.split("."))


def test_a_key_file_that_is_no_text(cli: CommandLine, issuer: DevelopmentIssuer, directory: Path) -> None:
    """A key in DER is an error that names the file."""
    (directory / "key.der").write_bytes(b"0Y0\x13\x06\x07*\x86H\xce=")
    result = cli("inspect", "--app-id", "x", "--verification-key", "key.der", stdin=issuer.identity_token("ada"))
    assert (result.code, "key.der is no text: give the key as PEM" in result.err) == (2, True)


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_bytes_that_are_no_text(encoding: str, directory: Path) -> None:
    """Input that cannot be decoded is a token with a wrong form, whatever the encoding."""
    run = subprocess.run(
        [sys.executable, "-m", "privy_middleware", "inspect"],
        input=b"\xff\xe9.a.b",
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
    )
    assert (run.returncode, b"error    form" in run.stdout, run.stderr) == (1, True, b"")


def test_the_hidden_prompt(cli: CommandLine, issuer: DevelopmentIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the token is asked for without showing it."""
    token = issuer.identity_token("ada")
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: token)
    result = cli("inspect", stdin=Terminal())
    assert result.code == 0
    assert token not in result.out + result.err


def test_nothing_in_a_token_controls_the_terminal(cli: CommandLine, issuer: DevelopmentIssuer) -> None:
    """Escape sequences in claims are shown, not sent."""
    result = cli("inspect", stdin=issuer.identity_token("ada", custom="\x1b[2J"))
    assert "\x1b" not in result.out
    assert "\\x1b[2J" in result.out
