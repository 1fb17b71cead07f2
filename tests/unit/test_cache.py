"""The verified-token cache: bounded, and never anybody else's entry."""

from __future__ import annotations

import os
import random
import threading

import pytest

from privy_middleware.cache import TokenCache


def key(name: object) -> bytes:
    """Return a key."""
    return TokenCache.key_of(str(name))


def test_keys_are_of_the_whole_token() -> None:
    """Tokens that differ anywhere have different keys, any text has one, and none shows its token."""
    token = "a" * 2000
    tokens = {token, token + "=", token[:-1] + "b", "b" + token[1:], token[:1000] + "b" + token[1001:], "\ud800", ""}
    assert len({key(each) for each in tokens}) == len(tokens)
    assert all(len(key(each)) == 32 for each in tokens)


def test_put_get_discard_clear() -> None:
    """What is kept is found, what was dropped is not."""
    cache: TokenCache[int] = TokenCache(4)
    assert cache.enabled
    assert cache.get(key("a")) is None
    cache.put(key("a"), 1)
    cache.put(key("b"), 2)
    cache.put(key("a"), 3)
    assert (cache.get(key("a")), cache.get(key("b")), len(cache)) == (3, 2, 2)
    cache.discard(key("a"))
    cache.discard(key("a"))
    assert (cache.get(key("a")), len(cache)) == (None, 1)
    cache.clear()
    assert len(cache) == 0


def test_a_cache_of_no_size_is_off() -> None:
    """Zero switches it off; one entry is a cache already."""
    assert not TokenCache(0).enabled
    assert TokenCache(1).enabled


def test_least_recently_used_go_first() -> None:
    """An entry that is in use outlives any number of others that are not."""
    cache: TokenCache[int] = TokenCache(8)
    cache.put(key("in use"), -1)
    for number in range(1000):
        assert cache.get(key("in use")) == -1
        cache.put(key(number), number)
        assert len(cache) <= 8
    assert cache.get(key(999)) == 999
    assert cache.get(key(0)) is None


def test_a_key_that_is_there_costs_no_other_one() -> None:
    """What is put again takes the place of what it was, in a full cache too."""
    cache: TokenCache[int] = TokenCache(2)
    for number, name in enumerate("abaa"):
        cache.put(key(name), number)
    assert (cache.get(key("a")), cache.get(key("b"))) == (3, 1)


def test_when_all_are_in_use() -> None:
    """Somebody has to go, and the cache stays within its size."""
    cache: TokenCache[int] = TokenCache(4)
    for number in range(4):
        cache.put(key(number), number)
        cache.get(key(number))
    cache.put(key("new"), 4)
    assert len(cache) == 4
    assert cache.get(key("new")) == 4


def test_threads() -> None:
    """Readers and writers at once: the size holds, and every value found is the key's own."""
    cache: TokenCache[int] = TokenCache(16)
    wrong: list[int] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(2000):
            number = chance.randrange(64)
            found = cache.get(key(number))
            if found not in (None, number) or len(cache) > 16:
                wrong.append(number)
            cache.put(key(number), number)
            cache.discard(key(chance.randrange(64)))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_inherits_no_lock() -> None:
    """A thread that held the lock when the process forked is not in the child to let go of it."""
    cache: TokenCache[int] = TokenCache(4)
    cache.put(key("parent"), 1)
    with cache._lock:
        child = os.fork()
        if child == 0:
            cache.put(key("child"), 2)
            os._exit(0 if (cache.get(key("parent")), cache.get(key("child"))) == (1, 2) else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
