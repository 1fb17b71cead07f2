"""The routes of the Django tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import URLPattern, URLResolver, path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_headers
from ninja import NinjaAPI
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission, IsAdminUser, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_privy import (
    AuthenticatedPrivyHttpRequest,
    PrivyHttpRequest,
    PrivyUserRequiredMixin,
    optional_privy_user,
    require_privy_user,
)
from django_privy.ninja import privy_auth
from django_privy.rest_framework import PrivyAuthentication, PrivyUserRequired
from privy_middleware import ConfigurationError, PrivyUser, condition
from privy_middleware.conditions import is_guest
from privy_middleware.errors import ConditionNotMet, ServiceUnavailable


def answer(user: PrivyUser | None) -> JsonResponse:
    """Return the user and the ``PrivyAuth``."""
    return JsonResponse({"user_id": user and user.id})


def unseen(request: HttpRequest) -> HttpResponse:
    """Do not use the user."""
    return HttpResponse("open")


def seen(request: PrivyHttpRequest) -> HttpResponse:
    """Use the user."""
    return answer(request.privy_user)


def cached(request: PrivyHttpRequest) -> HttpResponse:
    """Use the user, and set caching headers."""
    response = answer(request.privy_user)
    response["Vary"] = "Accept, cookie"
    response["Cache-Control"] = "max-age=60"
    return response


async def aseen(request: PrivyHttpRequest) -> HttpResponse:
    """Use the user on the event loop."""
    first, second = await request.aprivy_user(), request.privy_user
    assert first is second
    return answer(first)


@require_privy_user
def required(request: AuthenticatedPrivyHttpRequest, number: int) -> HttpResponse:
    """Require a user, in a view with an argument."""
    return JsonResponse({"user_id": request.privy_user.id, "number": number})


@require_privy_user
async def arequired(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require a user on the event loop."""
    return answer(await request.aprivy_user())


def has_email(user: PrivyUser) -> bool:
    """Return whether the user meets the condition."""
    return user.email is not None


@require_privy_user(has_email)
async def by_predicate(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require a predicate."""
    return answer(request.privy_user)


@require_privy_user(~is_guest())
def by_condition(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require a condition."""
    return answer(request.privy_user)


@require_privy_user(owns_wallet="address")
def owners(request: AuthenticatedPrivyHttpRequest, address: str = "") -> HttpResponse:
    """Require the owner of a wallet, and read the body again."""
    return JsonResponse({"address": address, "form": request.POST.dict()})


@require_privy_user(owns_wallet="address")
async def aowners(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require the owner of a wallet, and read the body again."""
    return HttpResponse(request.body)


@cache_page(60)
def cached_open(request: PrivyHttpRequest) -> HttpResponse:
    """Use the user, in a cached page."""
    return answer(request.privy_user)


@cache_page(60)
async def acached_open(request: PrivyHttpRequest) -> HttpResponse:
    """Use the user on the event loop, in a cached page."""
    return answer(await request.aprivy_user())


@cache_page(60)
@require_privy_user
def cached_outside(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require a user inside the cache."""
    return answer(request.privy_user)


@require_privy_user
@cache_page(60)
def cached_inside(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require a user outside the cache."""
    return answer(request.privy_user)


@cache_page(60)
@vary_on_headers("Cookie", "Authorization", "privy-id-token")
def cached_for_each(request: PrivyHttpRequest) -> HttpResponse:
    """Cache a page for each user, and one for requests without a user."""
    return answer(request.privy_user)


@optional_privy_user(on_invalid="anonymous")
def lenient(request: PrivyHttpRequest) -> HttpResponse:
    """Treat an invalid token as no token."""
    return answer(request.privy_user)


@optional_privy_user
async def strict(request: PrivyHttpRequest) -> HttpResponse:
    """Reject an invalid token."""
    return answer(await request.aprivy_user())


class Required(PrivyUserRequiredMixin, View):
    """A view class that requires a user for every method."""

    def get(self, request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
        """Return the user."""
        return answer(request.privy_user)


class Admins(PrivyUserRequiredMixin, View):
    """Require a condition on the event loop."""

    privy_condition = condition(metadata={"role": "admin"})

    async def get(self, request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
        """Return the user."""
        return answer(request.privy_user)


@method_decorator(require_privy_user(wallet="ethereum"), name="dispatch")
class Decorated(View):
    """A view class that is decorated as Django's documentation describes."""

    async def get(self, request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
        """Return the user."""
        return answer(request.privy_user)


class DecoratedMethods(View):
    """A view class whose methods are decorated."""

    @require_privy_user
    def get(self, request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
        """Return the user."""
        return answer(request.privy_user)


def raising(request: HttpRequest) -> HttpResponse:
    """Reject the request inside the view."""
    raise ConditionNotMet


async def araising(request: PrivyHttpRequest) -> HttpResponse:
    """Reject the request inside the view, on the event loop."""
    return answer(request.privy_auth.require())


def failing(request: HttpRequest) -> HttpResponse:
    """Raise an error that is not a ``PrivyError``."""
    raise ZeroDivisionError


def misconfigured(user: PrivyUser) -> bool:
    """Raise the error of a wrong setting."""
    raise ConfigurationError("leeway", "set a number")


@require_privy_user(misconfigured)
def misconfigured_view(request: HttpRequest) -> HttpResponse:
    """Raise the error of a wrong setting in a condition."""
    return HttpResponse("never")


def template(request: HttpRequest) -> HttpResponse:
    """Return the user's address."""
    text = "{{ request.privy_user.email.address|default:'nobody' }}"
    return HttpResponse(engines["django"].from_string(text).render({}, request))


def django_user(request: HttpRequest) -> HttpResponse:
    """Return the Django user."""
    return JsonResponse({"username": request.user.get_username(), "known": request.user.is_authenticated})


async def adjango_user(request: HttpRequest) -> HttpResponse:
    """Return the Django user on the event loop."""
    user, again = await request.auser(), await request.auser()
    assert user == again
    return JsonResponse({"username": user.get_username(), "known": user.is_authenticated})


@login_required
async def alogin_required(request: HttpRequest) -> HttpResponse:
    """Require the Django user on the event loop."""
    return HttpResponse("open")


class Permitted(PermissionRequiredMixin, View):
    """Require a permission of the Django user."""

    permission_required = "privy_accounts.view_privyaccount"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return a response."""
        return HttpResponse("open")


class ALoginRequired(LoginRequiredMixin, View):
    """Require the Django user in a view class on the event loop."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Return a response."""
        return HttpResponse("open")


def careless(request: HttpRequest) -> HttpResponse:
    """Catch the error of an outage."""
    try:
        name = request.user.get_username()
    except ServiceUnavailable:
        name = "unknown"
    return HttpResponse(name)


class DRFView(APIView):
    """Require a user with REST framework's own permission."""

    authentication_classes: Sequence[Any] = (PrivyAuthentication,)
    permission_classes: Sequence[Any] = (IsAuthenticated,)

    def get(self, request: Any) -> Response:
        """Return both kinds of user."""
        return Response({"user_id": request.privy_user.id, "user": str(request.user), "source": request.auth.source})

    post = get


class DRFOpen(DRFView):
    """A view without a permission."""

    permission_classes: Sequence[Any] = (AllowAny,)

    def get(self, request: Any) -> Response:
        """Return the user."""
        return Response({"user_id": request.auth and request.auth.user.id})


class Lenient(PrivyAuthentication):
    """Authentication that treats an invalid token as no token."""

    on_invalid = "anonymous"


class DRFLenient(DRFOpen):
    """A view that treats an invalid token as no token."""

    authentication_classes: Sequence[Any] = (Lenient,)


class DRFRequired(DRFOpen):
    """A view that requires a Privy user."""

    authentication_classes: Sequence[Any] = ()
    permission_classes: Sequence[Any] = (PrivyUserRequired,)

    def get(self, request: Any) -> Response:
        """Return the user."""
        return Response({"user_id": request.privy_user.id})


class DRFAdmins(DRFRequired):
    """A view that requires a condition."""

    permission_classes: Sequence[Any] = (PrivyUserRequired.where(metadata={"role": "admin"}),)


class ReadOnly(BasePermission):
    """A permission that allows everyone to read."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Check only the method."""
        return request.method in SAFE_METHODS


class Owner(BasePermission):
    """A permission that denies access to every object."""

    message = "Not yours."

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        """Return ``False``."""
        return False


WALLET = PrivyUserRequired.where(wallet="ethereum")
TELEGRAM = PrivyUserRequired.where(linked="telegram")
COMBINATIONS: dict[str, list[Any]] = {
    "or-read-only": [PrivyUserRequired | ReadOnly],
    "read-only-or": [ReadOnly | PrivyUserRequired],
    "either": [TELEGRAM | WALLET],
    "both": [TELEGRAM & WALLET],
    "or-staff": [WALLET | IsAdminUser],
    "and-staff": [PrivyUserRequired & IsAdminUser],
    "nobody": [~PrivyUserRequired],
    "or-signed-in": [PrivyUserRequired | IsAuthenticated],
    "then-staff": [PrivyUserRequired | ReadOnly, IsAdminUser],
}


class DRFCombined(DRFOpen):
    """A view that requires a combination of permissions."""

    authentication_classes: Sequence[Any] = (PrivyAuthentication, SessionAuthentication)
    schema = None

    def get(self, request: Any) -> Response:
        """Return the user."""
        return Response({"user_id": request.privy_user and request.privy_user.id})

    post = get


class DRFOwned(DRFCombined):
    """A view that checks the permission for an object."""

    def get(self, request: Any) -> Response:
        """Return the owner of the object."""
        self.check_object_permissions(request, None)
        raise AssertionError("it has none")


@api_view(["GET"])
@authentication_classes([PrivyAuthentication])
@permission_classes([AllowAny])
@require_privy_user
def drf_function(request: Request) -> Response:
    """Decorated below REST framework's own decorator."""
    return Response({"user_id": request.privy_user.id})  # type: ignore[attr-defined]


api = NinjaAPI(auth=privy_auth(), openapi_url="/openapi.json")


@api.get("/me")
def ninja_me(request: Any) -> dict[str, str]:
    """Return the user."""
    return {"user_id": request.auth.id}


@api.post("/me")
def ninja_post(request: Any) -> dict[str, str]:
    """Change something."""
    return {"user_id": request.auth.id}


@api.post("/exempt", auth=privy_auth(csrf=False))
def ninja_exempt(request: Any) -> dict[str, str]:
    """Change something, protected only by the cross-site rule of the middleware."""
    return {"user_id": request.auth.id}


@api.get("/admin", auth=privy_auth(metadata={"role": "admin"}))
async def ninja_admin(request: Any) -> dict[str, str]:
    """Return a response to an admin."""
    return {"user_id": request.auth.id}


urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("unseen", unseen),
    path("seen", seen),
    path("cached", cached),
    path("aseen", aseen),
    path("cached-open", cached_open),
    path("acached-open", acached_open),
    path("cached-outside", cached_outside),
    path("cached-inside", cached_inside),
    path("cached-for-each", cached_for_each),
    path("required/<int:number>", required),
    path("arequired", arequired),
    path("by-predicate", by_predicate),
    path("by-condition", by_condition),
    path("owners", owners),
    path("owners/<address>", owners),
    path("aowners", aowners),
    path("lenient", lenient),
    path("strict", strict),
    path("class", Required.as_view()),
    path("admins", Admins.as_view()),
    path("decorated", Decorated.as_view()),
    path("decorated-methods", DecoratedMethods.as_view()),
    path("raising", raising),
    path("araising", araising),
    path("failing", failing),
    path("misconfigured", misconfigured_view),
    path("template", template),
    path("user", django_user),
    path("auser", adjango_user),
    path("login-required", login_required(unseen)),
    path("alogin-required", alogin_required),
    path("alogin-required-class", ALoginRequired.as_view()),
    path("permitted", Permitted.as_view()),
    path("careless", careless),
    path("permission", permission_required("privy_accounts.view_privyaccount", raise_exception=True)(unseen)),
    path("drf", DRFView.as_view()),
    path("drf/open", DRFOpen.as_view()),
    path("drf/lenient", DRFLenient.as_view()),
    path("drf/required", DRFRequired.as_view()),
    path("drf/admins", DRFAdmins.as_view()),
    *(path(f"drf/{name}", DRFCombined.as_view(permission_classes=asked)) for name, asked in COMBINATIONS.items()),
    path("drf/session-first", DRFCombined.as_view(authentication_classes=(SessionAuthentication, PrivyAuthentication))),
    path("drf/owned", DRFOwned.as_view(permission_classes=[PrivyUserRequired | IsAuthenticated, Owner])),
    path("drf/function", drf_function),
    path("ninja/", api.urls),
]
