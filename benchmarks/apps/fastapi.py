"""FastAPI: this library, PyJWT and Authlib in a dependency, and the JWT strategy of fastapi-users."""

# Annotations are not postponed: FastAPI reads those of local functions, and could not find their local names.

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from fastapi_users import BaseUserManager, FastAPIUsers
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import BaseUserDatabase

import fastapi_privy
from benchmarks.apps.contender import Contender, Stack, bare, nothing, ours, peer
from benchmarks.apps.starlette import NoMiddleware
from benchmarks.apps.verifying import Failed, Verify, authlib_jose, pyjwt
from benchmarks.sending import LOOKING, PATH
from benchmarks.tokens import USER, Bench
from privy_middleware import PrivyConfig, PrivyUser

__all__ = ["stack"]

_key = APIKeyHeader(name="accept")
_bearer = HTTPBearer()


def stack(bench: Bench, config: PrivyConfig) -> Stack:
    """Return the apps."""
    app = FastAPI()

    @app.get(PATH)
    async def _page() -> dict[str, str]:
        return {"user": USER}

    by_hand = peer("PyJWT by hand", _dependency(pyjwt(bench)))
    authlib = peer("Authlib by hand", _dependency(authlib_jose(bench)))
    users = peer("fastapi-users, JWTStrategy", _fastapi_users(bench))
    return Stack(bare(app), [_ours(config), _nothing(), by_hand, authlib, users], "asgi")


def _ours(config: PrivyConfig) -> Contender:
    app = FastAPI()
    fastapi_privy.Privy(app, config)

    @app.get(PATH)
    async def _page(user: Annotated[PrivyUser, Depends(fastapi_privy.current_user)]) -> dict[str, str]:
        return {"user": user.id}

    @app.get(LOOKING)
    async def _accounts(user: Annotated[PrivyUser, Depends(fastapi_privy.current_user)]) -> dict[str, str]:
        assert user.linked_accounts
        return {"user": user.id}

    return ours(app)


def _nothing() -> Contender:
    async def nobody(_key: Annotated[str, Depends(_key)]) -> str:
        return USER

    app = FastAPI()
    app.add_middleware(NoMiddleware)

    @app.get(PATH)
    async def _page(user: Annotated[str, Depends(nobody)]) -> dict[str, str]:
        return {"user": user}

    return nothing(app)


def _dependency(verify: Verify) -> FastAPI:
    async def current(credentials: Annotated[HTTPAuthorizationCredentials, Depends(_bearer)]) -> dict[str, Any]:
        try:
            return verify(credentials.credentials)
        except Failed as error:
            raise HTTPException(401, "Invalid token", {"WWW-Authenticate": "Bearer"}) from error

    app = FastAPI()

    @app.get(PATH)
    async def _page(claims: Annotated[dict[str, Any], Depends(current)]) -> dict[str, str]:
        return {"user": claims["sub"]}

    return app


@dataclass
class _User:
    id: str
    email: str = "ada@example.com"
    hashed_password: str = ""
    is_active: bool = True
    is_superuser: bool = False
    is_verified: bool = True


class _Database(BaseUserDatabase[_User, str]):
    """A database that has every user in memory: a real one would cost more."""

    async def get(self, id: str) -> _User | None:  # noqa: A002 - the name is that of the base class
        return _User(id)


class _Manager(BaseUserManager[_User, str]):
    def parse_id(self, value: Any) -> str:
        return str(value)


def _fastapi_users(bench: Bench) -> FastAPI:
    # It checks neither the issuer nor the key ID; this is its documented way to use ES256.
    strategy: JWTStrategy[_User, str] = JWTStrategy(
        secret="",
        lifetime_seconds=None,
        token_audience=[bench.issuer.app_id],
        algorithm="ES256",
        public_key=bench.issuer.public_key_pem,
    )

    async def manager() -> AsyncIterator[_Manager]:
        yield _Manager(_Database())

    async def current_strategy() -> JWTStrategy[_User, str]:
        # FastAPI would run a function that is not async, as in their documents, in another thread, which costs more.
        return strategy

    backend = AuthenticationBackend("jwt", BearerTransport("login"), current_strategy)
    current = FastAPIUsers[_User, str](manager, [backend]).current_user(active=True)
    app = FastAPI()

    @app.get(PATH)
    async def _page(user: Annotated[_User, Depends(current)]) -> dict[str, str]:
        return {"user": user.id}

    return app
