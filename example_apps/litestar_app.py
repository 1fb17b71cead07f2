"""The example for Litestar: ``uvicorn example_apps.litestar_app:app``."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, WebSocket, get, post, websocket
from litestar.datastructures import State

from example_apps.settings import load_config
from litestar_privy import CurrentUser, OptionalUser, Privy, requires_privy_user
from privy_middleware import PrivyAuth, PrivyConfig, PrivyUser

__all__ = ["app", "create_app"]

PrivyRequest = Request[PrivyUser | None, PrivyAuth, State]


@get("/")
async def home(request: PrivyRequest) -> dict[str, str | None]:
    """Return the same to every client."""
    return {"user_id": request.user.id if request.user else None, "error": request.auth.error}


@get("/me")
async def me(current_user: CurrentUser) -> dict[str, Any]:
    """Answer with the user."""
    return current_user.to_dict()


@get("/optional")
async def optional(optional_user: OptionalUser) -> dict[str, str | None]:
    """Answer with the user's id, if there is a user."""
    return {"user_id": optional_user.id if optional_user else None}


@get("/session")
async def session(request: PrivyRequest) -> dict[str, Any]:
    """Answer with the claims of the access token."""
    return request.auth.require_access().to_dict()


@get("/wallet", guards=[requires_privy_user(wallet="ethereum")])
async def wallet(current_user: CurrentUser) -> dict[str, str]:
    """Answer with the address of the first Ethereum wallet."""
    return {"address": next(each.address for each in current_user.wallets if each.chain_type == "ethereum")}


@get("/admin", guards=[requires_privy_user(metadata={"role": "admin"})])
async def admin(current_user: CurrentUser) -> dict[str, str]:
    """Answer an admin."""
    return {"user_id": current_user.id}


@post("/profile", status_code=200)
async def profile(current_user: CurrentUser) -> dict[str, str]:
    """Change something, to show the cross-site rule."""
    return {"user_id": current_user.id}


@websocket("/ws", guards=[requires_privy_user()])
async def echo(socket: WebSocket[PrivyUser, PrivyAuth, State]) -> None:
    """Send the user's ID, then echo messages."""
    await socket.accept()
    await socket.send_json({"user_id": socket.user.id})
    async for text in socket.iter_data("text"):
        await socket.send_text(text)


def create_app(config: PrivyConfig | None = None) -> Litestar:
    """Return the app with the given settings, or those of the environment."""
    handlers = [home, me, optional, session, wallet, admin, profile, echo]
    # Litestar would configure logging for the whole process, which the server does.
    return Litestar(handlers, plugins=[Privy(config or load_config())], logging_config=None)


app = create_app()
