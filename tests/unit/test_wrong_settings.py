"""Wrong settings and calls, as people write them: none passes in silence, and each message says what to do."""

from __future__ import annotations

import logging
import types
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import flask
import litestar
import pytest
from django.test import RequestFactory, override_settings
from django.urls import path as django_path
from django.views import View
from fastapi import Depends, FastAPI, Security
from ninja import NinjaAPI
from rest_framework.response import Response as RestResponse
from rest_framework.views import APIView
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import django_privy
import django_privy.ninja
import fastapi_privy
import fastapi_privy.starlette as starlette_privy
import flask_privy
import litestar_privy
from django_privy.channels import PrivyMiddlewareStack
from django_privy.checks import check_privy
from django_privy.rest_framework import PrivyUserRequired
from privy_middleware import (
    ConfigurationError,
    PrivyAuth,
    PrivyConfig,
    PrivyMiddleware,
    PrivyUser,
    PrivyVerifier,
    PrivyWSGIMiddleware,
    condition,
)
from privy_middleware.conditions import (
    has_linked,
    has_metadata,
    has_wallet,
    is_guest,
    owns_wallet,
    verified_within,
)
from privy_middleware.custom_keys import AccessTokenSigner, CustomKeyConfig
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.loader import UserLoader
from privy_middleware.settings import hints
from privy_middleware.web3auth import Web3AuthConfig
from privy_middleware.webhooks import WebhookASGIApp, WebhookReceiver, WebhookVerifier, WebhookWSGIApp
from tests.docs.pages import own_logging
from tests.support.issued import ISSUER, issuer_config
from tests.support.tokens import identity, user_of


def wrong(value: Any) -> Any:
    """Return a value as the wrong type."""
    return value


PEM = ISSUER.public_key_pem
SECRET = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"


class Reported(Exception):
    """The messages of Django's system checks."""


class WarningLogged:
    """What is expected if the app starts, but a warning is logged."""


class Row(NamedTuple):
    """A mistake, and what must come of it: an error or a warning, with certain words in its message."""

    call: Callable[[], object]
    words: tuple[str, ...]
    expected: type = ConfigurationError

    def __repr__(self) -> str:
        """Return nothing that differs between processes."""
        return "row"


async def homepage(request: Request) -> PlainTextResponse:
    """Return a response."""
    return PlainTextResponse("hello")


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Answer nothing."""


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    """Answer nothing."""
    return []


async def is_revoked(claims: Any) -> bool:
    """Return that a token is not revoked."""
    return False


def a_user() -> PrivyUser:
    """Return a user."""
    return user_of(identity())


def config(**settings: Any) -> PrivyConfig:
    """Return a configuration with these settings."""
    return PrivyConfig(**{"app_id": "app", **settings})


def env(**variables: str) -> PrivyConfig:
    """Return a configuration from these environment variables."""
    return PrivyConfig.from_env({"PRIVY_APP_ID": "app", **variables})


def starting(app: Any) -> None:
    """Start an ASGI app."""
    with TestClient(app):
        pass


def fastapi_app(*paths: str, **options: Any) -> FastAPI:
    """Return a FastAPI app with our plugin and these routes."""
    app = FastAPI()
    fastapi_privy.Privy(app, issuer_config(), **options)
    for path in paths:
        app.get(path)(lambda: "hello")
    return app


def fastapi_route(default: Any) -> None:
    """Add a route whose parameter has this default."""
    app = fastapi_app()

    @app.get("/")
    async def route(user: Any = default) -> None: ...

    starting(app)


def fastapi_dependencies(*depends: Any) -> None:
    """Add a route with a list of dependencies."""
    app = fastapi_app()
    app.get("/", dependencies=list(depends))(lambda: "secret")
    starting(app)


def starlette_app(*paths: str, **options: Any) -> Starlette:
    """Return a Starlette app with our plugin and these routes."""
    app = Starlette(routes=[Route(path, homepage) for path in paths])
    starlette_privy.Privy(app, issuer_config(), **options)
    return app


def plain_starlette(*middleware: Any) -> None:
    """Start a Starlette app with a list of middleware."""
    starting(Starlette(routes=[Route("/api", homepage)], middleware=list(middleware)))


@litestar.get("/api")
async def litestar_handler() -> str:
    """Return a text."""
    return "hello"


def litestar_app(*given: Any, guards: Any = (), **options: Any) -> None:
    """Start a Litestar app with our plugin."""
    settings = given or (issuer_config(),)
    starting(
        litestar.Litestar([litestar_handler], plugins=[litestar_privy.Privy(*settings, **options)], guards=list(guards))
    )


def flask_app(*given: Any, **settings: Any) -> flask.Flask:
    """Return a Flask app with our extension and these settings in ``app.config``."""
    app = flask.Flask(__name__)
    app.config.from_mapping(settings)
    flask_privy.Privy(app, *given)
    return app


def flask_protect(**options: Any) -> None:
    """Protect a Flask app with options and send the first request."""
    app = flask.Flask(__name__)
    app.testing = True
    flask_privy.Privy(app, issuer_config()).protect(app, **options)
    app.get("/")(lambda: "hello")
    app.test_client().get("/")


def django(value: Any = None, **more: Any) -> None:
    """Run Django's system checks with these settings."""
    with override_settings(PRIVY=value or {"APP_ID": "x"}, **more):
        messages = check_privy()
    if messages:
        raise Reported("\n".join(f"{each.msg} {each.hint}" for each in messages))


def django_urls(view: Any, value: Any = None) -> None:
    """Run Django's system checks with a view at ``/api/``."""
    urls: Any = types.ModuleType("urls")
    urls.urlpatterns = [django_path("api/", view)]
    django(value, ROOT_URLCONF=urls)


def rest_view(*permissions: Any) -> Any:
    """Return a view of REST framework with these permissions."""

    class Page(APIView):
        permission_classes = permissions

        def get(self, request: Any) -> RestResponse:
            """Return nothing."""
            return RestResponse()

    return Page.as_view()


def rest_request(*permissions: Any) -> None:
    """Send a request to a view of REST framework with these permissions."""
    rest_view(*permissions)(RequestFactory().get("/"))


def ninja_request(auth: Any) -> None:
    """Send a request to an API with this authentication."""
    api = NinjaAPI(auth=auth, urls_namespace=f"wrong-{id(auth)}", openapi_url=None)
    api.get("/x")(lambda request: "secret")
    found: Any = [pattern for pattern in api.urls[0] if str(pattern.pattern) == "x"]
    found[0].callback(RequestFactory().get("/x"))


def mixin(asked: Any) -> None:
    """Define a Django view class with a condition."""

    class Page(django_privy.PrivyUserRequiredMixin, View):
        privy_condition = asked


CORS_INSIDE = (Middleware(PrivyMiddleware, issuer_config(), protect=["/api"]), Middleware(CORSMiddleware))


def cors_first(make: Callable[..., Any], plugin: Any) -> Any:
    """Return an app whose CORS middleware is added before our plugin, and so runs inside it."""
    app = make()
    app.add_middleware(CORSMiddleware, allow_origins=["https://app.example"])
    plugin(app, issuer_config())
    return app


CONDITIONS: dict[str, Row] = {
    "linked=google": Row(lambda: condition(linked="google"), ("linked", 'did you mean "google_oauth"')),
    "linked=Google": Row(lambda: condition(linked="Google"), ("linked", '"google_oauth"')),
    "linked=Farcaster": Row(lambda: condition(linked="Farcaster"), ("linked", '"farcaster"')),
    "linked=x": Row(lambda: condition(linked="x"), ("linked", '"twitter_oauth"')),
    "linked=e-mail": Row(lambda: condition(linked="e-mail"), ("linked", '"email"')),
    "linked=metamask": Row(lambda: condition(linked="metamask"), ("linked", '"wallet"')),
    "linked=ethereum": Row(lambda: condition(linked="ethereum"), ("linked", 'wallet="ethereum"')),
    "linked=farcster": Row(lambda: condition(linked="farcster"), ("linked", '"farcaster"')),
    "linked=''": Row(lambda: condition(linked=""), ("linked", "account type")),
    "linked=True": Row(lambda: condition(linked=True), ("linked", "account type")),  # type: ignore[arg-type]
    "linked=[...]": Row(lambda: condition(linked=["email", "phone"]), ("linked", "|")),  # type: ignore[arg-type]
    "linked=new": Row(
        lambda: condition(linked="new_account_type"),
        ("new_account_type", "check its spelling", "farcaster"),
        WarningLogged,
    ),
    "has_linked(google)": Row(lambda: has_linked("google"), ("linked", '"google_oauth"')),
    "wallet=evm": Row(lambda: condition(wallet="evm"), ("wallet", 'did you mean "ethereum"')),
    "wallet=eth": Row(lambda: condition(wallet="eth"), ("wallet", '"ethereum"')),
    "wallet=base": Row(lambda: condition(wallet="base"), ("wallet", '"ethereum"')),
    "wallet=Ethereum": Row(lambda: condition(wallet="Ethereum"), ("wallet", '"ethereum"')),
    "wallet=sol": Row(lambda: condition(wallet="sol"), ("wallet", '"solana"')),
    "wallet=btc": Row(lambda: condition(wallet="btc"), ("wallet", '"bitcoin-segwit"', '"bitcoin-taproot"')),
    "wallet=0x…": Row(lambda: condition(wallet="0x" + "ab" * 20), ("wallet", "owns_wallet")),
    "wallet=True": Row(lambda: condition(wallet=True), ("wallet", "has_wallet()")),  # type: ignore[arg-type]
    "wallet=new": Row(
        lambda: condition(wallet="newchain"), ("newchain", "check its spelling", "solana"), WarningLogged
    ),
    "has_wallet(etherium)": Row(lambda: has_wallet("etherium"), ("wallet", '"ethereum"')),
    "has_wallet(embedded=yes)": Row(
        lambda: has_wallet(embedded="yes"),  # type: ignore[arg-type]
        ("embedded", "True or False"),
    ),
    "verified_within=1h": Row(
        lambda: condition(verified_within="1h"),  # type: ignore[arg-type]
        ("verified_within", "number of seconds", "timedelta"),
    ),
    "verified_within=True": Row(lambda: condition(verified_within=True), ("verified_within", "seconds")),
    "verified_within=0": Row(lambda: condition(verified_within=0), ("verified_within", "positive")),
    "verified_within=-1": Row(lambda: condition(verified_within=-1), ("verified_within", "positive")),
    "verified_within=nan": Row(lambda: verified_within(float("nan")), ("verified_within", "positive")),
    "verified_within=negative timedelta": Row(
        lambda: condition(verified_within=timedelta(hours=-1)), ("verified_within", "positive")
    ),
    "verified_within of a wrong type": Row(lambda: verified_within(60, "google"), ("account_type", '"google_oauth"')),
    "metadata=admin": Row(
        lambda: condition(metadata="admin"),  # type: ignore[arg-type]
        ("metadata", '{"role": "admin"}'),
    ),
    "metadata={}": Row(lambda: condition(metadata={}), ("metadata", "empty")),
    "metadata of a list": Row(
        lambda: has_metadata({"role": ["admin", "owner"]}), ("metadata", "role", "string, a number or a boolean")
    ),
    "metadata of None": Row(lambda: has_metadata({"role": None}), ("metadata", "role")),
    "guest=no": Row(lambda: condition(guest="no"), ("guest", "True or False")),  # type: ignore[arg-type]
    "guest=0": Row(lambda: condition(guest=wrong(0)), ("guest", "True or False")),
    "owns_wallet=True": Row(
        lambda: condition(owns_wallet=True),  # type: ignore[arg-type]
        ("owns_wallet", "name of a request parameter"),
    ),
    "owns_wallet=''": Row(lambda: owns_wallet(""), ("owns_wallet", "name of a request parameter")),
    "owns_wallet=address": Row(lambda: owns_wallet("0x" + "ab" * 20), ("owns_wallet", "not an address")),
    "owns_wallet={address}": Row(lambda: owns_wallet("{address}"), ("owns_wallet", "without brackets")),
    "walet=": Row(lambda: condition(walet="ethereum"), ("walet", 'did you mean "wallet"')),  # type: ignore[call-arg]
    "role=": Row(lambda: condition(role="admin"), ("role", "metadata")),  # type: ignore[call-arg]
    "a text": Row(lambda: condition("ethereum"), ("condition", 'wallet="ethereum"')),  # type: ignore[arg-type]
    "a dict": Row(
        lambda: condition({"role": "admin"}),  # type: ignore[arg-type]
        ("condition", "metadata="),
    ),
    "is_guest uncalled": Row(lambda: condition(is_guest), ("is_guest()", "call")),  # type: ignore[arg-type]
    "has_wallet uncalled": Row(lambda: condition(has_wallet), ("has_wallet(", "call")),  # type: ignore[arg-type]
    "has_linked uncalled": Row(lambda: is_guest() & has_linked, ("has_linked(", "call")),  # type: ignore[operator]
    "condition uncalled": Row(lambda: condition(condition), ("condition(", "call")),  # type: ignore[arg-type]
    "a predicate that returns a condition": Row(
        lambda: wrong(condition(lambda user: has_linked("email")))(a_user()), ("condition", "returns a condition")
    ),
    "require of a text": Row(lambda: PrivyAuth(a_user()).require("admin"), ("condition", "condition(")),  # type: ignore[arg-type]
    "require of a function": Row(
        lambda: PrivyAuth(a_user()).require(lambda user: True),  # type: ignore[arg-type]
        ("condition", "condition("),
    ),
}

DECORATORS: dict[str, Row] = {
    "flask: a text": Row(lambda: wrong(flask_privy.require_privy_user)("ethereum"), ("wallet=",)),
    "flask: unknown word": Row(lambda: wrong(flask_privy.require_privy_user)(walet="x"), ("walet", '"wallet"')),
    "flask: on_invalid": Row(
        lambda: wrong(flask_privy.require_privy_user)(on_invalid="anonymous"), ("on_invalid", "optional_privy_user")
    ),
    "flask: optional with a condition": Row(
        lambda: wrong(flask_privy.optional_privy_user)(wallet="ethereum"), ("wallet", "require_privy_user")
    ),
    "flask: optional with a text": Row(
        lambda: wrong(flask_privy.optional_privy_user)("anonymous"), ('on_invalid="anonymous"',)
    ),
    "flask: protect with a text": Row(lambda: flask_protect(exempt="login"), ("exempt", '["login"]')),
    "flask: exempt endpoint that does not exist": Row(
        lambda: flask_protect(exempt=["logn"]), ("exempt", "logn", "endpoint")
    ),
    "flask: exempt view that does not exist": Row(
        lambda: flask_protect(exempt=[wsgi_app]), ("exempt", "wsgi_app", "view")
    ),
    "flask: protect an unknown word": Row(lambda: flask_protect(walet="ethereum"), ("walet", '"wallet"')),
    "flask: protect a path": Row(
        lambda: wrong(flask_privy.Privy(config=issuer_config())).protect("/api"), ("protect", "blueprint")
    ),
    "django: a text": Row(lambda: wrong(django_privy.require_privy_user)("ethereum"), ("wallet=",)),
    "django: unknown word": Row(lambda: wrong(django_privy.require_privy_user)(walet="x"), ("walet", '"wallet"')),
    "django: optional with a condition": Row(
        lambda: wrong(django_privy.optional_privy_user)(wallet="ethereum"), ("wallet", "require_privy_user")
    ),
    "django: optional with a text": Row(
        lambda: wrong(django_privy.optional_privy_user)("anonymous"), ('on_invalid="anonymous"',)
    ),
    "django: mixin with a text": Row(lambda: mixin("ethereum"), ("privy_condition", "condition(")),
    "django: mixin with a function": Row(lambda: mixin(lambda user: True), ("privy_condition", "condition(")),
    "starlette: a text": Row(lambda: wrong(starlette_privy.require_privy_user)("ethereum"), ("wallet=",)),
    "starlette: unknown word": Row(lambda: wrong(starlette_privy.require_privy_user)(walet="x"), ("walet",)),
    "starlette: optional with a condition": Row(
        lambda: wrong(starlette_privy.optional_privy_user)(wallet="ethereum"), ("wallet", "require_privy_user")
    ),
    "starlette: optional with a text": Row(
        lambda: wrong(starlette_privy.optional_privy_user)("anonymous"), ('on_invalid="anonymous"',)
    ),
    "fastapi: a text": Row(lambda: fastapi_privy.require(wrong("ethereum")), ("wallet=",)),
    "fastapi: unknown word": Row(lambda: wrong(fastapi_privy.require)(walet="ethereum"), ("walet", '"wallet"')),
    "fastapi: require uncalled": Row(
        lambda: fastapi_route(Depends(fastapi_privy.require)), ("require", "Depends(require())")
    ),
    "fastapi: require uncalled in Security": Row(
        lambda: fastapi_route(Security(fastapi_privy.require)), ("require", "Depends(require())")
    ),
    "fastapi: optional uncalled": Row(
        lambda: fastapi_route(Depends(fastapi_privy.optional)), ("optional", "on_invalid=")
    ),
    "fastapi: optional without its argument": Row(wrong(fastapi_privy.optional), ("on_invalid",), TypeError),
    "fastapi: optional with a condition": Row(
        lambda: wrong(fastapi_privy.optional)(wallet="ethereum"), ("wallet", "require in FastAPI")
    ),
    "fastapi: current_user called": Row(
        lambda: fastapi_route(Depends(wrong(fastapi_privy.current_user)())),
        ("PrivyDependency", "connection"),
        TypeError,
    ),
    "fastapi: an alias in Depends": Row(
        lambda: fastapi_route(Depends(wrong(fastapi_privy.CurrentUser))), ("CurrentUser", "annotations")
    ),
    "fastapi: without Depends": Row(lambda: fastapi_route(fastapi_privy.current_user), ("Depends",)),
    "fastapi: privy_auth in a list of dependencies": Row(
        lambda: fastapi_dependencies(Depends(fastapi_privy.privy_auth)), ("privy_auth", "Depends(require())")
    ),
    "litestar: guard uncalled": Row(
        lambda: litestar_app(guards=[litestar_privy.requires_privy_user]), ("guards", "requires_privy_user()")
    ),
    "litestar: a text": Row(lambda: litestar_privy.requires_privy_user(wrong("ethereum")), ("wallet=",)),
    "litestar: unknown word": Row(lambda: wrong(litestar_privy.requires_privy_user)(walet="x"), ("walet",)),
    "rest framework: an instance": Row(lambda: rest_request(PrivyUserRequired()), ("permission_classes", "class")),
    "rest framework: an instance, checked": Row(
        lambda: django_urls(rest_view(PrivyUserRequired())), ("permission_classes", "class"), Reported
    ),
    "rest framework: where uncalled": Row(
        lambda: rest_request(PrivyUserRequired.where), ("where", 'where(wallet="ethereum")')
    ),
    "rest framework: where uncalled, checked": Row(
        lambda: django_urls(rest_view(PrivyUserRequired.where)), ("permission_classes", "where("), Reported
    ),
    "rest framework: unknown word": Row(lambda: wrong(PrivyUserRequired.where)(walet="x"), ("walet", '"wallet"')),
    "ninja: uncalled": Row(lambda: ninja_request(django_privy.ninja.privy_auth), ("privy_auth", "privy_auth()")),
    "ninja: the class": Row(lambda: ninja_request(django_privy.ninja.PrivyUserAuth), ("privy_auth()",)),
    "ninja: a text": Row(lambda: django_privy.ninja.privy_auth(wrong("ethereum")), ("wallet=",)),
}

CORE: dict[str, Row] = {
    "no app id": Row(wrong(PrivyConfig), ("app_id", "required"), TypeError),
    "app id by position": Row(lambda: wrong(PrivyConfig)("app"), ("PrivyConfig", 'app_id="…"')),
    "app id: your-app-id": Row(lambda: config(app_id="your-app-id"), ("app_id", "placeholder", "dashboard")),
    "app id: YOUR_PRIVY_APP_ID": Row(lambda: config(app_id="YOUR_PRIVY_APP_ID"), ("app_id", "placeholder")),
    "app id: <app id>": Row(lambda: config(app_id="<app id>"), ("app_id", "placeholder")),
    "app id: xxx": Row(lambda: config(app_id="xxx"), ("app_id", "placeholder")),
    "app id: ...": Row(lambda: config(app_id="..."), ("app_id", "placeholder")),
    "app id: changeme": Row(lambda: env(PRIVY_APP_ID="changeme"), ("PRIVY_APP_ID", "placeholder")),
    "app id: my-app-id": Row(lambda: config(app_id="my-app-id"), ("app_id", "placeholder")),
    "app id: PRIVY_APP_ID": Row(lambda: config(app_id="PRIVY_APP_ID"), ("app_id", "placeholder")),
    "app id: TODO": Row(lambda: config(app_id="TODO"), ("app_id", "placeholder")),
    "app id: None as text": Row(lambda: config(app_id="None"), ("app_id", "placeholder")),
    "app id: one of several": Row(lambda: config(app_id=["app", "your-app-id"]), ("app_id", "placeholder")),
    "app id: a client id": Row(lambda: config(app_id="client-WY5abc"), ("app_id", "client id", "app id")),
    "app id: in quotes": Row(lambda: env(PRIVY_APP_ID='"app"'), ("PRIVY_APP_ID", "quotes")),
    "app id: with a space": Row(lambda: config(app_id=" app"), ("app_id", "space")),
    "app id: several in one text": Row(lambda: config(app_id="one,two"), ("app_id", "list")),
    "key: a placeholder": Row(
        lambda: config(verification_key="your-verification-key"), ("verification_key", "placeholder")
    ),
    "key: a placeholder in PEM": Row(
        lambda: config(verification_key="-----BEGIN PUBLIC KEY-----\n...\n-----END PUBLIC KEY-----"),
        ("verification_key", "placeholder"),
    ),
    "secret of the key cache: too short": Row(
        lambda: config(key_cache_secret="secret"), ("key_cache_secret", "32 characters", "app secret")
    ),
    "secret of the key cache: in the environment": Row(
        lambda: env(PRIVY_KEY_CACHE_SECRET="secret"), ("PRIVY_KEY_CACHE_SECRET", "32 characters")
    ),
    "secret: a placeholder": Row(lambda: config(app_secret="<app secret>"), ("app_secret", "placeholder")),
    "client_id=": Row(lambda: config(client_id="app"), ("client_id", "app_id")),
    "verifcation_key=": Row(lambda: config(verifcation_key=PEM), ("verifcation_key", "verification_key")),
    "protect=": Row(lambda: config(protect=["/api"]), ("protect", "PrivyMiddleware(app, config, protect=")),
    "audience=": Row(lambda: config(audience="app"), ("audience", "app_id")),
    "clock_skew=": Row(lambda: config(clock_skew=5), ("clock_skew", "leeway")),
    "leeway as text": Row(lambda: config(leeway="10"), ("leeway", "number")),
    "leeway in the environment": Row(lambda: env(PRIVY_LEEWAY="10s"), ("PRIVY_LEEWAY", "number")),
    "on_missing": Row(lambda: config(on_missing="raise"), ("on_missing", '"reject"')),
    "sources": Row(lambda: config(sources=["headers"]), ("sources", '"header"')),
    "tokens": Row(lambda: config(tokens="id"), ("tokens", '"identity"')),
    "async is_revoked": Row(lambda: config(is_revoked=is_revoked), ("is_revoked", "plain function")),
    "revocations": Row(lambda: config(revocations="localhost:6379"), ("revocations", "redis://localhost:6379/0")),
    "revocations of another type": Row(lambda: config(revocations={}), ("revocations", "RedisRevocations")),
    "revocations in the environment": Row(
        lambda: env(PRIVY_REVOCATIONS="http://localhost"), ("PRIVY_REVOCATIONS", "redis://localhost:6379/0")
    ),
    "async on_refused": Row(lambda: config(on_refused=is_revoked), ("on_refused", "plain function")),
    "trusted_origins with a path": Row(
        lambda: config(trusted_origins=["https://a.example/x"]), ("trusted_origins", "without a path")
    ),
    "trusted_origins in one text": Row(
        lambda: config(trusted_origins="https://a.example,https://b.example"), ("trusted_origins",)
    ),
    "login_url": Row(lambda: config(login_url="login"), ("login_url", "path")),
    "jwks_url": Row(lambda: config(jwks_url="http://keys.example/"), ("jwks_url", "https")),
    "environment: mistyped": Row(
        lambda: env(PRIVY_LEEWAYS="5"), ("PRIVY_LEEWAYS", 'did you mean "PRIVY_LEEWAY"'), WarningLogged
    ),
    "environment: unknown": Row(lambda: env(PRIVY_ZZZ="5"), ("PRIVY_ZZZ", "not a setting"), WarningLogged),
    "environment: protect": Row(lambda: env(PRIVY_PROTECT="/api"), ("PRIVY_PROTECT", "protect="), WarningLogged),
    "environment: in code only": Row(
        lambda: env(PRIVY_IS_REVOKED="app.is_revoked"), ("PRIVY_IS_REVOKED", "in code"), WarningLogged
    ),
    "environment: Web3Auth": Row(
        lambda: Web3AuthConfig.from_env({"WEB3AUTH_CLIENT_ID": "app", "WEB3AUTH_CLIENTID": "app"}),
        ("WEB3AUTH_CLIENTID", '"WEB3AUTH_CLIENT_ID"'),
        WarningLogged,
    ),
    "environment: custom keys": Row(
        lambda: CustomKeyConfig.from_env({"CUSTOM_KEY_ISSUERS": "a"}), ("CUSTOM_KEY_PUBLIC_KEY", "required")
    ),
    "from_env: unknown keyword": Row(lambda: PrivyConfig.from_env({}, login="/x"), ("login", "login_url")),
    "verifier: a text": Row(lambda: PrivyVerifier(wrong("app")), ("config", "PrivyConfig")),
    "verifier: settings by name": Row(lambda: wrong(PrivyVerifier)(app_id="app"), ("app_id", "PrivyVerifier(")),
    "asgi: settings by name": Row(lambda: wrong(PrivyMiddleware)(asgi_app, app_id="app"), ("app_id", "APP_ID")),
    "asgi: the app is missing": Row(lambda: PrivyMiddleware(wrong(config())), ("app", "the app")),
    "asgi: a text": Row(lambda: PrivyMiddleware(asgi_app, wrong("app")), ("config", '{"APP_ID"')),
    "asgi: protected": Row(
        lambda: wrong(PrivyMiddleware)(asgi_app, config(), protected=["/"]), ("protected", '"protect"')
    ),
    "asgi: exempt alone": Row(
        lambda: PrivyMiddleware(asgi_app, config(), exempt=["/health"]), ("exempt", "protect", "on_missing")
    ),
    "asgi: protect as text": Row(lambda: PrivyMiddleware(asgi_app, config(), protect="/api"), ("protect", '["/api"]')),
    "asgi: protect without a slash": Row(
        lambda: PrivyMiddleware(asgi_app, config(), protect=["api"]), ("protect", 'starts with "/"', '"api"')
    ),
    "asgi: protect with a query": Row(
        lambda: PrivyMiddleware(asgi_app, config(), protect=["/api?x"]), ("protect", "without a query")
    ),
    "asgi: protect with a URL": Row(
        lambda: PrivyMiddleware(asgi_app, config(), protect=["https://a.example/api"]), ("protect", "only the path")
    ),
    "asgi: protect with a wildcard": Row(
        lambda: PrivyMiddleware(asgi_app, config(), protect=["/api/*"]), ("protect", "wildcard")
    ),
    "asgi: CORS inside": Row(
        lambda: PrivyMiddleware(CORSMiddleware(asgi_app), config()), ("CORSMiddleware", "outside"), WarningLogged
    ),
    "wsgi: settings by name": Row(lambda: wrong(PrivyWSGIMiddleware)(wsgi_app, app_id="app"), ("app_id", "APP_ID")),
    "wsgi: exempt alone": Row(lambda: PrivyWSGIMiddleware(wsgi_app, config(), exempt=["/x"]), ("exempt", "protect")),
    "wsgi: the app is missing": Row(lambda: PrivyWSGIMiddleware(wrong(config())), ("app", "the app")),
}

PLUGINS: dict[str, Row] = {
    "flask: settings by name": Row(
        lambda: wrong(flask_privy.Privy)(flask.Flask("x"), app_id="app"), ("app_id", 'Privy(app, {"APP_ID"')
    ),
    "flask: protect by name": Row(
        lambda: wrong(flask_privy.Privy)(flask.Flask("x"), protect=["/"]), ("protect", "privy.protect(")
    ),
    "flask: PRIVY_PROTECT": Row(
        lambda: flask_app(PRIVY_APP_ID="app", PRIVY_PROTECT=["/"]), ('app.config["PRIVY_PROTECT"]', "privy.protect(")
    ),
    "flask: PRIVY_EXEMPTED": Row(
        lambda: flask_app(PRIVY_APP_ID="app", PRIVY_EXEMPTED=["/"]), ("PRIVY_EXEMPTED", "privy.protect(")
    ),
    "flask: PRIVY_LEEWAY": Row(
        lambda: flask_app(PRIVY_APP_ID="app", PRIVY_LEEWAY=600), ('app.config["PRIVY_LEEWAY"]', "60")
    ),
    "flask: PRIVY_APPID": Row(lambda: flask_app(PRIVY_APPID="app"), ('app.config["PRIVY_APPID"]', "APP_ID")),
    "flask: no app id": Row(lambda: flask_app(PRIVY_LOGIN_URL="/in"), ('app.config["PRIVY_APP_ID"]', "PRIVY_APP_ID")),
    "flask: a mapping": Row(lambda: flask_app({"LEEWAY": 600, "APP_ID": "app"}), ("leeway", "60")),
    "flask: the configuration as app": Row(lambda: flask_privy.Privy(wrong(config())), ("app", "Privy(app")),
    "django: PROTECTED": Row(
        lambda: django({"APP_ID": "x", "PROTECTED": ["/api"]}), ('settings.PRIVY["PROTECTED"]', '"PROTECT"'), Reported
    ),
    "django: EXEMPTED": Row(
        lambda: django({"APP_ID": "x", "EXEMPTED": ["/api"]}), ('settings.PRIVY["EXEMPTED"]', '"EXEMPT"'), Reported
    ),
    "django: placeholder": Row(
        lambda: django({"APP_ID": "your-app-id"}), ('settings.PRIVY["APP_ID"]', "placeholder"), Reported
    ),
    "django: only LOGIN_URL": Row(lambda: django({"LOGIN_URL": "/in"}), ("APP_ID", "PRIVY_APP_ID"), Reported),
    "django: a text": Row(lambda: django("app"), ("settings.PRIVY", "dict"), Reported),
    "django: PROTECT as text": Row(
        lambda: django({"APP_ID": "x", "PROTECT": "/api"}), ('settings.PRIVY["PROTECT"]', '["/api"]'), Reported
    ),
    "django: EXEMPT alone": Row(
        lambda: django({"APP_ID": "x", "EXEMPT": ["/api"]}), ('settings.PRIVY["EXEMPT"]', "PROTECT"), Reported
    ),
    "django: PROTECT matches nothing": Row(
        lambda: django_urls(homepage, {"APP_ID": "x", "PROTECT": ["/nowhere"]}), ("/nowhere", "no URL"), Reported
    ),
    "channels: protect by name": Row(
        lambda: wrong(PrivyMiddlewareStack)(asgi_app, protect=["/ws"]), ("protect", "settings.PRIVY")
    ),
    "django: CORS after": Row(
        lambda: django(
            MIDDLEWARE=[
                "django.middleware.csrf.CsrfViewMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django_privy.middleware.PrivyMiddleware",
                "corsheaders.middleware.CorsMiddleware",
            ]
        ),
        ("CorsMiddleware", "List it after"),
        Reported,
    ),
    "fastapi: settings by name": Row(
        lambda: wrong(fastapi_privy.Privy)(FastAPI(), app_id="app"), ("app_id", 'Privy(app, {"APP_ID"')
    ),
    "fastapi: exempted": Row(
        lambda: wrong(fastapi_privy.Privy)(FastAPI(), config(), exempted=["/"]), ("exempted", '"exempt"')
    ),
    "fastapi: protect in the settings": Row(
        lambda: fastapi_privy.Privy(FastAPI(), {"APP_ID": "app", "PROTECT": ["/api"]}), ("PROTECT", "protect=")
    ),
    "fastapi: the configuration as app": Row(lambda: fastapi_privy.Privy(wrong(config())), ("app", "Privy(app")),
    "fastapi: exempt alone": Row(lambda: fastapi_app(exempt=["/health"]), ("exempt", "protect")),
    "fastapi: protect matches nothing": Row(
        lambda: starting(fastapi_app("/api", protect=["/apis"])), ("protect", "/apis", "no route"), WarningLogged
    ),
    "fastapi: exempt matches nothing": Row(
        lambda: starting(fastapi_app("/api", protect=["/"], exempt=["/helth"])), ("exempt", "/helth"), WarningLogged
    ),
    "fastapi: CORS inside": Row(
        lambda: starting(cors_first(FastAPI, fastapi_privy.Privy)), ("CORSMiddleware", "after"), WarningLogged
    ),
    "starlette: settings by name": Row(
        lambda: wrong(starlette_privy.Privy)(Starlette(), app_id="app"), ("app_id", 'Privy(app, {"APP_ID"')
    ),
    "starlette: protect matches nothing": Row(
        lambda: starting(starlette_app("/api", protect=["/apis"])), ("protect", "/apis"), WarningLogged
    ),
    "starlette: CORS inside": Row(
        lambda: starting(cors_first(Starlette, starlette_privy.Privy)), ("CORSMiddleware", "after"), WarningLogged
    ),
    "starlette: CORS inside in the list": Row(
        lambda: plain_starlette(*CORS_INSIDE), ("CORSMiddleware",), WarningLogged
    ),
    "starlette: the middleware's prefix matches nothing": Row(
        lambda: plain_starlette(Middleware(PrivyMiddleware, issuer_config(), protect=["/x"])), ("/x",), WarningLogged
    ),
    "litestar: settings by name": Row(lambda: litestar_app(app_id="app"), ("app_id", 'Privy({"APP_ID"')),
    "litestar: protect matches nothing": Row(lambda: litestar_app(protect=["/apis"]), ("/apis",), WarningLogged),
    "litestar: exempt alone": Row(lambda: litestar_app(exempt=["/x"]), ("exempt", "protect")),
}

OTHERS: dict[str, Row] = {
    "Web3Auth: app_id": Row(lambda: wrong(Web3AuthConfig)(app_id="app"), ("app_id", "client_id")),
    "Web3Auth: placeholder": Row(lambda: Web3AuthConfig(client_id="YOUR_CLIENT_ID"), ("client_id", "placeholder")),
    "Web3Auth: one of two": Row(
        lambda: Web3AuthConfig(client_id="app", external_issuers=("metamask",)), ("external_audiences", "together")
    ),
    "Web3Auth: sources": Row(lambda: Web3AuthConfig(client_id="app", sources=("cookie",)), ("sources", "header")),
    "custom keys: algorithm": Row(
        lambda: CustomKeyConfig(public_key=PEM, algorithms=("HS256",), issuer="i", audience="a"), ("algorithms",)
    ),
    "custom keys: algorithm=": Row(
        lambda: wrong(CustomKeyConfig)(public_key=PEM, algorithm="ES256", issuer="i", audience="a"),
        ("algorithm", "algorithms"),
    ),
    "custom keys: secret": Row(lambda: AccessTokenSigner("key"), ("api_secret", "signing_function")),
    "webhooks: the app secret": Row(lambda: WebhookVerifier("app-secret"), ("secrets", "whsec_")),
    "webhooks: no secret": Row(lambda: WebhookVerifier(wrong(None)), ("secrets", "dashboard")),
    "webhooks: not a function": Row(lambda: WebhookReceiver(SECRET, on_event=wrong("x")), ("on_event", "function")),
    "webhooks: async under WSGI": Row(
        lambda: WebhookWSGIApp(SECRET, on_event=wrong(is_revoked)), ("on_event", "plain function")
    ),
    "webhooks: unknown keyword": Row(
        lambda: wrong(WebhookASGIApp)(SECRET, on_delete=print), ("on_delete", '"on_deleted"')
    ),
    "webhooks: users is no loader": Row(lambda: WebhookReceiver(SECRET, users=wrong("x")), ("users", "UserLoader")),
    "loader: no secret": Row(lambda: UserLoader(config()), ("app_secret",)),
    "loader: on_outage": Row(
        lambda: UserLoader(config(app_secret="s"), on_outage=wrong("raise")), ("on_outage", '"error"')
    ),
    "loader: ttl as text": Row(lambda: UserLoader(config(app_secret="s"), ttl=wrong("60")), ("ttl", "number")),
    "loader: settings by name": Row(lambda: wrong(UserLoader)(app_secret="s"), ("app_secret", "UserLoader(")),
    "loader: a text": Row(lambda: UserLoader(wrong("app")), ("settings", "dict")),
    "issuer: on every interface": Row(lambda: DevelopmentIssuer(host="0.0.0.0"), ("host", "loopback")),
    "issuer: unknown persona": Row(lambda: ISSUER.identity_token("alice"), ("persona", "ada")),
    "issuer: lifetime as text": Row(lambda: DevelopmentIssuer(lifetime=wrong("1h")), ("lifetime", "seconds")),
    "issuer: port as text": Row(lambda: DevelopmentIssuer(port=wrong("8000")), ("port", "number")),
    "issuer: no app id": Row(lambda: DevelopmentIssuer(app_id=""), ("app_id",)),
}

ROWS = {
    f"{group}, {name}": row
    for group, rows in {
        "conditions": CONDITIONS,
        "decorators": DECORATORS,
        "core": CORE,
        "plugins": PLUGINS,
        "others": OTHERS,
    }.items()
    for name, row in rows.items()
}


class Kept(logging.Handler):
    """Keeps what is logged, also if a framework replaces the handlers of the root logger."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.records.append(record)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[logging.LogRecord]]:
    """Return what the settings log, and let every test log each warning anew."""
    monkeypatch.setattr(hints, "_warned", set())
    logger, kept = logging.getLogger("privy_middleware.settings"), Kept()
    logger.addHandler(kept)
    with own_logging():
        yield kept.records
    logger.removeHandler(kept)


@pytest.mark.parametrize("name", ROWS)
def test_mistake(name: str, logged: list[logging.LogRecord]) -> None:
    """The error or the one warning names the setting and says what to do."""
    row = ROWS[name]
    if row.expected is WarningLogged:
        row.call()
        assert [each.levelname for each in logged] == ["WARNING"]
        message = logged[0].getMessage()
    else:
        with pytest.raises(row.expected) as caught:
            row.call()
        message = str(caught.value)
    assert [word for word in row.words if word not in message] == [], message
    assert row.expected is Reported or "\n" not in message


def test_enough_mistakes() -> None:
    """The table covers every setting, decorator, dependency and constructor, with what people really write."""
    assert len(ROWS) >= 80


def test_a_warning_is_logged_once(logged: list[logging.LogRecord]) -> None:
    """The same mistake is not reported again, but another one is."""
    for name in ("PRIVY_ONE", "PRIVY_ONE", "PRIVY_TWO"):
        env(**{name: "a-value-to-hide"})
    assert [each.getMessage().partition(":")[0] for each in logged] == ["PRIVY_ONE", "PRIVY_TWO"]
    assert not any("hide" in each.getMessage() for each in logged)
