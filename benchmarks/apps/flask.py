"""Flask: this library, flask-jwt-extended, and PyJWT in a decorator."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Flask, abort, g, request
from flask_jwt_extended import JWTManager, get_jwt_identity, jwt_required

import flask_privy
from benchmarks.apps.contender import Contender, Stack, bare, nothing, ours, peer
from benchmarks.apps.verifying import Failed, Verify, pyjwt
from benchmarks.sending import LOOKING, PATH, App
from benchmarks.tokens import ISSUER, USER, Bench
from privy_middleware import PrivyConfig

__all__ = ["stack"]


def stack(bench: Bench, config: PrivyConfig) -> Stack:
    """Return the apps."""
    extended = peer("flask-jwt-extended", _extended(bench))
    by_hand = peer("PyJWT by hand", _by_hand(pyjwt(bench)))
    return Stack(bare(_app(_nobody)), [_ours(config), _nothing(), extended, by_hand], "wsgi")


def _app(view: App) -> Any:
    app = Flask(__name__)
    app.get(PATH)(view)
    return app


def _nobody() -> dict[str, str]:
    return {"user": USER}


def _ours(config: PrivyConfig) -> Contender:
    @flask_privy.require_privy_user
    def page() -> dict[str, str]:
        return {"user": flask_privy.privy_user.id}

    @flask_privy.require_privy_user
    def accounts() -> dict[str, str]:
        assert flask_privy.privy_user.linked_accounts
        return {"user": flask_privy.privy_user.id}

    app = _app(page)
    app.get(LOOKING)(accounts)
    flask_privy.Privy(app, config)
    return ours(app)


def _nothing() -> Contender:
    app = _app(_nobody)
    app.before_request(lambda: None)
    app.after_request(lambda response: response)
    return nothing(app)


def _extended(bench: Bench) -> Any:
    required: Callable[[App], App] = jwt_required()

    @required
    def page() -> dict[str, str]:
        return {"user": get_jwt_identity()}

    app = _app(page)
    app.config.update(
        JWT_ALGORITHM="ES256",
        JWT_PUBLIC_KEY=bench.issuer.public_key_pem,
        JWT_DECODE_AUDIENCE=bench.issuer.app_id,
        JWT_DECODE_ISSUER=ISSUER,
    )
    # By default it responds with 422.
    JWTManager(app).invalid_token_loader(lambda reason: ({"msg": reason}, 401))
    return app


def _by_hand(verify: Verify) -> Any:
    def required(view: App) -> App:
        @functools.wraps(view)
        def wrapper() -> Any:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                abort(401)
            try:
                g.claims = verify(token)
            except Failed:
                abort(401)
            return view()

        return wrapper

    @required
    def page() -> dict[str, str]:
        return {"user": g.claims["sub"]}

    return _app(page)
