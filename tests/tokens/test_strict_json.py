"""Strict JSON: every parser gets the same value."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privy_middleware.tokens.strict_json import MAX_DEPTH, NotStrictJSON, check_depth, decode, decode_bytes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        (' \t\n\r{"a": [1, 2.5, null, true]} \n', {"a": [1, 2.5, None, True]}),
        ('"\\ud83d\\ude80 \\uD83D\\uDE80 🚀 é"', "🚀 🚀 🚀 é"),
        ("9007199254740993", 9007199254740993),
        ("-0.5e3", -500.0),
        ('{"a": {"a": 1}, "b": {"a": 2}}', {"a": {"a": 1}, "b": {"a": 2}}),
        ('"\\\\ud800"', "\\ud800"),
    ],
)
def test_json_is_read(text: str, value: Any) -> None:
    """Valid JSON is accepted, as text and as bytes (RFC 8259)."""
    assert decode(text) == value
    assert decode_bytes(text.encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{} {}",
        "{},",
        "{'a': 1}",
        '{"a": 1, "a": 1}',
        '{"a": 1, "\\u0061": 2}',
        '[{"b": {"a": 1, "a": 2}}]',
        '{"a": NaN}',
        "[Infinity]",
        "[-Infinity]",
        "1e400",
        "-1e400",
        "01",
        "1.",
        "+1",
        "0x1",
        "1_000",
        "٣",
        "9" * 5000,
        '"\\ud800"',
        '"\\uDFFF"',
        '{"\\udc00\\ud800": 1}',
        '"a\nb"',
        '"a\\xb"',
        "\ufeff{}",
        "\u00a0{}",
        "\x0b{}",
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
    ],
)
def test_what_is_not_json_is_refused(text: str) -> None:
    """Ambiguous JSON raises one error, which contains no part of the text."""
    with pytest.raises(NotStrictJSON, match=r"^not strict JSON$"):
        decode(text)
    with pytest.raises(NotStrictJSON, match=r"^not strict JSON$"):
        decode_bytes(text.encode())


def test_lone_surrogates_in_text_are_refused() -> None:
    """Text with lone surrogates cannot be encoded as UTF-8."""
    with pytest.raises(NotStrictJSON):
        decode('"\ud800"')


@pytest.mark.parametrize(
    "data",
    [b"\xff{}", b'"\xc3("', b'"\xed\xa0\x80"', "{}".encode("utf-16"), "{}".encode("utf-32-le"), b"\xef\xbb\xbf{}"],
)
def test_only_utf_8_is_read(data: bytes) -> None:
    """Only UTF-8 without a byte order mark is accepted, and the encoding is not guessed (RFC 8259 §8.1)."""
    with pytest.raises(NotStrictJSON):
        decode_bytes(data)


BETWEEN = {
    "nothing": "",
    "white space": "\n \t",
    "strings of brackets": '"]]]}}}", "[{", "\\"]", "\\\\", ',
    "neighbours": '{"a":1},{"b":2},{"c":"},{"},{},[],',
    "beyond ASCII": '"é[", "🚀]", ',
}


def nested(levels: int, between: str, kinds: str) -> str:
    """Return JSON with this number of levels, lists and objects as ``kinds`` says, around a list."""
    text = "[1]"
    for level in range(levels - 1):
        text = f'{{"a": {text}}}' if kinds[level % len(kinds)] == "{" else f"[{between}{text}]"
    return text


@pytest.mark.parametrize("kinds", ["[", "[{", "{[["])
@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
def test_the_edge_of_nesting(between: str, kinds: str) -> None:
    """Thirty-two levels are accepted, and one more is rejected, whatever is between the brackets."""
    text = nested(MAX_DEPTH, between, kinds)
    assert decode(text) == json.loads(text)
    with pytest.raises(NotStrictJSON):
        decode(nested(MAX_DEPTH + 1, between, kinds))


@pytest.mark.parametrize("separator", [",", ", ", ",\n"])
@pytest.mark.parametrize("item", ["[]", "{}", '{"a":[1]}', '"[[{{"', '"\\"["'])
def test_wide_is_not_deep(item: str, separator: str) -> None:
    """Any number of values may be next to each other, and brackets in strings do not count."""
    text = f"[{separator.join([item] * 1000)}]"
    assert decode(text) == json.loads(text)


def depth(value: object) -> int:
    """Return the number of nested lists and objects."""
    if not isinstance(value, list | dict):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


def wrapped(value: object, wraps: list[str]) -> object:
    """Return a value inside lists and objects that have other members too."""
    for name in wraps:
        value = {"": "}", name: value} if name else ["]", {}, value, "["]
    return value


@given(
    st.builds(
        wrapped,
        st.recursive(
            st.text('"\\[]{},:a') | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
        ),
        st.lists(st.text('"\\[]{},', max_size=3), max_size=MAX_DEPTH + 4),
    ),
    st.sampled_from([None, 1]),
)
def test_the_depth_is_that_of_the_value(value: object, indent: int | None) -> None:
    """The depth is counted correctly in every text, so that nothing within the limit is rejected."""
    for text in (json.dumps(value, indent=indent), json.dumps(value, separators=(",", ":"), ensure_ascii=False)):
        if depth(value) > MAX_DEPTH:
            with pytest.raises(NotStrictJSON):
                check_depth(text)
        else:
            check_depth(text)


IN_A_SMALL_THREAD = """
import sys, threading
from privy_middleware.tokens.strict_json import NotStrictJSON, decode

def refuse(text):
    try:
        decode(text)
    except NotStrictJSON:
        print("refused")

threading.stack_size(128 * 1024)
for text in ("[" * 12_000, '{"a":' * 2_400, '{"a":[' * 2_000 + "1" + "]}" * 2_000, '["' * 3_000, "[{" * 100_000):
    thread = threading.Thread(target=refuse, args=[text])
    thread.start()
    thread.join()
"""


def test_no_text_overflows_a_small_stack() -> None:
    """Some servers run apps in threads with a small stack, where deep recursion ends the process."""
    run = subprocess.run([sys.executable, "-c", IN_A_SMALL_THREAD], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.split()) == (0, ["refused"] * 5)


_TEXTS = st.sampled_from(["", "a", "b", "type", ":", "/", '"', "\\", "{", "é"]).map(json.dumps)
_COLONS = st.sampled_from([":", ":", ":", " :", ":\n"])


def _objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return texts of objects, in which a name may be there twice."""
    members = st.lists(st.tuples(_TEXTS, _COLONS, values).map("".join), max_size=4)
    return members.map(lambda each: f"{{{','.join(each)}}}")


def _lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return texts of lists."""
    return st.lists(values, max_size=4).map(lambda each: f"[{','.join(each)}]")


_VALUES = st.recursive(
    _TEXTS | st.sampled_from(["1", "null", "2.5"]), lambda each: _objects(each) | _lists(each), max_leaves=6
)


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raise ``ValueError`` if a name is there twice."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError
    return dict(pairs)


@given(_lists(_objects(_VALUES) | _VALUES), st.sampled_from(["", "", "x", ":", "{}"]))
def test_lists_are_checked_like_other_texts(text: str, rest: str) -> None:
    """A list of objects, which accounts are, is read in a faster way, with the same result."""
    try:
        expected: Any = json.loads(text + rest, object_pairs_hook=_reject_duplicates)
    except ValueError:
        with pytest.raises(NotStrictJSON):
            decode(text + rest)
    else:
        assert decode(text + rest) == expected
