"""Django REST framework, and its OpenAPI document by drf-spectacular."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, modify_settings, override_settings
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from django_privy import signals
from django_privy.middleware import PrivyMiddleware
from django_privy.principals import PrivyPrincipal
from django_privy.rest_framework import PrivyAuthentication, PrivyUserRequired
from django_privy.testing import privy_login
from privy_middleware import PrivyUser
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.web3auth import Web3AuthConfig, Web3AuthVerifier
from tests.django.test_middleware import ADA, NO_KEYS, NOBODY, identity

BAD = {"privy-id-token": "garbage"}


@pytest.fixture
def without_accounts() -> Any:
    """Use settings without ``django_privy.accounts``."""
    with modify_settings(INSTALLED_APPS={"remove": "django_privy.accounts"}):
        yield


@pytest.mark.django_db
def test_django_user(issuer: DevelopmentIssuer) -> None:
    """``request.user`` is the Django user, and ``request.auth`` the ``PrivyAuth`` of the middleware."""
    answer = APIClient().get("/drf", headers=identity(issuer))
    user = User.objects.get()
    assert answer.json() == {**ADA, "user": user.username, "source": "header"}
    User.objects.update(is_active=False)
    inactive = APIClient().get("/drf", headers=identity(issuer))
    assert (inactive.status_code, inactive.json()) == (401, {"detail": "User inactive or deleted."})


@pytest.mark.usefixtures("without_accounts")
def test_principal(issuer: DevelopmentIssuer) -> None:
    """Without ``django_privy.accounts``, ``request.user`` is a placeholder."""
    answer = APIClient().get("/drf", headers=identity(issuer))
    assert answer.json() == {**ADA, "user": ADA["user_id"], "source": "header"}


def test_principal_has_what_others_ask_for() -> None:
    """It is authenticated, has a key for throttles, and no permissions."""
    principal = PrivyPrincipal(PrivyUser(id="did:privy:x"))
    assert principal.is_authenticated
    assert principal.is_active
    assert principal.pk == principal.id == principal.username == principal.get_username() == str(principal)
    assert [principal.is_anonymous, principal.is_staff, principal.is_superuser] == [False] * 3
    assert [principal.has_perm("x.y"), principal.has_perms(["x.y"]), principal.has_module_perms("x")] == [False] * 3


@pytest.mark.usefixtures("without_accounts")
def test_refusals(issuer: DevelopmentIssuer) -> None:
    """REST framework handles a missing token, and an invalid one gets our error response; both have a challenge."""
    missing, bad = APIClient().get("/drf"), APIClient().get("/drf", headers=BAD)
    assert (missing.status_code, missing["WWW-Authenticate"]) == (401, "Bearer")
    assert (bad.status_code, bad.json()) == (401, {"message": "Invalid token"})
    assert bad["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    assert bad["Content-Type"] == "application/json"
    assert "no-store" in bad["Cache-Control"]
    assert "privy-id-token" in bad["Vary"]


@pytest.mark.usefixtures("without_accounts")
def test_keys_unavailable() -> None:
    """In an outage, the response says when to try again."""
    with override_settings(PRIVY=NO_KEYS):
        answer = APIClient().get("/drf/open", headers=identity(DevelopmentIssuer()))
    assert (answer.status_code, answer.json()) == (503, {"message": "Service unavailable"})
    assert int(answer["Retry-After"]) >= 1


@pytest.mark.usefixtures("without_accounts")
@pytest.mark.parametrize("path", ["/drf", "/drf/open", "/drf/required", "/drf/both", "/drf/function"])
def test_other_bodies(issuer: DevelopmentIssuer, path: str) -> None:
    """Error responses have the form of the setting ``error_body``, with its type and a number as the status."""
    problem = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Invalid token"}
    for form, content_type, body in (
        ("detail", "application/json", {"detail": "Invalid token"}),
        ("problem", "application/problem+json", problem),
    ):
        with override_settings(PRIVY={**settings.PRIVY, "ERROR_BODY": form}):
            answer = APIClient().get(path, headers=BAD)
        assert (answer.status_code, answer.json(), answer["Content-Type"]) == (401, body, content_type)


@pytest.mark.usefixtures("without_accounts")
def test_problem_in_another_format(issuer: DevelopmentIssuer) -> None:
    """Only JSON has the type of a problem: the browsable API stays HTML."""
    with override_settings(PRIVY={**settings.PRIVY, "ERROR_BODY": "problem"}):
        answer = APIClient().get("/drf/open", headers={**BAD, "accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"]) == (401, "text/html; charset=utf-8")


@pytest.mark.usefixtures("without_accounts")
def test_open_view(issuer: DevelopmentIssuer) -> None:
    """A view without a permission has an optional user, and ``on_invalid`` decides about invalid tokens."""
    assert APIClient().get("/drf/open").json() == NOBODY
    assert APIClient().get("/drf/open", headers=identity(issuer)).json() == ADA
    assert APIClient().get("/drf/open", headers=BAD).status_code == 401
    assert APIClient().get("/drf/lenient", headers=BAD).json() == NOBODY


@pytest.mark.usefixtures("without_accounts")
def test_api_sends_no_page_anywhere(issuer: DevelopmentIssuer) -> None:
    """An API responds with 401 even to navigation in a browser."""
    value = {"APP_ID": "x", "JWKS_URL": "http://127.0.0.1:9/", "LOGIN_URL": "/login"}
    with override_settings(PRIVY=value):
        cookie = {"cookie": "privy-id-token=garbage"}
        for path, headers in (
            ("/drf/open", BAD),
            ("/drf/open", cookie),
            ("/drf/required", BAD),
            ("/drf/required", cookie),
            ("/drf/required", {}),
        ):
            assert (
                APIClient().get(path, headers={**headers, "accept": "text/html, application/json"}).status_code == 401
            )


@pytest.mark.usefixtures("without_accounts")
def test_csrf_check_for_cookie_tokens(issuer: DevelopmentIssuer) -> None:
    """As with sessions, a token in a cookie needs Django's CSRF token, and one in a header does not."""
    client = APIClient(enforce_csrf_checks=True)
    assert client.post("/drf", headers=identity(issuer)).status_code == 200
    privy_login(client, issuer)
    assert client.get("/drf").json()["source"] == "cookie"
    failed = client.post("/drf")
    assert failed.status_code == 403
    assert failed.json()["detail"].startswith("CSRF Failed: ")
    token = "a" * 32
    client.cookies["csrftoken"] = token
    assert client.post("/drf", headers={"x-csrftoken": token}).status_code == 200
    cross_site = client.post("/drf", headers={"x-csrftoken": token, "sec-fetch-site": "cross-site"})
    assert (cross_site.status_code, cross_site.json()) == (403, {"message": "Forbidden"})


@pytest.mark.django_db
def test_session_authentication_beside_ours(issuer: DevelopmentIssuer) -> None:
    """Listed after ours, it requires no CSRF token for a token in a header, but still does for its own users."""
    client = APIClient(enforce_csrf_checks=True)
    assert client.post("/drf/or-signed-in", headers=identity(issuer)).status_code == 200
    failed = client.post("/drf/session-first", headers=identity(issuer))
    assert (failed.status_code, failed.json()["detail"][:11]) == (403, "CSRF Failed")
    client.force_login(User.objects.create_user("root"), "django.contrib.auth.backends.ModelBackend")
    assert client.post("/drf/or-signed-in").json()["detail"].startswith("CSRF Failed")


def test_permission(issuer: DevelopmentIssuer) -> None:
    """The permission gives the same error responses as the decorator, also with a condition."""
    heard: list[str] = []

    def refused(sender: object, error: Any, **kwargs: Any) -> None:
        heard.append(error.code)

    signals.request_refused.connect(refused)
    try:
        for path in ("/drf/required", "/drf/admins"):
            missing = APIClient().get(path)
            assert (missing.status_code, missing.json()) == (401, {"message": "Unauthorized"})
            assert APIClient().get(path, headers=identity(issuer)).json() == ADA
            assert APIClient().get(path, headers=BAD).json() == {"message": "Invalid token"}
        forbidden = APIClient().get("/drf/admins", headers=identity(issuer, "grace"))
    finally:
        signals.request_refused.disconnect(refused)
    assert (forbidden.status_code, forbidden.json()) == (403, {"message": "Forbidden"})
    assert heard == ["missing_token", "malformed_token"] * 2 + ["condition_not_met"]


UNAUTHORIZED = (401, {"message": "Unauthorized"})
INVALID = (401, {"message": "Invalid token"})
FORBIDDEN = (403, {"message": "Forbidden"})
DENIED = (403, {"detail": "You do not have permission to perform this action."})
OK = (200, ADA)


def outcome(answer: Any) -> tuple[int, Any]:
    """Return the content of a response."""
    return answer.status_code, answer.json()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "nobody", "ada", "grace"),
    [
        ("or-read-only", (200, NOBODY), OK, (200, {"user_id": "did:privy:dev-grace"})),
        ("read-only-or", (200, NOBODY), OK, (200, {"user_id": "did:privy:dev-grace"})),
        ("either", UNAUTHORIZED, OK, FORBIDDEN),
        ("both", UNAUTHORIZED, FORBIDDEN, FORBIDDEN),
        ("or-staff", UNAUTHORIZED, OK, FORBIDDEN),
        ("and-staff", UNAUTHORIZED, DENIED, DENIED),
        ("nobody", (200, NOBODY), DENIED, DENIED),
        ("or-signed-in", UNAUTHORIZED, OK, (200, {"user_id": "did:privy:dev-grace"})),
        ("then-staff", (401, {"detail": "Authentication credentials were not provided."}), DENIED, DENIED),
    ],
)
def test_combined_permission(issuer: DevelopmentIssuer, name: str, nobody: Any, ada: Any, grace: Any) -> None:
    """In a combination another permission can grant access; if ours denies it, the error response is ours."""
    path = f"/drf/{name}"
    assert outcome(APIClient().get(path)) == nobody
    assert outcome(APIClient().get(path, headers=identity(issuer))) == ada
    assert outcome(APIClient().get(path, headers=identity(issuer, "grace"))) == grace
    assert outcome(APIClient().get(path, headers=BAD)) == INVALID


@pytest.mark.django_db
def test_combined_permission_and_other_users(issuer: DevelopmentIssuer) -> None:
    """Other users get access if another permission grants it, and otherwise REST framework's own response."""
    client = APIClient()
    client.force_login(User.objects.create_superuser("root"), "django.contrib.auth.backends.ModelBackend")
    for name, expected in (
        ("or-staff", (200, NOBODY)),
        ("or-signed-in", (200, NOBODY)),
        ("owned", (403, {"detail": "Not yours."})),
        ("either", UNAUTHORIZED),
    ):
        assert outcome(client.get(f"/drf/{name}")) == expected


def test_combined_permission_by_method(issuer: DevelopmentIssuer) -> None:
    """A denied permission for one method does not affect the response for another, as in pages with forms."""
    heard: list[str] = []

    def refused(sender: object, error: Any, **kwargs: Any) -> None:
        heard.append(error.code)

    path = "/drf/or-read-only"
    signals.request_refused.connect(refused)
    try:
        page = APIClient().get(path, headers={"accept": "text/html"})
        options = APIClient().options(path)
        assert heard == []
        posted = APIClient().post(path)
    finally:
        signals.request_refused.disconnect(refused)
    assert (page.status_code, options.status_code) == (200, 200)
    assert not page.has_header("Cache-Control")
    assert outcome(posted) == UNAUTHORIZED
    assert heard == ["missing_token"]


def test_combined_permission_without_keys() -> None:
    """In an outage the request is rejected, even if another permission grants access."""
    with override_settings(PRIVY=NO_KEYS):
        for name in ("or-read-only", "nobody", "required"):
            answer = APIClient().get(f"/drf/{name}", headers=identity(DevelopmentIssuer()))
            assert outcome(answer) == (503, {"message": "Service unavailable"})
        session_first = APIClient().get("/drf/session-first", headers=identity(DevelopmentIssuer()))
        assert outcome(session_first) == (503, {"message": "Service unavailable"})


@pytest.mark.parametrize("path", ["/drf", "/drf/required", "/drf/either"])
def test_no_cache_keeps_a_401(path: str) -> None:
    """The 401 for a missing token has ``Cache-Control``, whichever code creates it."""
    answer = APIClient().get(path)
    assert (answer.status_code, answer["Cache-Control"]) == (401, "no-store")


def test_permission_without_a_view(issuer: DevelopmentIssuer) -> None:
    """A project can call the permission directly, and also ask the authentication for its challenge."""
    asked: list[object] = []

    def view(request: HttpRequest) -> HttpResponse:
        drf_request = Request(request)
        asked.append(PrivyUserRequired().has_permission(drf_request, None))
        asked.append(PrivyAuthentication().authenticate_header(drf_request))
        return HttpResponse()

    for headers in ({}, identity(issuer)):
        PrivyMiddleware(view)(APIRequestFactory().get("/", headers=headers))
    assert asked == [False, "Bearer", True, "Bearer"]


@pytest.mark.usefixtures("without_accounts")
def test_decorated_function(issuer: DevelopmentIssuer) -> None:
    """The decorators also work below those of REST framework."""
    assert Client().get("/drf/function", headers=identity(issuer)).json() == ADA
    assert Client().get("/drf/function").json() == {"message": "Unauthorized"}


def schema() -> Any:
    """Return the OpenAPI document of the test's routes."""
    generator: Any = SchemaGenerator
    return generator().get_schema(request=None, public=True)


def test_document(capsys: pytest.CaptureFixture[str]) -> None:
    """The document lists every header and cookie."""
    document = schema()
    schemes = document["components"]["securitySchemes"]
    described = {name: each.pop("description") for name, each in schemes.items()}
    assert schemes == {
        "PrivyIdentityHeader": {"type": "apiKey", "in": "header", "name": "privy-id-token"},
        "PrivyAccessBearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "PrivyIdentityCookie": {"type": "apiKey", "in": "cookie", "name": "privy-id-token"},
        "PrivyAccessCookie": {"type": "apiKey", "in": "cookie", "name": "privy-token"},
    }
    assert described["PrivyAccessBearer"] == "The access token, in `authorization`."
    names = ["PrivyIdentityHeader", "PrivyAccessBearer", "PrivyIdentityCookie", "PrivyAccessCookie"]
    assert document["paths"]["/drf"]["get"]["security"] == [{name: []} for name in names]
    assert document["paths"]["/drf/lenient"]["get"]["security"] == [*({name: []} for name in names), {}]
    assert "identical names" not in capsys.readouterr().err
    assert {} in document["paths"]["/drf/open"]["get"]["security"]
    with override_settings(PRIVY={"APP_ID": "x", "SOURCES": ["header"], "TOKENS": ["access"]}):
        assert list(schema()["components"]["securitySchemes"]) == ["PrivyAccessBearer"]


def test_plugin_without_drf_spectacular() -> None:
    """drf-spectacular is not required."""
    with modify_settings(INSTALLED_APPS={"remove": "drf_spectacular"}):
        assert apps.get_app_config("django_privy").verbose_name == "Privy"


def test_document_of_another_family_of_tokens() -> None:
    """A verifier of other tokens has its own schemes, and cookies only if its tokens can be in cookies."""
    verifier = Web3AuthVerifier(Web3AuthConfig(client_id="x", jwks_url="http://127.0.0.1:9/"))
    with override_settings(PRIVY=verifier):
        assert list(schema()["components"]["securitySchemes"]) == ["PrivyWeb3authBearer"]
