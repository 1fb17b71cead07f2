"""What libraries write of a user: what ``to_dict`` returns, or an error, and never the claims."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from dataclasses import asdict, astuple, fields, is_dataclass, replace
from typing import Any

import msgspec
import pytest
from django.core.serializers.json import DjangoJSONEncoder
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import TypeAdapter, ValidationError, create_model
from rest_framework.renderers import JSONRenderer
from starlette.responses import JSONResponse

from privy_middleware import AccessTokenClaims, PrivyUser
from privy_middleware.custom_keys import CustomKeyUser
from privy_middleware.users.frozen import freeze_object
from privy_middleware.users.user import user_from_claims
from privy_middleware.web3auth import Web3AuthUser, Web3AuthWallet

CLAIMS = freeze_object({"sub": "did:privy:x", "secret": "claim", "nested": {"secret": ["claim"]}})
ACCOUNTS = [{"type": "wallet", "address": "0xA", "lv": 5}, {"type": "new_oauth", "name": "Ada", "lv": 6}]

USER = user_from_claims({**CLAIMS, "linked_accounts": json.dumps(ACCOUNTS)}, ACCOUNTS, {"role": "admin"})
WEB3AUTH = Web3AuthUser(
    "web3auth:key:x", "https://i.example", (Web3AuthWallet("solana", address="So1"),), claims=CLAIMS
)
CUSTOM = CustomKeyUser("custom:mine:u1", "u1", "mine", claims=CLAIMS)
SESSION = AccessTokenClaims("app", "did:privy:x", "privy.io", 1, 2, "sid")

USERS: list[Any] = [USER, WEB3AUTH, CUSTOM]
OUTPUT: list[Any] = [*USERS, SESSION, *USER.linked_accounts, *WEB3AUTH.wallets]


def name_of(value: object) -> str:
    """Return the name of a value's class, for the name of a test."""
    return type(value).__name__


@pytest.mark.parametrize("user", USERS, ids=name_of)
def test_claims_are_no_field(user: Any) -> None:
    """A user is a dataclass with slots, whose claims are an attribute and a parameter, but not a field."""
    assert is_dataclass(type(user))
    kind: Any = type(user)
    assert not hasattr(user, "__dict__")
    assert "claims" not in {field.name for field in (*fields(user), *fields(kind))}
    assert user.claims["secret"] == "claim"
    assert kind("x", *(["y", "z"] if user is CUSTOM else ["y"])).claims == {}


@pytest.mark.parametrize("user", USERS, ids=name_of)
def test_copies_keep_the_claims(user: Any) -> None:
    """Copies, pickles and ``replace`` have the claims, which are no part of the equality, the hash and the repr."""
    for made in (copy.copy(user), copy.deepcopy(user), pickle.loads(pickle.dumps(user)), replace(user)):
        assert made == user
        assert made.claims == user.claims
        assert hash(made) == hash(user)
    assert replace(user, claims=freeze_object({})).claims == {}
    assert replace(user, claims=freeze_object({})) == user
    assert "claim" not in repr(user)


@pytest.mark.parametrize("user", USERS, ids=name_of)
def test_no_library_writes_the_claims(user: Any) -> None:
    """Functions that write the fields of a dataclass do not find the claims."""
    for written in (
        asdict(user),
        astuple(user),
        msgspec.to_builtins([user]),
        msgspec.json.encode({"user": user}),
        msgspec.msgpack.encode(user),
        TypeAdapter(Any).dump_json(user),
        TypeAdapter(Any).dump_python([user]),
    ):
        assert written
        assert "claim" not in str(written)


@pytest.mark.parametrize("value", OUTPUT, ids=name_of)
def test_pydantic_writes_to_dict(value: Any) -> None:
    """Pydantic writes a value by its ``to_dict``, whether its type is annotated or not."""
    for annotation in (type(value), Any, object):
        assert TypeAdapter(annotation).dump_python(value) == value.to_dict()
        assert json.loads(TypeAdapter(annotation).dump_json(value)) == value.to_dict()
    for content in ({"one": value}, [value]):
        assert json.loads(TypeAdapter(Any).dump_json(content)) == json.loads(json.dumps(content, default=written))


def written(value: Any) -> Any:
    """Return the ``to_dict`` of a value, for ``json.dumps``."""
    return value.to_dict()


@pytest.mark.parametrize("value", OUTPUT, ids=name_of)
def test_fastapi_answers_with_to_dict(value: Any) -> None:
    """A FastAPI route answers with ``to_dict``, whatever its annotation; without a response model it has no claims."""
    app = FastAPI()

    @app.get("/any")
    def anything() -> Any:
        return value

    @app.get("/nested")
    def nested() -> dict[str, Any]:
        return {"users": [value]}

    @app.get("/plain", response_model=None)
    def plain() -> Any:
        return {"user": value}

    client = TestClient(app)
    assert client.get("/any").json() == value.to_dict()
    assert client.get("/nested").json() == {"users": [value.to_dict()]}
    assert "claim" not in client.get("/plain").text


@pytest.mark.parametrize("value", OUTPUT, ids=name_of)
def test_other_encoders_refuse(value: Any) -> None:
    """The standard library and the encoders of Starlette, Django and REST framework raise an error."""
    for encode in (
        json.dumps,
        JSONResponse,
        lambda content: json.dumps(content, cls=DjangoJSONEncoder),
        JSONRenderer().render,
    ):
        with pytest.raises(TypeError, match=f"{type(value).__name__} is not JSON serializable"):
            encode({"user": value})


def test_nothing_is_imported_to_write() -> None:
    """Without pydantic the attribute that it looks for does not exist, and nothing loads pydantic."""
    program = (
        "import sys; from privy_middleware import PrivyUser; user = PrivyUser('x');"
        "print(hasattr(user, '__pydantic_serializer__'), 'pydantic_core' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
    assert hasattr(PrivyUser, "__pydantic_serializer__")


FORGED: dict[str, Any] = {
    "id": "did:privy:forged",
    "app_id": "a",
    "user_id": "did:privy:forged",
    "issuer": "i",
    "issued_at": 1,
    "expiration": 2,
    "session_id": "s",
    "subject": "forged",
}


@pytest.mark.parametrize("value", [*USERS, SESSION], ids=name_of)
def test_pydantic_makes_none_from_data(value: Any) -> None:
    """Only instances are valid, wherever and however often a model names the class."""
    cls: Any = type(value)
    forged = {name: FORGED[name] for name in FORGED if name in {field.name for field in fields(cls)}}
    parts: dict[str, Any] = {"one": (cls | None, None), "other": (cls | None, None), "many": (list[cls], [])}
    model = create_model("Model", **parts)
    for body in ({"one": forged}, {"other": forged}, {"many": [forged]}):
        with pytest.raises(ValidationError, match="made from verified tokens only"):
            model.model_validate(body)
        with pytest.raises(ValidationError, match="made from verified tokens only"):
            model.model_validate_json(json.dumps(body))
    annotations: tuple[Any, ...] = (list[cls] | cls, cls | list[cls], tuple[cls, cls], dict[str, cls])
    for annotation in annotations:
        for data in (forged, [forged], [forged, forged], {"x": forged}):
            with pytest.raises(ValidationError):
                TypeAdapter(annotation).validate_python(data)
    assert model(one=value, other=value, many=[value]).model_dump() == {
        "one": value.to_dict(),
        "other": value.to_dict(),
        "many": [value.to_dict()],
    }


@pytest.mark.parametrize("value", [*USERS, SESSION], ids=name_of)
def test_msgspec_makes_none_from_data(value: Any) -> None:
    """The class itself is refused, also as the type of a field, and instances can still be written and copied."""
    cls: Any = type(value)
    for annotation in (cls, list[cls], msgspec.defstruct("Struct", [("user", cls)])):
        with pytest.raises(TypeError, match="InitVar"):
            msgspec.json.decode(json.dumps(FORGED), type=annotation)
    assert msgspec.json.decode(msgspec.json.encode(value))
    assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == replace(value) == value
