"""No view reads another address than the one that the condition has checked."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.parameters.apps import METHODS, READS_FIRST, Answer, Send

MINE = "0x72d916C83baF0730bbe2BeC6FF8c522C13bC0aEF"
OTHER = "0x0000000000000000000000000000000000000001"

JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B"


def mine(text: str) -> str:
    """Insert the user's address and the other one into a text."""
    return text.replace("MINE", MINE).replace("OTHER", OTHER)


def part(value: str, disposition: str = 'form-data; name="address"', *headers: str) -> str:
    """Return a part of a multipart form."""
    return "\r\n".join(["--B", f"Content-Disposition: {disposition}", *headers, "", value, ""])


END = "--B--\r\n"
FILE = part("\x89PNG", 'form-data; name="file"; filename="x.png"', "Content-Type: image/png")

# The bodies and their content types, sent together with the user's own address in the query or the path.
BODIES: list[tuple[str, str, str | bytes]] = [
    ("json", JSON, '{"address": "OTHER"}'),
    ("json as a form", FORM, '{"address": "OTHER"}'),
    ("json as a multipart form", MULTIPART, '{"address": "OTHER"}'),
    ("json as text", "text/plain", '{"address": "OTHER"}'),
    ("json as an image", "image/png", '{"address": "OTHER"}'),
    ("json as nothing", "", '{"address": "OTHER"}'),
    ("json after white space", "text/plain", '\x0c\r\n \t{"address": "OTHER"}'),
    ("json with a byte order mark", "", b"\xef\xbb\xbf" + mine('{"address": "OTHER"}').encode()),
    ("json in UTF-16", "", mine('{"address": "OTHER"}').encode("utf-16")),
    ("json in UTF-16 without a mark", "", mine('{"address": "OTHER"}').encode("utf-16-be")),
    ("json in UTF-16 as json", JSON, mine('{"address": "OTHER"}').encode("utf-16-le")),
    ("json in UTF-32", "", mine('{"address": "OTHER"}').encode("utf-32")),
    ("json in a charset", f"{JSON}; charset=utf-16", mine('{"address": "OTHER"}').encode("utf-16")),
    ("json in UTF-7", f'{JSON}; charset="utf-7"', '{"+AGEAZABkAHIAZQBzAHM-": "OTHER"}'),
    ("json in an unknown charset", f"{JSON}; charset=x", '{"address": "OTHER"}'),
    ("json with bad bytes", JSON, mine('{"address": "OTHER", "x": "').encode() + b'\xff"}'),
    ("mine first", JSON, '{"address": "MINE", "address": "OTHER"}'),
    ("mine last", JSON, '{"address": "OTHER", "address": "MINE"}'),
    ("an escaped name", JSON, r'{"\u0061ddress": "OTHER"}'),
    ("another case", JSON, '{"Address": "OTHER"}'),
    ("another case beside mine", JSON, '{"address": "MINE", "ADDRESS": "OTHER"}'),
    ("a list", JSON, '{"address": ["OTHER"]}'),
    ("my list", JSON, '{"address": ["MINE"]}'),
    ("an object", JSON, '{"address": {"0": "OTHER"}}'),
    ("a number", JSON, '{"address": 1}'),
    ("null", JSON, '{"address": null}'),
    ("a long number", JSON, '{"address": "OTHER", "x": %s}' % ("1" * 5000)),
    ("a deep array", JSON, '{"address": "OTHER", "x": %s}' % ("[" * 100_000)),
    ("a deep array that ends", JSON, '{"address": "OTHER", "x": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    ("a trailing comma", JSON, '{"address": "OTHER",}'),
    ("a comment", JSON, '{"address": "OTHER" /* */}'),
    ("JSON5", "text/plain", "{address: 'OTHER'}"),
    ("a raw line break", JSON, '{"x": "\n", "address": "OTHER"}'),
    ("lines", "application/x-ndjson", '{"address": "MINE"}\n{"address": "OTHER"}\n'),
    ("lines as text", "text/plain", '{"x": 1}\n{"address": "OTHER"}\n'),
    ("a sequence", "application/json-seq", '\x1e{"address": "OTHER"}\n'),
    ("JSON:API", "application/vnd.api+json", '{"data": {"type": "x", "attributes": {"address": "OTHER"}}}'),
    ("no json at all", JSON, "address"),
    ("form", FORM, "address=OTHER"),
    ("form as json", JSON, "address=OTHER"),
    ("form as text", "text/plain", "x=1&address=OTHER"),
    ("form as a multipart form", MULTIPART, "address=OTHER"),
    ("form as nothing", "", "address=OTHER"),
    ("form with both", FORM, "address=MINE&address=OTHER"),
    ("form with both in the other order", FORM, "address=OTHER&x=1&address=MINE"),
    ("form with semicolons", FORM, "x=1;address=OTHER"),
    ("form with an escaped name", FORM, "%61ddress=OTHER"),
    ("form with a space", FORM, "+address=OTHER"),
    ("form with an empty value", FORM, "address="),
    ("form without a value", FORM, "address"),
    ("form with bad bytes", FORM, "address=%FF"),
    ("form in a charset", f"{FORM}; charset=utf-16", mine("address=OTHER").encode("utf-16")),
    ("multipart", MULTIPART, part("OTHER") + END),
    ("multipart with both", MULTIPART, part("MINE") + part("OTHER") + END),
    ("multipart with a file of that name", MULTIPART, part("OTHER", 'form-data; name="address"; filename="x"') + END),
    ("multipart with an empty file name", MULTIPART, part("MINE", 'form-data; name="address"; filename=""') + END),
    (
        "multipart with an extended file name",
        MULTIPART,
        part("MINE", "form-data; name=address; filename*=UTF-8''x") + END,
    ),
    ("multipart with an extended name", MULTIPART, part("OTHER", "form-data; name*=UTF-8''address") + END),
    ("multipart without quotes", MULTIPART, part("OTHER", "form-data; name=address") + END),
    ("multipart with an escape", MULTIPART, part("OTHER", r'form-data; name="addres\s"') + END),
    ("multipart with a percent sign", MULTIPART, part("OTHER", 'form-data; name="%61ddress"') + END),
    ("multipart with two names", MULTIPART, part("OTHER", 'form-data; name="x"; name="address"') + END),
    ("multipart with spaces", MULTIPART, part("OTHER", 'form-data; name=" address "') + END),
    (
        "multipart with two dispositions",
        MULTIPART,
        part("OTHER", 'form-data; name="x"', 'Content-Disposition: form-data; name="address"') + END,
    ),
    ("multipart with a folded header", MULTIPART, part("OTHER", 'form-data;\r\n name="address"') + END),
    ("multipart with line feeds", MULTIPART, (part("OTHER") + END).replace("\r\n", "\n")),
    ("multipart with a preamble", MULTIPART, "x\r\n" + part("OTHER") + END),
    ("multipart with an epilogue", MULTIPART, END + part("OTHER") + END),
    ("multipart without an end", MULTIPART, part("OTHER")),
    (
        "multipart with a delimiter and a space",
        MULTIPART,
        part('MINE\r\n--B \r\nContent-Disposition: form-data; name="address"\r\n\r\nOTHER') + END,
    ),
    (
        "multipart in base64",
        MULTIPART,
        part(
            base64.b64encode(OTHER.encode()).decode(), 'form-data; name="address"', "Content-Transfer-Encoding: base64"
        )
        + END,
    ),
    (
        "multipart in a charset",
        MULTIPART,
        part("+ADA-", 'form-data; name="address"', "Content-Type: text/plain; charset=utf-7") + END,
    ),
    (
        "multipart in a multipart",
        MULTIPART,
        part("--C", 'form-data; name="address"', "Content-Type: multipart/mixed; boundary=C") + END,
    ),
    (
        "multipart with a form in a file",
        MULTIPART,
        part("MINE") + part("&address=OTHER&", 'form-data; name="f"; filename="f"') + END,
    ),
    ("multipart with two boundaries", "multipart/form-data; boundary=C; boundary=B", part("OTHER") + END),
    ("multipart with two spellings of boundary", "multipart/form-data; boundary=C; Boundary=B", part("OTHER") + END),
    ("multipart with an extended boundary", "multipart/form-data; boundary*=UTF-8''B", part("OTHER") + END),
    ("multipart with a quoted boundary", 'multipart/form-data; boundary="B"', part("OTHER") + END),
    ("multipart without a boundary", "multipart/form-data", part("OTHER") + END),
    ("multipart of another kind", "multipart/mixed; boundary=B", part("OTHER") + END),
    ("multipart as text", "text/plain; boundary=B", part("OTHER") + END),
    ("multipart with many parts", MULTIPART, part("x", "form-data; name=x") * 1001 + part("OTHER") + END),
    ("two content types", f"{JSON}, {FORM}", "address=OTHER"),
    ("a content type that is none", "json", '{"address": "OTHER"}'),
    ("another format", "application/x-lines", "address: OTHER"),
    ("yaml", "application/yaml", "address: OTHER"),
    ("xml", "application/xml", "<address>OTHER</address>"),
    ("too large", "text/plain", "x" * 3_000_000 + "&address=OTHER"),
]


def fooled(app: str, answer: Answer) -> bool:
    """Return whether a response is not an error; if the framework reads first, whether it shows another address."""
    status, read = answer
    if app in READS_FIRST:
        return (status, read) != (200, {MINE}) and status not in {400, 403, 413, 422}
    return (status, read) != (403, set())


@pytest.mark.parametrize(("content_type", "body"), [each[1:] for each in BODIES], ids=[each[0] for each in BODIES])
def test_another_address_in_the_body(app: str, send: Send, content_type: str, body: str | bytes) -> None:
    """With the user's own address in the query or the path, a body with another address is still rejected."""
    raw = body if isinstance(body, bytes) else mine(body).encode()
    headers = {"content-type": content_type} if content_type else {}
    for method, target in (("POST", f"/owned?address={MINE}"), ("PUT", f"/owned/{MINE}"), ("POST", "/owned")):
        assert not fooled(app, send(method, target, headers, raw))


@pytest.mark.parametrize("method", METHODS)
def test_another_address_by_every_method(app: str, send: Send, method: str) -> None:
    """Some frameworks read a form only for certain methods, and a body for all of them."""
    bodies = ((JSON, '{"address": "OTHER"}'), (FORM, "address=OTHER"), (MULTIPART, part("OTHER") + END))
    for content_type, body in bodies:
        for target in (f"/owned?address={MINE}", f"/owned/{MINE}", "/owned"):
            assert not fooled(app, send(method, target, {"content-type": content_type}, mine(body).encode()))


def test_compressed_body(send: Send) -> None:
    """Other code may decompress it later."""
    body = gzip.compress(mine("address=OTHER").encode())
    headers = {"content-type": FORM, "content-encoding": "gzip"}
    assert send("POST", f"/owned?address={MINE}", headers, body) == (403, set())
    assert send("POST", f"/owned/{MINE}", headers, b"") == (200, {MINE})


@pytest.mark.parametrize(
    "query",
    [
        "address=MINE&address=OTHER",
        "address=MINE;address=OTHER",
        "address=MINE&x=1;address=OTHER",
        "address=MINE&%41ddress=OTHER",
        "address=MINE&addres%73=OTHER",
        "address=MINE&+address=OTHER",
        "address=MINE&address",
        "address=MINE&address=%FF",
        "address=OTHER",
        "other=MINE",
    ],
)
def test_another_address_in_the_query(send: Send, query: str) -> None:
    """A second address in the query is rejected, in any spelling."""
    assert send("GET", f"/owned?{mine(query)}", {}, b"") == (403, set())


def test_other_override_of_the_method(send: Send) -> None:
    """The result does not depend on the method, or on an override of the method."""
    headers = {"content-type": FORM, "x-http-method-override": "PUT", "x-method-override": "GET"}
    body = mine("_method=PUT&_content_type=application/json&_content=%7B%7D&address=OTHER").encode()
    for method in METHODS:
        assert send(method, f"/owned?address={MINE}", headers, body) == (403, set())


# Bodies as clients send them.


def form(**fields: str) -> str:
    """Return a form as browsers send it."""
    return "&".join(f"{name}={quote(value)}" for name, value in fields.items())


ORDINARY: list[tuple[str, str, str | bytes]] = [
    ("json", JSON, json.dumps({"address": MINE, "amount": 5, "to": {"address": OTHER}, "note": "é & ; ="})),
    (
        "json with a charset",
        "application/json;charset=UTF-8",
        json.dumps({"address": MINE, "note": "é"}, ensure_ascii=False),
    ),
    ("json as text", "text/plain", json.dumps({"address": MINE})),
    ("json as nothing", "", json.dumps({"address": MINE})),
    ("json of another kind", "application/problem+json", json.dumps({"address": MINE})),
    ("form", FORM, form(address=MINE, note="é & ; = {}")),
    ("form with a charset", f"{FORM}; charset=UTF-8", form(address=MINE)),
    ("multipart", MULTIPART, part("MINE") + part("é & ; =", 'form-data; name="note"') + END),
    ("multipart with a file", MULTIPART, part("MINE") + FILE + END),
    ("multipart with a file first", 'multipart/form-data; boundary="B"', FILE + part("MINE") + END),
    (
        "multipart of curl",
        MULTIPART,
        part("MINE", 'form-data; name="address"')
        + part("x", 'form-data; name="f"; filename="ü.txt"', "Content-Type: text/plain")
        + END,
    ),
    (
        "multipart of .NET",
        MULTIPART,
        part("MINE", "form-data; name=address", "Content-Type: text/plain; charset=utf-8")
        + part("x", "form-data; name=f; filename=x.txt; filename*=utf-8''x.txt")
        + END,
    ),
    (
        "multipart of Java",
        MULTIPART,
        part(
            "MINE",
            'form-data; name="address"',
            "Content-Type: text/plain; charset=ISO-8859-1",
            "Content-Transfer-Encoding: 8bit",
        )
        + END,
    ),
]


@pytest.mark.parametrize(("content_type", "body"), [each[1:] for each in ORDINARY], ids=[each[0] for each in ORDINARY])
def test_ordinary_body(send: Send, content_type: str, body: str | bytes) -> None:
    """The address in a body is used, and every view that can read it reads the same."""
    raw = body if isinstance(body, bytes) else mine(body).encode()
    headers = {"content-type": content_type} if content_type else {}
    for method in METHODS:
        assert send(method, "/owned", headers, raw) == (200, {MINE})
    assert send("POST", f"/owned?address={MINE}", headers, raw) == (200, {MINE})


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n\x00&;=\xff" * 1000),
        ("application/octet-stream", bytes(range(256)) * 100),
        ("text/plain", b"my note & yours; the address"),
        ("text/csv", b"address;name\n0x1;x\n"),
        (JSON, b'{"amount": 5}'),
        (JSON, b'[{"address": "0x1"}]'),
        (FORM, b"amount=5"),
        (MULTIPART, FILE.encode() + END.encode()),
        ("application/vnd.api+json", json.dumps({"data": {"id": "1", "attributes": {"amount": 5}}}).encode()),
        ("application/yaml", b""),
    ],
)
def test_body_that_does_not_name_it(send: Send, content_type: str, body: bytes) -> None:
    """If a body does not contain the address, only the path and the query are used."""
    for target in (f"/owned?address={MINE}&x=1", f"/owned/{MINE.lower()}"):
        status, read = send("POST", target, {"content-type": content_type}, body)
        assert (status, len(read)) == (200, 1)


def test_json_api(send: Send) -> None:
    """The attributes of JSON:API count as members."""
    body = json.dumps({"data": {"type": "wallet", "attributes": {"address": MINE}, "relationships": {"x": {}}}})
    status, read = send("PATCH", "/owned", {"content-type": "application/vnd.api+json"}, body.encode())
    assert (status, read <= {MINE}) == (200, True)


def test_no_address(app: str, send: Send) -> None:
    """Without an address the user is not the owner."""
    for body in (b"", b"{}", b"x=1"):
        assert not fooled(app, send("POST", "/owned", {}, body))


def test_each_own_address(send: Send) -> None:
    """Two of the user's own addresses are still two values."""
    both: dict[str, Any] = {"address": "0x79a08eFE34a7A0De99bbddF3b46E83E103c82555"}
    assert send("POST", f"/owned/{MINE}", {"content-type": JSON}, json.dumps(both).encode()) == (403, set())
