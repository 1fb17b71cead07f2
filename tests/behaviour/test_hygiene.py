"""What an app, a log or an error tracker gets to see of our objects shows nothing of a token, in every framework."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator

from privy_middleware import PrivyError
from privy_middleware.issuer import DevelopmentIssuer
from tests.behaviour.client import Client
from tests.behaviour.conftest import MakeClient
from tests.behaviour.watching import MintingIssuer, leaks

OURS = ("privy_middleware", "flask_privy", "django_privy", "fastapi_privy")


def bad_tokens(issuer: DevelopmentIssuer) -> list[str]:
    """Return tokens that are refused at every stage of reading one."""
    good = issuer.identity_token("ada")
    return [
        issuer.identity_token("ada", exp=1),
        issuer.identity_token("ada", aud="another-app"),
        issuer.identity_token("ada", iss="privy.example"),
        issuer.identity_token("ada", linked_accounts="no JSON"),
        issuer.identity_token("ada", headers={"kid": "invented"}),
        issuer.identity_token("ada", headers={"alg": "none"}),
        issuer.access_token("ada"),
        f"{good}=",
        f"{good}.{good}",
        good[:-20],
        good * 20,
    ]


def request_all(client: Client, issuer: DevelopmentIssuer) -> None:
    """Send good and bad tokens of either kind, and in every place."""
    for token in (issuer.identity_token("ada"), *bad_tokens(issuer)):
        for name, value in (("privy-id-token", token), ("Cookie", f"privy-id-token={token}")):
            for path in ("/", "/me", "/optional", "/session", "/wallet"):
                client.request("GET", path, [(name, value)])
    client.request("GET", "/session", [("Authorization", f"Bearer {issuer.access_token('ada')}")])


def living_objects() -> Iterator[object]:
    """Yield whatever of ours is alive."""
    for each in gc.get_objects():
        if str(type(each).__module__).partition(".")[0] in OURS:
            yield each


def test_refusals_show_no_token(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """Not even their tracebacks, with what the variables in the frames held."""
    refusals: list[PrivyError] = []
    request_all(make_client(on_refused=refusals.append), issuer)
    assert {error.code for error in refusals} > {"token_expired", "wrong_audience", "unknown_key", "oversized_token"}
    for error in refusals:
        tracked = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert leaks("".join(tracked.format()) + repr(error) + repr(vars(error)), MintingIssuer.minted) == set()


def test_objects_show_no_token(client: Client, issuer: DevelopmentIssuer) -> None:
    """Whatever of ours is left in memory after many requests."""
    request_all(client, issuer)
    shown = "\n".join(repr(each) for each in living_objects())
    assert "PrivyVerifier" in shown
    assert leaks(shown, MintingIssuer.minted) == set()
