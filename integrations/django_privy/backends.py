"""The authentication backend: a Django user for each Privy user.

A separate table maps issuer and DID to the Django user. Usernames are not safe for this: a user of the project could
choose the DID of another person as a username before that person signs in.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.db import IntegrityError, router, transaction
from django.http import HttpRequest

from django_privy.accounts.known import find_account, query_account, remember_account
from django_privy.accounts.models import PrivyAccount
from privy_middleware import PrivyConfig, PrivyUser

__all__ = ["PrivyBackend"]


class PrivyBackend(ModelBackend):
    """An authentication backend with a Django user for each Privy user; permissions are those of ``ModelBackend``.

    Override ``new_user`` and ``configure_user`` to set fields of the user.

    Attributes:
        create_unknown_user: whether a new Privy user gets a new Django user; if false, only known users are accepted.
        link_by_email: whether a new Privy user gets the active Django user with the same e-mail address, if Privy has
            verified the address, and exactly one such user exists and has no Privy account yet. Use this only if the
            project has verified the addresses of its users too.
    """

    create_unknown_user: ClassVar[bool] = True
    link_by_email: ClassVar[bool] = False

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        *,
        privy_user: PrivyUser | None = None,
        issuer: str = PrivyConfig.issuer_name,
        **kwargs: Any,
    ) -> Any:
        """Return the active Django user of ``privy_user``, or ``None``; passwords are left to other backends."""
        if privy_user is None:
            return None
        known = find_account(request, issuer, privy_user)
        user = known or self._admit(issuer, privy_user)
        remember_account(request, issuer, privy_user, user)
        if user is None or not self.user_can_authenticate(user):
            return None
        user = self.configure_user(request, user, privy_user, created=known is None)
        user.backend = f"{type(self).__module__}.{type(self).__qualname__}"
        return user

    async def aauthenticate(self, request: HttpRequest | None, *args: Any, **kwargs: Any) -> Any:
        """Return the same as ``authenticate``, which runs in a thread because it uses a transaction."""
        return await sync_to_async(self.authenticate)(request, *args, **kwargs)

    def configure_user(self, request: HttpRequest | None, user: Any, privy_user: PrivyUser, *, created: bool) -> Any:
        """Return the user; override this to update it. Called on every request that uses ``request.user``.

        ``privy_user.complete`` is false if its accounts are unknown, because an access token does not contain them.
        """
        return user

    def new_user(self, privy_user: PrivyUser) -> Any:
        """Return an unsaved Django user for a new DID, with a random username and no password; can be overridden."""
        model: Any = get_user_model()
        user = model(**{model.USERNAME_FIELD: f"privy_{uuid.uuid4().hex}"})
        user.set_unusable_password()
        return user

    def _admit(self, issuer: str, privy_user: PrivyUser) -> Any:
        if self._links(privy_user) and not privy_user.complete:
            # The addresses are not known yet. A user that is created now would never be linked.
            return None
        try:
            with transaction.atomic(using=router.db_for_write(PrivyAccount)):
                user = self._linked(issuer, privy_user) or self._created(privy_user)
                if user is not None:
                    PrivyAccount.objects.create(user=user, issuer=issuer, did=privy_user.id)
        except IntegrityError:
            # Another request created the account first, and this transaction was rolled back.
            user = query_account(issuer, privy_user)
            if user is None:
                raise
        return user

    def _created(self, privy_user: PrivyUser) -> Any:
        if not self.create_unknown_user:
            return None
        user = self.new_user(privy_user)
        user.save()
        return user

    def _links(self, privy_user: object) -> bool:
        # Users of other token families have no addresses that Privy has verified.
        return self.link_by_email and isinstance(privy_user, PrivyUser)

    def _linked(self, issuer: str, privy_user: PrivyUser) -> Any:
        if not self._links(privy_user):
            return None
        # Privy has not verified the others: entering an address elsewhere must not give access to its owner's account.
        addresses = {each.address for each in privy_user.email_addresses if each.verified_at}
        users = {user for address in addresses for user in _with_email(issuer, address)}
        return users.pop() if len(users) == 1 else None


def _with_email(issuer: str, address: str) -> list[Any]:
    model: Any = get_user_model()
    field = model.get_email_field_name()
    users = model._default_manager.filter(**{f"{field}__iexact": address}, is_active=True)
    users = users.exclude(privy_accounts__issuer=issuer)
    # Databases may treat different letters that look alike as equal.
    return [user for user in users if address.isascii() and getattr(user, field).lower() == address.lower()]
