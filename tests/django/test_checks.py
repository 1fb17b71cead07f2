"""The system checks."""

from __future__ import annotations

import types
from typing import Any

import pytest
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import modify_settings, override_settings
from django.urls import URLPattern, include, path, re_path, register_converter
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from django_privy.checks import check_privy
from django_privy.middleware import PrivyMiddleware
from django_privy.rest_framework import PrivyUserRequired
from django_privy.testing import privy_issuer
from privy_middleware import PrivyConfig
from tests.django_urls import Lenient

HERE = "django_privy.middleware.PrivyMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"


class Subclass(PrivyMiddleware):
    """A subclass in a project."""


def ids() -> list[str]:
    """Return the IDs of the current messages."""
    return [str(message.id).removeprefix("django_privy.") for message in check_privy()]


def test_nothing_wrong() -> None:
    """Correct settings cause no message, and Django runs the checks itself."""
    assert ids() == []
    with override_settings(PRIVY={}):
        assert "django_privy.E001" in {message.id for message in run_checks()}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, "E001"),
        ({"APP_ID": ""}, "E001"),
        ({"APP_ID": "your-app-id"}, "E002"),
        ({"app_id": "<app id>"}, "E002"),
        ({"APP_ID": "YOUR_APP_ID_HERE"}, "E002"),
        ({"APP_ID": "xxx"}, "E002"),
        ({"APP_ID": "x", "VERIFICATION_KEY": "insert-key-here"}, "E002"),
        ({"APP_ID": "x", "VERIFICATION_KEY": "not a key"}, "E003"),
        ({"APP_ID": "x", "APPID": "x"}, "E004"),
        ({"APP_ID": "x", "LEEWAY": 3600}, "E005"),
        ({"APP_ID": "x", "PROTECT": "/api"}, "E005"),
        ("an-app-id", "E005"),
    ],
)
def test_wrong_settings(value: Any, expected: str) -> None:
    """Each kind of mistake has its ID, and its message names the setting."""
    with override_settings(PRIVY=value):
        assert ids() == [expected]


def test_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``settings.PRIVY``, the environment variables are checked."""
    with override_settings():
        del settings.PRIVY
        assert ids() == ["E001"]
        monkeypatch.setenv("PRIVY_APP_ID", "x")
        assert ids() == []
    with override_settings(PRIVY={"PROTECT": ["/seen"]}):
        assert ids() == []
    with override_settings(PRIVY={"PROTECT": "/api"}):
        (message,) = check_privy()
        assert message.id == "django_privy.E005"
        assert 'settings.PRIVY["PROTECT"]' in message.msg


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        ([SESSIONS, CSRF, AUTHENTICATION], ["E006"]),
        ([SESSIONS, CSRF, AUTHENTICATION, f"{__name__}.Subclass"], []),
        ([SESSIONS, CSRF, HERE, AUTHENTICATION], ["E007"]),
        ([CSRF, AUTHENTICATION, HERE, "django.middleware.cache.UpdateCacheMiddleware"], ["E008"]),
        ([CSRF, AUTHENTICATION, HERE, "corsheaders.middleware.CorsMiddleware"], ["W002"]),
        ([HERE, CSRF, AUTHENTICATION], ["E007", "W003"]),
        ([AUTHENTICATION, HERE], ["W001"]),
        ([CSRF, HERE], ["E011"]),
        (["nowhere.Middleware", CSRF, AUTHENTICATION, HERE], []),
    ],
)
def test_order_of_middleware(middleware: list[str], expected: list[str]) -> None:
    """Reports wrong order and missing middleware."""
    with override_settings(MIDDLEWARE=middleware):
        assert ids() == expected


def test_tokens_from_headers_need_no_csrf_middleware() -> None:
    """Pages of other sites cannot send headers, so the CSRF middleware is not needed."""
    with override_settings(MIDDLEWARE=[AUTHENTICATION, HERE], PRIVY={"APP_ID": "x", "SOURCES": ["header"]}):
        assert ids() == []


@modify_settings(INSTALLED_APPS={"remove": "django_privy.accounts"})
def test_backend_without_its_table() -> None:
    """The backend needs the app, and nothing else does."""
    assert ids() == ["E009"]
    with override_settings(
        AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"], MIDDLEWARE=[CSRF, HERE]
    ):
        assert ids() == []


def test_table_without_its_backend() -> None:
    """Without the backend, Django users would never be looked up."""
    with override_settings(AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"]):
        assert ids() == ["E010"]


REST = "django_privy.rest_framework.PrivyAuthentication"
REST_SESSION = "rest_framework.authentication.SessionAuthentication"
REST_BASIC = "rest_framework.authentication.BasicAuthentication"


class OwnSession(SessionAuthentication):
    """A subclass in a project."""


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ([REST_SESSION, REST_BASIC], []),
        ([REST], []),
        ([REST, REST_SESSION], []),
        ((REST_BASIC, REST_SESSION, REST), ["W004"]),
        ([f"{__name__}.OwnSession", REST], ["W004"]),
        ([REST_SESSION, "tests.django_urls.Lenient"], ["W004"]),
        ([OwnSession, Lenient], ["W004"]),
    ],
)
def test_order_of_rest_framework_s_authentication(classes: Any, expected: list[str]) -> None:
    """Session authentication must come second if there are Django users."""
    with override_settings(REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": classes}):
        assert ids() == expected
        with modify_settings(INSTALLED_APPS={"remove": "django_privy.accounts"}):
            assert ids() == ["E009"]


def test_without_rest_framework() -> None:
    """A project without REST framework needs no settings for it."""
    with override_settings():
        del settings.REST_FRAMEWORK
        assert ids() == []


def test_other_forms_of_settings() -> None:
    """Only values in a dict can be placeholders."""
    with privy_issuer() as issuer, override_settings(PRIVY=issuer_config(issuer)):
        assert ids() == []


def issuer_config(issuer: Any) -> Any:
    """An object with the settings."""
    return PrivyConfig(app_id=issuer.app_id, verification_key=issuer.public_key_pem)


def home(request: Any, **_: Any) -> HttpResponse:
    """Return nothing."""
    return HttpResponse()


class ThreeDigits:
    """A converter of a project."""

    regex = "[0-9]{3}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_url(self, value: int) -> str:
        """Return the digits."""
        return f"{value:03}"


def in_project(*patterns: Any) -> Any:
    """Return the settings of a project with these URLs."""
    urls: Any = types.ModuleType("urls")
    urls.urlpatterns = list(patterns)
    return override_settings(ROOT_URLCONF=urls, STATIC_URL="static/", MEDIA_URL="/media/")


@pytest.mark.parametrize(
    ("patterns", "known"),
    [
        ([path("api/", home)], ["/api", "/static/css", "/media/1"]),
        ([path("api/", include([path("users/<int:id>/", home)]))], ["/api/users", "/api/users/7"]),
        ([path("files/<path:name>", home)], ["/files/a/b"]),
        ([re_path(r"^api/users/$", home)], ["/api/users"]),
        ([re_path(r"^api/(?P<number>[0-9]+)/$", home)], ["/api", "/api/7"]),
        ([re_path("", home)], []),
        ([re_path("^.*$", home)], ["/nowhere", "/anything"]),
        (i18n_patterns(path("api/", home)), ["/api", "/de/api"]),
    ],
)
def test_prefixes_without_urls(patterns: list[Any], known: list[str]) -> None:
    """A prefix that matches no URL is reported; includes, patterns, languages and static files count."""
    expected = [] if "/nowhere" in known else ["W005", "W005"]
    with (
        in_project(*patterns),
        override_settings(PRIVY={"APP_ID": "x", "PROTECT": ["/", "/nowhere", *known], "EXEMPT": ["/nowhere"]}),
    ):
        assert ids() == expected


class ProjectsOwn:
    """A kind of pattern of a project."""

    converters: dict[str, Any] = {}  # noqa: RUF012


def test_prefixes_and_converters_of_a_project() -> None:
    """What a converter or a kind of pattern of a project matches is not known, so nothing is reported."""
    register_converter(ThreeDigits, "three")
    pattern_of_project: Any = ProjectsOwn()
    other = URLPattern(pattern_of_project, home)
    for pattern in (path("<three:number>/", home), other):
        with in_project(pattern), override_settings(PRIVY={"APP_ID": "x", "PROTECT": ["/nowhere"]}):
            assert ids() == []


def test_urls_that_cannot_be_imported() -> None:
    """Django reports them itself."""
    with override_settings(ROOT_URLCONF="nowhere.urls", PRIVY={"APP_ID": "x", "PROTECT": ["/api"]}):
        assert ids() == []


def test_script_name() -> None:
    """A prefix may begin with the path under which the project is mounted."""
    with in_project(path("api/", home)), override_settings(FORCE_SCRIPT_NAME="/app"):
        for prefix, expected in (("/app/api", []), ("/api", []), ("/apis", ["W005"])):
            with override_settings(PRIVY={"APP_ID": "x", "PROTECT": [prefix]}):
                assert ids() == expected


def test_instances_and_methods_as_permissions() -> None:
    """REST framework calls what is listed, so it must be classes; other permissions are not our concern."""

    def view_with(*permissions: Any) -> Any:
        page: Any = type("Page", (APIView,), {"permission_classes": permissions})
        return page.as_view()

    right = (PrivyUserRequired, PrivyUserRequired.where(wallet="ethereum"), IsAuthenticated | PrivyUserRequired)
    with in_project(path("right", view_with(*right)), path("function", home)):
        assert ids() == []
    for wrong in (PrivyUserRequired(), PrivyUserRequired.where):
        with in_project(path("wrong", view_with(wrong))):
            assert ids() == ["E012"]
