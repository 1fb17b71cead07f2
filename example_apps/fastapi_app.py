"""The example routes in FastAPI: ``uvicorn example_apps.fastapi_app:app``; the documentation is at ``/docs``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, WebSocket

from example_apps.settings import load_config
from fastapi_privy import AccessClaims, CurrentUser, OptionalUser, Privy, privy_auth, require
from privy_middleware import AccessTokenClaims, PrivyConfig, PrivyUser

__all__ = ["app", "create_app"]

WalletOwner = Annotated[PrivyUser, Depends(require(wallet="ethereum"))]
Admin = Annotated[PrivyUser, Depends(require(metadata={"role": "admin"}))]


def create_app(config: PrivyConfig | None = None) -> FastAPI:
    """Return the app with the given settings, or those from the environment."""
    app = FastAPI(title="Privy example")
    Privy(app, config or load_config())

    @app.get("/")
    async def home(request: Request) -> dict[str, Any]:
        auth = privy_auth(request)
        return {"user_id": auth.user and auth.user.id, "error": auth.error}

    @app.get("/me")
    async def me(user: CurrentUser) -> PrivyUser:
        return user

    @app.get("/optional")
    async def optional(user: OptionalUser) -> dict[str, Any]:
        return {"user_id": user and user.id}

    @app.get("/session")
    async def session(claims: AccessClaims) -> AccessTokenClaims:
        return claims

    @app.get("/wallet")
    async def wallet(user: WalletOwner) -> dict[str, str]:
        return {"address": next(each.address for each in user.wallets if each.chain_type == "ethereum")}

    @app.get("/admin")
    async def admin(user: Admin) -> dict[str, str]:
        return {"user_id": user.id}

    @app.post("/profile")
    async def profile(user: CurrentUser) -> dict[str, str]:
        return {"user_id": user.id}

    @app.websocket("/ws")
    async def echo(websocket: WebSocket, user: CurrentUser) -> None:
        await websocket.accept()
        await websocket.send_json({"user_id": user.id})
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    return app


app = create_app()
