"""The pages of the development issuer, by HTTP; ``tests/browser`` has them in a browser."""

from __future__ import annotations

import html
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from urllib.parse import urlsplit

import httpx2
import pytest

from privy_middleware import ConfigurationError, PrivyConfig, PrivyVerifier
from privy_middleware.development import PERSONAS, DevelopmentIssuer, sending
from privy_middleware.development.html.markup import Html
from privy_middleware.development.html.markup import html as markup
from privy_middleware.webhooks import WebhookEvent, WebhookReceiver
from tests.behaviour.watching import MintingIssuer, leaks
from tests.development.browsing import Visitor, text_of

COOKIES = {"privy-id-token", "privy-token", "privy-session", "privy-refresh-token"}
EVM = "0x00000000000000000000000000000000000000Aa"
SOLANA = "5gvVHZb8aChuRy7o7jZvFiZiwhiBY9eu3ksYqU9YgzL5"
APP = "http://127.0.0.1:8000"


@pytest.fixture
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run an issuer."""
    with MintingIssuer() as running:
        yield running


@pytest.fixture
def visitor(issuer: DevelopmentIssuer) -> Iterator[Visitor]:
    """Visit the issuer."""
    with Visitor(issuer) as client:
        yield client


@contextmanager
def serving(server: TCPServer) -> Iterator[str]:
    """Run a server, and yield the address of its endpoint."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}/hooks"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def endpoint(receiver: WebhookReceiver, status: int | None = None) -> Iterator[str]:
    """Run an endpoint for webhooks, which answers as the receiver does, or with a status and a long body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = receiver.receive("POST", dict(self.headers.items()), body)
            self.send_response(status or answer.status)
            if status:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"<b>" + b"x" * 3000 if status else answer.body)

        def log_message(self, *_: object, **__: object) -> None:
            """Log nothing."""

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address


@contextmanager
def endless(begin: bytes, again: bytes) -> Iterator[str]:
    """Run an endpoint that answers with some bytes, and then with others again and again."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            with suppress(OSError):
                self.request.sendall(begin)
                while True:
                    self.request.sendall(again)
                    time.sleep(0.001)

    with serving(TCPServer(("127.0.0.1", 0), Handler)) as address:
        yield address


class TestHeaders:
    """What all responses have."""

    @pytest.mark.parametrize(
        "path", ["/", "/login", "/logout", "/static/page.js", "/tokens/ada", "/nowhere", "/v1/users/x"]
    )
    def test_protection(self, visitor: Visitor, path: str) -> None:
        """No page may be framed, sniffed or read by others, and nothing from elsewhere is loaded."""
        headers = visitor.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")
        assert not [name for name in headers if name.startswith("access-control-")]

    def test_pages_need_nothing_else(self, visitor: Visitor) -> None:
        """Pages load only files of the issuer, and have neither scripts nor styles of their own."""
        page = visitor.get("/").text
        files = re.findall(r'(?:href|src)="(/static/[^"]*)"', page)
        assert len(files) == 3
        for file in files:
            assert visitor.get(file).status_code == 200
        assert not re.findall(r"<style|<script(?! src=)|\son\w+=|\sstyle=|(?:src|href|action)=.https?:", page)

    def test_head(self, visitor: Visitor) -> None:
        """``HEAD`` gets the headers of the page without its text."""
        response = visitor.head("/")
        assert (response.status_code, response.content) == (200, b"")
        assert int(response.headers["content-length"]) > 1000

    def test_no_token_on_a_page(self, visitor: Visitor) -> None:
        """Signed in or not, no page has a part of a token."""
        MintingIssuer.minted.clear()
        visitor.submit("/sign-in", user="ada")
        shown = [visitor.get(path).text for path in ("/", "/login", "/logout", "/refresh")]
        shown.append(visitor.submit("/sign-in", user="collector", redirect_uri=APP).text)
        assert len(MintingIssuer.minted) >= 4
        assert not leaks("\n".join(shown), MintingIssuer.minted)


class TestRefused:
    """Requests that another site sends, or that are wrong."""

    FORMS = (
        *("/sign-in", "/sign-out", "/refresh", "/session/refresh", "/session/drop", "/session/expire", "/users"),
        *("/users/remove", "/keys/rotate", "/keys/withdraw", "/keys/server", "/webhooks"),
    )

    @pytest.mark.parametrize("path", FORMS)
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": "Basic eDp5"},
            {"Origin": "null"},
            {"Origin": "http://evil.example"},
            {"Origin": "http://127.0.0.1:1"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        ],
    )
    def test_forms_of_others(
        self, issuer: DevelopmentIssuer, visitor: Visitor, path: str, headers: dict[str, str]
    ) -> None:
        """A form changes something only if it comes from a page of the issuer, and never sets a cookie otherwise."""
        kid = issuer.kid
        form = {"user": "ada", "name": "eve", "kid": kid, "available": "no"}
        response = visitor.post(path, data=form, headers=headers)
        assert response.status_code == 403
        assert "Only the pages of this server" in response.text
        assert "set-cookie" not in response.headers
        assert (issuer.kid, issuer.keys_available, dict(issuer.users)) == (kid, True, dict(PERSONAS))

    @pytest.mark.parametrize("path", FORMS)
    def test_forms_by_get(self, issuer: DevelopmentIssuer, visitor: Visitor, path: str) -> None:
        """``GET`` never changes anything."""
        response = visitor.get(path, params={"user": "ada", "name": "eve", "available": "no"})
        assert response.status_code == (303 if path == "/refresh" else 405)
        assert "set-cookie" not in response.headers
        assert dict(issuer.users) == dict(PERSONAS)

    def test_pages_by_post(self, visitor: Visitor) -> None:
        """A page is no form, and the response names the methods of an address."""
        response = visitor.submit("/login")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
        response = visitor.get("/sign-out")
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert visitor.submit("/nowhere").status_code == 404

    @pytest.mark.parametrize(
        ("path", "mode", "status"),
        [
            ("/tokens/ada", "no-cors", 403),
            ("/tokens/ada", "cors", 403),
            ("/", "no-cors", 403),
            ("/static/page.js", "no-cors", 403),
            ("/login", "navigate", 200),
            ("/", "navigate", 200),
        ],
    )
    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_reading_by_others(self, visitor: Visitor, path: str, mode: str, status: int, site: str) -> None:
        """Another site may lead a person to a page, and nothing else."""
        dest = "document" if mode == "navigate" else "empty"
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
        assert visitor.get(path, headers=headers).status_code == status

    def test_frames_of_others(self, visitor: Visitor) -> None:
        """A frame is not a person who opens a page."""
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
        assert visitor.get("/", headers=headers).status_code == 403

    @pytest.mark.parametrize("host", ["localhost:65536", "127.0.0.1:99999", "127.0.0.256", "127.0.08.1", "127.0.0.1:"])
    @pytest.mark.parametrize("path", ["/", "/login?app=http://localhost:8000", "/tokens/ada"])
    def test_hosts_that_cannot_be(self, visitor: Visitor, path: str, host: str) -> None:
        """A host that is no address on any machine is refused."""
        response = visitor.get(path, headers={"Host": host})
        assert (response.status_code, "Loopback hosts only" in response.text) == (403, True)

    @pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Via"])
    def test_proxies(self, visitor: Visitor, name: str) -> None:
        """A request that came through a proxy may come from anyone."""
        assert visitor.get("/tokens/ada", headers={name: "127.0.0.1"}).status_code == 403

    def test_wrong_bodies(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """A body that is no form, too long or in an unknown encoding is refused in plain words."""
        origin = {"Origin": issuer.url}
        form = {**origin, "Content-Type": "application/x-www-form-urlencoded"}
        for content, headers, status, words in (
            (b"{}", {**origin, "Content-Type": "application/json"}, 415, "fields of a form"),
            (b"", origin, 415, "fields of a form"),
            (b"\xff", form, 400, "cannot be read"),
            (b"a=%FF", form, 400, "cannot be read"),
            (b"&".join([b"a=b"] * 51), form, 400, "cannot be read"),
            (b"a" * 200_000, form, 413, "At most 131072 bytes"),
        ):
            response = visitor.post("/sign-in", content=content, headers=headers)
            assert (response.status_code, words in response.text) == (status, True)
        assert visitor.post("/sign-in", content=iter([b"a=b"]), headers=form).status_code == 411

    def test_plain_words_in_a_terminal(self, issuer: DevelopmentIssuer) -> None:
        """A client that is no browser gets a line of text, which says what to send."""
        response = httpx2.post(f"{issuer.url}/keys/rotate", data={}, trust_env=False)
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert response.text.endswith(f"send the header Origin: {issuer.url}\n")
        kid = issuer.kid
        response = httpx2.post(f"{issuer.url}/keys/rotate", data={}, headers={"Origin": issuer.url}, trust_env=False)
        assert (response.status_code, issuer.kid == kid) == (303, False)


class TestSignIn:
    """Sign in, refresh and sign out."""

    def test_cookies(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """The cookies have the names and attributes of Privy's, without ``Secure``, and end with the tokens."""
        response = visitor.submit("/sign-in", user="ada")
        assert (response.status_code, response.headers["location"]) == (303, "/?done=signed-in")
        cookies = response.headers.get_list("set-cookie")
        assert {cookie.partition("=")[0] for cookie in cookies} == COOKIES
        lifetimes = {
            "privy-id-token": 3600,
            "privy-token": 3600,
            "privy-session": 2_592_000,
            "privy-refresh-token": 2_592_000,
        }
        for cookie in cookies:
            name, _, attributes = cookie.partition("; ")
            seconds = lifetimes[name.partition("=")[0]]
            assert attributes == f"Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict"
        verifier = PrivyVerifier(issuer.config())
        assert verifier.verify_identity_token(visitor.cookies["privy-id-token"]) == issuer.user("ada")
        assert verifier.verify_access_token(visitor.cookies["privy-token"]).user_id == "did:privy:dev-ada"
        assert visitor.cookies["privy-session"] == "t"

    def test_same_site(self) -> None:
        """The cookies can be ``Lax``, as Privy's dashboard allows; nothing else is accepted."""
        with DevelopmentIssuer(same_site="Lax") as issuer, Visitor(issuer) as visitor:
            cookies = visitor.submit("/sign-in", user="ada").headers.get_list("set-cookie")
            assert all(cookie.endswith("SameSite=Lax") for cookie in cookies)
        with pytest.raises(ConfigurationError, match='same_site: set "Strict" or "Lax"'):
            DevelopmentIssuer(same_site="None")  # type: ignore[arg-type]

    def test_session_on_the_page(self, visitor: Visitor) -> None:
        """The page says who is signed in, and until when the tokens are valid."""
        assert "Nobody is signed in at 127.0.0.1" in text_of(visitor.get("/"))
        visitor.submit("/sign-in", user="ada")
        page = visitor.get("/?done=signed-in")
        assert "Signed in at 127.0.0.1 as ada" in text_of(page)
        assert "You are signed in." in page.text
        assert len(re.findall(r"<time datetime=", page.text)) == 2
        assert "Nothing" not in visitor.get("/?done=Nothing").text

    def test_expiry(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """Tokens can be removed as at their expiry, or replaced by expired ones; the session stays."""
        visitor.submit("/sign-in", user="grace")
        assert visitor.submit("/session/drop").headers["location"] == "/?done=dropped"
        assert set(visitor.cookies) == {"privy-session", "privy-refresh-token"}
        assert "Identity token: the browser has none" in text_of(visitor.get("/"))
        assert visitor.submit("/session/expire").headers["location"] == "/?done=expired"
        assert set(visitor.cookies) == COOKIES
        assert "Access token: token_expired: The token expired" in text_of(visitor.get("/"))
        assert visitor.submit("/session/refresh").headers["location"] == "/?done=refreshed"
        renewed = PrivyVerifier(issuer.config()).verify_identity_token(visitor.cookies["privy-id-token"])
        assert renewed == issuer.user("grace")

    def test_withdrawn_key(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """The page says what a verifier says of a token that is not accepted any more."""
        visitor.submit("/sign-in", user="ada")
        issuer.withdraw(issuer.kid)
        assert "Identity token: unknown_key: " in text_of(visitor.get("/"))

    def test_sign_out(self, visitor: Visitor) -> None:
        """All cookies are removed."""
        visitor.submit("/sign-in", user="ada")
        assert "Signed in" not in visitor.get("/logout").text
        assert visitor.submit("/sign-out").headers["location"] == "/?done=signed-out"
        assert not visitor.cookies
        visitor.submit("/sign-in", user="ada")
        page = visitor.submit("/sign-out", redirect_uri=f"{APP}/bye")
        assert f'content="0; url={APP}/bye"' in page.text
        assert not visitor.cookies

    def test_without_a_session(self, visitor: Visitor) -> None:
        """What needs a session leads to the login page, or says so."""
        assert (
            visitor.get(f"/refresh?redirect_uri=/me&app={APP}")
            .headers["location"]
            .startswith("/login?redirect_uri=%2Fme&app=")
        )
        assert visitor.submit("/refresh", redirect_uri=f"{APP}/").headers["location"].startswith("/login?redirect_uri=")
        response = visitor.submit("/session/expire")
        assert (response.status_code, "Nobody is signed in." in response.text) == (400, True)

    @pytest.mark.parametrize("cookie", ["ada", "ada.", "ada.0000", "nobody.0000", "", ".", "\xe4.\xe4"])
    def test_forged_session(self, visitor: Visitor, cookie: str) -> None:
        """A session that the issuer has not made is none."""
        headers = {b"Cookie": f"privy-session=t; privy-refresh-token={cookie}".encode("latin-1")}
        assert "Nobody is signed in" in visitor.get("/", headers=headers).text

    def test_ended_sessions(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """Without ``privy-session``, with two sessions, or if the user was removed, nobody is signed in."""
        visitor.submit("/sign-in", user="ada")
        token = visitor.cookies["privy-refresh-token"]
        for cookies in (
            f"privy-refresh-token={token}",
            f"privy-session=t; privy-refresh-token={token}; privy-refresh-token=b",
        ):
            response = httpx2.get(f"{issuer.url}/", headers={"Accept": "text/html", "Cookie": cookies}, trust_env=False)
            assert "Nobody is signed in" in response.text
        del issuer.users["ada"]
        assert "Nobody is signed in" in visitor.get("/").text

    def test_session_survives_a_restart(self, tmp_path: Path) -> None:
        """With a state file, a browser stays signed in when the issuer starts again."""
        with DevelopmentIssuer(state=tmp_path / "state") as issuer, Visitor(issuer) as visitor:
            visitor.submit("/sign-in", user="ada")
            cookies = dict(visitor.cookies)
        with DevelopmentIssuer(state=tmp_path / "state") as issuer, Visitor(issuer, cookies=cookies) as visitor:
            assert "as ada" in text_of(visitor.get("/"))

    def test_user_with_a_long_token(self, visitor: Visitor) -> None:
        """A token that no browser keeps is not sent, an older one is removed, and the page says so and waits."""
        visitor.submit("/sign-in", user="ada")
        page = visitor.submit("/sign-in", user="collector", redirect_uri=f"{APP}/me")
        assert "Browsers keep at most 4,096" in page.text
        assert 'http-equiv="refresh"' not in page.text
        assert "privy-id-token" not in visitor.cookies
        assert "privy-token" in visitor.cookies
        assert "Browsers keep at most" in visitor.submit("/refresh", redirect_uri=APP).text

    def test_unknown_user(self, visitor: Visitor) -> None:
        """A user that does not exist is a 400."""
        for form in ({"user": "nobody"}, {}):
            response = visitor.submit("/sign-in", **form)
            assert (response.status_code, "There is no user of this name." in response.text) == (400, True)


class TestReturn:
    """Where the browser goes after signing in."""

    @pytest.mark.parametrize(
        ("query", "target"),
        [
            ({"redirect_uri": "http://127.0.0.1:8000/me?a=b&c=d#e"}, "http://127.0.0.1:8000/me?a=b&c=d#e"),
            ({"redirect_uri": "/me?a=b", "app": "http://127.0.0.1:8000"}, "http://127.0.0.1:8000/me?a=b"),
            ({"redirect_uri": "/me", "app": "http://127.0.0.1:8000/other"}, "http://127.0.0.1:8000/me"),
            ({"app": "http://127.0.0.1"}, "http://127.0.0.1/"),
            ({"redirect_uri": "https://127.0.0.1/", "app": "http://127.0.0.1:8000"}, "https://127.0.0.1/"),
        ],
    )
    def test_allowed(self, visitor: Visitor, query: dict[str, str], target: str) -> None:
        """Addresses on this machine, and paths of an app on this machine, are opened after a click."""
        page = visitor.get("/login", params=query)
        fields = dict(
            re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text.partition("</form>")[0])
        )
        assert {name: html.unescape(value) for name, value in fields.items()} == {**query, "user": "ada"}
        assert html.escape(target) in page.text
        done = visitor.submit("/sign-in", user="ada", **query)
        assert f'content="0; url={html.escape(target)}"' in done.text
        assert "privy-id-token" in visitor.cookies
        assert "data-at-once" in visitor.get("/refresh", params=query).text
        assert f'content="0; url={html.escape(target)}"' in visitor.submit("/refresh", **query).text

    @pytest.mark.parametrize(
        "target",
        [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "/\t/evil.example/",
            "http:evil.example",
            "http:/evil.example",
            "http://127.0.0.1@evil.example/",
            "http://127.0.0.1:80@evil.example/",
            "http://evil.example@127.0.0.1/",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1\\@evil.example/",
            "http://127.0.0.1:8000\\.evil.example/",
            "http://[::1].evil.example/",
            "http://localhost.evil.example/",
            "http://127.0.0.1:65536/",
            "http://127.0.0.256/",
            "http://127.0.08.1/",
            "http://127.0.0.1:8000/\nrefresh",
            " http://127.0.0.1:8000/",
            "http://127.0.0.1:8000/\xe4",
            "javascript:alert(1)//127.0.0.1",
            "data:text/html,hello",
            "me",
        ],
    )
    @pytest.mark.parametrize("app", [{}, {"app": "http://127.0.0.1:8000"}])
    def test_open_redirects(self, visitor: Visitor, target: str, app: dict[str, str]) -> None:
        """Whatever a browser could take for another host is a 400, for each page and form."""
        query = {"redirect_uri": target, **app}
        answers = [visitor.get(path, params=query) for path in ("/login", "/refresh", "/logout")]
        answers += [visitor.submit(path, user="ada", **query) for path in ("/sign-in", "/sign-out", "/refresh")]
        assert {answer.status_code for answer in answers} == {400}
        assert not visitor.cookies

    @pytest.mark.parametrize("app", ["evil", "https://evil.example", "http://127.0.0.1:8000@evil.example", ""])
    def test_paths_of_no_app(self, visitor: Visitor, app: str) -> None:
        """A path needs the address of an app, and the response says how to give it."""
        response = visitor.get("/login", params={"redirect_uri": "/me", "app": app})
        assert (response.status_code, "/login?app=http://localhost:8000" in response.text) == (400, True)

    def test_host_names(self, issuer: DevelopmentIssuer, visitor: Visitor) -> None:
        """Cookies are sent to one host name only, so the page moves to that of the app, if it can."""
        port = urlsplit(issuer.url).port
        query = "app=http://localhost:8000&redirect_uri=/me"
        for page in ("/login", "/refresh", "/logout"):
            response = visitor.get(f"{page}?{query}")
            assert (response.status_code, response.headers["location"]) == (
                303,
                f"http://localhost:{port}{page}?{query}",
            )
        with Visitor(issuer, base_url=f"http://localhost:{port}") as local:
            assert local.get(f"/login?{query}").status_code == 200
            assert local.get("/login?app=http://127.0.0.1:8000").headers["location"].startswith(issuer.url)
        response = visitor.get("/login?app=http://[::1]:8000")
        assert response.status_code == 400
        assert "A cookie that is set here is not sent to ::1: open your app at http://localhost instead." in text_of(
            response
        )

    def test_urls_of_the_pages(self, issuer: DevelopmentIssuer) -> None:
        """``login_url`` and ``refresh_url`` have the app's host name if it is ``localhost``."""
        port = urlsplit(issuer.url).port
        assert issuer.login_url("http://localhost:8000/x") == f"http://localhost:{port}/login?app=http://localhost:8000"
        assert issuer.refresh_url("http://127.0.0.1:5000") == f"{issuer.url}/refresh?app=http://127.0.0.1:5000"
        assert issuer.config(login_url=issuer.login_url(APP)).login_url == f"{issuer.url}/login?app={APP}"
        for wrong in ("https://app.example.com", "localhost:8000", 7):
            with pytest.raises(ConfigurationError, match="app: give the address of an app on this machine"):
                issuer.login_url(wrong)  # type: ignore[arg-type]


class TestUsers:
    """Adding and removing users on the page."""

    def test_add(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """A user with all fields is added, and is in the list."""
        form = {
            "name": "mary",
            "email": "mary@example.com",
            "phone": "+15555550102",
            "wallets": f"{EVM}\r\n {SOLANA}\r\n",
            "custom_metadata": '{"role": "<editor>"}',
            "linked_accounts": '[{"type": "github_oauth", "subject": "1"}]',
            "is_guest": "t",
        }
        assert visitor.submit("/users", **form).headers["location"] == "/?done=added#users"
        user = issuer.user("mary")
        assert [account.type for account in user.linked_accounts] == [
            "email",
            "phone",
            "wallet",
            "wallet",
            "github_oauth",
        ]
        assert (user.is_guest, dict(user.custom_metadata or {})) == (True, {"role": "<editor>"})
        page = visitor.get("/").text
        assert "role: &lt;editor&gt;" in page
        assert "<editor>" not in page
        assert 'aria-label="Sign in as mary"' in page

    def test_name_is_enough(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """The other fields may be empty, as a browser sends them."""
        empty = dict.fromkeys(("email", "phone", "wallets", "custom_metadata", "linked_accounts"), "")
        assert visitor.submit("/users", name=" mary ", **empty).status_code == 303
        assert issuer.users["mary"] == DevelopmentIssuer().add_user("mary")

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("name", "", "use letters"),
            ("name", "ada", "there is a user of this name; remove it first"),
            ("wallets", "0x", "wallets[0]: give an Ethereum or Solana address"),
            ("custom_metadata", "{", "this is not JSON"),
            ("custom_metadata", '{"a": []}', "custom_metadata.a: give a string"),
            ("linked_accounts", '[{"type": "email"}]', "linked_accounts[0].address: is required"),
            ("linked_accounts", "{}", "linked_accounts: give a list"),
        ],
    )
    def test_wrong_fields(
        self, visitor: Visitor, issuer: DevelopmentIssuer, field: str, value: str, words: str
    ) -> None:
        """The page names the wrong field, marks it, and keeps what was typed."""
        response = visitor.submit("/users", **{"name": "mary", "email": "a@example.com", "is_guest": "t", field: value})
        assert response.status_code == 400
        assert words in html.unescape(response.text)
        marked = re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', response.text)
        assert marked == [field]
        assert 'value="a@example.com"' in response.text
        assert '<details class="new" open>' in response.text
        assert 'value="t" checked' in response.text
        assert dict(issuer.users) == dict(PERSONAS)

    def test_remove(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """A user is removed, and a second click does no harm."""
        assert visitor.submit("/users/remove", user="ada").headers["location"] == "/?done=removed#users"
        assert "ada" not in issuer.users
        assert visitor.submit("/users/remove", user="ada").status_code == 400

    def test_state_cannot_be_written(self, tmp_path: Path) -> None:
        """An error of the state file is shown on the page."""
        file = tmp_path / "state"
        with DevelopmentIssuer(state=file) as issuer, Visitor(issuer) as visitor:
            file.chmod(0o644)
            response = visitor.submit("/keys/rotate")
            assert (response.status_code, "can be read by others" in response.text) == (400, True)


class TestKeys:
    """Keys and the key server on the page."""

    def test_rotate_and_withdraw(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """The page rotates keys, withdraws them, and shows the state of each."""
        first = issuer.kid
        assert visitor.submit("/keys/rotate").headers["location"] == "/?done=rotated#keys"
        assert issuer.key_states() == [(issuer.kid, "signing"), (first, "published")]
        assert visitor.submit("/keys/withdraw", kid=first).headers["location"] == "/?done=withdrawn#keys"
        assert issuer.key_states() == [(issuer.kid, "signing"), (first, "withdrawn")]
        page = visitor.get("/").text
        assert f'aria-label="Withdraw the key {issuer.kid}"' in page
        assert f'aria-label="Withdraw the key {first}"' not in page
        assert visitor.submit("/keys/withdraw", kid=first).status_code == 400
        assert visitor.submit("/keys/withdraw").status_code == 400

    def test_key_server(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """The key server can be switched off and on again, also in code; the rest goes on."""
        assert visitor.submit("/keys/server", available="no").headers["location"] == "/?done=keys-off#keys"
        assert issuer.keys_available is False
        response = visitor.get(issuer.jwks_url)
        assert (response.status_code, response.headers["cache-control"]) == (503, "no-store")
        assert "The key server is off" in text_of(visitor.get("/"))
        assert visitor.get("/tokens/ada").status_code == 200
        visitor.submit("/keys/server", available="yes")
        assert visitor.get(issuer.jwks_url).json() == issuer.jwks()
        issuer.keys_available = False
        assert visitor.get(issuer.jwks_url).status_code == 503


class TestWebhooks:
    """Webhooks that the page sends."""

    def test_delivered(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """An endpoint on this machine gets a signed event, and the page shows its answer."""
        events: list[WebhookEvent] = []
        with endpoint(WebhookReceiver(issuer.webhook_secret, on_event=events.append)) as url:
            page = visitor.submit("/webhooks", type="user.deleted", user="grace", url=f" {url} ")
        assert page.status_code == 200
        assert "user.deleted was answered with 204 No Content" in page.text
        assert [(event.type, event.deleted_user_ids) for event in events] == [
            ("user.deleted", ("did:privy:dev-grace",))
        ]
        assert "<option selected>user.deleted</option>" in page.text
        assert "<option selected>grace</option>" in page.text

    def test_refused(self, visitor: Visitor) -> None:
        """An endpoint with another secret refuses the event, and its answer is shown as text."""
        with endpoint(WebhookReceiver(DevelopmentIssuer().webhook_secret)) as url:
            page = visitor.submit("/webhooks", type="user.created", user="ada", url=url)
        assert 'class="notice error"' in page.text
        assert "user.created was answered with 400" in page.text
        assert html.escape('{"message"') in page.text

    def test_long_answers_and_redirects(self, visitor: Visitor) -> None:
        """A long answer is cut, HTML in it is escaped, and a redirect is not followed."""
        with endpoint(WebhookReceiver(DevelopmentIssuer().webhook_secret), 302) as url:
            page = visitor.submit("/webhooks", type="user.created", user="ada", url=url).text
        assert "answered with 302 Found" in page
        assert f"&lt;b&gt;{'x' * 1997}…" in page

    @pytest.mark.parametrize("coding", [b"", b"Content-Encoding: gzip\r\n"])
    def test_endless_answers(self, visitor: Visitor, coding: bytes) -> None:
        """Of an answer that never ends, as of a stream of events, the beginning is shown as it was sent."""
        with endless(b"HTTP/1.1 200 OK\r\n" + coding + b"\r\n", b"x" * 65536) as url:
            page = visitor.submit("/webhooks", type="user.created", user="ada", url=url).text
        assert "user.created was answered with 200 OK" in page
        assert f">{'x' * 2000}…<" in page

    def test_slow_answers(self, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
        """An endpoint that sends a little again and again cannot keep the page, or the end of the issuer, waiting."""
        monkeypatch.setattr(sending, "_SECONDS", 0.5)
        with endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n") as url:
            page = visitor.submit("/webhooks", type="user.created", user="ada", url=url).text
        assert "user.created could not be delivered: no complete answer within 0.5 seconds" in page

    def test_nobody_listens(self, visitor: Visitor, issuer: DevelopmentIssuer) -> None:
        """If the webhook cannot be delivered, the page says so."""
        with endpoint(WebhookReceiver(issuer.webhook_secret)) as url:
            pass
        page = visitor.submit("/webhooks", type="user.created", user="ada", url=url)
        assert "user.created could not be delivered: ConnectError" in page.text

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "https://example.com/",
            "http://127.0.0.1@example.com/",
            "ftp://localhost/",
            "localhost",
            "http://127.0.0.256/",
        ],
    )
    def test_other_addresses(self, visitor: Visitor, url: str) -> None:
        """Nothing is sent to other machines, and the address stays in the form."""
        page = visitor.submit("/webhooks", type="user.created", user="ada", url=url)
        assert page.status_code == 400
        assert "only sent to addresses on this machine" in page.text
        assert f'value="{url}"' in page.text

    def test_unknown_events(self, visitor: Visitor) -> None:
        """The type and the user must be of the lists."""
        for form in ({"type": "x", "user": "ada"}, {"type": "user.created", "user": "x"}, {}):
            assert visitor.submit("/webhooks", url="http://127.0.0.1:9/", **form).status_code == 400


def test_environment_on_the_page(visitor: Visitor, issuer: DevelopmentIssuer) -> None:
    """The settings on the page are those of the issuer, and an app can be started with them."""
    page = html.unescape(visitor.get("/").text)
    lines = re.findall(r"^(?:<pre[^>]*>)?(PRIVY_\w+)=([^<\n]*)", page, re.MULTILINE)
    settings = dict(lines)
    port = urlsplit(issuer.url).port
    assert settings == {
        "PRIVY_APP_ID": issuer.app_id,
        "PRIVY_JWKS_URL": issuer.jwks_url,
        "PRIVY_LOGIN_URL": issuer.login_url("http://localhost:8000"),
        "PRIVY_REFRESH_URL": f"http://localhost:{port}/refresh?app=http://localhost:8000",
        "PRIVY_API_URL": issuer.api_url,
        "PRIVY_APP_SECRET": issuer.app_secret,
        "PRIVY_WEBHOOK_SECRET": issuer.webhook_secret,
    }
    assert settings == issuer.environment("http://localhost:8000")
    assert settings.keys() - issuer.environment() == {"PRIVY_LOGIN_URL", "PRIVY_REFRESH_URL"}
    assert PrivyConfig.from_env(settings) == issuer.config(
        login_url=settings["PRIVY_LOGIN_URL"], refresh_url=settings["PRIVY_REFRESH_URL"]
    )


def test_details_of_users(visitor: Visitor) -> None:
    """The details of a user are its record of the REST API; a user with many accounts is summarised."""
    page = visitor.get("/").text
    record = html.unescape(page.partition("Details of ada</summary>")[2].partition(">")[2].partition("</pre>")[0])
    assert json.loads(record)["id"] == "did:privy:dev-ada"
    assert "<li>wallet \u00d7 30</li>" in page
    assert "<li>6 more</li>" in page
    assert "<li>guest</li>" in page
    assert "<li>no accounts</li>" in page


def test_values_are_escaped() -> None:
    """Only what is HTML already is not escaped."""
    made = markup("<p>{a}{b}{c}</p>", a="<&\"'>", b=Html("<br>"), c=None)
    assert made == "<p>&lt;&amp;&quot;&#x27;&gt;<br></p>"


def test_clock_of_the_tokens() -> None:
    """The session is judged by the issuer's clock."""
    moved = [time.time() + 10_000_000]
    with DevelopmentIssuer(clock=lambda: moved[0]) as issuer, Visitor(issuer) as visitor:
        visitor.submit("/sign-in", user="ada")
        assert visitor.get("/").text.count("valid until") == 2
        moved[0] += 4000
        assert "token_expired" in visitor.get("/").text
