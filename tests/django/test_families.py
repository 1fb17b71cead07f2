"""Accounts of users whose tokens come from several issuers, with one verifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import AsyncClient, Client, override_settings
from rest_framework.test import APIClient

from django_privy.accounts.models import PrivyAccount
from django_privy.backends import PrivyBackend
from privy_middleware.verifiers.combined import CombinedVerifier
from tests.django.conftest import Get
from tests.support.tokens import access, bearer, cookies, id_header, identity
from tests.verifiers.test_combined import WEB3AUTH_SIGNER, combined, custom, custom_verifier
from tests.web3auth.support import EXTERNAL_ISSUER, SOCIAL_ISSUER, external, social, verifier

# The issuer and the user's ID in the table of accounts.
PRIVY = ("privy.io", "did:privy:test-user")
SOCIAL = (SOCIAL_ISSUER, "web3auth:user:google:ada@example.com")
EXTERNAL = (EXTERNAL_ISSUER, "web3auth:wallet:ethereum:0x809d4310d578649d8539e718030ee11e603ee8f3")
CUSTOM = ("my-server", "custom:my-server:did%3Aprivy%3Atest-user")


def tokens() -> dict[tuple[str, str], dict[str, str]]:
    """Return the header with a token of each family."""
    return {
        PRIVY: dict([id_header(identity())]),
        SOCIAL: dict([bearer(social(WEB3AUTH_SIGNER))]),
        EXTERNAL: dict([bearer(external())]),
        CUSTOM: dict([bearer(custom())]),
    }


@pytest.fixture(autouse=True)
def families() -> Iterator[None]:
    """Accept three families of tokens."""
    with override_settings(PRIVY=combined()):
        yield


@pytest.mark.parametrize("path", ["/user", "/auser"])
def test_each_has_an_account_of_its_own(get: Get, path: str) -> None:
    """Issuer and ID together identify the account."""
    names: dict[tuple[str, str], str] = {}
    for key, headers in tokens().items():
        first, second = get(path, headers=headers).json(), get(path, headers=headers).json()
        assert first == second
        assert first["known"] is True
        names[key] = first["username"]
    assert len(set(names.values())) == 4
    accounts = PrivyAccount.objects.select_related("user")
    assert {(each.issuer, each.did): each.user.username for each in accounts} == names


def test_every_token_of_a_privy_user_has_one_account(get: Get) -> None:
    """Both kinds of tokens, in a header or a cookie, have the same account."""
    fields = [id_header(identity()), bearer(access()), cookies(("privy-token", access()))]
    names = {get("/user", headers=dict([field])).json()["username"] for field in fields}
    assert len(names) == PrivyAccount.objects.count() == 1


@pytest.mark.parametrize("key", [PRIVY, SOCIAL, EXTERNAL, CUSTOM])
def test_django_s_own_guards(get: Get, key: tuple[str, str]) -> None:
    """``login_required``, permissions, the admin and REST framework work for users of each family."""
    headers = tokens()[key]
    assert get("/login-required", headers=headers).status_code == 200
    assert get("/alogin-required", headers=headers).status_code == 200
    assert get("/permission", headers=headers).status_code == 403
    assert get("/admin/", headers=headers).status_code == 302
    user = PrivyAccount.objects.get(issuer=key[0], did=key[1]).user
    drf = APIClient().get("/drf", headers=headers)
    assert (drf.status_code, drf.json()["user"]) == (200, user.username)
    User.objects.update(is_staff=True, is_superuser=True)
    assert get("/permission", headers=headers).status_code == 200
    assert get("/admin/", headers=headers).status_code == 200


@pytest.mark.parametrize("key", [PRIVY, SOCIAL, EXTERNAL, CUSTOM])
def test_inactive_account_of_each_family(get: Get, key: tuple[str, str]) -> None:
    """An inactive account does not affect the accounts of other families."""
    for headers in tokens().values():
        assert get("/user", headers=headers).json()["known"] is True
    User.objects.filter(privy_accounts__issuer=key[0]).update(is_active=False)
    for each, headers in tokens().items():
        status = 403 if each == key else 200
        assert get("/arequired", headers=headers).status_code == status


def test_without_privy(get: Get) -> None:
    """Two families of bearer tokens have accounts too."""
    with override_settings(PRIVY=CombinedVerifier(verifier(), custom_verifier())):
        for headers in (dict([bearer(social())]), dict([bearer(custom())])):
            assert get("/user", headers=headers).json()["known"] is True
    assert {each.issuer for each in PrivyAccount.objects.all()} == {SOCIAL_ISSUER, "my-server"}


def test_one_verifier_alone(get: Get) -> None:
    """The issuer is that of the token if there is only one verifier too."""
    for alone, token in ((verifier(), social()), (custom_verifier(), custom())):
        with override_settings(PRIVY=alone):
            assert get("/user", headers=dict([bearer(token)])).json()["known"] is True
    assert {each.issuer for each in PrivyAccount.objects.all()} == {SOCIAL_ISSUER, "my-server"}


class Linking(PrivyBackend):
    """A backend that links users by e-mail address."""

    link_by_email: ClassVar[bool] = True


def test_only_privy_s_addresses_link() -> None:
    """Addresses of another issuer were not verified by Privy, so its users are created without a link."""
    User.objects.create_user("ada", "ada@example.com")
    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.Linking"]):
        for client in (Client().get, async_to_sync(AsyncClient().get)):
            for key in (SOCIAL, CUSTOM):
                answer: Any = client("/user", headers=tokens()[key])
                assert answer.json()["username"].startswith("privy_")
        assert Client().get("/user", headers=dict([bearer(access())])).json()["known"] is False
    assert User.objects.count() == 3
