"""The routes of Django projects, of REST framework and of Ninja."""

from __future__ import annotations

import types
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.utils.decorators import method_decorator
from django.views import View
from ninja import NinjaAPI
from ninja.security import APIKeyHeader
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet
from starlette.applications import Starlette
from starlette.routing import Mount

from django_privy import PrivyUserRequiredMixin, optional_privy_user, require_privy_user
from django_privy.ninja import privy_auth
from django_privy.rest_framework import PrivyUserRequired
from privy_middleware import Condition, condition
from privy_middleware.cli.listing import project_routes, routes_of
from tests.cli.listing.reading import WALLET, listed
from tests.support.issued import ISSUER

WalletOwner = PrivyUserRequired.where(wallet="ethereum")


@pytest.fixture
def routed(settings: Any) -> Any:
    """Return a function that sets the URLs of the project, and returns their list."""
    settings.PRIVY = {"APP_ID": ISSUER.app_id, "VERIFICATION_KEY": ISSUER.public_key_pem}

    def route(*urls: Any) -> dict[str, str]:
        module: Any = types.ModuleType("urls_of_a_test")
        module.urlpatterns = [*urls]
        settings.ROOT_URLCONF = module
        return listed(project_routes())

    return route


def page(request: HttpRequest, **_: str) -> HttpResponse:
    """Answer a request."""
    return HttpResponse()


async def apage(request: HttpRequest) -> HttpResponse:
    """Answer a request."""
    return HttpResponse()


class Things(View):
    """A view class with a guard on one method."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer anybody."""
        return HttpResponse()

    @method_decorator(require_privy_user)
    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer a user."""
        return HttpResponse()


@method_decorator(require_privy_user(wallet="ethereum"), name="dispatch")
class Dispatched(View):
    """A view class with a guard on all methods."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the owner of a wallet."""
        return HttpResponse()


class Mixed(PrivyUserRequiredMixin, View):
    """A view class with the mixin."""

    privy_condition = condition(wallet="ethereum")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the owner of a wallet."""
        return HttpResponse()


class MixedByMethod(PrivyUserRequiredMixin, View):
    """A view class whose condition depends on the request."""

    def get_privy_condition(self) -> Condition | None:
        """Return no condition."""
        return None

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer a user."""
        return HttpResponse()


class Empty(View):
    """A view class without methods of its own."""


def test_views(routed: Any) -> None:
    """A route requires what the decorators of its function, its class or its methods do."""
    urls = [
        path("open", page),
        path("user/<int:id>", require_privy_user(page)),
        path("async", require_privy_user(wallet="ethereum")(apage)),
        path("optional", optional_privy_user(page)),
        path("things", Things.as_view()),
        path("guarded", require_privy_user(Things.as_view())),
        path("dispatched", Dispatched.as_view()),
        path("mixed", Mixed.as_view()),
        path("mixed-by-method", MixedByMethod.as_view()),
        path("empty", Empty.as_view()),
        re_path(r"^old/(?P<id>\d+)$", require_privy_user(page)),
        re_path(r".*", page),
    ]
    assert routed(*urls) == {
        "/open": "nothing",
        "/user/<int:id>": "user",
        "/async": f"user; {WALLET}",
        "/optional": "optional user",
        "GET /things": "nothing",
        "POST /things": "user",
        "GET /guarded": "user",
        "POST /guarded": "user",
        "GET /dispatched": f"user; {WALLET}",
        "GET /mixed": f"user; {WALLET}",
        "GET /mixed-by-method": "user; decided by the view",
        "/empty": "nothing",
        "/old/**": "user",
        "/**": "nothing",
    }


def test_includes_and_prefixes(routed: Any, settings: Any) -> None:
    """Included URLs are listed with their whole path, and protected prefixes hold if the middleware is installed."""
    settings.PRIVY |= {"PROTECT": ["/api"], "EXEMPT": ["/api/health"]}
    urls = [path("api/", include([path("health", page), path("<name>", page)])), path("apis", page)]
    assert routed(*urls) == {"/api/health": "nothing", "/api/<name>": "user", "/apis": "nothing"}
    settings.MIDDLEWARE = []
    assert routed(*urls) == {"/api/health": "nothing", "/api/<name>": "nothing", "/apis": "nothing"}


class Api(APIView):
    """An API view with a permission, and a guard on one method."""

    permission_classes = (WalletOwner,)

    def get(self, request: Any) -> Response:
        """Answer the owner of a wallet."""
        return Response()


class Either(APIView):
    """An API view with combined permissions."""

    def get(self, request: Any) -> Response:
        """Answer a request."""
        return Response()


class Chosen(Either):
    """An API view that chooses its permissions for each request."""

    def get_permissions(self) -> list[Any]:
        """Return no permissions."""
        return []


class Set(ViewSet):
    """A view set in which one action has other permissions."""

    permission_classes = (PrivyUserRequired,)

    def list(self, request: Any) -> Response:
        """Answer a user."""
        return Response()

    @action(detail=False, permission_classes=[AllowAny])
    def opened(self, request: Any) -> Response:
        """Answer anybody."""
        return Response()


@api_view(["GET"])
@permission_classes([PrivyUserRequired])
def of_function(request: Any) -> Response:
    """Answer a user."""
    return Response()


@pytest.mark.parametrize(
    ("permissions", "required"),
    [
        ([], "nothing"),
        ([IsAuthenticated], "nothing"),
        ([PrivyUserRequired, IsAuthenticated], "user"),
        ([PrivyUserRequired & IsAuthenticated], "user"),
        ([IsAuthenticated & WalletOwner], f"user; {WALLET}"),
        ([PrivyUserRequired | IsAuthenticated], "nothing"),
        ([PrivyUserRequired | WalletOwner], "user"),
        ([WalletOwner | PrivyUserRequired.where(guest=True)], f"user; {WALLET} or the user is a guest"),
        ([~PrivyUserRequired], "nothing"),
    ],
)
def test_permissions(permissions: list[Any], required: str, routed: Any) -> None:
    """A combination requires a user if all of its ways do."""
    assert routed(path("api", Either.as_view(permission_classes=permissions))) == {"GET /api": required}


def test_rest_framework(routed: Any) -> None:
    """API views, view sets with their actions, and functions have the permissions that are used for them."""
    router = SimpleRouter()
    router.register("set", Set, basename="set")
    urls = [path("api", Api.as_view()), path("chosen", Chosen.as_view()), path("function", of_function), *router.urls]
    assert routed(*urls) == {
        "GET /api": f"user; {WALLET}",
        "GET /chosen": "unknown",
        "GET /function": "user",
        "GET /set/": "user",
        "GET /set/opened/": "nothing",
    }


class Key(APIKeyHeader):
    """Another way to sign in."""

    def authenticate(self, request: HttpRequest, key: str | None) -> object | None:
        """Return nobody."""
        return None


def test_ninja(routed: Any) -> None:
    """The authentication of the API holds for its operations, unless they have their own."""
    api = NinjaAPI(auth=privy_auth(), urls_namespace="of-routes", docs_url=None, openapi_url=None)
    api.get("/user")(lambda request: None)
    api.post("/user", auth=privy_auth(wallet="ethereum"))(lambda request: None)
    api.get("/open", auth=None)(lambda request: None)
    api.get("/either", auth=[*privy_auth(), Key()])(lambda request: None)

    @api.get("/async")
    async def asynchronous(request: HttpRequest) -> None: ...

    @api.get("/decorated", auth=None)
    @require_privy_user
    def decorated(request: HttpRequest) -> None: ...

    assert {name: required for name, required in routed(path("api/", api.urls)).items() if "api-root" not in name} == {
        "/api/": "nothing",
        "GET /api/user": "user",
        "POST /api/user": f"user; {WALLET}",
        "GET /api/open": "nothing",
        "GET /api/either": "unknown",
        "GET /api/async": "user",
        "GET /api/decorated": "user",
    }


def test_an_app(routed: Any, settings: Any) -> None:
    """The app that a server is given has the routes of the project, also mounted in another app."""
    routed(path("user", require_privy_user(page)), path("api/page", page))
    settings.PRIVY |= {"PROTECT": ["/api"]}
    app = get_wsgi_application()
    assert listed(routes_of(app)) == {"/user": "user", "/api/page": "user"}

    class Adapter:
        def __init__(self, application: Any) -> None:
            self.application = application

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    mounted = Starlette(routes=[Mount("/django", Adapter(app))])
    assert listed(routes_of(mounted)) == {"/django/user": "user", "/django/api/page": "user"}
