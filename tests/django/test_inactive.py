"""Users with an inactive account: every check rejects them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, cast

import pytest
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import URLRouter
from channels.testing import ApplicationCommunicator, WebsocketCommunicator
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, modify_settings, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from rest_framework.test import APIClient

from django_privy import require_privy_user, signals
from django_privy.accounts.models import PrivyAccount
from django_privy.backends import PrivyBackend
from django_privy.channels import PrivyMiddlewareStack
from django_privy.rest_framework import PrivyUserRequired
from django_privy.testing import privy_issuer
from privy_middleware import ConfigurationError, PrivyConfig, PrivyUser, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.errors import InactiveUser
from tests.django.conftest import Get
from tests.django.test_middleware import ADA, NOBODY, identity
from tests.django_urls import DRFCombined, ReadOnly

DID = "did:privy:dev-ada"
FORBIDDEN = {"message": "Forbidden"}
GUARDED = [
    "/required/1",
    "/arequired",
    "/by-predicate",
    "/by-condition",
    "/owners/0x72d916C83baF0730bbe2BeC6FF8c522C13bC0aEF",
    "/class",
    "/admins",
    "/decorated",
    "/decorated-methods",
    "/strict",
    "/drf/required",
    "/drf/admins",
    "/ninja/me",
    "/ninja/admin",
]


@pytest.fixture
def account() -> PrivyAccount:
    """Create an account for Ada."""
    return PrivyAccount.objects.create(user=User.objects.create_user("ada"), issuer="privy.io", did=DID)


@pytest.fixture
def inactive(account: PrivyAccount) -> PrivyAccount:
    """Create an inactive account for Ada."""
    User.objects.update(is_active=False)
    return account


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Record the signals."""
    told: list[str] = []

    def refused(sender: object, error: Any, **kwargs: Any) -> None:
        told.append(error.code)

    def authenticated(sender: object, user: Any, **kwargs: Any) -> None:
        told.append(user.id)

    signals.request_refused.connect(refused)
    signals.user_authenticated.connect(authenticated)
    yield told
    signals.request_refused.disconnect(refused)
    signals.user_authenticated.disconnect(authenticated)


def outcome(answer: Any) -> tuple[int, Any]:
    """Return the content of a response."""
    return answer.status_code, answer.json()


@pytest.mark.usefixtures("inactive")
@pytest.mark.parametrize("target", GUARDED)
def test_guards(get: Get, issuer: DevelopmentIssuer, heard: list[str], target: str) -> None:
    """Each check rejects the user, sync or async, and only the project can find out the reason."""
    answer = get(target, headers=identity(issuer))
    assert outcome(answer) == (403, FORBIDDEN)
    assert "no-store" in answer["Cache-Control"]
    assert heard == ["inactive_user"]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("target", GUARDED)
def test_active_account(get: Get, issuer: DevelopmentIssuer, heard: list[str], target: str) -> None:
    """The check makes one query."""
    with CaptureQueriesContext(connection) as queries:
        assert get(target, headers=identity(issuer)).status_code == 200
    assert len(queries) == 1
    assert heard == [DID]


@pytest.mark.usefixtures("inactive")
@pytest.mark.parametrize("setting", [{"PROTECT": ["/"]}, {"ON_MISSING": "reject"}])
def test_protected_paths(get: Get, setting: dict[str, Any], heard: list[str]) -> None:
    """The middleware's own check rejects the user too."""
    with privy_issuer(**setting) as issuer:
        for target in ("/unseen", "/aseen", "/nowhere"):
            assert outcome(get(target, headers=identity(issuer))) == (403, FORBIDDEN)
        assert get("/unseen").status_code == 401
    assert heard == ["inactive_user"] * 3 + ["missing_token"]


def test_optional_user(get: Get, issuer: DevelopmentIssuer, inactive: PrivyAccount) -> None:
    """The user is rejected like an invalid token, or counts as no user if the setting says so."""
    headers = identity(issuer)
    assert outcome(get("/strict", headers=headers)) == (403, FORBIDDEN)
    assert outcome(get("/lenient", headers=headers)) == (200, NOBODY)
    with privy_issuer(on_invalid="anonymous") as other:
        assert outcome(get("/strict", headers=identity(other))) == (200, NOBODY)
    User.objects.update(is_active=True)
    assert outcome(get("/lenient", headers=headers)) == (200, ADA)


@pytest.mark.usefixtures("inactive")
@pytest.mark.parametrize("target", ["/seen", "/aseen"])
def test_what_the_token_says(get: Get, issuer: DevelopmentIssuer, target: str) -> None:
    """A view that only uses the Privy user without a check makes no query."""
    with CaptureQueriesContext(connection) as queries:
        assert outcome(get(target, headers=identity(issuer))) == (200, ADA)
    assert len(queries) == 0


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("target", ["/user-too", "/auser-too"])
def test_one_query_for_all(get: Get, target: str) -> None:
    """The middleware, the view and ``request.user`` share one query."""
    with privy_issuer(protect=["/"]) as issuer, override_settings(ROOT_URLCONF=__name__):
        with CaptureQueriesContext(connection) as queries:
            assert get(target, headers=identity(issuer)).content == b"ada"
        assert len(queries) == 1
        User.objects.update(is_active=False)
        with CaptureQueriesContext(connection) as queries:
            assert get("/user", headers=identity(issuer)).status_code == 403
        assert len(queries) == 1


def both(request: Any) -> HttpResponse:
    """Return both users."""
    assert request.privy_auth.require().id == DID
    return HttpResponse(request.user.get_username())


async def aboth(request: Any) -> HttpResponse:
    """Return both users on the event loop."""
    assert (await request.aprivy_user()).id == DID
    return HttpResponse((await request.auser()).get_username())


GUARDED_BOTH: Any = require_privy_user(both)
GUARDED_ABOTH: Any = require_privy_user(aboth)
urlpatterns = [path("user-too", GUARDED_BOTH), path("auser-too", GUARDED_ABOTH)]


@pytest.mark.parametrize("target", GUARDED)
def test_no_query_without_accounts(get: Get, issuer: DevelopmentIssuer, target: str) -> None:
    """Without ``django_privy.accounts``, no user is inactive."""
    with modify_settings(INSTALLED_APPS={"remove": "django_privy.accounts"}):
        with CaptureQueriesContext(connection) as queries:
            assert get(target, headers=identity(issuer)).status_code == 200
        assert len(queries) == 0


def test_no_query_without_a_user(get: Get, issuer: DevelopmentIssuer) -> None:
    """A request without a user is rejected without a query."""
    with CaptureQueriesContext(connection) as queries:
        for target in ("/arequired", "/class", "/decorated", "/drf/required", "/ninja/me", "/ninja/admin"):
            for headers in ({}, {"privy-id-token": "garbage"}):
                assert get(target, headers=headers).status_code == 401
    assert len(queries) == 0


def test_unknown_user(get: Get, issuer: DevelopmentIssuer) -> None:
    """A user without an account passes, and gets one only when a view uses ``request.user``."""
    with CaptureQueriesContext(connection) as queries:
        assert get("/arequired", headers=identity(issuer)).status_code == 200
    assert len(queries) == 1
    assert not PrivyAccount.objects.exists()


class Known(PrivyBackend):
    """A backend that accepts only known users."""

    create_unknown_user: ClassVar[bool] = False


class Waiting(PrivyBackend):
    """A backend whose new users are inactive until someone approves them."""

    def new_user(self, privy_user: PrivyUser) -> Any:
        """Return an inactive user."""
        user = super().new_user(privy_user)
        user.is_active = False
        return user


class Lenient(PrivyBackend):
    """A backend that accepts inactive users, like one of Django's."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Accept every user."""
        return True


def using(*names: str) -> Any:
    """Return settings with other backends."""
    return override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.{name}" for name in names])


def test_known_users_only(get: Get, issuer: DevelopmentIssuer) -> None:
    """A Privy user without an account passes the checks, but is not a Django user."""
    with using("Known"):
        headers = identity(issuer)
        assert outcome(get("/arequired", headers=headers)) == (200, ADA)
        assert get("/user", headers=headers).json()["known"] is False
        assert get("/login-required", headers=headers).status_code == 302
        assert APIClient().get("/drf", headers=headers).status_code == 401
        assert outcome(APIClient().get("/drf/required", headers=headers)) == (200, ADA)


def test_users_who_wait(get: Get, issuer: DevelopmentIssuer) -> None:
    """A user whose new account is inactive is rejected from then on."""
    headers = identity(issuer)
    with using("Waiting"):
        assert get("/user", headers=headers).json()["known"] is False
        assert outcome(get("/arequired", headers=headers)) == (403, FORBIDDEN)


def test_user_who_is_made_inactive_in_the_request(issuer: DevelopmentIssuer) -> None:
    """A later check in the same request rejects the user too."""
    answers: list[int] = []

    def view(request: HttpRequest) -> HttpResponse:
        assert not request.user.is_authenticated
        answers.append(GUARDED_BOTH(request).status_code)
        return HttpResponse()

    urls: Any = type("urls", (), {"urlpatterns": [path("", view)]})
    with using("Waiting"), override_settings(ROOT_URLCONF=urls):
        Client().get("/", headers=identity(issuer))
    assert answers == [403]


@pytest.mark.usefixtures("inactive")
def test_backend_that_lets_inactive_users_in(get: Get, issuer: DevelopmentIssuer) -> None:
    """The project's backend decides; if there are several, one that accepts the user is enough."""
    for backends in (("Lenient",), ("Known", "Lenient")):
        with using(*backends):
            assert outcome(get("/arequired", headers=identity(issuer))) == (200, ADA)
            assert get("/user", headers=identity(issuer)).json()["username"] == "ada"
    with using("Known", "Waiting"), CaptureQueriesContext(connection) as queries:
        assert get("/user", headers=identity(issuer)).json()["known"] is False
        assert len(queries) == 1


@pytest.mark.usefixtures("inactive")
def test_other_permissions(issuer: DevelopmentIssuer) -> None:
    """In a combination another permission can grant access, even if ours does not."""
    asked: list[Any] = [PrivyUserRequired | ReadOnly]
    view = DRFCombined.as_view(permission_classes=asked, authentication_classes=())
    urls: Any = type("urls", (), {"urlpatterns": [path("", view)]})
    with override_settings(ROOT_URLCONF=urls):
        assert outcome(APIClient().get("/", headers=identity(issuer))) == (200, NOBODY)
        assert outcome(APIClient().post("/", headers=identity(issuer))) == (403, FORBIDDEN)


@pytest.mark.usefixtures("inactive")
def test_session_of_another_user(issuer: DevelopmentIssuer) -> None:
    """If the request has the token of an inactive user, ``request.user`` is that of the session."""
    client = Client()
    client.force_login(User.objects.create_user("root"), "django.contrib.auth.backends.ModelBackend")
    assert client.get("/user", headers=identity(issuer)).json()["username"] == "root"
    assert outcome(client.get("/arequired", headers=identity(issuer))) == (403, FORBIDDEN)


def test_verifier_without_an_issuer(issuer: DevelopmentIssuer) -> None:
    """Without the issuer no account can be found, so this is a ConfigurationError."""

    class Careless(PrivyVerifier):
        def recall(self, credentials: Any, now: float) -> Any:
            return None

        def steps(self, credentials: Any, now: float) -> Any:
            auth = yield from super().steps(credentials, now)
            return type(auth)(auth.user)

    verifier = Careless(PrivyConfig(app_id=issuer.app_id, verification_key=issuer.public_key_pem))
    with override_settings(PRIVY=verifier):
        for target in ("/arequired", "/user"):
            with pytest.raises(ConfigurationError, match=r"^verifier: return claims with iss"):
                Client().get(target, headers=identity(issuer))


class Consumer(AsyncJsonWebsocketConsumer):
    """An ASGI app that sends the IDs of both users."""

    async def connect(self) -> None:
        """Accept every WebSocket, except on a path that requires a user."""
        state = cast("Any", self.scope)["state"]
        if cast("Any", self.scope)["path"] == "/users":
            state["privy_auth"].require()
        await self.accept()
        await self.send_json({"user_id": state["privy_user"] and state["privy_user"].id})


def sockets() -> Any:
    """Return an app with WebSockets."""
    consumer: Any = Consumer.as_asgi()
    routes: Any = URLRouter([path(name, consumer) for name in ("users", "open", "protected")])
    return PrivyMiddlewareStack(routes)


@pytest.mark.anyio
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_active", [True, False])
async def test_channels(is_active: bool) -> None:
    """A consumer that requires a user rejects the WebSocket, and so does a protected path."""
    user = await User.objects.acreate(username="ada", is_active=is_active)
    await PrivyAccount.objects.acreate(user=user, issuer="privy.io", did=DID)
    with privy_issuer(protect=["/protected"]) as issuer:
        headers = [(b"privy-id-token", issuer.identity_token("ada").encode())]
        for target in ("/users", "/open", "/protected"):
            communicator = WebsocketCommunicator(sockets(), target, headers=headers)
            connected, code = await communicator.connect()
            if connected:
                assert await communicator.receive_json_from() == (ADA if is_active else NOBODY)
                await communicator.disconnect()
            assert (connected, code) == ((True, None) if is_active or target == "/open" else (False, 1008))


@pytest.mark.anyio
async def test_channels_without_accounts() -> None:
    """Other scopes pass, and no query is made."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    with privy_issuer():
        for kind in ("lifespan", "other"):
            await cast("Any", ApplicationCommunicator)(PrivyMiddlewareStack(app), {"type": kind}).wait()
    assert seen == ["lifespan", "other"]


def test_answer_of_the_class() -> None:
    """The error response does not reveal more than for other errors."""
    error = InactiveUser()
    assert (error.status, error.code, error.payload) == (403, "inactive_user", FORBIDDEN)
