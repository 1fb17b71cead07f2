"""The pytest plugin, in pytest runs of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

ENVIRONMENT = """
[pytest]
privy_environment = true
"""
APP = """
    from flask import Flask
    from flask_privy import Privy, privy_user, require_privy_user

    app = Flask(__name__)
    Privy(app)

    @app.get("/me")
    @require_privy_user
    def me():
        return {"user_id": privy_user.id}
"""


@pytest.fixture(autouse=True)
def own_project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of this project out of the runs."""
    for name in ("DJANGO_SETTINGS_MODULE", *(each for each in os.environ if each.startswith("PRIVY_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))


def passed(pytester: pytest.Pytester, *options: str, tests: int = 1, installed: bool = False) -> pytest.RunResult:
    """Run pytest, whose tests must pass without a warning, with all ``installed`` plugins or only with this one."""
    # Without a configuration, pytest looks for one in the folders above, which may be those of this repository.
    if not any((pytester.path / name).exists() for name in ("pytest.ini", "pyproject.toml", "tox.ini")):
        pytester.makeini("[pytest]")
    with pytest.MonkeyPatch.context() as patch:
        if not installed:
            # The other plugins take long to import.
            patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            options = ("-p", "privy", *options)
        result = pytester.runpytest_subprocess("-W", "error", *options)
    result.assert_outcomes(passed=tests)
    return result


def test_a_project_that_does_not_use_it(pytester: pytest.Pytester) -> None:
    """Only the module of the plugin is imported, and nothing is set, started or warned of."""
    pytester.makepyfile("""
        import os, sys, threading

        def test_nothing_is_imported():
            ours = ("privy", "flask_privy", "django_privy", "fastapi_privy", "litestar_privy")
            assert [name for name in sys.modules if name.startswith(ours)] == []
            assert "pytest_privy" in sys.modules
            assert [name for name in os.environ if name.startswith("PRIVY_")] == []
            assert not [each for each in threading.enumerate() if "privy" in each.name]
    """)
    result = passed(pytester, "--strict-config", "--strict-markers", installed=True)
    assert "warning" not in result.stdout.str()


def test_without_the_plugin(pytester: pytest.Pytester) -> None:
    """It can be switched off by its name."""
    pytester.makepyfile("""
        import sys
        import pytest

        def test_it_is_not_there(request):
            assert "pytest_privy" not in sys.modules
            with pytest.raises(pytest.FixtureLookupError):
                request.getfixturevalue("privy_issuer")
    """)
    passed(pytester, "-p", "no:privy", installed=True)


def test_the_fixtures(pytester: pytest.Pytester) -> None:
    """They belong to one issuer, which listens only after its URL was used."""
    pytester.makepyfile(
        test_first="""
            import threading

            def listening():
                return [each for each in threading.enumerate() if each.name == "privy-development-issuer"]

            def test_tokens(privy_issuer, privy_config, privy_headers, privy_cookies, privy_user):
                from privy_middleware import PrivyVerifier

                verifier = PrivyVerifier(privy_config)
                identity = verifier.verify_identity_token
                assert identity(privy_headers("ada")["privy-id-token"]) == privy_user("ada")
                assert identity(privy_cookies("grace")["privy-id-token"]) == privy_user("grace")
                scheme, token = privy_headers("ada", kind="access", sid="s1")["authorization"].split()
                assert (scheme, verifier.verify_access_token(token).session_id) == ("Bearer", "s1")
                assert identity(privy_issuer.identity_token()) == privy_user()
                assert not listening()

            def test_keys(privy_issuer, privy_user):
                from privy_middleware import PrivyVerifier

                verifier = PrivyVerifier(privy_issuer.config())
                assert verifier.verify_identity_token(privy_issuer.identity_token()) == privy_user()
                assert listening()
                assert privy_issuer.url in repr(privy_issuer)
        """,
        test_second="""
            import pytest

            def test_client(privy_config, privy_login, privy_logout):
                from werkzeug.test import Client
                from privy_middleware import PrivyWSGIMiddleware

                def app(environ, start_response):
                    start_response("200 OK", [])
                    return [b""]

                client = Client(PrivyWSGIMiddleware(app, privy_config, protect=["/"]))
                privy_login(client, "ada")
                assert client.get("/").status_code == 200
                privy_login(client, "ada", exp=1)
                assert client.get("/").status_code == 401
                privy_login(client)
                privy_logout(client)
                assert client.get("/").status_code == 401

            def test_wrong_use(privy_login):
                with pytest.raises(Exception, match="client: builtins.object is not a known test client"):
                    privy_login(object())
        """,
    )
    passed(pytester, tests=4)


def test_several_conftest_files(pytester: pytest.Pytester) -> None:
    """They share one issuer, although each has the fixture and pytest runs it twice."""
    for folder in ("one", "two"):
        (pytester.mkpydir(folder) / "conftest.py").write_text("from pytest_privy import *\n")
        (pytester.path / folder / f"test_{folder}.py").write_text(
            "import privy_middleware as kept\n\n"
            "def test_issuer(privy_issuer, privy_config):\n"
            "    kept.seen = getattr(kept, 'seen', (privy_issuer, privy_issuer.kid, privy_issuer.url))\n"
            "    assert kept.seen == (privy_issuer, privy_issuer.kid, privy_issuer.url)\n"
        )
    passed(pytester, tests=2)


def test_an_app_of_a_module(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that reads the environment when it is imported accepts the tokens of the tests, in each worker."""
    monkeypatch.setenv("PRIVY_APP_ID", "a-real-app")
    monkeypatch.setenv("PRIVY_VERIFICATION_KEY", "the-key-of-a-real-app")
    pytester.makeini(ENVIRONMENT)
    pytester.makeconftest("from myapp import app as imported_early")
    pytester.makepyfile(
        myapp=APP,
        test_app="""
            import os
            import pytest
            from conftest import imported_early
            from myapp import app

            @pytest.mark.parametrize("persona", ["ada", "grace", "alan", "hedy"])
            def test_me(persona, privy_login, privy_issuer, privy_user):
                assert app is imported_early
                assert os.environ["PRIVY_JWKS_URL"] == privy_issuer.jwks_url
                client = app.test_client()
                assert client.get("/me").status_code == 401
                privy_login(client, persona)
                assert client.get("/me").json == {"user_id": privy_user(persona).id}
        """,
    )
    passed(pytester, "-p", "xdist", "-n2", tests=4)


def test_the_environment_is_restored(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the run, the environment is as before, and the server has stopped."""
    pytester.makeini(ENVIRONMENT)
    pytester.makepyfile(
        test_environment="""
            import os

            def test_environment():
                assert os.environ["PRIVY_APP_ID"] == "privy-development-app"
                assert "PRIVY_VERIFICATION_KEY" not in os.environ
        """,
        program="""
            import os, threading
            import pytest

            os.environ |= {"PRIVY_APP_ID": "a-real-app", "PRIVY_VERIFICATION_KEY": "its-key"}
            before = dict(os.environ)
            for _ in range(2):
                assert pytest.main(["-q", "-p", "privy", "-p", "no:cacheprovider"]) == 0
                assert {k: v for k, v in os.environ.items() if k.startswith("PRIVY_")} == {
                    k: v for k, v in before.items() if k.startswith("PRIVY_")
                }
                assert not [each for each in threading.enumerate() if "privy" in each.name]
        """,
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    run = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "NOT for production" not in run.stdout + run.stderr


def test_django_settings(pytester: pytest.Pytester) -> None:
    """Django's settings may read the environment too: they are imported after it is set."""
    pytester.makeini(ENVIRONMENT + "DJANGO_SETTINGS_MODULE = project\ndjango_find_project = false\n")
    pytester.makepyfile(
        project="""
            import os
            from django.http import JsonResponse
            from django.urls import path
            from django_privy import require_privy_user

            SECRET_KEY = "for a test"
            ROOT_URLCONF = "project"
            INSTALLED_APPS = ["django_privy"]
            MIDDLEWARE = ["django_privy.middleware.PrivyMiddleware"]
            PRIVY = {"APP_ID": os.environ["PRIVY_APP_ID"]}

            @require_privy_user
            def me(request):
                return JsonResponse({"user_id": request.privy_user.id})

            urlpatterns = [path("me", me)]
        """,
        test_project="""
            def test_me(client, privy_login):
                assert client.get("/me").status_code == 401
                privy_login(client, "ada")
                assert client.get("/me").json() == {"user_id": "did:privy:dev-ada"}
        """,
    )
    passed(pytester, "-p", "django")
