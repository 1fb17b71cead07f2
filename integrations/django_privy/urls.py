"""The URLs of the sign-in and sign-out views: ``path("accounts/", include("django_privy.urls"))``."""

from django.urls import URLPattern, path

from django_privy.sign_in import sign_in, sign_out

__all__ = ["urlpatterns"]

urlpatterns: list[URLPattern] = [
    path("sign-in/", sign_in, name="privy-sign-in"),
    path("sign-out/", sign_out, name="privy-sign-out"),
]
