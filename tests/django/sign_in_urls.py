"""URLs of a project whose users sign in with Privy, in the admin too."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.decorators import api_view
from rest_framework.response import Response

from django_privy.sign_in import sign_in
from tests.django_urls import seen, unseen


def log_out(request: HttpRequest) -> HttpResponse:
    """Sign out with Django's own function."""
    logout(request)
    return HttpResponse("signed out")


@api_view(["POST"])
def log_out_of_api(request: HttpRequest) -> Response:
    """Sign out with REST framework's request."""
    logout(request)
    return Response("signed out")


urlpatterns = [
    path("admin/login/", sign_in),
    path("admin/", admin.site.urls),
    path("accounts/", include("django_privy.urls")),
    path("seen", seen),
    path("members", login_required(unseen)),
    path("log-out", log_out),
    path("api/log-out", log_out_of_api),
]
