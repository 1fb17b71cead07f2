"""The one value of a parameter: it must be the same in every place and for every parser."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from privy_middleware.http import multipart
from privy_middleware.http.parameters import LARGEST_BODY, RequestParts, agreed

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"


def value_of(body: bytes | None = b"", content_type: str = "", name: str = "a", **parts: Any) -> object:
    """Return the value of one parameter, or ``None`` if it counts as missing."""
    content_types = [content_type] if content_type else []
    given: dict[str, Any] = {"path": {}, "query_string": b"", "query": (), "content_types": content_types, "body": body}
    return agreed({name}, RequestParts(**{**given, **parts})).get(name)


def part(value: bytes, name: bytes = b"a", *headers: bytes) -> bytes:
    """Return a part of a multipart form."""
    return b"\r\n".join([b"--B", b'Content-Disposition: form-data; name="%s"' % name, *headers, b"", value, b""])


END = b"--B--\r\n"


def test_places() -> None:
    """One place is enough; if there are more, the values must be equal."""
    places: list[dict[str, Any]] = [
        {"path": {"a": "1"}},
        {"query_string": b"a=1", "query": [("a", "1")]},
        {"form": [("a", "1")]},
        {"body": b'{"a": "1"}'},
        {"body": b"a=1"},
        {"body": part(b"1") + END, "content_types": [MULTIPART]},
    ]
    others: list[dict[str, Any]] = [{"path": {"a": "2"}}, {"query_string": b"a=2"}, {"form": [("a", "2")]}]
    for first in places:
        assert value_of(**first) == "1"
        for second in places[:3]:
            assert value_of(**{**first, **second}) == "1"
        for other in others:
            assert first.keys() & other.keys() or value_of(**first, **other) is None


def test_several_names() -> None:
    """Each parameter is checked separately; if the body cannot be read, all count as missing."""
    parts = RequestParts(path={"a": "1"}, query_string=b"", query=[("b", "2"), ("c", "3"), ("c", "4")])
    assert agreed({"a", "b", "c", "d"}, parts) == {"a": "1", "b": "2"}
    unread = RequestParts(path={"a": "1"}, query_string=b"", query=(), body=None)
    assert agreed({"a", "b"}, unread) == {}


@pytest.mark.parametrize(
    "name", ["walletAddress", "wallet_address", "Wallet-Address", "wallet address", "WALLET_ADDRESS[]"]
)
def test_names_that_parsers_translate(name: str) -> None:
    """The translated names must not have another value."""
    assert value_of(query=[(name, "1")], name="wallet.address") is None
    assert value_of(query=[(name, "1"), ("wallet.address", "1")], name="wallet.address") == "1"
    assert value_of(query=[(name, "2"), ("wallet.address", "1")], name="wallet.address") is None


def test_names_without_letters() -> None:
    """They are compared exactly, and so are long ones."""
    assert value_of(query=[("$", "1"), ("_", "2")], name="$") == "1"
    assert value_of(query=[("x" * 300, "1"), ("X" * 300, "2")], name="x" * 300) == "1"


@pytest.mark.parametrize("value", [5, 5.0, UUID(int=5), None, ["1"]])
def test_values_that_are_no_text(value: Any) -> None:
    """A router may convert a value to another type, which is not text; a body or a form cannot."""
    assert value_of(path={"a": value}) == value
    assert value_of(path={"a": value}, query=[("a", str(value))]) is None
    assert value_of(form=[("a", value)]) is None
    if not isinstance(value, UUID):
        assert value_of(json.dumps({"a": value}).encode(), path={"a": value}) is None


@pytest.mark.parametrize(
    "query",
    [b"a=2", b"%61=2", b"x=1&a=2", b"x=1;a=2", b"a", b"a=", b"+a=2", b"A=2", b"a=%FF", b"a=1;", b"&" * 40_000],
)
def test_query_that_others_read_otherwise(query: bytes) -> None:
    """The framework may have found no value in it."""
    assert value_of(query_string=query, path={"a": "1"}) is None


@pytest.mark.parametrize("query", [b"", b"a=1", b"x;a=1", b"%61=%31", b"b=2;c", b"=2", b"%zz=2", b"a%FF=1"])
def test_query_that_says_nothing_else(query: bytes) -> None:
    """Other names do not matter."""
    assert value_of(query_string=query, path={"a": "1"}) == "1"


JSON_BODIES: list[tuple[str, bytes, object]] = [
    ("", b'{"a": "1"}', "1"),
    ("", b' \r\n\t{"a": "1"}\n', "1"),
    ("", b'\xef\xbb\xbf{"a": "1"}', "1"),
    ("", '{"a": "1"}'.encode("utf-16"), "1"),
    ("", rb'{"\u0061": "\u0031"}', "1"),
    ("", b'{"a": "1", "x": {"a": "2"}, "y": [{"a": "2"}], "z": [1.5, -1e400, true, null, NaN]}', "1"),
    ("", b'{"a": "1", "a": "1"}', "1"),
    ("", b'{"a": "1"} {"a": "1"}', "1"),
    ("", b'\x1e{"a": "1"}\n\x1e{"b": "1"}\n', "1"),
    ("", b'{"x": %s, "a": "1"}' % (b"1" * 5000), "1"),
    ("text/json; charset=ASCII", b'{"a": "1"}', "1"),
    ("application/problem+json", b'{"a": "1"}', "1"),
    ("application/json", b'[{"a": "1"}]', None),
    ("application/json", b'"a"', None),
    ("", b'{"a": "1", "a": "2"}', None),
    ("", b'{"a": "1", "A": "2"}', None),
    ("", b'{"a": "1"} {"a": "2"}', None),
    ("", b'{"a": "1"}x', None),
    ("", b'{"a": "1",}', None),
    ("", b"{a: '1'}", None),
    ("", b'{"a": "1", "x": "\xff"}', None),
    ("", b'{"a": "1", "x": "\n"}', None),
    ("", b'{"a": "1", "x": ' + b"[" * 100_000, None),
    ("", b'{"a": "1", "x": ' + b"[" * 199 + b"]" * 199 + b"}", "1"),
    ("", b'{"a": "1", "x": ' + b"[" * 200 + b"]" * 200 + b"}", None),
    ("", b'{"a": "1", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", None),
    ("", b'\x0c{"a": "1"}', None),
    ("", b'{"a": "1"}' + b"{}" * 40_000, None),
    ("", '{"a": "1"}'.encode("utf-32-be"), None),
    ("application/json; charset=utf-16", '{"a": "1"}'.encode("utf-16"), None),
    ("application/json; charset=latin-1", b'{"a": "1"}', None),
    ("application/json", '{"a": "1"}'.encode("utf-16-le"), None),
    ("application/json", b"", None),
    ("application/json", b"a=1", None),
]


@pytest.mark.parametrize(("content_type", "body", "expected"), JSON_BODIES)
def test_json(content_type: str, body: bytes, expected: object) -> None:
    """An object that any parser accepts is used, also if the JSON is almost valid."""
    assert value_of(body, content_type) == expected


def test_json_api() -> None:
    """Its parsers merge nested members into one object; others do not."""
    body = b'{"data": {"id": "1", "type": "t", "attributes": {"a": "1"}, "relationships": {"r": {}}}, "meta": {"a": 2}}'
    for name, expected in (("a", "1"), ("id", "1"), ("type", "t"), ("r", None), ("meta", None)):
        assert value_of(body, "application/vnd.api+json", name) == expected
        assert value_of(body, "application/json", name) is None
    assert value_of(b'{"a": "2", "data": {"attributes": {"a": "1"}}}', "application/vnd.api+json") is None
    assert value_of(b'{"data": [], "a": "1"}', "application/vnd.api+json") == "1"


FORM_BODIES: list[tuple[str, bytes, object]] = [
    (FORM, b"a=1", "1"),
    (FORM, b"b=2&a=1&c", "1"),
    (FORM, b"a=%31", "1"),
    (FORM, b"a=+1", " 1"),
    (FORM, b"a=1=2", "1=2"),
    (FORM, b"a=%C3%A9", "é"),
    (FORM + '; charset="UTF8"', b"a=1", "1"),
    (FORM + ";", b"a=1", "1"),
    ("text/plain", b"a=1", "1"),
    ("text/plain", b"a=1;a=2", "1;a=2"),
    ("text/plain", b"a&a=1", None),
    (FORM, b"a=1&a=2", None),
    (FORM, b"a=1;a=2", None),
    (FORM, b"a=1&a", None),
    (FORM, b"a=%FF", None),
    (FORM, b"a=\xff", None),
    (FORM, b"a=\xc3\xa9", None),
    (FORM + "; charset=latin-1", b"a=1", None),
    (FORM, b"a=1" + b"&" * 40_000, None),
    (FORM, b'{"a": "1"}', "1"),
    (FORM, b'{"a": "1"}&a=2', None),
    ("text/plain", b'{"x": "&a=2", "a": "1"}', None),
]


@pytest.mark.parametrize(("content_type", "body", "expected"), FORM_BODIES)
def test_form(content_type: str, body: bytes, expected: object) -> None:
    """A form can be read from a body with any content type."""
    assert value_of(body, content_type) == expected


@pytest.mark.parametrize(
    "content_type",
    [
        "json",
        "application/",
        "application/json, text/plain",
        "application/json; charset",
        "application/json; charset=utf-8; Charset=utf-8",
        "application/json; charset*=utf-8''utf-8",
        'application/json; charset="utf\\-8"',
        "application/json; charset=x",
        "application/json; boundary=B",
        "multipart/form-data",
        'multipart/form-data; boundary="a b"',
        "application/xml",
        "application/yaml",
        "application/msgpack",
        "text/html",
        "x/y; " + "z=1;" * 200,
    ],
)
def test_content_type_that_says_something_else(content_type: str) -> None:
    """It is unknown how the body is read; without a body this does not matter."""
    assert value_of(b"x", content_type, path={"a": "1"}) is None
    assert value_of(b"", content_type, path={"a": "1"}) == "1"


def test_headers_of_a_body() -> None:
    """Two content types count as none, and an encoded body may be decoded by other code."""
    assert value_of(b"a=1", content_types=[FORM, FORM, f" {FORM};"]) == "1"
    assert value_of(b"a=1", content_types=[FORM, "text/plain"]) is None
    assert value_of(b"a=1", content_types=[""]) == "1"
    assert value_of(b"a=1", content_encodings=["", "Identity"]) == "1"
    assert value_of(b"a=1", content_encodings=["gzip"]) is None
    assert value_of(b"a=1", charset="utf_8") == "1"
    assert value_of(b"a=1", charset="cp1252") is None


def test_large_body() -> None:
    """A large body is not read."""
    assert value_of(b"x" * LARGEST_BODY, path={"a": "1"}) == "1"
    assert value_of(b"x" * (LARGEST_BODY + 1), path={"a": "1"}) is None


FILE = part(b"\x89PNG\r\n\x1a\n\x00", b'f"; filename="x.png', b"Content-Type: image/png")
MULTIPART_BODIES: list[tuple[bytes, object]] = [
    (part(b"1") + END, "1"),
    (part(b"1") + FILE + END, "1"),
    (FILE + part(b"1") + END, "1"),
    (b"\r\n" + part(b"1") + END, "1"),
    (part(b"1") + END.rstrip(), "1"),
    (part(b"1", b"a", b"Content-Type: text/plain; charset=utf-8", b"content-length: 1") + END, "1"),
    (part(b"1", b"a", b'Content-Type: text/plain; charset="ISO-8859-1"') + END, "1"),
    (part(b"1", b"a", b"Content-Transfer-Encoding: 8BIT") + END, "1"),
    (part(b"1").replace(b'"a"', b"a") + END, "1"),
    (part(b"1").replace(b"; ", b";").replace(b": ", b":") + END, "1"),
    (part(b"\xc3\xa9") + END, "é"),
    (part(b"") + END, ""),
    (part(b"1") + part(b"", b'f"; filename="\xc3\xa9%22.png') + END, "1"),
    (part(b"1") + part(b"").replace(b'"a"', b"f; filename=x; filename*=UTF-8''%C3%A9") + END, "1"),
    (part(b"1").replace(b'"a"', b"a; filename*=UTF-8''x") + END, None),
    (part(b"1") + part(b"2") + END, None),
    (part(b"1", b'a"; filename="x') + END, None),
    (part(b"1", b'a"; filename="') + END, None),
    (part(b"\xff") + END, None),
    (part(b"\xe9", b"a", b"Content-Type: text/plain; charset=iso-8859-1") + END, None),
    (part(b"1", b"a", b"Content-Type: text/plain; charset=utf-7") + END, None),
    (part(b"1") + part(b"&a=2", b"x") + END, None),
]


@pytest.mark.parametrize(("body", "expected"), MULTIPART_BODIES)
def test_multipart(body: bytes, expected: object) -> None:
    """Forms as clients send them are read, with their files."""
    assert value_of(body, MULTIPART) == expected


def test_empty_multipart() -> None:
    """An empty form has no values."""
    assert value_of(END, MULTIPART, path={"a": "1"}) == "1"


AMBIGUOUS: list[bytes] = [
    b"",
    b"--B",
    b"--B\r\n--B--",
    b"x\r\n" + part(b"1") + END,
    part(b"1") + END + b"x",
    part(b"1") + END + b"\r\n",
    part(b"1"),
    (part(b"1") + END).replace(b"\r\n", b"\n"),
    part(b"1\r\n--B \r\n2") + END,
    part(b"1\n--B\n2") + END,
    part(b"1--B") + END,
    b"--B\r\n\r\n1\r\n" + END,
    b"--B\r\nContent-Type: text/plain\r\n\r\n1\r\n" + END,
    part(b"1").replace(b"form-data", b"attachment") + END,
    part(b"1").replace(b"name=", b"name =") + END,
    part(b"1").replace(b"name=", b"Name=") + END,
    part(b"1").replace(b"name=", b"name*=") + END,
    part(b"1").replace(b'"a"', b'"a";') + END,
    part(b"1").replace(b'"a"', b"'a b'") + END,
    part(b"1", b'a"; name="b') + END,
    part(b"1", b'a"; x="b') + END,
    part(b"1", b"\\a") + END,
    part(b"1", b"%61") + END,
    part(b"1", b"\xff") + END,
    part(b"1", b'f"; filename="\\') + END,
    part(b"1", b"x" * 1024) + END,
    part(b"1", b"a", b'Content-Disposition: form-data; name="b"') + END,
    part(b"1", b"a", b" folded") + END,
    part(b"1", b"a", b"X-Y : 1") + END,
    part(b"1", b"a", b"X: \x00") + END,
    part(b"1", b"a", b"X: 1\nContent-Type: y/z") + END,
    part(b"MQ==", b"a", b"Content-Transfer-Encoding: base64") + END,
    part(b"1", b"a", b"Content-Type: multipart/mixed; boundary=C") + END,
    part(b"1", b"a", b"Content-Type: message/rfc822") + END,
    part(b"1", b"x") * 1001 + END,
]


@pytest.mark.parametrize("body", AMBIGUOUS)
def test_ambiguous_multipart(body: bytes) -> None:
    """An ambiguous form is rejected, and the exception contains no part of it."""
    with pytest.raises(multipart.AmbiguousMultipart) as refused:
        list(multipart.fields(body, "B"))
    assert "1\r\n" not in str(refused.value)
    assert value_of(body or b"x", MULTIPART, path={"a": "1"}) is None


@pytest.mark.parametrize("boundary", ["", " ", "a b", "a\n", "é", "x" * 71, '"'])
def test_boundary(boundary: str) -> None:
    """All parsers must agree about the boundary."""
    with pytest.raises(multipart.AmbiguousMultipart):
        multipart.fields(END, boundary)
    assert (
        value_of(part(b"1").replace(b"--B", b"----=_x.1") + b"----=_x.1--", 'multipart/form-data; boundary="--=_x.1"')
        == "1"
    )


def test_nothing_of_a_body_is_shown() -> None:
    """The repr contains no part of the body."""
    assert "secret" not in repr(RequestParts(path={"a": "secret"}, query_string=b"secret", query=(), body=b"secret"))
