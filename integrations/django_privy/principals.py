"""A user for code that asks for Django's, in a project that keeps no Django users for Privy's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from privy_middleware import PrivyUser

__all__ = ["PrivyPrincipal"]


@dataclass(frozen=True, slots=True)
class PrivyPrincipal:
    """Stand in for a Django user without a row in the database: authenticated, and with no permission of Django's."""

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
        """Return the DID, which throttles count by."""
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
        """Say no."""
        return False

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        """Say no."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Say no."""
        return False
