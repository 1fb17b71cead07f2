"""The text of each refusal: a sentence for the developer, with nothing of the token in it."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable

import pytest

from privy_middleware import errors
from privy_middleware.errors import ConfigurationError, InvalidToken, PrivyError
from tests.support.clock import Clock
from tests.support.signers import Signer
from tests.support.tokens import MISSING, NOW, SIGNER, access, identity, part, runs_of, sign, verifier

SECRET = "a-text-that-the-client-has-chosen"
OTHER = Signer("another-kid")
CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, PrivyError)]
KEYS = "the configured key"

REASONS: dict[str, tuple[Callable[[], str], str]] = {
    "no token": (lambda: SECRET, "The token is not a compact JWS: three parts of ASCII characters, separated by dots."),
    "too long": (lambda: "x" * 20_000, "The token has 20000 characters, and max_token_bytes is 16384."),
    "long header": (lambda: f"{'x' * 3000}.x.x", "The token's header or signature is longer than that of any issuer."),
    "padding": (lambda: identity() + "==", "A part of the token is not base64url without padding."),
    "header is no JSON": (
        lambda: sign(SECRET, {}),
        "The token's header is not JSON, or has a name twice, or is nested",
    ),
    "header is a list": (lambda: sign([SECRET], {}), "The token's header is not a JSON object."),
    "jku": (lambda: identity({"jku": SECRET}), "The token's header has jku, which is never accepted."),
    "typ": (lambda: identity({"typ": SECRET}), 'The token\'s header does not have "typ": "JWT".'),
    "alg of another type": (lambda: identity({"alg": [SECRET]}), "The token's header has no alg."),
    "kid of another type": (lambda: identity({"kid": [SECRET]}), "The kid in the token's header is not a string."),
    "alg": (lambda: identity({"alg": SECRET}), "The token is not signed with ES256."),
    "kid": (
        lambda: identity({"kid": SECRET}),
        f"The token is signed with none of the known keys ({KEYS}): its kid is not among them.",
    ),
    "signature": (
        lambda: sign({"alg": "ES256", "typ": "JWT", "kid": SIGNER.kid}, {"sub": SECRET}, OTHER.private),
        f"The signature does not verify with {KEYS}: the token was changed, or is another app's.",
    ),
    "payload is no JSON": (lambda: identity_payload(SECRET), "The payload is not JSON, or has a name twice, or is"),
    "payload is a list": (lambda: identity_payload([SECRET]), "The payload is not a JSON object."),
    "exp is missing": (lambda: identity(exp=MISSING), "The claim exp is missing."),
    "exp is text": (lambda: identity(exp=SECRET), "The claim exp is not a number of seconds since 1970."),
    "expired": (lambda: identity(exp=NOW - 42), "The token expired 42 s ago (leeway 10 s)."),
    "too early": (
        lambda: identity(iat=NOW + 90),
        "The token is valid from 90 s in the future on (leeway 10 s): compare the clocks.",
    ),
    "issuer": (lambda: identity(iss=SECRET), "The issuer (iss) is not privy.io."),
    "audience": (lambda: identity(aud=SECRET), "The audience (aud) is another app's; this app is test-app."),
    "no audience": (lambda: identity(aud=MISSING), "The token has no audience (aud); this app is test-app."),
    "audiences": (
        lambda: identity(aud=[SECRET]),
        "The audience (aud) is not a string with the right value; this app is test-app.",
    ),
    "sub": (lambda: identity(sub=""), "The claim sub is not a non-empty string."),
    "kind": (access, "The token is an access token (it has sid), where an identity token belongs."),
    "accounts": (
        lambda: identity(linked_accounts=[SECRET]),
        "The claim linked_accounts is not a string that contains JSON.",
    ),
    "accounts are an object": (
        lambda: identity(linked_accounts="{}"),
        "The claim linked_accounts does not contain a JSON list.",
    ),
    "account": (
        lambda: identity(linked_accounts="[1]"),
        "The claim linked_accounts contains something that is not an object.",
    ),
    "metadata": (
        lambda: identity(custom_metadata="[]"),
        "The claim custom_metadata does not contain a JSON object.",
    ),
}


def identity_payload(payload: object) -> str:
    """Return a signed token with any payload."""
    return sign({"alg": "ES256", "typ": "JWT", "kid": SIGNER.kid}, payload)


@pytest.mark.parametrize("name", [*REASONS])
def test_reason(name: str) -> None:
    """The sentence names the reason and what was expected, and contains nothing that the client has chosen."""
    make, reason = REASONS[name]
    token = make()
    with pytest.raises(InvalidToken) as caught:
        verifier().verify_identity_token(token)
    text = str(caught.value)
    assert text.startswith(reason)
    assert text.endswith(".")
    assert SECRET not in text
    assert not [run for run in runs_of(token) if len(set(run)) > 1 and run in f"{text}{caught.value!r}"]


def test_reason_with_several_apps() -> None:
    """All apps are named."""
    key = {"keys": [SIGNER.jwk]}
    several = verifier(app_id=("one", "two"), verification_key={"one": key, "two": key})
    with pytest.raises(InvalidToken, match=r"another app's; these apps are one, two\.$"):
        several.verify_identity_token(identity())


def test_reason_of_an_access_token() -> None:
    """An identity token in the place of an access token is called one."""
    with pytest.raises(InvalidToken, match=r"is an identity token \(it has linked_accounts\), where an access token"):
        verifier().verify_access_token(identity())


def test_reason_without_a_kid() -> None:
    """A token without a kid was compared with all keys."""
    with pytest.raises(InvalidToken, match="The signature does not verify with the configured key"):
        verifier().verify_identity_token(sign({"alg": "ES256", "typ": "JWT"}, {}, OTHER.private))


def test_reason_with_several_keys() -> None:
    """The number of keys is named."""
    keys = {"keys": [SIGNER.jwk, OTHER.jwk]}
    with pytest.raises(InvalidToken, match=r"known keys \(the 2 configured keys\): its kid is not among them"):
        verifier(verification_key=keys).verify_identity_token(identity({"kid": SECRET}))


def test_expired_in_the_cache() -> None:
    """A cached token that has expired has the same reason as a new one."""
    clock = Clock(NOW)
    judge = verifier(clock)
    token = identity()
    judge.verify_identity_token(token)
    clock.advance(3700)
    with pytest.raises(InvalidToken, match=r"The token expired 100 s ago \(leeway 10 s\)\."):
        judge.verify_identity_token(token)


@pytest.mark.parametrize("cls", CLASSES)
def test_each_class_has_a_sentence(cls: type[PrivyError]) -> None:
    """It is the text of an error without a more exact one."""
    assert cls.reason[0].isupper()
    assert cls.reason.endswith(".")
    if cls is not ConfigurationError:
        assert str(cls()) == cls.reason


@pytest.mark.parametrize("cls", CLASSES)
def test_errors_can_be_copied_and_pickled(cls: type[PrivyError]) -> None:
    """Task queues and test runners send them to other processes."""
    error = ConfigurationError("app_id", "copy it") if cls is ConfigurationError else cls("A reason.")
    error.of_token("identity", "cookie")
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is cls
        assert (str(again), vars(again)) == (str(error), vars(error))


def test_of_token() -> None:
    """The first that knows which token it was is right."""
    error = errors.BadSignature().of_token("access", "header").of_token("identity", "cookie")
    assert (error.kind, error.source) == ("access", "header")


def test_condition_not_met() -> None:
    """The condition is part of the text."""
    error = errors.ConditionNotMet(condition="a wallet is linked")
    assert (str(error), error.condition) == (
        "The user does not meet the condition: a wallet is linked.",
        "a wallet is linked",
    )


def test_segments_are_never_shown() -> None:
    """The test's own search for parts of a token finds them."""
    segment = part({"sub": SECRET})
    assert [run for run in runs_of(segment) if run in f"refused: {segment}"]
