"""A user who signs out is refused by every worker of a real server."""

from __future__ import annotations

import pytest

from privy_middleware.revocation import RedisRevocations
from tests.e2e.test_processes import SERVERS, World, ask_all, serving, world
from tests.support.issued import ADA, GRACE
from tests.support.patience import eventually
from tests.support.redisserver import REAL, controlled

__all__ = ["world"]

# Forked processes with greenlets, and processes with event loops.
NAMES = ("gunicorn-preload-gevent", "uvicorn-workers")


@pytest.mark.parametrize("name", NAMES)
def test_every_worker_refuses(name: str, world: World) -> None:
    """Also after Redis has been restarted without its data, which the workers restore."""
    if REAL is None:
        pytest.skip("redis-server is not installed.")
    command, workers, _ = SERVERS[name]
    ada, grace = (world.issuer.identity_token(persona) for persona in ("ada", "grace"))
    with controlled() as redis:
        store = RedisRevocations(redis.url)
        with serving(command, world.environ | {"PRIVY_REVOCATIONS": redis.url}) as (address, _):
            assert ask_all(address, ada, workers) == {(ADA, None)}
            store.revoke_user(ADA)
            eventually(lambda: ask_all(address, ada, workers) == {(None, "token_revoked")})
            assert ask_all(address, grace, workers) == {(GRACE, None)}
            redis.stop()
            redis.start()
            assert ask_all(address, ada, workers) == {(None, "token_revoked")}
            new = RedisRevocations(redis.url)
            new.fetch()
            eventually(lambda: len(new) == 1)
            new.close()
        store.close()
