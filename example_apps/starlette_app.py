"""The example routes in Starlette: ``uvicorn example_apps.starlette_app:app``."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from example_apps.settings import load_config
from fastapi_privy.starlette import Privy, optional_privy_user, privy_auth, require_privy_user
from privy_middleware import PrivyConfig

__all__ = ["app", "create_app"]


async def home(request: Request) -> JSONResponse:
    """Return the ID of the user, or ``None``; never rejects a request."""
    auth = privy_auth(request)
    return JSONResponse({"user_id": auth.user and auth.user.id, "error": auth.error})


@require_privy_user
async def me(request: Request) -> JSONResponse:
    """Return the user."""
    return JSONResponse(request.state.privy_user.to_dict())


@optional_privy_user
async def optional(request: Request) -> JSONResponse:
    """Return the ID of the user, or ``None``; rejects invalid tokens."""
    user = request.state.privy_user
    return JSONResponse({"user_id": user and user.id})


async def session(request: Request) -> JSONResponse:
    """Return the claims of the access token."""
    return JSONResponse(privy_auth(request).require_access().to_dict())


@require_privy_user(wallet="ethereum")
async def wallet(request: Request) -> JSONResponse:
    """Return the address of the first Ethereum wallet."""
    wallets = request.state.privy_user.wallets
    return JSONResponse({"address": next(each.address for each in wallets if each.chain_type == "ethereum")})


@require_privy_user(metadata={"role": "admin"})
async def admin(request: Request) -> JSONResponse:
    """Return the ID of an admin."""
    return JSONResponse({"user_id": request.state.privy_user.id})


@require_privy_user
async def profile(request: Request) -> JSONResponse:
    """Show the cross-site rule, which applies to unsafe methods."""
    return JSONResponse({"user_id": request.state.privy_user.id})


@require_privy_user
async def echo(websocket: WebSocket) -> None:
    """Send the user's ID, then echo."""
    await websocket.accept()
    await websocket.send_json({"user_id": websocket.state.privy_user.id})
    async for text in websocket.iter_text():
        await websocket.send_text(text)


def create_app(config: PrivyConfig | None = None) -> Starlette:
    """Return the app with the given settings, or those from the environment."""
    pages = [Route(f"/{page.__name__}", page) for page in (me, optional, session, wallet, admin)]
    changes = [Route("/profile", profile, methods=["POST"]), WebSocketRoute("/ws", echo)]
    app = Starlette(routes=[Route("/", home), *pages, *changes])
    Privy(app, config or load_config())
    return app


app = create_app()
