"""Sign users out before their tokens expire: the stores of revocations for the setting ``revocations``."""

from privy_middleware.revocation.redis_store import RedisRevocations, WhenUnavailable
from privy_middleware.revocation.revocations import Revocations

__all__ = ["RedisRevocations", "Revocations", "WhenUnavailable"]
