"""The targets of the fuzzer, run with its corpus and with any bytes, also where the fuzzer cannot be installed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import CORPUS, TARGETS, seeds


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
