"""``@require_privy_user`` and ``@optional_privy_user`` on all kinds of views."""

from __future__ import annotations

import functools
import inspect
import io
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from flask import Flask, request
from flask.typing import RouteCallable
from flask.views import MethodView, View

from flask_privy import optional_privy_user, privy_auth, privy_user, require_privy_user
from privy_middleware import ConfigurationError, PrivyUser, condition
from privy_middleware.development import DevelopmentIssuer
from tests.flask.conftest import ADA, FORBIDDEN, GRACE, INVALID, UNAUTHORIZED, Header, seen


def who() -> dict[str, Any]:
    """Return the user."""
    return {"id": privy_user.id}


async def async_who() -> dict[str, Any]:
    """Return the user."""
    return {"id": privy_user.id}


def maybe() -> dict[str, Any]:
    """Return the user, or ``None``."""
    return {"id": privy_auth.user.id if privy_auth.user else None}


async def async_maybe() -> dict[str, Any]:
    """Return the user, or ``None``."""
    return {"id": privy_auth.user.id if privy_auth.user else None}


def is_ada(user: PrivyUser) -> bool:
    """Return whether the user is Ada."""
    return user.id == ADA


def has_metadata(user: PrivyUser) -> bool:
    """Return whether the user has metadata."""
    return user.custom_metadata is not None


@pytest.mark.parametrize("view", [who, async_who])
def test_bare(app: Flask, ada: Header, expired: Header, view: Callable[[], Any]) -> None:
    """Without parentheses, the decorator requires a user, for sync and async views."""
    app.get("/")(require_privy_user(view))
    client = app.test_client()
    assert seen(client.get("/", headers=ada)) == (200, {"id": ADA})
    assert seen(client.get("/")) == UNAUTHORIZED
    assert seen(client.get("/", headers=expired)) == INVALID


@pytest.mark.parametrize("view", [who, async_who])
@pytest.mark.parametrize(
    "decorate",
    [
        require_privy_user(wallet="ethereum"),
        require_privy_user(metadata={"role": "admin"}),
        require_privy_user(linked="google_oauth"),
        require_privy_user(is_ada),
        require_privy_user(lambda user: user.google is not None),
        require_privy_user(is_ada, has_metadata),
        require_privy_user(is_ada, guest=False),
        require_privy_user(functools.partial(lambda did, user: user.id == did, ADA)),
        require_privy_user(condition(is_ada) or is_ada),
    ],
)
def test_conditions(
    app: Flask,
    ada: Header,
    grace: Header,
    view: Callable[[], Any],
    decorate: Callable[[Callable[[], Any]], RouteCallable],
) -> None:
    """If the conditions, keywords or predicates, are not met, the status is 403, and 401 without a user."""
    app.get("/")(decorate(view))
    client = app.test_client()
    assert seen(client.get("/", headers=ada)) == (200, {"id": ADA})
    assert seen(client.get("/", headers=grace)) == FORBIDDEN
    assert seen(client.get("/")) == UNAUTHORIZED


def test_empty_parentheses(app: Flask, grace: Header) -> None:
    """Empty parentheses mean the same as no parentheses."""
    app.get("/")(require_privy_user()(who))
    assert seen(app.test_client().get("/", headers=grace)) == (200, {"id": GRACE})
    assert seen(app.test_client().get("/")) == UNAUTHORIZED


def test_unknown_word_is_refused() -> None:
    """A misspelt condition keyword raises an error."""
    with pytest.raises(ConfigurationError, match="walet"):
        require_privy_user(walet="ethereum")  # type: ignore[call-overload]


@pytest.fixture
def wallet(app: Flask, ada: Header) -> str:
    """Return the address of Ada's wallet, in an app with routes that require its owner."""
    owner = require_privy_user(owns_wallet="address")
    app.get("/wallets/<address>", endpoint="path")(owner(lambda address: {"address": address}))
    app.get("/query", endpoint="query")(owner(lambda: {"address": request.args["address"]}))
    app.post("/json", endpoint="json")(owner(lambda: {"address": request.get_json(force=True)["address"]}))
    app.post("/form", endpoint="form")(owner(lambda: {"address": request.form["address"]}))
    with app.test_request_context(headers=ada):
        return privy_user.wallets[0].address


def test_owner_of_the_wallet_in_the_request(app: Flask, wallet: str, ada: Header, grace: Header) -> None:
    """The address can be in the path, the query or the body, which the view can still read."""
    asks: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/wallets/{wallet}", {}),
        ("GET", "/query", {"query_string": {"address": wallet}}),
        ("POST", "/json", {"json": {"address": wallet}}),
        ("POST", "/form", {"data": {"address": wallet}}),
        ("POST", "/json", {"data": f'{{"address": "{wallet}"}}', "content_type": "text/plain"}),
    ]
    client = app.test_client()
    for method, path, options in asks:
        assert seen(client.open(path, method=method, headers=ada, **options)) == (200, {"address": wallet})
        assert seen(client.open(path, method=method, headers=grace, **options)) == FORBIDDEN
        assert seen(client.open(path, method=method, **options)) == UNAUTHORIZED
    assert client.get(f"/wallets/{wallet.lower()}", headers=ada).status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"data": "[1]"},
        {"data": "{", "content_type": "application/json"},
        {"data": "[" * 100_000, "content_type": "application/json"},
        {"json": ["address"]},
        {"json": {"address": ["x"]}},
        {"json": {"address": None}},
        {"data": {"other": "x"}},
    ],
)
def test_request_without_the_address(app: Flask, wallet: str, ada: Header, options: dict[str, Any]) -> None:
    """A request without the address is rejected, for every kind of body."""
    assert seen(app.test_client().post("/json", headers=ada, **options)) == FORBIDDEN


def test_address_that_stands_twice(app: Flask, wallet: str, ada: Header) -> None:
    """Two different addresses count as none, because the view might read the other one; two equal ones are accepted."""
    client = app.test_client()
    for query in (f"address={wallet}&address=0x1", f"address=0x1&address={wallet}"):
        assert seen(client.get(f"/query?{query}", headers=ada)) == FORBIDDEN
    mine, other = {"address": wallet}, {"address": "0x1"}
    assert seen(client.post("/json", headers=ada, query_string=mine, json=other)) == FORBIDDEN
    other_body = {"data": app.json.dumps(other), "content_type": "text/plain"}
    assert seen(client.post("/json", headers=ada, query_string=mine, **other_body)) == FORBIDDEN
    assert seen(client.post("/form", headers=ada, query_string=other, data=mine)) == FORBIDDEN
    assert client.post("/json", headers=ada, query_string=mine, json=mine).status_code == 200


def test_body_is_not_read_for_nobody(app: Flask, wallet: str) -> None:
    """The body is not read if there is no user."""

    class Unread(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("the body is read")

    answer = app.test_client().post("/json", input_stream=Unread(b"{}"), headers={"Content-Length": "2"})
    assert seen(answer) == UNAUTHORIZED


def test_predicate_over_the_request(app: Flask, ada: Header, grace: Header) -> None:
    """A predicate can use Flask's request."""

    def has_name_in_path(user: PrivyUser) -> bool:
        return user.id == f"did:privy:dev-{(request.view_args or {})['name']}"

    @app.get("/<name>")
    @require_privy_user(has_name_in_path)
    def show(name: str) -> dict[str, Any]:
        return {"name": name}

    client = app.test_client()
    assert seen(client.get("/ada", headers=ada)) == (200, {"name": "ada"})
    assert seen(client.get("/ada", headers=grace)) == FORBIDDEN


def test_access_token_alone_meets_no_condition(app: Flask, issuer: DevelopmentIssuer) -> None:
    """An access token contains the user's ID, but no accounts."""
    app.get("/who")(require_privy_user(who))
    app.get("/wallet")(require_privy_user(wallet="ethereum")(async_who))
    headers = {"Authorization": f"Bearer {issuer.access_token('ada')}"}
    assert seen(app.test_client().get("/who", headers=headers)) == (200, {"id": ADA})
    assert seen(app.test_client().get("/wallet", headers=headers)) == FORBIDDEN


@pytest.mark.parametrize("view", [maybe, async_maybe])
def test_optional(make_app: Callable[..., Flask], ada: Header, expired: Header, view: Callable[[], Any]) -> None:
    """Without a token there is no user; an invalid token is rejected unless the route or the app says otherwise."""
    app, lenient = make_app(), make_app(on_invalid="anonymous")
    for each in (app, lenient):
        each.get("/", endpoint="default")(optional_privy_user(view))
        each.get("/anonymous", endpoint="anonymous")(optional_privy_user(on_invalid="anonymous")(view))
        each.get("/reject", endpoint="reject")(optional_privy_user(on_invalid="reject")(view))
        for path in ("/", "/anonymous", "/reject"):
            assert seen(each.test_client().get(path)) == (200, {"id": None})
            assert seen(each.test_client().get(path, headers=ada)) == (200, {"id": ADA})
    nobody = (200, {"id": None})
    expected = {app: (INVALID, nobody, INVALID), lenient: (nobody, nobody, INVALID)}
    for each, answers in expected.items():
        client = each.test_client()
        got = tuple(seen(client.get(path, headers=expired)) for path in ("/", "/anonymous", "/reject"))
        assert got == answers


def test_optional_refuses_a_misspelt_policy() -> None:
    """A wrong value of ``on_invalid`` raises an error."""
    with pytest.raises(ConfigurationError, match='"reject" or "anonymous"'):
        optional_privy_user(on_invalid="anonymus")  # type: ignore[call-overload]


def test_view_sees_why_a_token_was_refused(app: Flask, expired: Header) -> None:
    """A view without a requirement can read the reason, and has no user."""
    app.get("/")(lambda: {"error": privy_auth.error, "user": bool(privy_user)})
    answer = app.test_client().get("/", headers=expired)
    assert seen(answer) == (200, {"error": "token_expired", "user": False})


def test_signature_name_and_kind_are_kept() -> None:
    """A decorated view keeps its signature and name, and whether it is async."""
    assert require_privy_user(who).__name__ == "who"
    assert require_privy_user(is_ada)(who).__name__ == "who"
    assert inspect.signature(require_privy_user(is_ada)) == inspect.signature(is_ada)
    assert not inspect.iscoroutinefunction(require_privy_user(who))
    for decorated in (
        require_privy_user(async_who),
        require_privy_user(is_ada)(async_who),
        optional_privy_user(async_who),
        optional_privy_user(on_invalid="reject")(async_who),
    ):
        assert inspect.iscoroutinefunction(decorated)
        assert decorated.__name__ == "async_who"


def test_method_view(app: Flask, ada: Header, grace: Header) -> None:
    """``decorators`` protects a view class, and a decorated method only itself; both work sync and async."""

    class Guarded(MethodView):
        decorators: ClassVar[list[Callable[..., Any]]] = [require_privy_user]

        def get(self) -> dict[str, Any]:
            return {"id": privy_user.id}

        @require_privy_user(wallet="ethereum")
        async def post(self) -> dict[str, Any]:
            return {"wallet": True}

    class Open(MethodView):
        def get(self) -> dict[str, Any]:
            return {"open": True}

        @require_privy_user
        def post(self) -> dict[str, Any]:
            return {"id": privy_user.id}

    app.add_url_rule("/guarded", view_func=Guarded.as_view("guarded"))
    app.add_url_rule("/open", view_func=Open.as_view("open"))
    client = app.test_client()
    assert seen(client.get("/guarded")) == UNAUTHORIZED
    assert seen(client.get("/guarded", headers=grace)) == (200, {"id": GRACE})
    assert seen(client.post("/guarded", headers=grace)) == FORBIDDEN
    assert seen(client.post("/guarded", headers=ada)) == (200, {"wallet": True})
    assert seen(client.get("/open")) == (200, {"open": True})
    assert seen(client.post("/open")) == UNAUTHORIZED
    assert seen(client.post("/open", headers=ada)) == (200, {"id": ADA})


def test_plain_view_class_with_a_condition(app: Flask, ada: Header, grace: Header) -> None:
    """A ``View`` with arguments from the URL."""

    class Show(View):
        decorators: ClassVar[list[Callable[..., Any]]] = [require_privy_user(metadata={"role": "admin"})]

        def dispatch_request(self, **kwargs: Any) -> dict[str, Any]:
            return kwargs

    app.add_url_rule("/<name>", view_func=Show.as_view("show"))
    assert seen(app.test_client().get("/x", headers=ada)) == (200, {"name": "x"})
    assert seen(app.test_client().get("/x", headers=grace)) == FORBIDDEN


def test_two_decorators_both_hold(app: Flask, ada: Header, grace: Header) -> None:
    """Both conditions apply, and ``@optional_privy_user`` never removes the requirement of another decorator."""
    app.get("/both", endpoint="both")(require_privy_user(wallet="ethereum")(require_privy_user(has_metadata)(who)))
    app.get("/inner", endpoint="inner")(optional_privy_user(require_privy_user(who)))
    app.get("/outer", endpoint="outer")(require_privy_user(optional_privy_user(who)))
    client = app.test_client()
    assert seen(client.get("/both", headers=ada)) == (200, {"id": ADA})
    assert seen(client.get("/both", headers=grace)) == FORBIDDEN
    assert seen(client.get("/inner")) == seen(client.get("/outer")) == UNAUTHORIZED


def test_cross_site_cookie(app: Flask, issuer: DevelopmentIssuer) -> None:
    """A ``POST`` from another site with the user's cookie is rejected, and a ``GET`` is not."""
    app.route("/", methods=["GET", "POST"])(require_privy_user(who))
    client = app.test_client(use_cookies=False)
    headers = {"Cookie": f"privy-id-token={issuer.identity_token('ada')}", "Sec-Fetch-Site": "cross-site"}
    assert seen(client.post("/", headers=headers)) == FORBIDDEN
    assert seen(client.get("/", headers=headers)) == (200, {"id": ADA})


def test_cookie_of_the_test_client(
    app: Flask, privy_login: Callable[..., None], privy_logout: Callable[..., None]
) -> None:
    """Flask's test client sends the cookie like a browser."""
    app.get("/")(require_privy_user(who))
    client = app.test_client()
    privy_login(client, "grace")
    assert seen(client.get("/")) == (200, {"id": GRACE})
    privy_logout(client)
    assert seen(client.get("/")) == UNAUTHORIZED
