"""The decision about a request."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from privy_middleware import ConfigurationError, PrivyAuth, PrivyConfig, PrivyVerifier
from privy_middleware.custom_keys import CustomKeyConfig
from privy_middleware.errors import (
    AuthenticationError,
    ConflictingTokens,
    CrossSiteRequest,
    KeysUnavailable,
    LoginRequired,
    MalformedToken,
    MissingToken,
    OversizedToken,
    PrivyError,
    RefreshRequired,
    TokenExpired,
    TokenRevoked,
)
from privy_middleware.gate import Gate, build_gate
from privy_middleware.http.cache_headers import merge_vary
from privy_middleware.http.preflight import is_preflight
from privy_middleware.lookup import Lookup
from tests.support.keyserver import KeyServer, hang_up
from tests.support.tokens import (
    APP_ID,
    NOW,
    SIGNER,
    SUBJECT,
    Request,
    access,
    bearer,
    checked,
    config,
    cookies,
    found,
    id_header,
    identity,
    runs_of,
    verifier,
)

LOCAL = {"trust_env": False}
CROSS = ("Sec-Fetch-Site", "cross-site")


def gate(protect: list[str] | None = None, exempt: list[str] | None = None, **settings: Any) -> Gate:
    """Return a gate that accepts the test key, at ``NOW``."""
    return Gate(verifier(**settings), protect or [], exempt or [])


def cookie(token: str, name: str = "privy-id-token") -> tuple[str, str]:
    """Return a cookie with a token."""
    return cookies((name, token))


def test_anonymous() -> None:
    """Without a token there is no user and no error."""
    auth = found(gate(), Request())
    assert (auth.user, auth.error, auth.presented) == (None, None, False)


def test_authenticated() -> None:
    """In a header and in a cookie, with both kinds of token."""
    for field, source in (
        (id_header(identity()), "header"),
        (cookie(identity()), "cookie"),
        (bearer(access()), "header"),
        (cookie(access(), "privy-token"), "cookie"),
    ):
        auth = found(gate(), Request(field))
        assert auth.require().id == SUBJECT
        assert auth.source == source


@pytest.mark.anyio
async def test_awaiting() -> None:
    """The same result without blocking."""
    judge = gate()
    assert (await Lookup(judge, Request(id_header(identity()))).afind()).require().id == SUBJECT
    assert (await Lookup(judge, Request(id_header("garbage"))).afind()).error == "malformed_token"
    assert (await Lookup(judge, Request()).afind()).user is None


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ([id_header("NULL")], MalformedToken),
        ([id_header("a" * 20000)], OversizedToken),
        ([id_header(identity(exp=NOW - 60))], TokenExpired),
        ([id_header(identity()), id_header(identity(marker=1))], ConflictingTokens),
        ([bearer("a"), bearer("b")], ConflictingTokens),
        ([id_header("garbage"), cookie(identity())], MalformedToken),
        ([id_header(identity()), bearer("garbage")], MalformedToken),
    ],
)
def test_refusals(fields: list[tuple[str, str]], error: type[PrivyError]) -> None:
    """Errors are recorded, and raised only if a user is required."""
    auth = found(gate(), Request(*fields))
    assert (auth.user, auth.error, auth.presented) == (None, error.code, True)
    with pytest.raises(error):
        auth.require()


def test_a_cookie_does_not_cross_sites() -> None:
    """Unsafe methods and WebSockets with only a cookie must come from the app's own pages."""
    judge = gate(trusted_origins=["https://trusted.example"])
    for method in ("POST", "PUT", "PATCH", "DELETE", "WEBSOCKET", "QUERY"):
        for fields in ([CROSS], [("Origin", "https://evil.example")], [("Origin", "null")]):
            request = Request(("Host", "app.example"), cookie(identity()), *fields, method=method)
            assert isinstance(found(judge, request).refusal, CrossSiteRequest)
        for fields in ([], [("Sec-Fetch-Site", "same-origin")], [("Origin", "https://trusted.example")]):
            request = Request(("Host", "app.example"), cookie(identity()), *fields, method=method)
            assert found(judge, request).require().id == SUBJECT
    for method in ("GET", "HEAD", "OPTIONS"):
        assert found(judge, Request(cookie(identity()), CROSS, method=method)).require().id == SUBJECT


def test_a_verified_header_vouches_for_the_request() -> None:
    """A page of another site cannot send a verified header; an invalid one proves nothing."""
    judge = gate()
    good = Request(cookie(identity()), bearer(access()), CROSS, method="POST")
    assert found(judge, good).require().id == SUBJECT
    assert found(judge, Request(id_header(identity()), CROSS, method="POST")).require().id == SUBJECT
    for field in (bearer("garbage"), id_header("garbage")):
        assert found(judge, Request(cookie(identity()), field, CROSS, method="POST")).user is None
    basic = Request(cookie(identity()), ("Authorization", "Basic eDp5"), CROSS, method="POST")
    assert isinstance(found(judge, basic).refusal, CrossSiteRequest)


def test_a_bad_cookie_says_nothing_of_sites() -> None:
    """An invalid token in a cookie is reported as such, before the cross-site rule."""
    auth = found(gate(), Request(cookie("garbage"), CROSS, method="POST"))
    assert isinstance(auth.refusal, MalformedToken)


def test_protected_paths() -> None:
    """They need a user; a preflight, which has none, does not reach the app unless it is configured."""
    judge = gate(["/api"], ["/api/open"])
    user, nobody = PrivyAuth(found(judge, Request(id_header(identity()))).user), PrivyAuth()
    for path in ("/api", "/API/x", "//api", "/api/open/../x"):
        checked(judge, Request(path=path), user)
        with pytest.raises(MissingToken):
            checked(judge, Request(path=path), nobody)
        with pytest.raises(TokenExpired):
            checked(judge, Request(path=path), PrivyAuth(refusal=TokenExpired(), on_invalid="anonymous"))
        preflight = Request(("Access-Control-Request-Method", "POST"), method="OPTIONS", path=path)
        assert judge.guards(preflight)
        assert not gate(["/api"], preflight="pass").guards(preflight)
        assert gate(["/api"], preflight="pass").guards(Request(method="OPTIONS", path=path))
        assert judge.protects(path)
    for path in ("/", "/apix", "/api/open"):
        checked(judge, Request(path=path), nobody)
        assert not judge.protects(path)


@pytest.mark.parametrize(
    "header",
    ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Prefix", "X-Original-URI", "Forwarded"],
)
def test_no_header_moves_a_path(header: str) -> None:
    """Only the path of the request itself is used (CVE-2026-40575, CVE-2025-54576)."""
    judge = gate(["/"], ["/open"])
    with pytest.raises(MissingToken):
        checked(judge, Request((header, "/open"), path="/api"), PrivyAuth())


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_header_changes_the_method(header: str) -> None:
    """A header cannot turn a request into a preflight or into one with a safe method."""
    override = Request((header, "OPTIONS"), ("Access-Control-Request-Method", "GET"), method="POST", path="/api")
    assert not is_preflight(override)
    with pytest.raises(MissingToken):
        checked(gate(["/api"]), override, PrivyAuth())
    posted = Request((header, "GET"), cookie(identity()), CROSS, method="POST")
    assert isinstance(found(gate(), posted).refusal, CrossSiteRequest)


def test_preflight() -> None:
    """A preflight is ``OPTIONS`` with the header field, and nothing else."""
    field = ("Access-Control-Request-Method", "GET")
    assert is_preflight(Request(field, method="OPTIONS"))
    assert not is_preflight(Request(method="OPTIONS"))
    assert not is_preflight(Request(field, method="GET"))


def test_everything_needs_a_user() -> None:
    """``on_missing="reject"`` protects every path that is not exempt."""
    judge = gate(exempt=["/open"], on_missing="reject")
    assert judge.protects("/")
    assert judge.protects("*")
    assert not judge.protects("/open/x")


def test_pages_are_redirected() -> None:
    """Navigation without a valid token is redirected to a page that can get one; an API call is not."""
    judge = gate(refresh_url="/refresh", login_url="/login")
    html, session = ("Accept", "text/html,*/*"), ("Cookie", "privy-session=t")
    for field in (session, cookies(("privy-session", "t"), ("privy-id-token", identity(exp=NOW - 60)))):
        with pytest.raises(RefreshRequired) as caught:
            found(judge, Request(html, field, path="/page", target="/page?a=1")).require()
        assert caught.value.location == "/refresh?redirect_uri=%2Fpage%3Fa%3D1"
    with pytest.raises(LoginRequired):
        found(judge, Request(html, path="/page")).require()
    for fields in ([session], [html, session, id_header("garbage")]):
        with pytest.raises(AuthenticationError) as refused:
            found(judge, Request(*fields, path="/page")).require()
        assert refused.value.status == 401


def test_redirects_over_https() -> None:
    """The cookie that counts the redirects is sent over HTTPS only."""
    judge = gate(login_url="/login")
    for scheme, secure in (("http", False), ("https", True)):
        with pytest.raises(LoginRequired) as caught:
            found(judge, Request(("Accept", "text/html"), path="/page", scheme=scheme)).require()
        assert dict(caught.value.headers)["Set-Cookie"].endswith("; Secure") is secure


def test_vary() -> None:
    """Responses vary on every field that is read for the accepted kinds."""
    assert gate().vary == ("Cookie", "privy-id-token", "Authorization")
    assert gate(tokens="access", access_header="X-Token").vary == ("Cookie", "x-token")
    assert merge_vary(["Accept, cookie", ""], gate().vary) == "Accept, cookie, privy-id-token, Authorization"
    assert merge_vary([], ()) == ""
    assert merge_vary(["Accept", "*"], ("Cookie",)) == "*"


def test_the_hook_hears_of_every_refusal() -> None:
    """The callback gets the error, whose code is the reason."""
    heard: list[PrivyError] = []
    judge = gate(on_refused=heard.append)
    for field in (id_header("garbage"), id_header(identity(exp=1)), id_header(identity())):
        found(judge, Request(field))
    assert [error.code for error in heard] == ["malformed_token", "token_expired"]


def test_errors_of_the_apps_hooks_are_the_apps() -> None:
    """Errors of a callback that decides are raised unchanged, and never count as a user or an invalid token."""

    def broken(_: Any) -> bool:
        raise LookupError

    with pytest.raises(LookupError):
        found(gate(is_revoked=broken), Request(id_header(identity())))


def test_revoked() -> None:
    """A revoked token is invalid."""

    def revoked(claims: Mapping[str, Any]) -> bool:
        return bool(claims["sub"] == SUBJECT)

    auth = found(gate(is_revoked=revoked), Request(id_header(identity())))
    assert isinstance(auth.refusal, TokenRevoked)


def test_log(caplog: pytest.LogCaptureFixture) -> None:
    """The reason is logged, and no part of the token."""
    caplog.set_level(logging.DEBUG)
    bad = identity({"kid": "a-kid-to-hide\r\ninjected"})
    lookup = Lookup(gate(), Request(id_header(bad)))
    auth = lookup.find()
    lookup.report()
    (record,) = caplog.records
    assert record.getMessage() == (
        "privy-middleware: GET /: served without a user, unknown_key (identity token, header). The token is signed "
        "with none of the known keys (the configured key): its kid is not among them."
    )
    shown = f"{caplog.text}{auth!r}{auth.refusal}{auth.refusal!r}{vars(auth.refusal)}"
    assert not [run for run in runs_of(bad) if run in shown]
    assert "hide" not in shown


def test_refusals_do_not_keep_the_token_alive() -> None:
    """No traceback, cause or context refers to frames with the token."""
    judge = gate()
    for token in ("Null", "garbage", identity(exp=1), identity({"typ": "x"}), identity(sub=""), identity(aud="x")):
        refusal = found(judge, Request(id_header(token))).refusal
        assert refusal is not None
        assert (refusal.__traceback__, refusal.__cause__, refusal.__context__) == (None, None, None)
    for fields in ((bearer("a"), bearer("b")), (id_header(identity()), bearer(access(sub="other")))):
        refusal = found(judge, Request(*fields)).refusal
        assert refusal is not None
        assert (refusal.__traceback__, refusal.__cause__, refusal.__context__) == (None, None, None)


def test_keys_that_cannot_be_had(caplog: pytest.LogCaptureFixture) -> None:
    """At startup this is logged, or raised with ``fail_fast``; during a request it is an outage."""
    with KeyServer(SIGNER) as server:
        server.behave = hang_up
        settings = PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL)
        judge = build_gate(settings)
        judge.ready()
        assert "keys could not be fetched at start-up" in caplog.text
        auth = found(judge, Request(id_header(identity())))
        assert isinstance(auth.refusal, KeysUnavailable)
        assert caplog.records[-1].levelno == logging.WARNING
        with pytest.raises(KeysUnavailable):
            auth.optional("anonymous")
        strict = build_gate(PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL, fail_fast=True))
        with pytest.raises(KeysUnavailable):
            strict.ready()


@pytest.mark.anyio
async def test_keys_that_cannot_be_had_without_blocking() -> None:
    """The same without blocking, and with keys that are available."""
    with KeyServer(SIGNER) as server:
        good = build_gate(PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL))
        good.ready()
        await good.aready()
        assert server.count == 1
        server.behave = hang_up
        lenient = build_gate(PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL))
        await lenient.aready()
        strict = build_gate(PrivyConfig(app_id=APP_ID, jwks_url=server.url, client_options=LOCAL, fail_fast=True))
        with pytest.raises(KeysUnavailable):
            await strict.aready()


def test_build_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a configuration, a mapping, a verifier or the environment; other values raise an error."""
    monkeypatch.setenv("PRIVY_APP_ID", APP_ID)
    judge = PrivyVerifier(config())
    assert build_gate(judge).verifier is judge
    assert build_gate(config()).settings == config()
    bearers = CustomKeyConfig(public_key=SIGNER.pem, algorithms=("ES256",), issuer="me", audience="you")
    assert build_gate(bearers).settings is bearers
    mapping = {"APP_ID": APP_ID}
    for built in (build_gate(), build_gate(None, protect=["/api"]), build_gate(mapping, protect=["/api"])):
        assert isinstance(built.settings, PrivyConfig)
        assert built.settings.app_ids == (APP_ID,)
    for wrong in ("test-app", 1, object(), PrivyConfig):
        with pytest.raises(ConfigurationError, match=r"^config: give a PrivyConfig"):
            build_gate(wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"^protect: "):
        build_gate(config(), protect="/api")


def test_sign_in_pages() -> None:
    """Only the app's own pages are open, only for reading, and no paths below them."""
    judge = gate(refresh_url="/refresh?from=app", login_url="/sign%20in/#form")
    for path in ("/refresh", "/sign in/"):
        for method in ("GET", "HEAD"):
            assert judge.is_sign_in_page(Request(path=path, method=method))
        for method in ("POST", "DELETE", "OPTIONS", "get", "WEBSOCKET"):
            assert not judge.is_sign_in_page(Request(path=path, method=method))
    for path in ("/", "/refreshx", "/refresh/", "/refresh/all", "/x/../refresh", "//refresh", "/Refresh", "/sign in"):
        assert not judge.is_sign_in_page(Request(path=path))
    for other in (gate(), gate(login_url="https://app.example.com/login")):
        assert not other.is_sign_in_page(Request(path="/login"))


def test_a_sign_in_page_in_every_reading() -> None:
    """A page is open only if every interpretation of the path is that page."""
    judge = gate(["/"], login_url="/login")
    request = Request(path="/login")
    assert not judge.guards(request)
    request.paths = ("/private/login", "/login")
    assert judge.guards(request)
    assert not judge.is_sign_in_page(request)


@pytest.mark.parametrize("name", ["refresh_url", "login_url"])
@pytest.mark.parametrize("page", ["/a/../b", "/a//b", "/a/%2e%2e/b", "/a%2Fb/%252f", "/a;b", "/a/."])
def test_sign_in_pages_that_can_be_read_otherwise(name: str, page: str) -> None:
    """They would never be open, so users could not sign in."""
    with pytest.raises(ConfigurationError, match=f"^{name}: set a plain path"):
        build_gate({"app_id": APP_ID, name: page})


def test_sign_in_pages_of_the_app_are_exempt() -> None:
    """Users who are redirected to a page must be able to open it; pages on other hosts exempt nothing."""
    judge = gate(["/"], refresh_url="/refresh?from=app", login_url="/login")
    for path in ("/refresh", "/login"):
        assert not judge.protects(path)
    assert judge.protects("/loginx")
    elsewhere = gate(["/"], refresh_url="https://app.example.com/refresh", login_url="https://app.example.com/login")
    for path in ("/refresh", "/login", "/"):
        assert elsewhere.protects(path)
