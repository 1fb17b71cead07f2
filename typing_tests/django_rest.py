"""Django's REST framework, ninja, users and permissions."""

from __future__ import annotations

from typing import Any, assert_type

from django.http import HttpRequest
from ninja import NinjaAPI
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_privy.accounts.models import PrivyAccount
from django_privy.backends import PrivyBackend
from django_privy.ninja import PrivyUserAuth, privy_auth
from django_privy.principals import PrivyPrincipal
from django_privy.rest_framework import PrivyAuthentication, PrivyUserRequired, Refused
from privy_middleware import PrivyAuth, PrivyError, PrivyUser


class Lenient(PrivyAuthentication):
    on_invalid = "anonymous"


class Wallets(APIView):
    authentication_classes = [Lenient]  # noqa: RUF012
    permission_classes = [IsAuthenticated, PrivyUserRequired, PrivyUserRequired.where(wallet="ethereum")]  # noqa: RUF012

    def get(self, request: Request) -> Response:
        assert isinstance(request.auth, PrivyAuth)
        return Response(request.auth.require().to_dict())


def rest(request: Request, permission: PrivyUserRequired, error: PrivyError) -> None:
    assert_type(PrivyAuthentication().authenticate(request), tuple[Any, PrivyAuth] | None)
    assert_type(PrivyAuthentication().authenticate_header(request), str)
    assert_type(PrivyUserRequired.where(lambda user: user.is_guest, linked="email"), type[PrivyUserRequired])
    assert_type(permission.has_permission(request, None), bool)
    assert_type(Refused(error).status_code, int)
    assert_type(Refused(error).error, PrivyError)


api = NinjaAPI(urls_namespace="typing_tests")


@api.get("/me", auth=privy_auth(linked="email"))
def me(request: HttpRequest) -> dict[str, str]:
    return {}


def ninja(request: HttpRequest) -> None:
    NinjaAPI(auth=privy_auth())
    for each in privy_auth(lambda user: user.is_guest, wallet="ethereum", csrf=False):
        assert_type(each, PrivyUserAuth)
        assert_type(each(request), PrivyUser)


def principal(stand_in: PrivyPrincipal) -> None:
    assert_type(stand_in.privy_user, PrivyUser)
    assert_type(stand_in.is_authenticated, bool)
    assert_type(stand_in.pk, str)
    assert_type(stand_in.has_perm("app.change_thing"), bool)


class Backend(PrivyBackend):
    """A project's own fields."""

    link_by_email = True

    def new_user(self, privy_user: PrivyUser) -> Any:
        user = super().new_user(privy_user)
        user.email = privy_user.email.address if privy_user.email else ""
        return user

    def configure_user(self, request: HttpRequest | None, user: Any, privy_user: PrivyUser, *, created: bool) -> Any:
        return user


def accounts() -> None:
    for account in PrivyAccount.objects.filter(issuer="privy.io"):
        assert_type(account, PrivyAccount)
        assert_type(account.did, str)
        assert_type(account.issuer, str)


def refused(request: Request) -> None:
    """Mistakes that a type checker must report."""
    PrivyUserRequired.where(walet="ethereum")  # type: ignore[call-arg]
    privy_auth(walet="ethereum")  # type: ignore[call-arg]
    PrivyAuthentication().authenticate(request)[1]  # type: ignore[index]
