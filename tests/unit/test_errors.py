"""The answers that errors know."""

from __future__ import annotations

import json

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
    """Status, JSON body, and headers that keep the answer out of caches."""
    assert error.status == status
    assert json.loads(error.body) == error.payload == {"message": message}
    headers = list(error.headers)
    assert headers[0] == ("Content-Type", "application/json")
    assert ("Cache-Control", "no-store") in headers
    assert "Vary" in dict(headers)
    assert headers[3:] == ([challenge] if challenge else [])


def test_details_are_for_the_log() -> None:
    """They are the exception's text, and not the client's."""
    error = errors.BadSignature("a detail")
    assert (str(error), error.detail) == ("a detail", "a detail")
    assert b"detail" not in error.body
    assert str(errors.BadSignature()) == "Invalid token"


def test_configuration_errors_name_the_field() -> None:
    """And the mend."""
    error = ConfigurationError("app_id", "copy it")
    assert (error.field, str(error), error.status) == ("app_id", "app_id: copy it", 500)


def test_without_traces() -> None:
    """The same error, free of every frame."""

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
