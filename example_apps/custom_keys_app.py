"""Earlier custom authentication keys with Starlette: a server that issues tokens, and knows its users again.

uvicorn example_apps.custom_keys_app:app

``PRIVY_API_KEY`` and ``PRIVY_API_SECRET`` are the pair to sign with; without them it makes one up for the time it runs.
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
    """Return the API key and secret of the environment, or a pair that nobody else knows."""
    made_up = urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return os.environ.get("PRIVY_API_KEY", "example-api-key"), os.environ.get("PRIVY_API_SECRET") or made_up


async def token(request: Request) -> JSONResponse:
    """Issue a token; a real app would first make sure who is asking."""
    signer: AccessTokenSigner = request.app.state.signer
    return JSONResponse({"token": signer.create_access_token(request.path_params["subject"])})


async def me(request: Request) -> JSONResponse:
    """Answer with the user that a token of ours names."""
    return JSONResponse({"user_id": request.state.privy_user.id, "subject": request.state.privy_auth.claims["sub"]})


def create_app(api_key: str | None = None, api_secret: str | None = None) -> Starlette:
    """Return the app, with a pair of one's own or that of the environment."""
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
