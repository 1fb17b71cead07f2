"""``owns_wallet``: the view can read the body as if nobody had, and a body that is used up counts for nothing."""

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
    """Keep a way to read the body, by its name."""
    READERS[read.__name__] = read
    return read


@reader
def data() -> bytes:
    """Read all."""
    return request.get_data()


@reader
def uncached_data() -> bytes:
    """Read all, and keep nothing."""
    return request.get_data(cache=False)


@reader
def unparsed_data() -> bytes:
    """Read what is no form."""
    return request.data


@reader
def stream() -> bytes:
    """Read the stream."""
    return request.stream.read()


@reader
def beginning() -> bytes:
    """Read the beginning of the stream."""
    return request.stream.read(5)


@reader
def pieces() -> bytes:
    """Read the stream bit by bit."""
    return b"".join(iter(lambda: request.stream.read(7), b""))


@reader
def server_s_stream() -> Any:
    """Read what the server gives."""
    return request.environ["wsgi.input"].read(len(JSON))


@reader
def copied_request() -> bytes:
    """Read a request that is made of the same environ, as apps that are mounted in a view do."""
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
    """Add views that answer with what they read: for the owner of the wallet, and for everybody."""

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
    """It is there byte for byte, in each way in which Flask gives it."""
    guard(app, READERS[read])
    assert post(app, JSON, chunked, headers=ada, content_type="text/plain").data == JSON


@UNCHUNKED
def test_json(app: Flask, ada: Header, chunked: bool) -> None:
    """So is what Flask reads from it."""
    guard(app, json_note)
    assert post(app, JSON, chunked, headers=ada, content_type="application/json").text == "é"


@pytest.mark.parametrize("file", [FILE, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_form_with_a_file(app: Flask, ada: Header, file: bytes, method: str) -> None:
    """A file may be larger than what is held in memory; then Flask alone reads the form."""
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
    """The form that Flask reads must agree too."""
    guard(app, form, before)
    body = multipart(*(("address", each) for each in fields), ("file", LARGE))
    assert seen(post(app, body, headers=ada, content_type=MULTIPART, query_string=QUERY)) == FORBIDDEN


@UNCHUNKED
@pytest.mark.parametrize("content_type", ["text/plain", MULTIPART])
def test_large_body(app: Flask, ada: Header, content_type: str, chunked: bool) -> None:
    """What is too large is not looked at, and left to a view that another condition lets in."""
    guard(app, lambda: hashlib.sha256(io.BufferedReader(cast(Any, request.stream)).read()).hexdigest())
    assert len(LARGE) > LARGEST_BODY
    assert seen(post(app, LARGE, chunked, headers=ada, content_type=content_type, query_string=QUERY)) == FORBIDDEN
    answer = post(app, LARGE, chunked, path="/anyway", headers=ada, content_type="text/plain", query_string=QUERY)
    assert answer.text == hashlib.sha256(LARGE).hexdigest()


@UNCHUNKED
def test_two_guards(app: Flask, ada: Header, chunked: bool) -> None:
    """The second one reads it again."""
    guard(app, stream, require_privy_user(owns_wallet="address")(lambda: None))
    assert post(app, JSON, chunked, headers=ada).data == JSON


@pytest.mark.parametrize("before", [data, json_note, lambda: request.form, lambda: request.stream])
def test_body_that_was_read_before(app: Flask, ada: Header, before: Read) -> None:
    """What is still there to be read counts."""
    guard(app, data, before)
    assert post(app, JSON, headers=ada, content_type="text/plain").data == JSON
    other = json.dumps({"address": OTHER, "note": ""}).encode()
    assert seen(post(app, other, headers=ada, query_string=QUERY)) == FORBIDDEN


@pytest.mark.parametrize("before", ["uncached_data", "stream", "server_s_stream"])
@UNCHUNKED
def test_body_that_was_used_up(app: Flask, ada: Header, before: str, chunked: bool) -> None:
    """Somebody may have kept it, and give it to the view."""
    guard(app, lambda: "seen", READERS[before])
    other = json.dumps({"address": OTHER}).encode()
    answer = post(app, other, chunked, headers=ada, query_string=QUERY)
    # Whoever reads the server's own stream of unknown length leaves no trace of it.
    assert seen(answer) == FORBIDDEN or (chunked and before == "server_s_stream")


def test_body_without_its_beginning(app: Flask, ada: Header) -> None:
    """The rest is not the body."""
    guard(app, lambda: "seen", beginning)
    body = b"12345" + JSON
    assert seen(post(app, body, headers=ada, query_string=QUERY)) == FORBIDDEN


def test_form_that_was_read_before(app: Flask, ada: Header) -> None:
    """As by Flask-WTF: nobody can read anything else then."""
    guard(app, lambda: f"{request.form['address']} {request.get_data()!r}", lambda: request.form)
    body = multipart(("address", MINE), ("file", FILE))
    assert post(app, body, headers=ada, content_type=MULTIPART).text == f"{MINE} b''"
    urlencoded: dict[str, Any] = {"content_type": "application/x-www-form-urlencoded", "headers": ada}
    assert post(app, f"address={MINE}".encode(), **urlencoded).text == f"{MINE} b''"
    assert seen(post(app, f"address={OTHER}".encode(), query_string=QUERY, **urlencoded)) == FORBIDDEN


@pytest.mark.parametrize("content_type", [MULTIPART, "multipart/form-data"])
def test_broken_form_that_was_read_before(app: Flask, ada: Header, content_type: str) -> None:
    """Flask shows an empty form in the place of what it cannot read."""
    guard(app, lambda: "seen", lambda: request.form)
    assert seen(post(app, b"--x", headers=ada, content_type=content_type, query_string=QUERY)) == FORBIDDEN


class Failing(io.BytesIO):
    """Fail as a connection does."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read nothing."""
        raise OSError("the connection is lost")

    readinto: Any = read


def test_exceptions_while_reading(app: Flask, ada: Header) -> None:
    """None of them is the view's, nor a 500: the address counts as missing."""
    guard(app, lambda: "seen")
    environ = {"CONTENT_LENGTH": "20"}
    for stream in (Failing(), io.BytesIO(b"short")):
        sent: dict[str, Any] = {"query_string": QUERY, "input_stream": stream, "environ_overrides": environ}
        assert seen(app.test_client().post("/owned", headers=ada, **sent)) == FORBIDDEN


@UNCHUNKED
def test_limit_of_the_app(app: Flask, ada: Header, chunked: bool) -> None:
    """A body that Flask refuses to read cannot be looked at."""
    app.config["MAX_CONTENT_LENGTH"] = 100
    guard(app, lambda: "seen")
    # Flask cuts off a body of unknown length without a word.
    assert seen(post(app, b"x" * 101, chunked, headers=ada, query_string=QUERY)) == FORBIDDEN
    assert post(app, b"x" * 99, chunked, headers=ada, query_string=QUERY).text == "seen"


def test_limit_of_a_form(app: Flask, ada: Header) -> None:
    """Flask's own limits hold where Flask reads the form, and stay with the view that asks where it does not."""
    request_class: Any = app.request_class
    request_class.max_form_parts = 1
    guard(app, form)
    for file, status in ((LARGE, 403), (FILE, 413)):
        body = multipart(("address", MINE), ("note", "x"), ("file", file))
        assert post(app, body, headers=ada, content_type=MULTIPART).status_code == status
