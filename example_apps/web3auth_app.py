"""Web3Auth with Starlette: the user, and a check that a wallet belongs to the user.

WEB3AUTH_CLIENT_ID=… uvicorn --factory example_apps.web3auth_app:create_app
"""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from privy_middleware import PrivyMiddleware
from privy_middleware.web3auth import Web3AuthConfig, Web3AuthUser, user_of

__all__ = ["create_app"]


async def home(request: Request) -> JSONResponse:
    """Return the ID of the user, or ``None``; never rejects a request."""
    user, auth = request.state.privy_user, request.state.privy_auth
    return JSONResponse({"user_id": user and user.id, "error": auth.error})


async def me(request: Request) -> JSONResponse:
    """Return the user."""
    return JSONResponse(user_of(request.state.privy_auth, Web3AuthUser).to_dict())


async def check(request: Request) -> JSONResponse:
    """Check that the wallet in the body belongs to the user; the responses are those of Web3Auth's documentation."""
    user = user_of(request.state.privy_auth, Web3AuthUser)
    if is_theirs(user, await request.body()):
        return JSONResponse({"name": "Verification Successful"})
    return JSONResponse({"name": "Verification Failed"}, status_code=400)


def is_theirs(user: Web3AuthUser, body: bytes) -> bool:
    """Return whether ``appPubKey`` (social logins) or ``public_address`` (external wallets) is the user's."""
    try:
        named = json.loads(body)
    except ValueError:
        return False
    if not isinstance(named, dict):
        return False
    return user.owns_app_key(named.get("appPubKey", "")) or user.owns_wallet(named.get("public_address", ""))


def create_app(config: Web3AuthConfig | None = None) -> Starlette:
    """Return the app with the given settings, or those from the ``WEB3AUTH_*`` environment variables."""
    return Starlette(
        routes=[Route("/", home), Route("/me", me), Route("/check", check, methods=["POST"])],
        middleware=[Middleware(PrivyMiddleware, config=config or Web3AuthConfig.from_env())],
    )
