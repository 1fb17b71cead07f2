"""Bodies of any text: if the parameter has a value, no parser reads another one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser as DjangoParser
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.formparsers import FormParser, MultiPartParser
from werkzeug.formparser import parse_form_data

from privy_middleware.http.parameters import RequestParts, agreed
from tests.parameters.readers import found_in, read_raw
from tests.support.forms import MULTIPART, multipart

MINE, OTHER = "0x1", "0x2"

pieces = st.sampled_from(
    [
        *(
            name.encode()
            for name in ("address", "ADDRESS", "addres%73", "%61ddress", r"\u0061ddress", " address ", "x")
        ),
        *(
            text.encode()
            for text in (MINE, OTHER, f'"{MINE}"', f'"{OTHER}"', "address=", f"address={OTHER}", "=", "&", ";")
        ),
        *(
            text.encode()
            for text in ("{", "}", "[", "]", ":", ",", '"address":', '"x":', "null", "1", "/**/", "'", '"')
        ),
        *(
            b"--B",
            b"--B--",
            b"--",
            b"B",
            b"\r\n",
            b"\n",
            b"\r",
            b"\r\n\r\n",
            b" ",
            b"\t",
            b"\x00",
            b"\xff",
            b"\xef\xbb\xbf",
        ),
        b"\r\n--B\r\n",
        b"\r\n--B--\r\n",
        b"Content-Disposition: form-data; name=",
        b'Content-Disposition: form-data; name="address"',
        b'Content-Disposition: form-data; name="x"; filename="x"',
        b'; filename="x"',
        b"; filename*=UTF-8''x",
        b"; name*=UTF-8''address",
        b"\\",
        b"Content-Type: text/plain; charset=utf-7",
        b"Content-Transfer-Encoding: base64",
    ]
)
bodies = st.lists(pieces, max_size=14).map(b"".join)
members = st.lists(
    st.tuples(st.sampled_from(["address", "Address", "x"]), st.sampled_from([MINE, OTHER, None, [MINE]])), max_size=4
)
objects = members.map(
    lambda pairs: ("{" + ",".join(f"{json.dumps(n)}:{json.dumps(v)}" for n, v in pairs) + "}").encode()
)
dispositions = st.sampled_from(
    [b'name="address"', b"name=address", b'name="x"', b'name="address"; filename="x"', b'name="Address"']
)
values = st.sampled_from([MINE.encode(), OTHER.encode(), b"x", b"&address=0x2", b"--B", b"\r\n"])
parts = st.tuples(dispositions, values).map(
    lambda part: b"--B\r\nContent-Disposition: form-data; " + part[0] + b"\r\n\r\n" + part[1] + b"\r\n"
)
forms = st.lists(parts, max_size=4).map(lambda each: b"".join(each) + b"--B--\r\n")
pairs = st.lists(st.tuples(st.sampled_from([b"address", b"x", b"Address"]), values), max_size=4)
urlencoded = pairs.map(lambda each: b"&".join(name + b"=" + value for name, value in each))
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
encoded = st.tuples(objects, encodings).map(lambda each: each[0].decode().encode(each[1]))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a body that is almost valid."""
    body = draw(st.one_of(objects, encoded, forms, urlencoded))
    if draw(st.booleans()):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, len(body)))
        body = body[:start] + draw(bodies) + body[end:]
    return body


content_types = st.sampled_from(
    [
        "",
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=B",
        'multipart/form-data; boundary="B"',
        "multipart/form-data; boundary=B; charset=utf-8",
        "application/vnd.api+json",
        "application/json; charset=utf-8",
    ]
)


def by_django(body: bytes, content_type: str) -> Iterator[str]:
    """Yield the results of Django's parsers."""
    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": len(body)}
    with suppress(Exception):
        form, files = DjangoParser(meta, BytesIO(body), [MemoryFileUploadHandler()]).parse()
        yield from found_in([*flat(form), *flat(files)])
    with suppress(Exception):
        yield from found_in(flat(QueryDict(body)))


def flat(form: Any) -> Iterator[tuple[str, Any]]:
    """Yield the pairs of a form that Django parsed."""
    return ((name, value) for name, values in form.lists() for value in values)


def by_werkzeug(body: bytes, content_type: str) -> Iterator[str]:
    """Yield the results of Werkzeug's parsers."""
    for each in (content_type, "application/x-www-form-urlencoded"):
        environ: Any = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": each}
        with suppress(Exception):
            _, form, files = parse_form_data(environ)
            yield from found_in([*form.items(multi=True), *files.items(multi=True)])


def by_starlette(body: bytes, content_type: str) -> Iterator[str]:
    """Yield the results of Starlette's parsers."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    async def parse(parser: Any) -> list[tuple[str, Any]]:
        parsing = parser(Headers({"content-type": content_type}), stream())
        try:
            return list((await parsing.parse()).multi_items())
        finally:
            for file in getattr(parsing, "_files_to_close_on_error", ()):
                file.close()

    for parser in (MultiPartParser, FormParser):
        with suppress(Exception):
            yield from found_in(asyncio.run(parse(parser)))


@given(bodies | damaged(), content_types, st.booleans())
def test_no_parser_reads_another_value(body: bytes, content_type: str, in_query: bool) -> None:
    """If the parameter has a value, all parsers read the same one."""
    query = f"address={MINE}".encode() if in_query else b""
    types = [content_type] if content_type else []
    found = agreed({"address"}, RequestParts(path={}, query_string=query, query=(), body=body, content_types=types))
    if found:
        (value,) = found.values()
        for read in (read_raw, by_django, by_werkzeug, by_starlette):
            assert set(read(body, content_type)) <= {value}


names = st.text(st.characters(codec="utf-8", exclude_characters='%"\\', exclude_categories=["Cc"]), max_size=8)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8)
others = st.lists(st.tuples(names.filter(lambda name: "address" not in name.casefold()), texts), max_size=4)


def as_json(pairs: list[tuple[str, str]]) -> tuple[str, bytes]:
    """Return an object."""
    return "application/json", json.dumps(dict(pairs)).encode()


def as_form(pairs: list[tuple[str, str]]) -> tuple[str, bytes]:
    """Return a form."""
    return "application/x-www-form-urlencoded", urlencode(pairs).encode()


def as_multipart(pairs: list[tuple[str, str]]) -> tuple[str, bytes]:
    """Return a form with files."""
    return MULTIPART, multipart(*pairs, ("file", b"\x89PNG"))


@given(others, others, st.sampled_from([as_json, as_form, as_multipart]))
def test_what_clients_send_is_read(before: list[Any], after: list[Any], write: Any) -> None:
    """Other fields of any text do not matter, except for those in a form that look like the parameter."""
    content_type, body = write([*before, ("address", MINE), *after])
    parts = RequestParts(path={}, query_string=b"", query=(), body=body, content_types=[content_type])
    assert agreed({"address"}, parts) == {"address": MINE}
