"""The page in FastAPI."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from benchmarks.pages import TEMPLATE, nobody
from fastapi_privy import CurrentUser, Privy

__all__ = ["bare", "guarded"]

_page = Environment(autoescape=True).from_string(TEMPLATE)
_NOBODY = nobody()

bare: FastAPI = FastAPI()
guarded: FastAPI = FastAPI()
Privy(guarded)


@bare.get("/account")
async def _nobodys() -> HTMLResponse:
    return HTMLResponse(_page.render(user=_NOBODY))


@guarded.get("/account")
async def _users(user: CurrentUser) -> HTMLResponse:
    return HTMLResponse(_page.render(user=user))
