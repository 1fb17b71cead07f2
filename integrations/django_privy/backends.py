"""The authentication backend: a Django user for each Privy user.

Who is who is kept in a table of its own, by issuer and DID. A user name would not do: a project's own users choose
theirs, and could choose somebody's DID before its owner comes.
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
    """Return the Django user of a verified Privy user, made when first seen; permissions are as ``ModelBackend`` says.

    ``create_unknown_user = False`` admits known users only. ``link_by_email = True`` gives a new DID the one active
    user who has the address of an e-mail account verified by Privy and no DID yet: only for projects whose users have
    proved their addresses, too. Override ``new_user`` and ``configure_user`` to fill in fields.
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
        """Return the active Django user of ``privy_user``, or ``None``; passwords are other backends' business."""
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
        """Return what ``authenticate`` does; a transaction needs a thread of its own."""
        return await sync_to_async(self.authenticate)(request, *args, **kwargs)

    def configure_user(self, request: HttpRequest | None, user: Any, privy_user: PrivyUser, *, created: bool) -> Any:
        """Return the user, brought up to date: a hook, called at every request that looks at ``request.user``.

        ``privy_user.complete`` says whether its accounts are known at all: an access token tells nothing of them.
        """
        return user

    def new_user(self, privy_user: PrivyUser) -> Any:
        """Return a user, not yet saved, for a DID never seen: a hook; the name is random and there is no password."""
        model: Any = get_user_model()
        user = model(**{model.USERNAME_FIELD: f"privy_{uuid.uuid4().hex}"})
        user.set_unusable_password()
        return user

    def _admit(self, issuer: str, privy_user: PrivyUser) -> Any:
        if self._links(privy_user) and not privy_user.complete:
            # The addresses are not known yet, and a user made now would never be linked.
            return None
        try:
            with transaction.atomic(using=router.db_for_write(PrivyAccount)):
                user = self._linked(issuer, privy_user) or self._created(privy_user)
                if user is not None:
                    PrivyAccount.objects.create(user=user, issuer=issuer, did=privy_user.id)
        except IntegrityError:
            # Another request was first, and what was made here is undone.
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
        # The other families of tokens know of no address that Privy has verified.
        return self.link_by_email and isinstance(privy_user, PrivyUser)

    def _linked(self, issuer: str, privy_user: PrivyUser) -> Any:
        if not self._links(privy_user):
            return None
        addresses = {each.address for each in privy_user.accounts("email") if each.latest_verified_at}
        users = {user for address in addresses for user in _with_email(issuer, address)}
        return users.pop() if len(users) == 1 else None


def _with_email(issuer: str, address: str) -> list[Any]:
    model: Any = get_user_model()
    field = model.get_email_field_name()
    users = model._default_manager.filter(**{f"{field}__iexact": address}, is_active=True)
    users = users.exclude(privy_accounts__issuer=issuer)
    # A database may take letters that only look alike for the same.
    return [user for user in users if address.isascii() and getattr(user, field).lower() == address.lower()]
