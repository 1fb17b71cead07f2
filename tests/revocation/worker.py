"""A process that verifies access tokens: it reads one from each line, and writes the code of its error or ``ok``.

Arguments: the URL of Redis, the app id, the public key, and ``fork`` to do it in a forked child, or ``gevent``.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import warnings

if "gevent" in sys.argv:
    importlib.import_module("gevent.monkey").patch_all()

from privy_middleware import PrivyConfig, PrivyError, PrivyVerifier
from privy_middleware.revocation import RedisRevocations
from tests.support.patience import allow_time


def main(url: str, app_id: str, key: str) -> None:
    """Answer until there are no more lines."""
    allow_time()
    store = RedisRevocations(url)
    verifier = PrivyVerifier(PrivyConfig(app_id=app_id, verification_key=key, revocations=store))
    if "fork" in sys.argv:
        # The parent has a thread, which the child must not miss.
        answer(verifier, sys.stdin.readline())
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            store.close()
            return
    for line in iter(sys.stdin.readline, ""):
        answer(verifier, line)
    store.close()


def answer(verifier: PrivyVerifier, token: str) -> None:
    """Write the result for a token; with gevent, other greenlets run first, since reading the line has blocked them."""
    time.sleep(0.02)
    try:
        verifier.verify_access_token(token.strip())
    except PrivyError as error:
        write(error.code)
    else:
        write("ok")


def write(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:4])
