"""FastAPI: dependencies, their aliases, and response models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, assert_type

from fastapi import APIRouter, Depends, FastAPI, Request, Response, Security, WebSocket
from starlette.requests import HTTPConnection

from fastapi_privy import (
    AccessClaims,
    CurrentUser,
    OptionalUser,
    Privy,
    clear_privy_cookies,
    current_access,
    current_user,
    optional,
    optional_user,
    privy_auth,
    require,
    sign_out,
)
from fastapi_privy.dependencies import PrivyDependency
from privy_middleware import AccessTokenClaims, PrivyAuth, PrivyConfig, PrivyUser, condition
from privy_middleware.conditions import has_linked

app = FastAPI()
router = APIRouter(dependencies=[Depends(current_user)])

Admin = Annotated[PrivyUser, Depends(require(metadata={"role": "admin"}))]
Owner = Annotated[PrivyUser, Depends(require(has_linked("email"), owns_wallet="address"))]
Lenient = Annotated[PrivyUser | None, Depends(optional(on_invalid="anonymous"))]


@app.get("/me")
async def me(user: CurrentUser) -> PrivyUser:
    assert_type(user, PrivyUser)
    return user


@app.post("/sign-out")
async def leave(request: Request, response: Response) -> None:
    assert_type(await sign_out(response, request), Response)
    assert_type(clear_privy_cookies(response, request), Response)


@app.get("/sync")
def sync(user: CurrentUser, number: int = 1) -> dict[str, str]:
    return {"id": user.id * number}


@app.get("/optional")
async def maybe(user: OptionalUser, lenient: Lenient) -> str | None:
    assert_type(user, PrivyUser | None)
    assert_type(lenient, PrivyUser | None)
    return None if user is None else user.id


@app.get("/session")
async def session(claims: AccessClaims) -> AccessTokenClaims:
    assert_type(claims, AccessTokenClaims)
    return claims


@router.get("/wallets/{address}")
async def wallet(address: str, user: Owner, admin: Admin) -> list[PrivyUser]:
    assert_type(user, PrivyUser)
    assert_type(admin, PrivyUser)
    return [user, admin]


@router.get("/scoped")
async def in_full(
    user: Annotated[PrivyUser, Depends(current_user)],
    same: Annotated[PrivyUser | None, Security(optional_user)],
    claims: Annotated[AccessTokenClaims, Depends(current_access)],
) -> str:
    return f"{user.id} {same} {claims.session_id}"


Auth = Annotated[PrivyAuth, Depends(privy_auth)]


@app.get("/auth")
def auth(request: Request, same: Auth) -> str | None:
    assert_type(same, PrivyAuth)
    assert_type(privy_auth(request), PrivyAuth)
    assert_type(privy_auth(request).require(condition(wallet="ethereum")), PrivyUser)
    return privy_auth(request).error


@app.websocket("/ws")
async def socket(websocket: WebSocket, user: CurrentUser) -> None:
    assert_type(privy_auth(websocket), PrivyAuth)
    await websocket.send_text(user.id)


def signatures(user: PrivyUser, claims: AccessTokenClaims) -> None:
    # FastAPI returns the functions as they were.
    assert_type(sync(user, number=2), dict[str, str])
    assert_type(require(), Callable[[HTTPConnection, PrivyUser], Awaitable[PrivyUser]])
    assert_type(
        require(
            has_linked("email"),
            lambda user: user.is_guest,
            wallet="ethereum",
            linked="email",
            metadata={"role": "admin"},
            guest=False,
            verified_within=60,
            owns_wallet="address",
        ),
        Callable[[HTTPConnection, PrivyUser], Awaitable[PrivyUser]],
    )
    assert_type(optional(on_invalid="reject"), PrivyDependency[PrivyUser | None])


async def dependencies(connection: HTTPConnection) -> None:
    assert_type(await current_user(connection), PrivyUser)
    assert_type(await optional_user(connection), PrivyUser | None)
    assert_type(await current_access(connection), AccessTokenClaims)


def overridden() -> None:
    app.dependency_overrides[current_user] = lambda: PrivyUser(id="did:privy:ada")


def set_up(config: PrivyConfig) -> None:
    assert_type(Privy(app), Privy)
    Privy(app, config, protect=["/api"], exempt=["/api/health"], close_expired=True)
    Privy(app, {"app_id": "app"})


def refused(known: Any) -> None:
    """Mistakes that a type checker must report."""
    require(walet="ethereum")  # type: ignore[call-arg]
    require("ethereum")  # type: ignore[arg-type]
    optional(on_invalid="ignore")  # type: ignore[arg-type]
    optional()  # type: ignore[call-arg]
    sync()  # type: ignore[call-arg]
    privy_auth(known).user.id  # type: ignore[union-attr]
