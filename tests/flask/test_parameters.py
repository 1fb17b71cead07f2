"""``owns_wallet``: the view can still read the body, and a body that has been read before counts as missing."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from flask import Flask, Request, request

from flask_privy import require_privy_user
from privy_middleware.conditions import owns_wallet
from privy_middleware.http.parameters import LARGEST_BODY
from tests.flask.conftest import FORBIDDEN, Header, seen
from tests.support.forms import MULTIPART, multipart

MINE = "0x72d916C83baF0730bbe2BeC6FF8c522C13bC0aEF"
OTHER = "0x0000000000000000000000000000000000000001"
QUERY = {"address": MINE}
JSON = json.dumps({"address": MINE, "note": "é"}).encode()
FILE = bytes(range(256)) * 10
LARGE = bytes(range(256)) * 12_000
UNCHUNKED = pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])

Read = Callable[[], Any]
READERS: dict[str, Read] = {}


def reader(read: Read) -> Read:
    """Register a way to read the body under its name."""
    READERS[read.__name__] = read
    return read


@reader
def data() -> bytes:
    """Read the whole body."""
    return request.get_data()


@reader
def uncached_data() -> bytes:
    """Read the whole body without caching it."""
    return request.get_data(cache=False)


@reader
def unparsed_data() -> bytes:
    """Read the body without parsing a form."""
    return request.data


@reader
def stream() -> bytes:
    """Read the stream."""
    return request.stream.read()


@reader
def beginning() -> bytes:
    """Read only the beginning of the stream."""
    return request.stream.read(5)


@reader
def pieces() -> bytes:
    """Read the stream in small parts."""
    return b"".join(iter(lambda: request.stream.read(7), b""))


@reader
def server_s_stream() -> Any:
    """Read the server's own stream."""
    return request.environ["wsgi.input"].read(len(JSON))


@reader
def copied_request() -> bytes:
    """Read a new request that is created from the same environ, as in apps that are mounted in a view."""
    return Request(request.environ).get_data()


@reader
def json_note() -> str:
    """Read JSON."""
    return str(request.get_json(force=True)["note"])


@reader
def form() -> str:
    """Read a form with a file."""
    file = hashlib.sha256(request.files["file"].read()).hexdigest()
    return f"{request.form['address']} {request.values['note']} {file}"


def guard(app: Flask, read: Read, before: Read | None = None) -> Flask:
    """Add views that return the body that they read: one for the owner of the wallet, one for every user."""

    @app.route("/owned", methods=["POST", "PUT"])
    @require_privy_user(owns_wallet="address")
    def owned() -> Any:
        return read()

    @app.post("/anyway")
    @require_privy_user(owns_wallet("address") | (lambda user: True))
    def anyway() -> Any:
        return read()

    @app.before_request
    def read_before() -> None:
        if before is not None:
            before()

    return app


def post(app: Flask, body: bytes, chunked: bool = False, path: str = "/owned", **options: Any) -> Any:
    """Send a body of known or unknown length."""
    method, headers = options.pop("method", "POST"), options.pop("headers")
    if chunked:
        stream = io.BytesIO(body)
        environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        options = {"input_stream": stream, "environ_overrides": environ, **options}
    else:
        options["data"] = body
    return app.test_client().open(path, method=method, headers=headers, **options)


@pytest.mark.parametrize(
    "read", ["data", "uncached_data", "unparsed_data", "stream", "pieces", "server_s_stream", "copied_request"]
)
@UNCHUNKED
def test_body(app: Flask, ada: Header, read: str, chunked: bool) -> None:
    """The view gets the body unchanged, in every way in which Flask can read it."""
    guard(app, READERS[read])
    assert post(app, JSON, chunked, headers=ada, content_type="text/plain").data == JSON


@UNCHUNKED
def test_json(app: Flask, ada: Header, chunked: bool) -> None:
    """The view gets the same JSON."""
    guard(app, json_note)
    assert post(app, JSON, chunked, headers=ada, content_type="application/json").text == "é"


@pytest.mark.parametrize("file", [FILE, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_form_with_a_file(app: Flask, ada: Header, file: bytes, method: str) -> None:
    """A file may be larger than the limit for memory; in this case Flask parses the form."""
    guard(app, form)
    body = multipart(("address", MINE), ("note", "é"), ("file", file))
    answer = post(app, body, method=method, headers=ada, content_type=MULTIPART)
    assert answer.text == f"{MINE} é {hashlib.sha256(file).hexdigest()}"
    small = post(
        app, multipart(("address", MINE), ("note", "é"), ("file", FILE)), True, headers=ada, content_type=MULTIPART
    )
    assert small.text == f"{MINE} é {hashlib.sha256(FILE).hexdigest()}"


@pytest.mark.parametrize("fields", [[OTHER], [MINE, OTHER], [FILE], [MINE, FILE]])
@pytest.mark.parametrize("before", [None, lambda: request.form], ids=["unread", "read before"])
def test_another_address_beside_a_large_file(app: Flask, ada: Header, fields: list[Any], before: Read | None) -> None:
    """The form that Flask parsed must contain the same address."""
    guard(app, form, before)
    body = multipart(*(("address", each) for each in fields), ("file", LARGE))
    assert seen(post(app, body, headers=ada, content_type=MULTIPART, query_string=QUERY)) == FORBIDDEN


@UNCHUNKED
@pytest.mark.parametrize("content_type", ["text/plain", MULTIPART])
def test_large_body(app: Flask, ada: Header, content_type: str, chunked: bool) -> None:
    """A body that is too large is not read, but a view with another condition can read it."""
    guard(app, lambda: hashlib.sha256(io.BufferedReader(cast(Any, request.stream)).read()).hexdigest())
    assert len(LARGE) > LARGEST_BODY
    assert seen(post(app, LARGE, chunked, headers=ada, content_type=content_type, query_string=QUERY)) == FORBIDDEN
    answer = post(app, LARGE, chunked, path="/anyway", headers=ada, content_type="text/plain", query_string=QUERY)
    assert answer.text == hashlib.sha256(LARGE).hexdigest()


@UNCHUNKED
def test_two_guards(app: Flask, ada: Header, chunked: bool) -> None:
    """The second check reads the body again."""
    guard(app, stream, require_privy_user(owns_wallet="address")(lambda: None))
    assert post(app, JSON, chunked, headers=ada).data == JSON


@pytest.mark.parametrize("before", [data, json_note, lambda: request.form, lambda: request.stream])
def test_body_that_was_read_before(app: Flask, ada: Header, before: Read) -> None:
    """A body that can still be read is used."""
    guard(app, data, before)
    assert post(app, JSON, headers=ada, content_type="text/plain").data == JSON
    other = json.dumps({"address": OTHER, "note": ""}).encode()
    assert seen(post(app, other, headers=ada, query_string=QUERY)) == FORBIDDEN


@pytest.mark.parametrize("before", ["uncached_data", "stream", "server_s_stream"])
@UNCHUNKED
def test_body_that_was_used_up(app: Flask, ada: Header, before: str, chunked: bool) -> None:
    """A body that has been read counts as missing, because other code may have kept it and pass it to the view."""
    guard(app, lambda: "seen", READERS[before])
    other = json.dumps({"address": OTHER}).encode()
    answer = post(app, other, chunked, headers=ada, query_string=QUERY)
    # Code that reads a server's stream of unknown length leaves no trace.
    assert seen(answer) == FORBIDDEN or (chunked and before == "server_s_stream")


def test_body_without_its_beginning(app: Flask, ada: Header) -> None:
    """The rest of a body is not the body."""
    guard(app, lambda: "seen", beginning)
    body = b"12345" + JSON
    assert seen(post(app, body, headers=ada, query_string=QUERY)) == FORBIDDEN


def test_form_that_was_read_before(app: Flask, ada: Header) -> None:
    """After a form was parsed, for example by Flask-WTF, only the form can be read."""
    guard(app, lambda: f"{request.form['address']} {request.get_data()!r}", lambda: request.form)
    body = multipart(("address", MINE), ("file", FILE))
    assert post(app, body, headers=ada, content_type=MULTIPART).text == f"{MINE} b''"
    urlencoded: dict[str, Any] = {"content_type": "application/x-www-form-urlencoded", "headers": ada}
    assert post(app, f"address={MINE}".encode(), **urlencoded).text == f"{MINE} b''"
    assert seen(post(app, f"address={OTHER}".encode(), query_string=QUERY, **urlencoded)) == FORBIDDEN


@pytest.mark.parametrize("content_type", [MULTIPART, "multipart/form-data"])
def test_broken_form_that_was_read_before(app: Flask, ada: Header, content_type: str) -> None:
    """Flask returns an empty form if it cannot parse the body."""
    guard(app, lambda: "seen", lambda: request.form)
    assert seen(post(app, b"--x", headers=ada, content_type=content_type, query_string=QUERY)) == FORBIDDEN


class Failing(io.BytesIO):
    """A stream that fails like a broken connection."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Raise an error."""
        raise OSError("the connection is lost")

    readinto: Any = read


def test_exceptions_while_reading(app: Flask, ada: Header) -> None:
    """Errors while reading neither reach the view nor cause a 500: the address counts as missing."""
    guard(app, lambda: "seen")
    environ = {"CONTENT_LENGTH": "20"}
    for stream in (Failing(), io.BytesIO(b"short")):
        sent: dict[str, Any] = {"query_string": QUERY, "input_stream": stream, "environ_overrides": environ}
        assert seen(app.test_client().post("/owned", headers=ada, **sent)) == FORBIDDEN


@UNCHUNKED
def test_limit_of_the_app(app: Flask, ada: Header, chunked: bool) -> None:
    """A body that is larger than Flask's limit cannot be checked."""
    app.config["MAX_CONTENT_LENGTH"] = 100
    guard(app, lambda: "seen")
    # Flask cuts off a body of unknown length without an error.
    assert seen(post(app, b"x" * 101, chunked, headers=ada, query_string=QUERY)) == FORBIDDEN
    assert post(app, b"x" * 99, chunked, headers=ada, query_string=QUERY).text == "seen"


def test_limit_of_a_form(app: Flask, ada: Header) -> None:
    """Flask's limits apply when Flask parses the form, and otherwise when the view does."""
    request_class: Any = app.request_class
    request_class.max_form_parts = 1
    guard(app, form)
    for file, status in ((LARGE, 403), (FILE, 413)):
        body = multipart(("address", MINE), ("note", "x"), ("file", file))
        assert post(app, body, headers=ada, content_type=MULTIPART).status_code == status
