"""The official SDKs' results and ours, for each token; ``tests/departures.py`` has the intended differences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from privy_middleware import PrivyConfig, PrivyVerifier
from privy_middleware.errors import InvalidToken
from tests.departures import DEPARTURES, REFUSED, REFUSED_OF_SERVER_AUTH, expected_user
from tests.support.clock import Clock

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
KEYS = json.loads((FIXTURES / "keys.json").read_text("utf-8"))
NOW = 1_800_000_000


def cases(kind: str) -> list[dict[str, Any]]:
    """Return the fixtures of a kind."""
    return [json.loads(path.read_text("utf-8")) for path in sorted((FIXTURES / kind).glob("*.json"))]


IDENTITY, ACCESS = cases("identity"), cases("access")
PEM = KEYS["spki_pem"]
FORMS: dict[str, Any] = {
    "PEM": PEM,
    "PEM in bytes": PEM.encode(),
    "PEM with escaped line ends": KEYS["spki_pem_escaped_newlines"],
    "PEM with CRLF": PEM.replace("\n", "\r\n"),
    "PEM with escaped CRLF": PEM.replace("\n", "\\r\\n"),
    "PEM in quotes": f'"{PEM}"',
    "PEM in single quotes": f"'{PEM.strip()}'",
    "PEM indented": "\n".join(f"    {line}" for line in PEM.splitlines()),
    "PEM on one line": PEM.replace("\n", ""),
    "PEM on one line with spaces": PEM.replace("\n", " "),
    "base64 body": KEYS["spki_base64_body"],
    "JWK": KEYS["public_jwk"],
    "JWK as text": json.dumps(KEYS["public_jwk"]),
    "JWKS": KEYS["jwks"],
    "JWKS as text": json.dumps(KEYS["jwks"]),
    "JWKS in bytes": json.dumps(KEYS["jwks"]).encode(),
}


def verifier(material: Any = PEM) -> PrivyVerifier:
    """Return a verifier of the fixtures' app."""
    return PrivyVerifier(PrivyConfig(app_id=KEYS["app_id"], verification_key=material), clock=Clock(NOW))


def is_accepted(case: dict[str, Any]) -> bool:
    """Return our result for a fixture."""
    return bool(case["expected"]["ok"]) and case["name"] not in REFUSED


@pytest.fixture(params=FORMS)
def judge(request: pytest.FixtureRequest) -> PrivyVerifier:
    """Return a verifier for each form of the fixtures' key."""
    return verifier(FORMS[request.param])


def test_the_fixtures_are_there() -> None:
    """Some of each kind are accepted, some rejected, and the clock fits them."""
    for kind in (IDENTITY, ACCESS):
        assert {case["expected"]["ok"] for case in kind} == {True, False}
    future = next(case for case in IDENTITY if case["name"] == "iat_in_future")
    assert future["payload"]["iat"] > NOW + 60


def test_identity_tokens(judge: PrivyVerifier) -> None:
    """A token that the SDK accepts has the same user here, and one that it rejects is rejected."""
    for case in IDENTITY:
        if is_accepted(case):
            expected = expected_user(case["expected"]["value"], case["payload"])
            assert judge.verify_identity_token(case["token"]).to_dict() == expected
        else:
            with pytest.raises(InvalidToken):
                judge.verify_identity_token(case["token"])


def test_access_tokens(judge: PrivyVerifier) -> None:
    """A token that the SDK accepts has the same claims here, and one that it rejects is rejected."""
    for case in ACCESS:
        if is_accepted(case):
            assert judge.verify_access_token(case["token"]).to_dict() == case["expected"]["value"]
        else:
            with pytest.raises(InvalidToken):
                judge.verify_access_token(case["token"])


def test_no_token_is_of_the_other_kind() -> None:
    """No fixture is accepted as the other kind."""
    judge = verifier()
    for case in IDENTITY:
        with pytest.raises(InvalidToken):
            judge.verify_access_token(case["token"])
    for case in ACCESS:
        if case["name"] != "identity_token_as_access":
            with pytest.raises(InvalidToken):
                judge.verify_identity_token(case["token"])


def test_every_refusal_is_in_the_tables() -> None:
    """Exactly the tokens that an SDK accepts and we reject are listed, each with a reason."""
    everything = IDENTITY + ACCESS
    refused = {case["name"] for case in everything if case["expected"]["ok"] and not is_accepted(case)}
    assert refused == set(REFUSED)
    older = {case["name"] for case in everything if case["expected_server_auth"]["ok"] and not is_accepted(case)}
    assert older == set(REFUSED_OF_SERVER_AUTH)


def test_the_guide_has_the_tables() -> None:
    """``docs/tokens.md`` contains the same tables."""
    guide = (ROOT / "docs" / "tokens.md").read_text("utf-8")
    rows = [(name, reason) for table in (REFUSED, REFUSED_OF_SERVER_AUTH) for name, reason in table.items()]
    rows += [(departure.name, departure.reason) for departure in DEPARTURES]
    assert [row for row in rows if f"| {row[0]} | {row[1]} |" not in guide.replace("`" + row[0] + "`", row[0])] == []
