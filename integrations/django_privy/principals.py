"""A placeholder for ``request.user`` in projects without ``django_privy.accounts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from privy_middleware import PrivyUser

__all__ = ["PrivyPrincipal"]


@dataclass(frozen=True, slots=True)
class PrivyPrincipal:
    """An authenticated placeholder for a Django user, which has no permissions and is not in the database.

    Attributes:
        privy_user: the verified user.
    """

    privy_user: PrivyUser

    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True
    is_staff: ClassVar[bool] = False
    is_superuser: ClassVar[bool] = False

    def __str__(self) -> str:
        """Return the DID."""
        return self.privy_user.id

    @property
    def pk(self) -> str:
        """Return the DID, which REST framework's throttles use."""
        return self.privy_user.id

    @property
    def id(self) -> str:
        """Return the DID."""
        return self.privy_user.id

    @property
    def username(self) -> str:
        """Return the DID."""
        return self.privy_user.id

    def get_username(self) -> str:
        """Return the DID."""
        return self.privy_user.id

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return ``False``."""
        return False

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        """Return ``False``."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Return ``False``."""
        return False
