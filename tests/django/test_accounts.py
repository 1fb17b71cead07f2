"""The authentication backend: ``request.user`` for a Privy user."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.admin import site
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import Permission, User
from django.core.exceptions import SynchronousOnlyOperation
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings

from django_privy import signals
from django_privy.accounts.models import PrivyAccount
from django_privy.backends import PrivyBackend
from django_privy.testing import privy_login
from privy_middleware import EmailAccount, PrivyConfig, PrivyUser, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from tests.django.conftest import Get
from tests.django.test_middleware import NO_KEYS, identity

pytestmark = pytest.mark.django_db
DID = "did:privy:dev-ada"


class Linking(PrivyBackend):
    """A backend that links users by e-mail address."""

    link_by_email: ClassVar[bool] = True


class Known(PrivyBackend):
    """A backend that accepts only known users."""

    create_unknown_user: ClassVar[bool] = False


class Filling(PrivyBackend):
    """A backend that sets fields."""

    def configure_user(self, request: Any, user: Any, privy_user: PrivyUser, *, created: bool) -> Any:
        """Copy the address of a new user."""
        if created and privy_user.email is not None:
            user.email = privy_user.email.address
            user.save()
        return user


def using(backend: type[PrivyBackend]) -> Any:
    """Return settings with another backend."""
    return override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.{backend.__name__}"])


def user_with(address: str, verified: int | None = 1, did: str = DID) -> PrivyUser:
    """Return a user with one e-mail account."""
    email = EmailAccount(address=address, latest_verified_at=verified)
    return PrivyUser(id=did, linked_accounts=(email,))


@pytest.mark.parametrize("path", ["/user", "/auser"])
def test_user_is_made_once(get: Get, issuer: DevelopmentIssuer, path: str) -> None:
    """The first request creates the Django user, and all others find it, with both kinds of token."""
    first = get(path, headers=identity(issuer)).json()
    assert first["known"] is True
    assert get(path, headers=identity(issuer)).json() == first
    access = {"authorization": f"Bearer {issuer.access_token('ada')}"}
    assert get(path, headers=access).json() == first
    account = PrivyAccount.objects.get()
    assert (str(account), account.issuer, account.user.username) == (DID, "privy.io", first["username"])
    assert not account.user.has_usable_password()
    assert get(path, headers=identity(issuer, "grace")).json()["username"] != first["username"]


@pytest.mark.parametrize("path", ["/user", "/auser"])
def test_nobody(get: Get, issuer: DevelopmentIssuer, path: str) -> None:
    """Without a valid token there is no Django user, and no account."""
    for headers in ({}, {"privy-id-token": "garbage"}):
        assert get(path, headers=headers).json() == {"username": "", "known": False}
    assert not PrivyAccount.objects.exists()


def test_session_user_stays_without_a_token(issuer: DevelopmentIssuer) -> None:
    """A user of the Django session stays signed in, but a token takes precedence."""
    client = Client()
    client.force_login(User.objects.create_user("root"), "django.contrib.auth.backends.ModelBackend")
    assert client.get("/user").json()["username"] == "root"
    assert client.get("/auser").json()["username"] == "root"
    assert client.get("/user", headers=identity(issuer)).json()["username"].startswith("privy_")


def test_inactive_user_is_nobody(get: Get, issuer: DevelopmentIssuer) -> None:
    """An inactive user is neither accepted nor created again."""
    get("/user", headers=identity(issuer))
    User.objects.update(is_active=False)
    assert get("/user", headers=identity(issuer)).json()["known"] is False
    assert User.objects.count() == 1


def test_did_is_compared_exactly(issuer: DevelopmentIssuer) -> None:
    """Neither a user with the DID as username nor the same DID of another issuer is the user."""
    user = User.objects.create_user(DID)
    PrivyAccount.objects.create(user=user, issuer="https://elsewhere.example", did=DID)
    backend = PrivyBackend()
    assert backend.authenticate(None, privy_user=PrivyUser(id=DID)) != user
    assert backend.authenticate(None, privy_user=PrivyUser(id=DID), issuer="https://elsewhere.example") == user


def test_one_user_for_each_did() -> None:
    """The database enforces this."""
    user = User.objects.create_user("somebody")
    PrivyAccount.objects.create(user=user, issuer="privy.io", did=DID)
    with pytest.raises(IntegrityError):
        PrivyAccount.objects.create(user=user, issuer="privy.io", did=DID)


@pytest.mark.django_db(transaction=True)
def test_user_is_made_once_under_concurrency(issuer: DevelopmentIssuer) -> None:
    """Concurrent requests create only one user."""
    threads = 8
    start = threading.Barrier(threads)
    headers = identity(issuer)

    def first_request(_: int) -> str:
        start.wait()
        try:
            return str(Client().get("/user", headers=headers).json()["username"])
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        names = set(pool.map(first_request, range(threads)))
    assert len(names) == get_user_model().objects.count() == PrivyAccount.objects.count() == 1


def test_the_slower_of_two_takes_the_faster_s_user() -> None:
    """The user that the slower request created is rolled back."""
    faster = PrivyBackend().authenticate(None, privy_user=PrivyUser(id=DID))
    assert PrivyBackend()._admit("privy.io", PrivyUser(id=DID)) == faster
    assert User.objects.get() == faster


def test_hook_s_own_mistakes_are_not_hidden() -> None:
    """A user that cannot be saved is not mistaken for a concurrent request."""
    User.objects.create_user("taken")

    class Careless(PrivyBackend):
        def new_user(self, privy_user: PrivyUser) -> Any:
            return User(username="taken")

    with pytest.raises(IntegrityError):
        Careless().authenticate(None, privy_user=PrivyUser(id=DID))


def test_known_users_only(get: Get, issuer: DevelopmentIssuer) -> None:
    """A project can accept only known users."""
    with using(Known):
        assert get("/user", headers=identity(issuer)).json()["known"] is False
        PrivyAccount.objects.create(user=User.objects.create_user("ada"), issuer="privy.io", did=DID)
        assert get("/user", headers=identity(issuer)).json()["username"] == "ada"


def test_fields_are_filled_in(get: Get, issuer: DevelopmentIssuer) -> None:
    """The hook is called with ``created=True`` once."""
    with using(Filling):
        get("/user", headers=identity(issuer))
        User.objects.update(email="changed@example.com")
        get("/user", headers=identity(issuer))
    assert User.objects.get().email == "changed@example.com"


def test_no_link_unless_asked_for() -> None:
    """By default, a user with a known address gets a new Django user."""
    user = User.objects.create_user("ada", "ada@example.com")
    assert PrivyBackend().authenticate(None, privy_user=user_with("ada@example.com")) != user


def test_link_by_verified_address() -> None:
    """The only user with the address is linked, and stays linked."""
    user = User.objects.create_user("ada", "Ada@Example.com")
    assert Linking().authenticate(None, privy_user=user_with("ada@example.com")) == user
    assert PrivyBackend().authenticate(None, privy_user=PrivyUser(id=DID)) == user


@pytest.mark.parametrize("privy_user", [user_with("ada@example.com", None), user_with("eve@example.com")])
def test_no_link_by_another_or_unverified_address(privy_user: PrivyUser) -> None:
    """Only addresses that Privy has verified are used."""
    user = User.objects.create_user("ada", "ada@example.com")
    assert Linking().authenticate(None, privy_user=privy_user) != user


def test_no_link_by_letters_that_look_alike() -> None:
    """The Kelvin sign is not the letter K, even if the database treats them as equal."""
    user = User.objects.create_user("kate", "kate@example.com")
    assert Linking().authenticate(None, privy_user=user_with("\u212aate@example.com")) != user


def test_no_link_if_there_are_several() -> None:
    """If several users have the address, none is linked."""
    users = [User.objects.create_user(name, "ada@example.com") for name in ("ada", "eve")]
    assert Linking().authenticate(None, privy_user=user_with("ada@example.com")) not in users


def test_no_link_to_an_inactive_user() -> None:
    """Signing in does not reactivate a user."""
    user = User.objects.create_user("ada", "ada@example.com", is_active=False)
    assert Linking().authenticate(None, privy_user=user_with("ada@example.com")) != user


def test_no_link_to_a_user_who_has_a_did() -> None:
    """A user who later gets an address that was used before does not get the account of its first owner."""
    user = User.objects.create_user("ada", "ada@example.com")
    Linking().authenticate(None, privy_user=user_with("ada@example.com"))
    assert Linking().authenticate(None, privy_user=user_with("ada@example.com", did="did:privy:new")) != user


def test_no_new_user_before_the_addresses_are_known(issuer: DevelopmentIssuer) -> None:
    """An access token has no addresses, so the link is created with the first identity token."""
    user = User.objects.create_user("ada", "ada@example.com")
    with using(Linking):
        access = {"authorization": f"Bearer {issuer.access_token('ada')}"}
        assert Client().get("/user", headers=access).json()["known"] is False
        assert Client().get("/user", headers=identity(issuer)).json()["username"] == user.username


def test_backend_by_django_s_own_functions() -> None:
    """``authenticate`` uses the backend, which leaves passwords to other backends."""
    user = authenticate(RequestFactory().get("/"), privy_user=PrivyUser(id=DID))
    assert isinstance(user, User)
    assert user.backend == "django_privy.backends.PrivyBackend"
    assert async_to_sync(PrivyBackend().aauthenticate)(None, privy_user=PrivyUser(id=DID)) == user
    assert PrivyBackend().authenticate(None, username=user.username, password="x") is None


def test_without_authentication_middleware(issuer: DevelopmentIssuer) -> None:
    """Without ``AuthenticationMiddleware``, a request gets no ``user``."""
    with override_settings(MIDDLEWARE=["django_privy.middleware.PrivyMiddleware"]):
        assert Client().get("/seen", headers=identity(issuer)).status_code == 200


def test_permissions_and_login_required(get: Get, issuer: DevelopmentIssuer) -> None:
    """Django's own decorators use the Django user."""
    assert get("/login-required").status_code == 302
    assert get("/login-required", headers=identity(issuer)).status_code == 200
    assert get("/permission", headers=identity(issuer)).status_code == 403
    User.objects.get().user_permissions.add(Permission.objects.get(codename="view_privyaccount"))
    assert get("/permission", headers=identity(issuer)).status_code == 200


def test_django_s_mixin_in_async_view_classes(issuer: DevelopmentIssuer) -> None:
    """It uses the user on the event loop, where Django's database access is not allowed; our mixin works there."""
    headers = identity(issuer)
    with pytest.raises(SynchronousOnlyOperation):
        async_to_sync(AsyncClient().get)("/alogin-required-class", headers=headers)
    assert async_to_sync(AsyncClient().get)("/admins", headers=headers).status_code == 200


def looking(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware that uses the user before and after the view."""

    def look(request: HttpRequest) -> HttpResponse:
        before = request.user.is_authenticated
        response = get_response(request)
        response["X-User"] = f"{before} {request.user.is_authenticated}"
        return response

    return look


LOOKING = f"{__name__}.looking"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
HERE = "django_privy.middleware.PrivyMiddleware"


@pytest.fixture(params=[Client, AsyncClient], ids=["wsgi", "asgi"])
def get_in_outage(request: pytest.FixtureRequest) -> Any:
    """Return a function that requests pages with a token while no keys are available."""
    token = identity(DevelopmentIssuer())

    def get(path: str, headers: Any = token) -> Any:
        # A new client, because each keeps the middleware of its first request.
        client = request.param(raise_request_exception=False)
        return (client.get if request.param is Client else async_to_sync(client.get))(path, headers=headers)

    with override_settings(PRIVY=NO_KEYS):
        yield get


def is_outage(answer: Any) -> bool:
    """Return whether a response is the documented one."""
    said = answer.status_code == 503 and answer.json() == {"message": "Service unavailable"}
    return said and int(answer["Retry-After"]) >= 1


@pytest.mark.parametrize(
    "path",
    ["/login-required", "/alogin-required", "/alogin-required-class", "/permitted", "/user", "/auser", "/admin/"],
)
def test_outage(get_in_outage: Any, path: str) -> None:
    """Using the user raises the error of the outage, so the user does not count as not signed in."""
    heard: list[str] = []

    def refused(sender: object, error: Any, **kwargs: Any) -> None:
        heard.append(error.code)

    signals.request_refused.connect(refused)
    try:
        assert is_outage(get_in_outage(path))
    finally:
        signals.request_refused.disconnect(refused)
    assert heard == ["keys_unavailable"]


def test_outage_is_nothing_to_pages_that_do_not_ask(get_in_outage: Any) -> None:
    """They are not affected, and a view can handle the error."""
    assert get_in_outage("/unseen").content == b"open"
    assert get_in_outage("/careless").content == b"unknown"
    assert get_in_outage("/login-required", headers={}).status_code == 302


@pytest.mark.parametrize("place", [3, len(settings.MIDDLEWARE)])
def test_outage_in_a_middleware_s_look_at_the_view(get_in_outage: Any, place: int) -> None:
    """Django's middleware that requires a user for all views gets the error too, at any position."""
    middleware = [*settings.MIDDLEWARE[:place], LOGIN_REQUIRED, *settings.MIDDLEWARE[place:]]
    with override_settings(MIDDLEWARE=middleware):
        assert is_outage(get_in_outage("/unseen"))
        assert get_in_outage("/unseen", headers={}).status_code == 302


def test_outage_in_a_middleware(get_in_outage: Any) -> None:
    """A middleware inside gets the error; one outside, which uses the user after the response, does not."""
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, LOOKING]):
        assert is_outage(get_in_outage("/unseen"))
    outside = [LOOKING if each == HERE else each for each in settings.MIDDLEWARE]
    with override_settings(MIDDLEWARE=[*outside, HERE]):
        for path in ("/unseen", "/login-required"):
            assert get_in_outage(path)["X-User"] == "False False"


def test_admin(issuer: DevelopmentIssuer) -> None:
    """A Privy user who is staff can use the admin, where accounts can be viewed but not created."""
    client = Client()
    privy_login(client, issuer)
    assert client.get("/user").json()["known"] is True
    assert client.get("/admin/").status_code == 302
    User.objects.update(is_staff=True, is_superuser=True)
    page = client.get("/admin/privy_accounts/privyaccount/")
    assert (page.status_code, DID in page.content.decode()) == (200, True)
    assert client.get("/admin/privy_accounts/privyaccount/add/").status_code == 403
    account_admin = site.get_model_admin(PrivyAccount)
    assert not account_admin.has_change_permission(RequestFactory().get("/"))


def test_async_client_can_sign_in_too(issuer: DevelopmentIssuer) -> None:
    """The helper works with both of Django's test clients."""
    client = AsyncClient()
    privy_login(client, issuer)
    assert async_to_sync(client.get)("/auser").json()["known"] is True


def test_migrations_are_complete() -> None:
    """Every change of the models has a migration."""
    call_command("makemigrations", "privy_accounts", check=True, dry_run=True, verbosity=0)


def test_users_of_several_issuers(issuer: DevelopmentIssuer) -> None:
    """Equal IDs of two issuers are two users."""

    @dataclass(frozen=True)
    class Other(PrivyUser):
        issuer: str = "metamask"

    class OtherVerifier(PrivyVerifier):
        def steps(self, credentials: Any, now: float) -> Any:
            auth = yield from super().steps(credentials, now)
            return replace(auth, user=Other(id=DID))

    headers = identity(issuer)
    names = [Client().get("/user", headers=headers).json()["username"]]
    with override_settings(
        PRIVY=OtherVerifier(PrivyConfig(app_id=issuer.app_id, verification_key=issuer.public_key_pem))
    ):
        names.append(Client().get("/user", headers=headers).json()["username"])
    assert names[0] != names[1]
    assert {account.issuer for account in PrivyAccount.objects.filter(did=DID)} == {"privy.io", "metamask"}
