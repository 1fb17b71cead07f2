"""Django in one file, as an ASGI and a WSGI app.

uvicorn example_apps.django_app:app
gunicorn example_apps.django_app:wsgi_app
python -m example_apps.django_app runserver
"""

import json
import sys
from typing import cast

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import execute_from_command_line
from django.core.management.utils import get_random_secret_key
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from django_privy import AuthenticatedPrivyHttpRequest, PrivyHttpRequest, optional_privy_user, require_privy_user
from example_apps.settings import load_config
from privy_middleware import PrivyMiddleware
from privy_middleware.asgi import ASGIApp, Receive, Scope, Send

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["localhost", "127.0.0.1", "[::1]"],
        INSTALLED_APPS=["django_privy"],
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware", "django_privy.middleware.PrivyMiddleware"],
        PRIVY=load_config(),
        ROOT_URLCONF=__name__,
        SECRET_KEY=get_random_secret_key(),
    )


def home(request: PrivyHttpRequest) -> JsonResponse:
    """Return the ID of the user, or ``None``; never rejects a request."""
    user = request.privy_user
    return JsonResponse({"user_id": user and user.id, "error": request.privy_auth.error})


@require_privy_user
def me(request: AuthenticatedPrivyHttpRequest) -> JsonResponse:
    """Return the user."""
    return JsonResponse(request.privy_user.to_dict())


@optional_privy_user
async def optional(request: PrivyHttpRequest) -> JsonResponse:
    """Return the ID of the user, or ``None``; rejects invalid tokens."""
    user = await request.aprivy_user()
    return JsonResponse({"user_id": user and user.id})


@require_privy_user
def session(request: AuthenticatedPrivyHttpRequest) -> JsonResponse:
    """Return the claims of the access token."""
    return JsonResponse(request.privy_auth.require_access().to_dict())


@require_privy_user(wallet="ethereum")
def wallet(request: AuthenticatedPrivyHttpRequest) -> JsonResponse:
    """Return the address of the first Ethereum wallet."""
    wallets = request.privy_user.wallets
    return JsonResponse({"address": next(each.address for each in wallets if each.chain_type == "ethereum")})


@require_privy_user(metadata={"role": "admin"})
async def admin(request: AuthenticatedPrivyHttpRequest) -> JsonResponse:
    """Return the ID of an admin."""
    return JsonResponse({"user_id": request.privy_user.id})


# The cross-site rule of the middleware protects this view, so Django's CSRF check is not needed.
@csrf_exempt
@require_POST
@require_privy_user
def profile(request: AuthenticatedPrivyHttpRequest) -> JsonResponse:
    """Show the cross-site rule, which applies to unsafe methods."""
    return JsonResponse({"user_id": request.privy_user.id})


urlpatterns = [
    path("", home),
    path("me", me),
    path("optional", optional),
    path("session", session),
    path("wallet", wallet),
    path("admin", admin),
    path("profile", profile),
]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Send the user's ID, then echo. Django does not support WebSockets, so this uses the ASGI middleware."""
    user = scope["state"]["privy_auth"].require()
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": json.dumps({"user_id": user.id})})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Handle requests with Django, and WebSockets without it."""
    serve = sockets if scope["type"] == "websocket" else pages
    await serve(scope, receive, send)


pages = cast(ASGIApp, get_asgi_application())
sockets = PrivyMiddleware(echo, settings.PRIVY)
wsgi_app = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
