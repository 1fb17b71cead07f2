"""The response of each error."""

from __future__ import annotations

import json
import pickle

import pytest

from privy_middleware import errors
from privy_middleware.errors import ConfigurationError, KeysUnavailable, PrivyError, RefreshRequired

TRACES = ("__traceback__", "__cause__", "__context__")


@pytest.mark.parametrize(
    ("error", "status", "message", "challenge"),
    [
        (errors.MissingToken(), 401, "Unauthorized", ("WWW-Authenticate", "Bearer")),
        (
            errors.BadSignature("a detail for the log"),
            401,
            "Invalid token",
            ("WWW-Authenticate", 'Bearer error="invalid_token", error_description="The token does not verify"'),
        ),
        (errors.ConditionNotMet(), 403, "Forbidden", None),
        (errors.CrossSiteRequest(), 403, "Forbidden", None),
        (KeysUnavailable(retry_after=0), 503, "Service unavailable", ("Retry-After", "1")),
        (KeysUnavailable(retry_after=2.1), 503, "Service unavailable", ("Retry-After", "3")),
        (errors.WebhookMethod(), 405, "Method not allowed", ("Allow", "POST")),
        (RefreshRequired("/refresh"), 302, "Unauthorized", ("Location", "/refresh")),
    ],
)
def test_answers(error: PrivyError, status: int, message: str, challenge: tuple[str, str] | None) -> None:
    """Status, JSON body, and headers that keep the response out of caches."""
    assert error.status == status
    assert json.loads(error.body) == error.payload == {"message": message}
    headers = list(error.headers)
    assert headers[0] == ("Content-Type", "application/json")
    assert ("Cache-Control", "no-store") in headers
    assert "Vary" in dict(headers)
    assert headers[3:] == ([challenge] if challenge else [])


def test_details_are_for_the_log() -> None:
    """Details are in the text of the exception, and not in the response."""
    error = errors.BadSignature("a detail")
    assert (str(error), error.detail) == ("a detail", "a detail")
    assert b"detail" not in error.body
    assert str(errors.BadSignature()) == "The signature does not verify."


def test_configuration_errors_name_the_field() -> None:
    """The message names the field and how to fix it."""
    error = ConfigurationError("app_id", "copy it")
    assert (error.field, str(error), error.status) == ("app_id", "app_id: copy it", 500)


def test_without_traces() -> None:
    """The same error is returned, without references to frames."""

    def fail() -> None:
        try:
            raise ValueError("inner")
        except ValueError as inner:
            raise errors.MalformedToken from inner

    with pytest.raises(PrivyError) as caught:
        fail()
    error = caught.value
    assert [name for name in TRACES if getattr(error, name) is None] == []
    assert error.without_traces() is error
    assert [name for name in TRACES if getattr(error, name) is not None] == []


def test_subclass_with_an_own_constructor() -> None:
    """It need not call that of its base class, which is often forgotten."""

    class Banned(errors.AuthorizationError):
        def __init__(self, until: int) -> None:
            self.until = until

    class Busy(errors.ServiceUnavailable):
        def __init__(self, *, queue: str) -> None:
            self.queue = queue

    class Refused(errors.ConditionNotMet):
        def __init__(self) -> None:
            """Do nothing."""

    for error in (Banned(7), Busy(queue="q"), Refused()):
        assert str(error) == error.detail == error.reason
        assert error.kind is error.source is None
        assert errors.Answer.to(error).status == error.status
        assert str(pickle.loads(pickle.dumps(Refused.__mro__[1]()))) == Refused.reason
    assert dict(Busy(queue="q").headers)["Retry-After"] == "1"
    assert Refused().condition is None
    assert (Banned(7).args, Banned(7).until) == ((7,), 7)
