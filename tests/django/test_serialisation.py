"""Users in the JSON of Django, REST framework and ninja: what ``to_dict`` returns, or an error."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.http import JsonResponse
from ninja import NinjaAPI
from ninja.testing import TestClient
from rest_framework.renderers import JSONRenderer

from django_privy.encoders import PrivyJSONEncoder
from privy_middleware import AccessTokenClaims, EmailAccount, PrivyUser
from privy_middleware.users.frozen import freeze_object

USER = PrivyUser(
    "did:privy:x", linked_accounts=(EmailAccount(address="a@b.c"),), claims=freeze_object({"secret": "claim"})
)
SESSION = AccessTokenClaims("app", "did:privy:x", "privy.io", 1, 2, "sid")


class Renderer(JSONRenderer):
    """A renderer with our encoder."""

    encoder_class = PrivyJSONEncoder


def test_encoder() -> None:
    """The encoder writes users, claims and accounts, and everything that Django's does."""
    data = {"user": USER, "more": [SESSION, *USER.linked_accounts], "on": date(2026, 1, 2)}
    assert json.loads(JsonResponse(data, encoder=PrivyJSONEncoder).content) == {
        "user": USER.to_dict(),
        "more": [SESSION.to_dict(), {"type": "email", "address": "a@b.c"}],
        "on": "2026-01-02",
    }
    assert json.loads(JsonResponse(USER, encoder=PrivyJSONEncoder, safe=False).content) == USER.to_dict()
    assert json.loads(Renderer().render({"user": USER})) == {"user": USER.to_dict()}
    with pytest.raises(TypeError, match="object is not JSON serializable"):
        JsonResponse({"other": object()}, encoder=PrivyJSONEncoder)


def test_without_the_encoder() -> None:
    """Django and REST framework refuse a user, alone or in a dict."""
    for data in (USER, {"user": USER}, [USER]):
        with pytest.raises(TypeError, match="PrivyUser is not JSON serializable"):
            JsonResponse(data, safe=False)
        with pytest.raises(TypeError, match="PrivyUser is not JSON serializable"):
            JSONRenderer().render(data)


def test_ninja() -> None:
    """With a response type ninja writes ``to_dict``, without one it refuses a user."""
    api = NinjaAPI(urls_namespace="serialisation")

    @api.get("/user", response=PrivyUser)
    def user(request: Any) -> Any:
        return USER

    @api.get("/nested", response=dict[str, Any])
    def nested(request: Any) -> Any:
        return {"user": USER}

    @api.get("/plain")
    def plain(request: Any) -> Any:
        return {"user": USER}

    client: Any = TestClient(api)
    assert client.get("/user").json() == USER.to_dict()
    assert client.get("/nested").json() == {"user": USER.to_dict()}
    with pytest.raises(TypeError, match="PrivyUser is not JSON serializable"):
        client.get("/plain")
