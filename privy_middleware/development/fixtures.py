"""What the fixtures of the pytest plugin return, imported when the first of them is used."""

from __future__ import annotations

import functools

from privy_middleware.config import PrivyConfig
from privy_middleware.development.issuer import DevelopmentIssuer

__all__ = ["LazyIssuer", "config_of", "issuer_of_the_run"]


class LazyIssuer(DevelopmentIssuer):
    """An issuer whose server starts when its URL is first used."""

    @property
    def url(self) -> str:
        """Return the URL of the server, without a path; the server is started if it does not run."""
        self.start()
        return super().url


@functools.cache
def issuer_of_the_run() -> LazyIssuer:
    """Return the issuer of this process; each worker of pytest-xdist has its own."""
    return LazyIssuer()


def config_of(issuer: DevelopmentIssuer) -> PrivyConfig:
    """Return a configuration that has the issuer's key, so that no key is fetched."""
    return PrivyConfig(app_id=issuer.app_id, verification_key=issuer.public_key_pem)
