"""Full users in FastAPI: the access token has the ID, the REST API the accounts, and webhooks report changes.

``PRIVY_APP_SECRET`` and ``PRIVY_WEBHOOK_SECRET`` are used in addition to the settings of the other examples. If the
development issuer is used, its test users replace the REST API.
"""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from starlette.routing import Route

from example_apps.settings import load_config
from fastapi_privy import CurrentUser, Privy
from privy_middleware import PrivyConfig, PrivyUser, PrivyVerifier
from privy_middleware.development import PERSONAS, development_issuer
from privy_middleware.loader import UserLoader
from privy_middleware.webhooks import WebhookASGIApp

__all__ = ["app", "create_app"]


async def full_user(request: Request, user: CurrentUser) -> PrivyUser:
    """Return the full user of the request."""
    users: UserLoader = request.app.state.users
    return await users.aload(user)


FullUser = Annotated[PrivyUser, Depends(full_user)]


def create_app(
    config: PrivyConfig | None = None, *, users: UserLoader | None = None, webhook_secret: str | None = None
) -> FastAPI:
    """Return the app with the given settings, or those from the environment."""
    invented = config is None and not os.environ.get("PRIVY_APP_ID")
    config = config or load_config()
    webhook_secret = webhook_secret or os.environ.get("PRIVY_WEBHOOK_SECRET")
    app = FastAPI(title="Privy example: full users")
    app.state.users = users or (_invented_users() if invented else UserLoader(config))
    Privy(app, config)
    if webhook_secret:
        app.router.routes.append(Route("/privy/webhooks", WebhookASGIApp(webhook_secret, users=app.state.users)))

    @app.get("/me")
    async def me(user: FullUser) -> PrivyUser:
        return user

    @app.get("/token")
    async def token(user: CurrentUser) -> dict[str, object]:
        return {"user_id": user.id, "complete": user.complete}

    @app.get("/wallets")
    async def wallets(user: FullUser) -> list[str]:
        return [wallet.address for wallet in user.wallets]

    return app


def _invented_users() -> UserLoader:
    issuer = development_issuer()
    verifier = PrivyVerifier(issuer.config())
    tokens = {persona.did: issuer.identity_token(persona) for persona in PERSONAS.values()}

    def load_user(did: str) -> PrivyUser | None:
        return verifier.verify_identity_token(tokens[did]) if did in tokens else None

    return UserLoader(issuer.config(), load_user=load_user)


app = create_app()
