"""``owns_wallet``: the view can still read the body, and a body that has been read before counts as missing."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import types
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, modify_settings, override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from ninja import File, Form, NinjaAPI, Schema, UploadedFile
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser, FileUploadParser, FormParser, JSONParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from django_privy import require_privy_user
from django_privy.ninja import privy_auth
from django_privy.rest_framework import PrivyUserRequired
from privy_middleware.conditions import owns_wallet
from privy_middleware.development import DevelopmentIssuer
from privy_middleware.http.parameters import LARGEST_BODY
from tests.django.test_middleware import identity
from tests.support.forms import MULTIPART, multipart

MINE = "0x72d916C83baF0730bbe2BeC6FF8c522C13bC0aEF"
OTHER = "0x0000000000000000000000000000000000000001"
JSON = json.dumps({"address": MINE, "note": "é"}).encode()
OTHER_JSON = json.dumps({"address": OTHER}).encode()
FORM = "application/x-www-form-urlencoded"
FILE = bytes(range(256)) * 10
LARGE = bytes(range(256)) * 12_000
HERE = "django_privy.middleware.PrivyMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"

GetResponse = Callable[[HttpRequest], HttpResponse]
Send = Callable[..., Any]
READERS: dict[str, Callable[[Any], Any]] = {}


def reader(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Register a way to read the body under its name."""
    READERS[getattr(read, "__name__", "")] = read
    return read


@reader
def body(request: HttpRequest) -> bytes:
    """Read the whole body."""
    return request.body


@reader
def stream(request: HttpRequest) -> bytes:
    """Read the request like a file."""
    return request.read()


@reader
def lines(request: HttpRequest) -> bytes:
    """Iterate over the request."""
    return b"".join(request)


@reader
def pieces(request: HttpRequest) -> bytes:
    """Read the request in small parts."""
    return b"".join(iter(lambda: request.read(7), b""))


@reader
def digest(request: HttpRequest) -> str:
    """Read more than the body."""
    return hashlib.sha256(request.read()).hexdigest()


@reader
def seen(request: HttpRequest) -> str:
    """Read no bytes."""
    return "seen"


@reader
def post(request: HttpRequest) -> str:
    """Read a form."""
    return str(request.POST["address"])


@reader
def form(request: HttpRequest) -> str:
    """Read a form with a file."""
    return described(request.POST, request.FILES)


@reader
def own_handler(request: HttpRequest) -> str:
    """Read a form with the view's own upload handler."""
    request.upload_handlers = [Counting(request)]
    file: Any = request.FILES["file"]
    return f"{request.POST['address']} {file.read()}"


def described(fields: Any, files: Any) -> str:
    """Return the content of a form with a file."""
    return f"{fields['address']} {hashlib.sha256(files['file'].read()).hexdigest()}"


class Counting(FileUploadHandler):
    """An upload handler that counts the bytes of a file and does not store them."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Discard a part."""

    def file_complete(self, file_size: int) -> Any:
        """Return only the size."""
        return BytesIO(str(file_size).encode())


class Failing(Counting):
    """An upload handler that fails like a full disk."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Raise an error."""
        raise OSError("the disk is full")


def before(get_response: GetResponse, read: Callable[[Any], Any]) -> GetResponse:
    """A middleware that reads the body before Privy's middleware runs."""

    def look(request: HttpRequest) -> HttpResponse:
        read(request)
        return get_response(request)

    return look


def body_first(get_response: GetResponse) -> GetResponse:
    """Read the body so that it can be read again."""
    return before(get_response, lambda request: request.body)


def post_first(get_response: GetResponse) -> GetResponse:
    """Parse the form, as Django's CSRF check does."""
    return before(get_response, lambda request: request.POST)


def stream_first(get_response: GetResponse) -> GetResponse:
    """Use up the stream."""
    return before(get_response, lambda request: request.read())


def beginning_first(get_response: GetResponse) -> GetResponse:
    """Use up the beginning of the stream, and then parse the rest as a form."""
    return before(get_response, lambda request: (request.read(5), request.POST))


def post_replaced(get_response: GetResponse) -> GetResponse:
    """Replace the form."""

    def replace(request: HttpRequest) -> None:
        replaced: Any = request.POST.copy()
        replaced["address"] = OTHER
        request.POST = replaced

    return before(get_response, replace)


def first(name: str) -> list[str]:
    """Return a list of middleware, of which the first reads the body."""
    return [f"{__name__}.{name}", HERE]


def urls_of(read: Callable[[Any], Any]) -> Any:
    """Return URLs of views that return the body that they read: one for the owner of the wallet, one for every user."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(read(request))

    async def aview(request: HttpRequest) -> HttpResponse:
        return HttpResponse(read(request))

    urls: Any = types.ModuleType("urls")
    owner, anyway = require_privy_user(owns_wallet="address"), require_privy_user(owns_wallet("address") | bool)
    views: dict[str, Any] = {"owned": owner(view), "aowned": owner(aview), "anyway": anyway(view)}
    urls.urlpatterns = [path(name, csrf_exempt(each)) for name, each in views.items()]
    return urls


@pytest.fixture(params=["wsgi", "asgi"])
def send(request: pytest.FixtureRequest, issuer: DevelopmentIssuer) -> Send:
    """Return a function that sends a body, over WSGI and over ASGI in turn."""
    headers = identity(issuer)

    def sent(target: str, content: bytes, content_type: str = "text/plain", method: str = "POST") -> Any:
        if request.param == "wsgi":
            return Client().generic(method, target, content, content_type, headers=headers)

        async def asent() -> Any:
            return await AsyncClient().generic(method, target, content, content_type, headers=headers)

        return async_to_sync(asent)()

    return sent


async def serve(target: str, headers: dict[str, str], content: bytes) -> tuple[int, bytes]:
    """Send a body of unknown length, as a server does."""
    messages = [{"type": "http.request", "body": content}]
    sent: list[Any] = []

    async def receive() -> Any:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": target, "query_string": f"address={MINE}".encode()}
    handler: Any = ASGIHandler()
    await handler({**scope, "headers": fields}, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def test_body(send: Send) -> None:
    """The view gets the body unchanged, in every way in which Django can read it."""
    for name in ("body", "stream", "lines", "pieces"):
        with override_settings(ROOT_URLCONF=urls_of(READERS[name])):
            for target in ("/owned", "/aowned"):
                assert send(target, JSON).content == JSON
                assert send(target, JSON, method="DELETE").content == JSON


@pytest.mark.parametrize("middleware", [[HERE], [CSRF, HERE], first("post_first")], ids=["", "csrf", "post"])
@pytest.mark.parametrize("file", [FILE, LARGE], ids=["small", "large"])
def test_form_with_a_file(send: Send, middleware: list[str], file: bytes) -> None:
    """A file may be larger than the limit for memory; in this case Django parses the form."""
    content = multipart(("address", MINE), ("file", file))
    with override_settings(ROOT_URLCONF=urls_of(form), MIDDLEWARE=middleware):
        assert send("/owned", content, MULTIPART).content.decode() == described(
            {"address": MINE}, {"file": BytesIO(file)}
        )
        others: list[list[Any]] = [[OTHER], [MINE, OTHER], [FILE], [MINE, FILE]]
        for fields in others:
            other = multipart(*(("address", each) for each in fields), ("file", file))
            assert send(f"/owned?address={MINE}", other, MULTIPART).status_code == 403


def test_upload_handler_of_the_view(send: Send) -> None:
    """A view can set its own handler as long as Django has not parsed the form."""
    with override_settings(ROOT_URLCONF=urls_of(own_handler)):
        content = multipart(("address", MINE), ("file", FILE))
        assert send("/owned", content, MULTIPART).content.decode() == f"{MINE} {str(len(FILE)).encode()!r}"


@pytest.mark.parametrize("limit", [settings.DATA_UPLOAD_MAX_MEMORY_SIZE, None, 100])
def test_large_body(send: Send, limit: int | None) -> None:
    """A body that is too large is not read, but a view with another condition can read it."""
    assert len(LARGE) > LARGEST_BODY
    with override_settings(ROOT_URLCONF=urls_of(digest), DATA_UPLOAD_MAX_MEMORY_SIZE=limit):
        for content_type in ("text/plain", "application/json", FORM):
            assert send(f"/owned?address={MINE}", LARGE, content_type).status_code == 403
        assert send(f"/owned?address={MINE}", multipart(("file", LARGE)), MULTIPART, "PUT").status_code == 403
        found = send(f"/anyway?address={MINE}", LARGE)
        assert found.content.decode() == hashlib.sha256(LARGE).hexdigest()


@pytest.mark.parametrize(("content", "status"), [(JSON, 200), (OTHER_JSON, 403), (LARGE, 403)])
@modify_settings(INSTALLED_APPS={"remove": "django_privy.accounts"})
def test_body_of_unknown_length(issuer: DevelopmentIssuer, content: bytes, status: int) -> None:
    """Under ASGI, Django reads such a body, and rejects it if it is too large."""
    text, form = ({**identity(issuer), "content-type": each} for each in ("text/plain", MULTIPART))
    with override_settings(ROOT_URLCONF=urls_of(digest)):
        assert async_to_sync(serve)("/owned", text, content)[0] == status
        assert async_to_sync(serve)("/owned", form, content)[0] == 403
        found = async_to_sync(serve)("/anyway", text, content)
        assert found == (200, hashlib.sha256(content).hexdigest().encode())


@pytest.mark.parametrize("name", ["body_first", "post_first"])
def test_body_that_was_read_before(send: Send, name: str) -> None:
    """A body that can still be read is used."""
    with override_settings(ROOT_URLCONF=urls_of(body), MIDDLEWARE=first(name)):
        for content_type in ("text/plain", "application/json", FORM):
            assert send("/owned", JSON, content_type).content == JSON
            assert send(f"/owned?address={MINE}", OTHER_JSON, content_type).status_code == 403
        assert send("/owned", f"address={MINE}".encode(), FORM).content == f"address={MINE}".encode()


@pytest.mark.parametrize("name", ["stream_first", "beginning_first"])
def test_body_that_was_used_up(send: Send, name: str) -> None:
    """A body that has been read counts as missing, because other code may have kept it and pass it to the view."""
    with override_settings(ROOT_URLCONF=urls_of(seen), MIDDLEWARE=first(name)):
        for content_type in ("text/plain", "application/json", FORM, MULTIPART):
            assert send(f"/owned?address={MINE}", OTHER_JSON, content_type).status_code == 403


def test_form_that_was_replaced(send: Send) -> None:
    """A replaced form counts as missing, because the view would read that one."""
    with override_settings(ROOT_URLCONF=urls_of(post), MIDDLEWARE=first("post_replaced")):
        assert send("/owned", f"address={MINE}".encode(), FORM).status_code == 403


@pytest.mark.parametrize(
    ("content", "content_type", "options"),
    [
        (multipart(("address", MINE), ("file", LARGE)), MULTIPART, {"FILE_UPLOAD_HANDLERS": [f"{__name__}.Failing"]}),
        (multipart(("address", MINE), ("x", "y"), ("file", LARGE)), MULTIPART, {"DATA_UPLOAD_MAX_NUMBER_FIELDS": 0}),
        (LARGE, MULTIPART, {}),
        (LARGE, "multipart/form-data", {}),
    ],
)
def test_exceptions_while_reading(send: Send, content: bytes, content_type: str, options: Any) -> None:
    """Errors while reading neither reach the view nor cause a 500: the address counts as missing."""
    with override_settings(ROOT_URLCONF=urls_of(seen), **options):
        assert send("/owned", content, content_type).status_code == 403


def test_too_many_values_in_the_query(send: Send) -> None:
    """Django rejects the query."""
    with override_settings(ROOT_URLCONF=urls_of(seen), DATA_UPLOAD_MAX_NUMBER_FIELDS=1):
        assert send(f"/owned?address={MINE}", b"").content == b"seen"
        assert send(f"/owned?address={MINE}&x=1", b"").status_code == 403


def test_limit_of_the_project(send: Send) -> None:
    """Django rejects the body, and stores a larger file on disk."""
    with override_settings(ROOT_URLCONF=urls_of(digest), DATA_UPLOAD_MAX_MEMORY_SIZE=1000):
        assert send(f"/owned?address={MINE}", FILE).status_code == 403
        assert send(f"/anyway?address={MINE}", FILE).content.decode() == hashlib.sha256(FILE).hexdigest()
    with override_settings(ROOT_URLCONF=urls_of(form), DATA_UPLOAD_MAX_MEMORY_SIZE=1000):
        content = multipart(("address", MINE), ("file", FILE))
        assert send("/owned", content, MULTIPART).content.decode() == described(
            {"address": MINE}, {"file": BytesIO(FILE)}
        )


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "utf-7"])
def test_charset_of_the_project(send: Send, charset: str) -> None:
    """If Django decodes bodies with another charset, they cannot be checked."""
    with override_settings(ROOT_URLCONF=urls_of(seen), DEFAULT_CHARSET=charset):
        assert send("/owned", JSON, "application/json").status_code == 403


class Whole(BaseParser):
    """A parser for any content type."""

    media_type = "text/plain"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the whole body."""
        return {"whole": stream.read().decode()}


class Early(BaseAuthentication):
    """A view that reads the body before the permission is checked."""

    def authenticate(self, request: Any) -> None:
        """Read the body."""
        assert request.data is not None


class Rest(APIView):
    """A view that returns the data that REST framework parsed."""

    authentication_classes: Any = ()
    permission_classes: Any = (PrivyUserRequired.where(owns_wallet="address"),)
    parser_classes: Any = (JSONParser, FormParser, MultiPartParser, Whole)

    def post(self, request: Any) -> Response:
        """Return the data."""
        return Response({name: described_value(value) for name, value in request.data.items()})

    put = patch = delete = post


def described_value(value: Any) -> Any:
    """Return a file as its digest."""
    return hashlib.sha256(value.read()).hexdigest() if hasattr(value, "read") else value


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_rest_framework(send: Send, method: str, early: bool) -> None:
    """Its parsers get the same body, whenever they run."""
    urls: Any = types.ModuleType("urls")
    authentication: Any = [Early] if early else []
    urls.urlpatterns = [path("owned", Rest.as_view(authentication_classes=authentication))]
    file = {"address": MINE, "file": hashlib.sha256(FILE).hexdigest()}
    with override_settings(ROOT_URLCONF=urls):
        answer = send("/owned", JSON, "application/json", method)
        # The parser of older versions used up the body without a trace.
        assert answer.json() == json.loads(JSON) or (early and answer.status_code == 403)
        assert send("/owned", f"address={MINE}&x=1".encode(), FORM, method).json() == {"address": MINE, "x": "1"}
        content = multipart(("address", MINE), ("file", FILE))
        assert send("/owned", content, MULTIPART, method).json() == file
        for content_type, other in (
            ("application/json", OTHER_JSON),
            (FORM, f"address={OTHER}".encode()),
            (MULTIPART, multipart(("address", OTHER))),
        ):
            assert send(f"/owned?address={MINE}", other, content_type, method).status_code == 403
        # The parser has used up the body, so its content is unknown.
        whole = send(f"/owned?address={MINE}", b"whole", "text/plain", method)
        assert whole.status_code == 403 if early else whole.json() == {"whole": "whole"}


@pytest.mark.parametrize("early", [False, True])
def test_large_file_in_rest_framework(send: Send, early: bool) -> None:
    """REST framework uses the form that Django parsed, and the other way round."""
    urls: Any = types.ModuleType("urls")
    authentication: Any = [Early] if early else []
    urls.urlpatterns = [path("owned", Rest.as_view(authentication_classes=authentication))]
    with override_settings(ROOT_URLCONF=urls):
        content = multipart(("address", MINE), ("file", LARGE))
        found = {"address": MINE, "file": hashlib.sha256(LARGE).hexdigest()}
        assert send("/owned", content, MULTIPART).json() == found
        assert send(f"/owned?address={OTHER}", content, MULTIPART).status_code == 403


def test_uploaded_body_in_rest_framework(issuer: DevelopmentIssuer) -> None:
    """A body that is a file can be sent together with an address in the query."""
    urls: Any = types.ModuleType("urls")
    urls.urlpatterns = [path("owned", Rest.as_view(parser_classes=[FileUploadParser]))]
    headers = {**identity(issuer), "content-disposition": "attachment; filename=x.bin"}
    with override_settings(ROOT_URLCONF=urls):
        answer = Client().generic("PUT", f"/owned?address={MINE}", FILE, "image/png", headers=headers)
        assert json.loads(answer.content) == {"file": hashlib.sha256(FILE).hexdigest()}


class Transfer(Schema):
    """The body of an operation."""

    address: str


@functools.cache
def ninja_urls() -> Any:
    """Return the URLs of the API, which can be created only once."""
    api = NinjaAPI(auth=privy_auth(owns_wallet="address"), docs_url=None, openapi_url=None, urls_namespace="owned")

    @api.post("/json")
    def of_json(request: HttpRequest, transfer: Transfer) -> Any:
        return transfer.address

    @api.post("/form")
    async def of_form(request: HttpRequest, transfer: Form[Transfer]) -> Any:
        return transfer.address

    @api.post("/file")
    def of_file(request: HttpRequest, transfer: Form[Transfer], file: File[UploadedFile]) -> Any:
        return described({"address": transfer.address}, {"file": file})

    return api.urls


def test_ninja(send: Send) -> None:
    """Its operations get the same data."""
    urls: Any = types.ModuleType("urls")
    urls.urlpatterns = [path("", ninja_urls())]
    with override_settings(ROOT_URLCONF=urls):
        assert send("/json", JSON, "application/json").json() == MINE
        assert send("/form", f"address={MINE}".encode(), FORM).json() == MINE
        for file in (FILE, LARGE):
            content = multipart(("address", MINE), ("file", file))
            found = described({"address": MINE}, {"file": BytesIO(file)})
            assert send("/file", content, MULTIPART).json() == found
        assert send(f"/json?address={MINE}", OTHER_JSON, "application/json").json() == {"message": "Forbidden"}
        assert send(f"/form?address={MINE}", f"address={OTHER}".encode(), FORM).status_code == 403
        assert send(f"/file?address={MINE}", multipart(("address", OTHER)), MULTIPART).status_code == 403
