"""The example routes in Flask: ``flask --app example_apps.flask_app run``."""

from __future__ import annotations

from typing import Any

from flask import Flask

from example_apps.settings import load_config
from flask_privy import Privy, optional_privy_user, privy_auth, privy_user, require_privy_user
from privy_middleware import PrivyConfig


def create_app(config: PrivyConfig | None = None) -> Flask:
    """Return the app with the given settings, or those from the environment."""
    app = Flask(__name__)
    Privy(app, config or load_config())

    @app.get("/")
    def index() -> dict[str, Any]:
        user = privy_auth.user
        return {"user_id": user.id if user else None, "error": privy_auth.error}

    @app.get("/me")
    @require_privy_user
    def me() -> dict[str, Any]:
        return privy_user.to_dict()

    @app.get("/optional")
    @optional_privy_user
    def optional() -> dict[str, Any]:
        user = privy_auth.user
        return {"user_id": user.id if user else None}

    @app.get("/session")
    def session() -> dict[str, Any]:
        return privy_auth.require_access().to_dict()

    @app.get("/wallet")
    @require_privy_user(wallet="ethereum")
    def wallet() -> dict[str, Any]:
        return {"address": next(each.address for each in privy_user.wallets if each.chain_type == "ethereum")}

    @app.get("/admin")
    @require_privy_user(metadata={"role": "admin"})
    def admin() -> dict[str, Any]:
        return {"user_id": privy_user.id}

    @app.post("/profile")
    @require_privy_user
    def profile() -> dict[str, Any]:
        return {"user_id": privy_user.id}

    return app


app = create_app()
