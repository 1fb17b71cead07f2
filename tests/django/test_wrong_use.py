"""Decorators in the wrong order: the view is still protected, or there is an error where it is written."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import Client, override_settings
from django.urls import include, path
from django.views import View
from django.views.generic import TemplateView
from ninja import Body, NinjaAPI, Router
from rest_framework.decorators import action, api_view, authentication_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from django_privy import PrivyUserRequiredMixin, optional_privy_user, require_privy_user
from django_privy.ninja import privy_auth
from privy_middleware import ConfigurationError, PrivyUser
from privy_middleware.development import DevelopmentIssuer
from tests.django.conftest import Get
from tests.django.test_middleware import identity

ADA = "did:privy:dev-ada"
GUARDS: dict[str, Any] = {
    "bare": require_privy_user,
    "called": require_privy_user(),
    "condition": require_privy_user(wallet="ethereum"),
    "predicate": require_privy_user(lambda user: user.email is not None),
    "optional": optional_privy_user,
    "optional, called": optional_privy_user(on_invalid="anonymous"),
}
every_guard = pytest.mark.parametrize("name", [*GUARDS])


@contextmanager
def serving(*patterns: Any) -> Iterator[None]:
    """Use a project with the given URLs."""
    module: Any = types.ModuleType("urls")
    module.urlpatterns = list(patterns)
    with override_settings(ROOT_URLCONF=module):
        yield


def user_id(request: Any) -> Any:
    """Return the ID of the user."""
    return request.privy_user and request.privy_user.id


def plain(request: HttpRequest, **_: Any) -> dict[str, Any]:
    """An operation."""
    return {"user_id": user_id(request)}


async def coroutine(request: HttpRequest) -> dict[str, Any]:
    """An async operation."""
    return {"user_id": user_id(request)}


@every_guard
@pytest.mark.parametrize("view", [plain, coroutine])
@pytest.mark.parametrize("make", [NinjaAPI, Router])
def test_above_ninjas_decorator(name: str, view: Callable[..., Any], make: type) -> None:
    """The operation would be open, so there is an error, which names the view and the right order."""
    routes: Any = Router() if make is Router else NinjaAPI(urls_namespace=f"{name}-{view.__name__}")
    copy = types.FunctionType(view.__code__, view.__globals__, view.__name__)
    copy.__qualname__ = view.__qualname__
    served = routes.get("/x")(copy)
    with pytest.raises(ConfigurationError, match=rf"^{__name__}\.{view.__name__}: .*route's decorator first"):
        GUARDS[name](served)


def test_ninjas_auth_must_be_called(get: Get, issuer: DevelopmentIssuer) -> None:
    """The function itself rejects every request, with an error that says what is missing."""
    api = NinjaAPI(auth=privy_auth, urls_namespace=f"auth-{get!r}", openapi_url=None)
    api.get("/x")(lambda request: "secret")
    with serving(path("api/", api.urls)):
        for headers in ({}, identity(issuer)):
            with pytest.raises(ConfigurationError, match=r"^privy_auth: call it"):
                get("/api/x", headers=headers)


def test_ninja_reads_no_user_from_a_request(issuer: DevelopmentIssuer) -> None:
    """A parameter with the class as its type would be read from the body, which can never be a user."""
    api = NinjaAPI(urls_namespace="body", openapi_url=None)

    @api.post("/x")
    def secret(request: HttpRequest, user: Body[PrivyUser]) -> str:
        return user.id

    forged = {"id": "did:privy:forged"}
    with serving(path("api/", api.urls)):
        for body in (forged, {"user": forged}):
            answer = Client().post("/api/x", data=body, content_type="application/json")
            assert answer.status_code == 422
        assert "verified tokens only" in answer.content.decode()


@pytest.mark.parametrize("is_async", [False, True])
def test_below_ninjas_decorator(get: Get, issuer: DevelopmentIssuer, is_async: bool) -> None:
    """The operation is protected, and keeps its parameters."""
    api = NinjaAPI(urls_namespace=f"below-{is_async}-{get!r}", openapi_url=None)

    @api.get("/sync/{number}")
    @require_privy_user
    def numbered(request: HttpRequest, number: int) -> dict[str, Any]:
        return {"user_id": user_id(request), "number": number}

    @api.get("/async/{number}")
    @require_privy_user(wallet="ethereum")
    async def anumbered(request: HttpRequest, number: int) -> dict[str, Any]:
        return {"user_id": user_id(request), "number": number}

    where = f"/api/{'async' if is_async else 'sync'}/7"
    with serving(path("api/", api.urls)):
        assert get(where).status_code == 401
        assert get(where, headers=identity(issuer)).json() == {"user_id": ADA, "number": 7}
        assert get(where, headers=identity(issuer, "grace")).status_code == (403 if is_async else 200)


@api_view(["GET"])
@authentication_classes([])
def served(request: Request) -> Response:
    """A view class of REST framework."""
    return Response({"user_id": user_id(request)})


@api_view(["GET"])
@authentication_classes([])
@require_privy_user(metadata={"role": "admin"})
def served_below(request: Request) -> Response:
    """A function that is decorated below REST framework's decorator."""
    return Response({"user_id": user_id(request)})


class Things(ViewSet):
    """Actions that are decorated in both orders."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @action(detail=False)
    @require_privy_user
    def below(self, request: Request) -> Response:
        """Decorated below ``@action``."""
        return Response({"user_id": user_id(request)})

    @require_privy_user
    @action(detail=False)
    def above(self, request: Request) -> Response:
        """Decorated above ``@action``, which only sets attributes."""
        return Response({"user_id": user_id(request)})


def test_rest_framework_in_both_orders(get: Get, issuer: DevelopmentIssuer) -> None:
    """REST framework's decorators register nothing, so the view is protected in both orders."""
    router = SimpleRouter()
    router.register("things", Things, basename="things")
    above = path("above", require_privy_user(served))
    with serving(above, path("below", served_below), path("", include(router.urls))):
        for where in ("/above", "/below", "/things/below/", "/things/above/"):
            assert get(where).status_code == 401
            assert get(where, headers={"privy-id-token": "garbage"}).status_code == 401
            assert get(where, headers=identity(issuer)).json() == {"user_id": ADA}
        assert get("/below", headers=identity(issuer, "grace")).status_code == 403


@pytest.mark.parametrize("base", [View, TemplateView, APIView])
def test_the_mixin_comes_first(base: type[View]) -> None:
    """After the view class, the mixin would never run."""
    with pytest.raises(ConfigurationError, match=r"\.Open: list PrivyUserRequiredMixin before the view class"):
        type("Open", (base, PrivyUserRequiredMixin), {})
    right: Any = type("Closed", (PrivyUserRequiredMixin, base), {})
    mixed: Any = type("Mixed", (PrivyUserRequiredMixin,), {})
    assert issubclass(type("Deeper", (mixed, right), {}), base)
    with pytest.raises(ConfigurationError, match="list PrivyUserRequiredMixin before"):
        type("Open", (base, mixed), {})


@pytest.mark.parametrize("nothing", [None, "view", JsonResponse({})])
def test_what_is_no_view(nothing: Any) -> None:
    """Decorating the result of a decorator that returns nothing raises an error."""
    for guard in (require_privy_user(), require_privy_user(guest=False), optional_privy_user()):
        with pytest.raises(ConfigurationError, match=r"^view: decorate a function"):
            guard(nothing)
    with pytest.raises(ConfigurationError, match=r"^view: decorate a function"):
        require_privy_user(nothing)


def test_condition_of_the_mixin() -> None:
    """A condition that is not one is an error where the class is defined; a property is checked at a request."""
    for wrong in ("ethereum", {"role": "admin"}, lambda user: True):
        with pytest.raises(ConfigurationError, match=r"^privy_condition: give a condition"):
            type("Page", (PrivyUserRequiredMixin, View), {"privy_condition": wrong})
    type("Page", (PrivyUserRequiredMixin, View), {"privy_condition": property(lambda self: None)})
