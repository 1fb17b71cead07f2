"""Django: decorators, the types of the request, class-based views, and the settings of a project."""

from __future__ import annotations

from typing import Any, assert_type

from django.contrib.auth.models import User
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.test import AsyncClient, Client, TestCase
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.http import require_http_methods
from django.views.generic import RedirectView, TemplateView

from django_privy import (
    AuthenticatedPrivyHttpRequest,
    PrivyHttpRequest,
    PrivyUserRequiredMixin,
    asign_out,
    clear_privy_cookies,
    optional_privy_user,
    require_privy_user,
    sign_out,
)
from django_privy.channels import PrivyMiddlewareStack
from django_privy.encoders import PrivyJSONEncoder
from django_privy.keycache import DjangoKeyCache
from django_privy.middleware import PrivyMiddleware
from django_privy.signals import request_refused, user_authenticated
from django_privy.testing import PrivyTestMixin, privy_issuer, privy_login, privy_logout
from django_privy.webhooks import webhook_view
from privy_middleware import Condition, PrivyAuth, PrivyConfig, PrivyUser, condition
from privy_middleware import PrivyMiddleware as ASGIMiddleware
from privy_middleware.asgi import ASGIApp
from privy_middleware.conditions import has_linked
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.webhooks import WebhookReceiver


def is_ada(user: PrivyUser) -> bool:
    return user.id == "did:privy:ada"


@require_privy_user
def bare(request: AuthenticatedPrivyHttpRequest, number: int = 1) -> JsonResponse:
    assert_type(request.privy_user, PrivyUser)
    assert_type(request.privy_auth, PrivyAuth)
    assert_type(request.path_info, str)
    JsonResponse({"user": request.privy_user}, encoder=PrivyJSONEncoder)
    return JsonResponse(request.privy_user.to_dict())


async def leave(request: PrivyHttpRequest) -> HttpResponse:
    assert_type(sign_out(JsonResponse({}), request), JsonResponse)
    return await asign_out(HttpResponse(), request)


def forget(request: PrivyHttpRequest) -> JsonResponse:
    return clear_privy_cookies(JsonResponse({}), request)


@require_privy_user()
def called(request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
    return HttpResponse()


@require_privy_user(
    is_ada, wallet="ethereum", linked="email", metadata={"a": 1}, guest=False, verified_within=60, owns_wallet="address"
)
def worded(request: AuthenticatedPrivyHttpRequest, address: str) -> JsonResponse:
    return JsonResponse({})


@require_privy_user(lambda user: user.complete, guest=False)
def by_lambda(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@require_privy_user(lambda user: user.is_guest)
def by_bare_lambda(request: HttpRequest, number: int) -> JsonResponse:
    return JsonResponse({})


@require_privy_user(has_linked("email") & is_ada)
async def asynchronous(request: AuthenticatedPrivyHttpRequest, number: int) -> JsonResponse:
    assert_type(await request.aprivy_user(), PrivyUser)
    return JsonResponse({})


@require_privy_user
async def bare_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@optional_privy_user
def optional(request: PrivyHttpRequest) -> JsonResponse:
    assert_type(request.privy_user, PrivyUser | None)
    assert_type(request.privy_auth.error, str | None)
    return JsonResponse({})


@optional_privy_user(on_invalid="anonymous")
async def lenient(request: PrivyHttpRequest) -> JsonResponse:
    assert_type(await request.aprivy_user(), PrivyUser | None)
    return JsonResponse({})


@require_http_methods(["GET"])
@require_privy_user
def among_others(request: AuthenticatedPrivyHttpRequest) -> JsonResponse:
    return JsonResponse({})


class Page(PrivyUserRequiredMixin, TemplateView):
    template_name = "page.html"
    privy_condition = condition(wallet="ethereum")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        assert_type(self.get_privy_condition(), Condition | None)
        return HttpResponse()


class Moved(PrivyUserRequiredMixin, RedirectView):
    url = "/elsewhere"


class AsyncPage(PrivyUserRequiredMixin, View):
    async def get(self, request: AuthenticatedPrivyHttpRequest) -> HttpResponse:
        assert_type(request.privy_user, PrivyUser)
        return HttpResponse()


@method_decorator(require_privy_user, name="dispatch")
@method_decorator(require_privy_user(linked="email"), name="post")
class Decorated(View):
    @require_privy_user
    def get(self, request: AuthenticatedPrivyHttpRequest, number: int) -> JsonResponse:
        return JsonResponse({})

    def post(self, request: AuthenticatedPrivyHttpRequest) -> JsonResponse:
        return JsonResponse({})


def urls(webhooks: WebhookReceiver) -> None:
    for view in (bare, called, worded, optional, among_others, Page.as_view(), Decorated.as_view()):
        path("page", view)
    path("async", asynchronous)
    path("lenient", lenient)
    path("privy/webhooks", webhook_view(webhooks))


async def signatures_are_kept(mine: AuthenticatedPrivyHttpRequest, request: HttpRequest, page: Decorated) -> None:
    assert_type(bare(mine, number=2), JsonResponse)
    assert_type(called(mine), HttpResponse)
    assert_type(worded(mine, "0x"), JsonResponse)
    assert_type(by_lambda(request), HttpResponse)
    # mypy cannot distinguish a lambda that tests a user from one that is a view, so the result is only a callable.
    response: JsonResponse = by_bare_lambda(request, 1)
    assert_type(response, JsonResponse)
    assert_type(await asynchronous(mine, 1), JsonResponse)
    assert_type(await bare_async(request), HttpResponse)
    assert_type(optional(mine), JsonResponse)
    assert_type(await lenient(mine), JsonResponse)
    assert_type(among_others(mine), JsonResponse)
    assert_type(page.get(mine, 1), JsonResponse)
    assert_type(Page().dispatch(request), HttpResponseBase)


def is_authenticated(request: PrivyHttpRequest) -> None:
    # The two request types are only annotations: ``request.user`` still has Django's type.
    if request.privy_user is not None:
        assert_type(request.privy_user, PrivyUser)
    if isinstance(request.user, User):
        assert_type(request.user.username, str)


def on_user(sender: type[PrivyMiddleware], user: PrivyUser, auth: PrivyAuth, **kwargs: Any) -> None:
    assert_type(user_authenticated, Signal)
    assert_type(request_refused, Signal)


def set_up(app: ASGIApp, config: PrivyConfig) -> None:
    assert_type(PrivyMiddlewareStack(app, close_expired=True), ASGIMiddleware)
    assert_type(PrivyMiddleware(by_lambda), PrivyMiddleware)
    user_authenticated.connect(on_user)
    assert_type(DjangoKeyCache("other").get("key"), bytes | None)
    PrivyConfig(app_id="app", key_cache=DjangoKeyCache())


class PageTests(PrivyTestMixin, TestCase):
    def test_page(self) -> None:
        self.privy_login("ada", aud="app")
        self.privy_logout()
        assert_type(self.privy_issuer, DevelopmentIssuer)
        assert_type(self.client, Client)


def logged_in(client: Client, aclient: AsyncClient) -> None:
    with privy_issuer(leeway=5) as issuer:
        assert_type(issuer, DevelopmentIssuer)
        privy_login(client, issuer)
        privy_login(aclient, issuer, "grace", exp=0)
        privy_logout(client)


def refused(request: HttpRequest, mine: PrivyHttpRequest, required: AuthenticatedPrivyHttpRequest) -> None:
    """Mistakes that a type checker must report."""
    bare(request)  # type: ignore[arg-type]
    bare(required, "2")  # type: ignore[arg-type]
    worded(required)  # type: ignore[call-arg]
    mine.privy_user.id  # type: ignore[union-attr]
    mine.privy_user = None  # type: ignore[misc]
    require_privy_user(walet="ethereum")  # type: ignore[call-overload]
    optional_privy_user(on_invalid="ignore")  # type: ignore[call-overload]
