"""The cache of verified tokens: its size is limited, and entries are never mixed up."""

from __future__ import annotations

import gc
import json
import os
import random
import threading
import tracemalloc

import pytest

from privy_middleware.gate import Gate
from privy_middleware.verifiers.token_cache import TokenCache
from tests.support.garbage import only_new_objects
from tests.support.tokens import Request, cookies, found, identity, verifier

PLENTY = 1 << 30
# The estimate for a token of a hundred characters.
OF_100 = 1280 + 225


def key(name: object) -> bytes:
    """Return a key."""
    return TokenCache.key_of(str(name))


def test_keys_are_of_the_whole_token() -> None:
    """Tokens that differ anywhere have different keys, any text has one, and none contains its token."""
    token = "a" * 2000
    tokens = {token, token + "=", token[:-1] + "b", "b" + token[1:], token[:1000] + "b" + token[1001:], "\ud800", ""}
    assert len({key(each) for each in tokens}) == len(tokens)
    assert all(len(key(each)) == 32 for each in tokens)


def test_put_get_discard_clear() -> None:
    """A stored entry is found, and a removed one is not."""
    cache: TokenCache[int] = TokenCache(4, PLENTY)
    assert cache.enabled
    assert cache.get(key("a")) is None
    cache.put(key("a"), 1, 100)
    cache.put(key("b"), 2, 100)
    cache.put(key("a"), 3, 100)
    assert (cache.get(key("a")), cache.get(key("b")), len(cache)) == (3, 2, 2)
    cache.discard(key("a"))
    cache.discard(key("a"))
    assert (cache.get(key("a")), len(cache)) == (None, 1)
    cache.clear()
    assert len(cache) == 0


def test_a_cache_of_no_size_is_off() -> None:
    """Zero turns the cache off; one entry is enough for a cache."""
    assert not TokenCache(0, PLENTY).enabled
    assert TokenCache(1, PLENTY).enabled


def test_least_recently_used_go_first() -> None:
    """An entry that is in use outlives any number of others that are not."""
    cache: TokenCache[int] = TokenCache(8, PLENTY)
    cache.put(key("in use"), -1, 100)
    for number in range(1000):
        assert cache.get(key("in use")) == -1
        cache.put(key(number), number, 100)
        assert len(cache) <= 8
    assert cache.get(key(999)) == 999
    assert cache.get(key(0)) is None


def test_a_key_that_is_there_costs_no_other_one() -> None:
    """A new value replaces the old one of its key, in a full cache too."""
    cache: TokenCache[int] = TokenCache(2, PLENTY)
    for number, name in enumerate("abaa"):
        cache.put(key(name), number, 100)
    assert (cache.get(key("a")), cache.get(key("b"))) == (3, 1)


def test_bounded_in_bytes() -> None:
    """Long tokens displace several short ones, by an estimate from their length; entries in use go last."""
    cache: TokenCache[int] = TokenCache(1000, 10 * OF_100)
    for number in range(100):
        cache.put(key(number), number, 100)
        assert len(cache) == min(number + 1, 10)
    cache.get(key(90))
    cache.put(key("long"), -1, 100 + 8 * OF_100 * 4 // 9)
    assert [number for number in range(100) if cache.get(key(number)) is not None] == [90]
    assert cache.get(key("long")) == -1
    cache.put(key("short"), -2, 100)
    assert len(cache) == 2


def test_bytes_are_counted_out_again() -> None:
    """An entry that is replaced, discarded or cleared frees its bytes."""
    cache: TokenCache[int] = TokenCache(1000, 3 * OF_100)
    for _ in range(10):
        for name in "abc":
            cache.put(key(name), 1, 100)
        assert len(cache) == 3
        cache.discard(key("a"))
        cache.discard(key("a"))
        cache.put(key("d"), 1, 100)
        assert len(cache) == 3
        cache.put(key("d"), 1, 100 + 2 * OF_100 * 2 // 5)
        assert len(cache) == 1
        cache.clear()


def test_what_is_longer_than_the_cache() -> None:
    """It is not stored, displaces no other entry, and removes the old entry of its key."""
    cache: TokenCache[int] = TokenCache(1000, 3 * OF_100)
    for name in "ab":
        cache.put(key(name), 1, 100)
    cache.put(key("c"), 1, 3000)
    assert [cache.get(key(name)) for name in "abc"] == [1, 1, None]
    cache.put(key("a"), 2, 3000)
    assert [cache.get(key(name)) for name in "abc"] == [None, 1, None]
    cache.put(key("c"), 1, (3 * OF_100 - 1536) * 2 // 5)
    assert [cache.get(key(name)) for name in "abc"] == [None, None, 1]


@pytest.mark.parametrize("accounts", [0, 4, 30, 50])
def test_the_estimate_covers_what_an_entry_takes(accounts: int) -> None:
    """It is more than an entry takes after its accounts were used, but less than twice as much."""
    wallets = [{"type": "wallet", "address": f"0x{n:040x}", "chain_type": "ethereum", "lv": n} for n in range(accounts)]
    claims = {"linked_accounts": json.dumps(wallets, separators=(",", ":")), "custom_metadata": '{"role":"admin"}'}
    tokens = [identity(sub=f"did:privy:user{number:021d}", **claims) for number in range(100)]
    gate = Gate(verifier())
    taken = []
    for each in (tokens[:20], tokens[20:]):
        requests = [Request(cookies(("privy-id-token", token))) for token in each]
        with only_new_objects():
            tracemalloc.start()
            for request in requests:
                assert len(found(gate, request).require().linked_accounts) == accounts
            gc.collect()
            taken.append(tracemalloc.get_traced_memory()[0] / len(each))
            tracemalloc.stop()
    estimate = TokenCache.cost_of(len(tokens[0]))
    assert estimate / 2 < taken[1] < estimate


def test_when_all_are_in_use() -> None:
    """An entry is removed, so that the cache does not exceed its size."""
    cache: TokenCache[int] = TokenCache(4, PLENTY)
    for number in range(4):
        cache.put(key(number), number, 100)
        cache.get(key(number))
    cache.put(key("new"), 4, 100)
    assert len(cache) == 4
    assert cache.get(key("new")) == 4


def test_threads() -> None:
    """With concurrent reads and writes, both limits hold, values belong to their keys, and the byte count is right."""
    cache: TokenCache[int] = TokenCache(16, 20 * OF_100)
    wrong: list[int] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(2000):
            number = chance.randrange(64)
            found = cache.get(key(number))
            if found not in (None, number) or len(cache) > 16:
                wrong.append(number)
            cache.put(key(number), number, chance.choice((10, 100, 1000)))
            cache.discard(key(chance.randrange(64)))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert 0 < cache._bytes <= 20 * OF_100
    for number in range(64):
        cache.discard(key(number))
    assert (len(cache), cache._bytes) == (0, 0)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_inherits_no_lock() -> None:
    """If a thread held the lock during the fork, it is not in the child to release it."""
    cache: TokenCache[int] = TokenCache(4, PLENTY)
    cache.put(key("parent"), 1, 100)
    with cache._lock:
        # The state in the middle of a change.
        cache._bytes += 12345
        child = os.fork()
        if child == 0:
            cache.put(key("child"), 2, 100)
            found = (cache.get(key("parent")), cache.get(key("child")), cache._bytes)
            os._exit(0 if found == (1, 2, 2 * OF_100) else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
