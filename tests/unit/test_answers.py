"""``Answer``: the one place in which an error becomes a response."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from privy_middleware import ConfigurationError, PrivyConfig, PrivyError
from privy_middleware.config import ErrorBody
from privy_middleware.errors import Answer, KeysUnavailable, LoginRequired, MissingToken, PageRedirect

PROBLEM = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Unauthorized"}


@pytest.mark.parametrize(
    ("form", "payload"),
    [("message", {"message": "Unauthorized"}), ("detail", {"detail": "Unauthorized"}), ("problem", PROBLEM)],
)
def test_forms_of_the_body(form: ErrorBody, payload: dict[str, Any]) -> None:
    """The payload is what the body says, and one header names its type."""
    answer = Answer.to(MissingToken(), form)
    assert json.loads(answer.body) == answer.payload == payload
    types = [value for name, value in answer.headers if name == "Content-Type"]
    assert types == ["application/problem+json" if form == "problem" else "application/json"]


def test_default_form() -> None:
    """Without a form, the answer is what the error itself says."""
    error = KeysUnavailable()
    answer = Answer.to(error)
    assert (answer.body, answer.headers, answer.payload) == (error.body, error.headers, error.payload)


@pytest.mark.parametrize("form", get_args(ErrorBody))
def test_page(form: ErrorBody) -> None:
    """A page is sent in place of JSON in any form, and loads nothing."""
    error = MissingToken()
    error.page = "<!doctype html>é"
    answer = Answer.to(error, form)
    assert answer.body.decode() == error.page
    headers = dict(answer.headers)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert headers["WWW-Authenticate"] == "Bearer"
    own = dict(answer.headers_for("text/plain"))
    assert own["Content-Type"] == "text/plain"
    assert own.keys() == headers.keys() - {"Content-Security-Policy"}


def test_redirects() -> None:
    """A redirect has its location, its cookie and its status."""
    assert dict(LoginRequired("/login").challenge) == {"Location": "/login"}
    error = LoginRequired("/login", cookie="a=b", status=303)
    assert error.challenge == (("Location", "/login"), ("Set-Cookie", "a=b"))
    assert (error.status, PageRedirect.status, Answer.to(error).status) == (303, 302, 303)


def test_mistakes_are_raised() -> None:
    """A wrong setting is no refusal."""
    with pytest.raises(PrivyError, match="leeway"):
        Answer.to(ConfigurationError("leeway", "set a number"))


def test_cleared_cookies() -> None:
    """Each configured cookie and those of the session are deleted, on the host and for the domain."""
    config = PrivyConfig(app_id="app", tokens=("access",), access_cookie="__Host-token", cookie_domain="example.com")
    names = ("__Host-token", "privy-session", "privy-refresh-token")
    assert [value.partition("=")[0] for value in config.cleared_cookies] == [
        each for name in names for each in (name,) * 2
    ]
    host, domain, session, *_ = config.cleared_cookies
    expired = "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; SameSite=Lax"
    assert host == f"__Host-token{expired}; Secure"
    assert domain == f"{host}; Domain=example.com"
    assert session == f"privy-session{expired}"
    assert len(PrivyConfig(app_id="app").cleared_cookies) == 4


@pytest.mark.parametrize(
    "domain", ["", ".example.com", "example", "https://example.com", "a.b:80", "a.b; x", "a..b", 1]
)
def test_wrong_cookie_domain(domain: Any) -> None:
    """Only a domain is accepted."""
    with pytest.raises(ConfigurationError, match="cookie_domain: set a domain"):
        PrivyConfig(app_id="app", cookie_domain=domain)


@pytest.mark.parametrize("form", ["", "html", None, ["message"]])
def test_wrong_error_body(form: Any) -> None:
    """Only a known form is accepted."""
    with pytest.raises(ConfigurationError, match='error_body: set "message"'):
        PrivyConfig(app_id="app", error_body=form)
