"""The page in Flask."""

from __future__ import annotations

from flask import Flask, render_template_string

from benchmarks.pages import TEMPLATE, nobody
from flask_privy import Privy, privy_user, require_privy_user

__all__ = ["bare", "guarded"]

_NOBODY = nobody()

bare: Flask = Flask(__name__)
guarded: Flask = Flask(__name__)
Privy(guarded)


@bare.get("/account")
def _nobodys() -> str:
    return render_template_string(TEMPLATE, user=_NOBODY)


@guarded.get("/account")
@require_privy_user
def _users() -> str:
    return render_template_string(TEMPLATE, user=privy_user)
