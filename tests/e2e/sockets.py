"""A Flask app with WebSockets of Flask-Sock, which uses the connection directly: open, protected, and decorated."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flask import Blueprint, Flask

from flask_privy import Privy, privy_auth, require_privy_user

__all__ = ["app"]

# Flask-Sock has no types.
flask_sock: Any = import_module("flask_sock")

app = Flask(__name__)
privy = Privy(app)
sock = flask_sock.Sock(app)
guarded = Blueprint("guarded", __name__, url_prefix="/guarded")
privy.protect(guarded)


def _tell(socket: Any) -> None:
    socket.send(privy_auth.user.id if privy_auth.user else "nobody")


sock.route("/open", endpoint="open")(_tell)
sock.route("/ws", bp=guarded)(_tell)
sock.route("/decorated", endpoint="decorated")(require_privy_user(_tell))
app.register_blueprint(guarded)
