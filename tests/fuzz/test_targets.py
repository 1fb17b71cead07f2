"""The targets of the fuzzer, run with its corpus and with any bytes, also where the fuzzer cannot be installed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privy_middleware.keys import read_jwks
from privy_middleware.keys.shared_cache import SharedJWKS
from tests.fuzz.peers import we_accept
from tests.fuzz.targets import ALGORITHMS, CORPUS, TARGETS, WEBHOOKS, Entry, seeds, text_of
from tests.support.tokens import b64, sign_segments
from tests.webhooks import sending


@pytest.mark.parametrize("name", TARGETS)
def test_corpus(name: str) -> None:
    """No input of the corpus fails, and each target has some."""
    inputs = seeds(name)
    assert len(inputs) >= 5
    for data in inputs:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_damaged_corpus(name: str, data: st.DataObject) -> None:
    """Neither does any of them with other bytes in it, nor any other bytes."""
    text = data.draw(st.sampled_from([*seeds(name), b""]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 16)))
    TARGETS[name](text[:start] + data.draw(st.binary(max_size=24)) + text[end:])


def test_every_corpus_has_a_target() -> None:
    """Nothing in the corpus is left over, and no token is: those of the corpus are made when it runs."""
    assert {each.name for each in CORPUS.iterdir()} == set(TARGETS)
    assert not any(data.count(b"eyJ") > 1 for name in TARGETS for data in seeds(name))


def seed(target: str, name: str) -> bytes:
    """Return one input of a corpus."""
    return (CORPUS / target / name).read_bytes()


def test_good_inputs_are_accepted() -> None:
    """Otherwise the fuzzer would begin before the first check, and never get past it."""
    assert we_accept(text_of(seed("token", "identity")))
    assert we_accept(text_of(seed("token", "access")))
    for name in ("identity", "access", "accounts", "audiences", "no_kid", "guest"):
        header, payload = seed("signed", name).split(b"\n")
        assert we_accept(sign_segments(b64(header), b64(payload))), name
    assert len(read_jwks(seed("keys", "set"), algorithms=ALGORITHMS).keys) == 2
    entry = Entry(seed("keys", "entry"))
    assert SharedJWKS(entry, "https://keys.example", max_bytes=4096, clock=sending.at_now).read()
    for name in ("user", "deleted", "user_id", "accounts"):
        event_id, timestamp, _, body = seed("webhook", name).split(b"\n", 3)
        signature = sending.signature(body, event_id=event_id.decode(), timestamp=timestamp.decode())
        fields = {"svix-id": event_id.decode(), "svix-timestamp": timestamp.decode(), "svix-signature": signature}
        assert WEBHOOKS.verify(fields, body).type
