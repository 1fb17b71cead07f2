"""The guarantees of a source hold for any sequence of events between it and its server."""

from __future__ import annotations

import math
import threading
from contextlib import ExitStack
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from privy_middleware.keys import JWKSSource
from tests.support.clock import Clock
from tests.support.keyserver import Behaviour, KeyServer, bomb, hang_up, jwks, reply, reset_mid_body
from tests.support.patience import PATIENCE
from tests.support.signers import Signer

_LIFETIME, _GRACE, _COOLDOWN = 600.0, 3600.0, 30.0
_SIGNERS = {name: Signer(name) for name in ("one", "two", "three")}
_TROUBLE: dict[str, Behaviour] = {
    "hangs up": hang_up,
    "resets": reset_mid_body,
    "fails": reply(b"", 500),
    "is busy": reply(b"", 429, {"Retry-After": 20}),
    "redirects": reply(b"", 302, {"Location": "http://127.0.0.1:1/"}),
    "answers HTML": reply(b"<html>"),
    "answers no keys": reply(b'{"keys": []}'),
    "inflates": bomb(1),
}
_KIDS = st.sampled_from(["one", "two", "three", "invented", None])


class KeysOverTime(RuleBasedStateMachine):
    """Publishes, fails, waits and looks up in any order, and compares with a model of the guarantees."""

    def __init__(self) -> None:
        """Start the server without keys."""
        super().__init__()
        self.stack = ExitStack()
        self.server = self.stack.enter_context(KeyServer())
        self.clock = Clock()
        self.source = JWKSSource(
            self.server.url, lifetime=_LIFETIME, grace=_GRACE, cooldown=_COOLDOWN, clock=self.clock
        )
        self.published: set[str] | None = None
        self.held: set[str] = set()
        self.obtained_at = -math.inf
        self.unknown_fetches: list[float] = []

    def teardown(self) -> None:
        """Stop the server."""
        self.stack.close()

    @initialize(names=st.sets(st.sampled_from(sorted(_SIGNERS)), min_size=1))
    def begin(self, names: set[str]) -> None:
        """Start with some keys."""
        self.publish(names)

    @rule(names=st.sets(st.sampled_from(sorted(_SIGNERS)), min_size=1))
    def publish(self, names: set[str]) -> None:
        """Publish other keys."""
        self.published = names
        self.server.behave = reply(jwks(*(_SIGNERS[name] for name in sorted(names))))

    @rule(trouble=st.sampled_from(sorted(_TROUBLE)))
    def misbehave(self, trouble: str) -> None:
        """Fail until keys are published again."""
        self.published = None
        self.server.behave = _TROUBLE[trouble]

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, 31.0, 301.0, _LIFETIME, _GRACE]))
    def wait(self, seconds: float) -> None:
        """Advance the clock."""
        self.clock.advance(seconds)

    @rule(kid=_KIDS)
    def request(self, kid: str | None) -> None:
        """Look up a token's ``kid`` as a verifier does."""
        fetches, started = self.server.count, self.source.stats().unknown_kid_fetches
        age = self.clock() - self.obtained_at
        found = self.source.lookup(kid, "ES256")
        if found is None:
            self.source.fetch()
        self._settle()
        self._model_fetches(fetches)
        if self.source.stats().unknown_kid_fetches > started:
            self.unknown_fetches.append(self.clock())
        if age < _LIFETIME and kid in self.held and found:
            assert self.server.count == fetches
        self._check_answer(kid)

    def _settle(self) -> None:
        """Wait for a refresh in the background."""
        for thread in threading.enumerate():
            if thread.name == "privy-keys":
                thread.join(PATIENCE)

    def _model_fetches(self, before: int) -> None:
        assert self.server.count - before <= 1
        if self.server.count > before and self.published is not None:
            self.held = set(self.published)
            self.obtained_at = self.clock()

    def _check_answer(self, kid: str | None) -> None:
        answer = self.source.lookup(kid, "ES256")
        self._settle()
        alive = self.clock() - self.obtained_at < _LIFETIME + _GRACE
        error = self.source.unavailable()
        assert (error is None) == alive
        if error is not None:
            assert 1 <= error.retry_after <= 30
            assert answer is None
        elif kid is None:
            assert {key.kid for key in answer or ()} == self.held
        else:
            assert [key.kid for key in answer or ()] == [kid] * (kid in self.held)

    @invariant()
    def cooldown_holds(self) -> None:
        """Between fetches for unknown IDs there is at least a cooldown."""
        assert all(later - earlier >= _COOLDOWN for earlier, later in pairwise(self.unknown_fetches))

    @invariant()
    def counts_agree(self) -> None:
        """The source and the server count the same number of fetches."""
        assert self.source.stats().fetches == self.server.count

    @invariant()
    def nothing_is_left(self) -> None:
        """Between requests no fetch is running."""
        assert self.source._flight is None


TestKeysOverTime = KeysOverTime.TestCase
TestKeysOverTime.settings = settings(max_examples=150, stateful_step_count=40)
