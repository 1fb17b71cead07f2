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
    """Answer with who is there."""
    return JsonResponse({"user_id": user and user.id})


def unseen(request: HttpRequest) -> HttpResponse:
    """Never look at the user."""
    return HttpResponse("open")


def seen(request: PrivyHttpRequest) -> HttpResponse:
    """Look at the user."""
    return answer(request.privy_user)


def cached(request: PrivyHttpRequest) -> HttpResponse:
    """Look at the user, and say something to caches."""
    response = answer(request.privy_user)
    response["Vary"] = "Accept, cookie"
    response["Cache-Control"] = "max-age=60"
    return response


async def aseen(request: PrivyHttpRequest) -> HttpResponse:
    """Look at the user from the event loop."""
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
    """Be a predicate."""
    return user.email is not None


@require_privy_user(has_email)
async def by_predicate(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require what a predicate says."""
    return answer(request.privy_user)


@require_privy_user(~is_guest())
def by_condition(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require what a condition says."""
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
    """Look at the user, in a page that is stored."""
    return answer(request.privy_user)


@cache_page(60)
async def acached_open(request: PrivyHttpRequest) -> HttpResponse:
    """Look at the user from the event loop, in a page that is stored."""
    return answer(await request.aprivy_user())


@cache_page(60)
@require_privy_user
def cached_outside(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require a user below the cache."""
    return answer(request.privy_user)


@require_privy_user
@cache_page(60)
def cached_inside(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    """Require a user before the cache is asked."""
    return answer(request.privy_user)


@cache_page(60)
@vary_on_headers("Cookie", "Authorization", "privy-id-token")
def cached_for_each(request: PrivyHttpRequest) -> HttpResponse:
    """Keep a page for each user, and one for nobody."""
    return answer(request.privy_user)


@optional_privy_user(on_invalid="anonymous")
def lenient(request: PrivyHttpRequest) -> HttpResponse:
    """Take a bad token for none."""
    return answer(request.privy_user)


@optional_privy_user
async def strict(request: PrivyHttpRequest) -> HttpResponse:
    """Refuse a bad token."""
    return answer(await request.aprivy_user())


class Required(PrivyUserRequiredMixin, View):
    """Require a user for every method."""

    def get(self, request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
        """Answer with the user."""
        return answer(request.privy_user)


class Admins(PrivyUserRequiredMixin, View):
    """Require a condition, from the event loop."""

    privy_condition = condition(metadata={"role": "admin"})

    async def get(self, request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
        """Answer with the user."""
        return answer(request.privy_user)


@method_decorator(require_privy_user(wallet="ethereum"), name="dispatch")
class Decorated(View):
    """Be decorated as Django says."""

    async def get(self, request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
        """Answer with the user."""
        return answer(request.privy_user)


class DecoratedMethods(View):
    """Be decorated method by method."""

    @require_privy_user
    def get(self, request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
        """Answer with the user."""
        return answer(request.privy_user)


def raising(request: HttpRequest) -> HttpResponse:
    """Refuse in the middle of a view."""
    raise ConditionNotMet


async def araising(request: PrivyHttpRequest) -> HttpResponse:
    """Refuse in the middle of a view on the event loop."""
    return answer(request.privy_auth.require())


def failing(request: HttpRequest) -> HttpResponse:
    """Have a fault of one's own."""
    raise ZeroDivisionError


def misconfigured(user: PrivyUser) -> bool:
    """Find out about a wrong setting."""
    raise ConfigurationError("leeway", "set a number")


@require_privy_user(misconfigured)
def misconfigured_view(request: HttpRequest) -> HttpResponse:
    """Have a wrong setting found out by a condition."""
    return HttpResponse("never")


def template(request: HttpRequest) -> HttpResponse:
    """Show the user's address."""
    text = "{{ request.privy_user.email.address|default:'nobody' }}"
    return HttpResponse(engines["django"].from_string(text).render({}, request))


def django_user(request: HttpRequest) -> HttpResponse:
    """Answer with Django's user."""
    return JsonResponse({"username": request.user.get_username(), "known": request.user.is_authenticated})


async def adjango_user(request: HttpRequest) -> HttpResponse:
    """Answer with Django's user from the event loop."""
    user, again = await request.auser(), await request.auser()
    assert user == again
    return JsonResponse({"username": user.get_username(), "known": user.is_authenticated})


@login_required
async def alogin_required(request: HttpRequest) -> HttpResponse:
    """Require Django's user from the event loop."""
    return HttpResponse("open")


class Permitted(PermissionRequiredMixin, View):
    """Require a permission of Django's user."""

    permission_required = "privy_accounts.view_privyaccount"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("open")


class ALoginRequired(LoginRequiredMixin, View):
    """Require Django's user from a view class on the event loop."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("open")


def careless(request: HttpRequest) -> HttpResponse:
    """Go on whatever the user is."""
    try:
        name = request.user.get_username()
    except ServiceUnavailable:
        name = "unknown"
    return HttpResponse(name)


class DRFView(APIView):
    """Ask for a user, as REST framework does."""

    authentication_classes: Sequence[Any] = (PrivyAuthentication,)
    permission_classes: Sequence[Any] = (IsAuthenticated,)

    def get(self, request: Any) -> Response:
        """Answer with the user of each kind."""
        return Response({"user_id": request.privy_user.id, "user": str(request.user), "source": request.auth.source})

    post = get


class DRFOpen(DRFView):
    """Ask for nothing."""

    permission_classes: Sequence[Any] = (AllowAny,)

    def get(self, request: Any) -> Response:
        """Answer with the user."""
        return Response({"user_id": request.auth and request.auth.user.id})


class Lenient(PrivyAuthentication):
    """Take a bad token for none."""

    on_invalid = "anonymous"


class DRFLenient(DRFOpen):
    """Take a bad token for none."""

    authentication_classes: Sequence[Any] = (Lenient,)


class DRFRequired(DRFOpen):
    """Require a Privy user."""

    authentication_classes: Sequence[Any] = ()
    permission_classes: Sequence[Any] = (PrivyUserRequired,)

    def get(self, request: Any) -> Response:
        """Answer with the user."""
        return Response({"user_id": request.privy_user.id})


class DRFAdmins(DRFRequired):
    """Require a condition."""

    permission_classes: Sequence[Any] = (PrivyUserRequired.where(metadata={"role": "admin"}),)


class ReadOnly(BasePermission):
    """Let everybody read."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Look at the method alone."""
        return request.method in SAFE_METHODS


class Owner(BasePermission):
    """Let nobody at any object."""

    message = "Not yours."

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        """Say no."""
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
    """Ask for a combination of permissions."""

    authentication_classes: Sequence[Any] = (PrivyAuthentication, SessionAuthentication)
    schema = None

    def get(self, request: Any) -> Response:
        """Answer with the user."""
        return Response({"user_id": request.privy_user and request.privy_user.id})

    post = get


class DRFOwned(DRFCombined):
    """Look at an object."""

    def get(self, request: Any) -> Response:
        """Answer its owner."""
        self.check_object_permissions(request, None)
        raise AssertionError("it has none")


@api_view(["GET"])
@authentication_classes([PrivyAuthentication])
@permission_classes([AllowAny])
@require_privy_user
def drf_function(request: Request) -> Response:
    """Be decorated below REST framework's own decorator."""
    return Response({"user_id": request.privy_user.id})  # type: ignore[attr-defined]


api = NinjaAPI(auth=privy_auth(), openapi_url="/openapi.json")


@api.get("/me")
def ninja_me(request: Any) -> dict[str, str]:
    """Answer with the user."""
    return {"user_id": request.auth.id}


@api.post("/me")
def ninja_post(request: Any) -> dict[str, str]:
    """Change something."""
    return {"user_id": request.auth.id}


@api.post("/exempt", auth=privy_auth(csrf=False))
def ninja_exempt(request: Any) -> dict[str, str]:
    """Change something, with the middleware's cross-site rule alone."""
    return {"user_id": request.auth.id}


@api.get("/admin", auth=privy_auth(metadata={"role": "admin"}))
async def ninja_admin(request: Any) -> dict[str, str]:
    """Answer an admin."""
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
