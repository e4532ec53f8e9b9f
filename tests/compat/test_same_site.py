"""Cookies that pages of other sites do not send along, on every Python."""

import pytest
from django.http import HttpResponse
from django.test import Client

from compat import same_site
from tests.support.daphne import daphne
from tests.support.probe import applies, probe, source


def cookies(site):
    """The Set-Cookie lines of Django's login form, by name, and then of a login."""
    client = Client()
    answers = [client.get("/accounts/login/")]
    answers.append(client.post("/accounts/login/", {"username": "ann", "password": "ann"}))
    assert answers[-1].status_code == 302
    return {
        name: cookie.OutputString() for answer in answers for name, cookie in answer.cookies.items()
    }


def test_both_are_lax_by_default(site):
    found = cookies(site)
    assert {"csrftoken", "sessionid"} <= set(found)
    assert all("SameSite=Lax" in line for line in found.values())


@pytest.mark.parametrize(
    "value, sent",
    [("Strict", "SameSite=Strict"), ("lax", "SameSite=Lax"), ("None", "SameSite=None")]
    + [(None, ""), (False, "")],
)
def test_the_site_decides(site, settings, value, sent):
    settings.SESSION_COOKIE_SAMESITE = value
    found = cookies(site)
    assert ("SameSite" in found["sessionid"]) == bool(sent)
    assert sent in found["sessionid"]
    assert "SameSite=Lax" in found["csrftoken"]


def test_what_a_view_has_set_stays(rf):
    response = HttpResponse()
    response.set_cookie("sessionid", "x")
    response.set_cookie("other", "x")
    response.cookies["sessionid"]["samesite"] = "Strict"
    same_site.SameSiteMiddleware().process_response(rf.get("/"), response)
    assert response.cookies["sessionid"]["samesite"] == "Strict"
    assert not response.cookies["other"]["samesite"]


# channels has a session middleware of its own, for consumers that answer HTTP.

NAME = "channels.same_site"
SITE = """
import compat
compat.install()
from django.conf import settings
settings.configure(
    SECRET_KEY="probe", ALLOWED_HOSTS=["*"], MIDDLEWARE=%r,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE=%r,
)
import django
django.setup()
from channels.generic.http import AsyncHttpConsumer
from channels.routing import ProtocolTypeRouter
from channels.sessions import SessionMiddlewareStack

class Page(AsyncHttpConsumer):
    async def handle(self, body):
        self.scope["session"]["seen"] = True
        await self.send_response(200, b"page")

application = ProtocolTypeRouter({"http": SessionMiddlewareStack(Page)})
"""


def session_cookie(folder, middleware, value, **environ):
    import urllib.request

    (folder / "site_of_cookie.py").write_text(SITE % (middleware, value))
    with daphne(folder, "site_of_cookie:application", **environ) as address:
        with urllib.request.urlopen("http://%s:%d/" % address, timeout=20) as answer:
            return answer.headers["Set-Cookie"]


@pytest.mark.skipif(not applies(NAME), reason="channels has it")
def test_the_cookie_of_a_consumer(tmp_path):
    listed = [same_site.MIDDLEWARE]
    cookie = session_cookie(tmp_path, listed, "Strict")
    assert cookie.endswith("; SameSite=Strict") and "; Secure" in cookie
    assert "SameSite" not in session_cookie(tmp_path, listed, None)
    assert "SameSite" not in session_cookie(tmp_path, [], "Strict")
    assert "SameSite" not in session_cookie(tmp_path, listed, "Strict", COMPAT_DISABLE=NAME)


def test_the_patch_is_applied():
    @source
    def code():
        global channels
        from django.conf import settings

        settings.configure(SECRET_KEY="probe")
        import channels.sessions

    assert probe(code, patch=NAME).states[NAME] == ("applied" if applies(NAME) else "not needed")
