"""Views of REST framework; import this module after Django has its settings."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication

from benchmarks.tokens import USER
from django_privy.rest_framework import PrivyAuthentication, PrivyUserRequired

__all__ = ["Bare", "Looking", "Ours", "SimpleJWT"]


def _id(user: Any) -> str:
    found: str = user.id
    return found


class Bare(APIView):
    """No authentication."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, _request: Request) -> Response:
        """Return the user."""
        return Response({"user": USER})


class Ours(APIView):
    """This library."""

    authentication_classes = (PrivyAuthentication,)
    permission_classes = (PrivyUserRequired,)

    def get(self, request: Request) -> Response:
        """Return the user."""
        return Response({"user": _id(request.user)})


class Looking(Ours):
    """This library, with the accounts."""

    def get(self, request: Request) -> Response:
        """Return the user."""
        user: Any = request.user
        assert user.privy_user.linked_accounts
        return super().get(request)


class SimpleJWT(APIView):
    """simplejwt without a database: its other class would also load the user from there."""

    authentication_classes = (JWTStatelessUserAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        """Return the user."""
        return Response({"user": _id(request.user)})
