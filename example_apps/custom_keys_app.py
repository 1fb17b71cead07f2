"""Custom authentication keys with Starlette: a server that issues tokens and verifies them.

uvicorn example_apps.custom_keys_app:app

The tokens are signed with ``PRIVY_API_KEY`` and ``PRIVY_API_SECRET``. Without them a random secret is used.
"""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from privy_middleware import PrivyMiddleware
from privy_middleware.custom_keys import AccessTokenSigner, CustomKeyConfig

__all__ = ["app", "create_app"]

AUDIENCE = "api.privy.io"


def load_pair() -> tuple[str, str]:
    """Return the API key and secret from the environment, or an example key with a random secret."""
    made_up = urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return os.environ.get("PRIVY_API_KEY", "example-api-key"), os.environ.get("PRIVY_API_SECRET") or made_up


async def token(request: Request) -> JSONResponse:
    """Issue a token; a real app must authenticate the client first."""
    signer: AccessTokenSigner = request.app.state.signer
    return JSONResponse({"token": signer.create_access_token(request.path_params["subject"])})


async def me(request: Request) -> JSONResponse:
    """Return the user of the token."""
    return JSONResponse({"user_id": request.state.privy_user.id, "subject": request.state.privy_auth.claims["sub"]})


def create_app(api_key: str | None = None, api_secret: str | None = None) -> Starlette:
    """Return the app with the given API key and secret, or those from the environment."""
    if api_key is None or api_secret is None:
        api_key, api_secret = load_pair()
    signer = AccessTokenSigner(api_key, api_secret)
    config = CustomKeyConfig(public_key=signer.public_key, algorithms=("EdDSA",), issuer=api_key, audience=AUDIENCE)
    app = Starlette(
        routes=[Route("/tokens/{subject}", token, methods=["POST"]), Route("/me", me)],
        middleware=[Middleware(PrivyMiddleware, config=config, protect=["/me"])],
    )
    app.state.signer = signer
    return app


app = create_app()
