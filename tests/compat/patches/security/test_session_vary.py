import pytest

from tests.support.probe import DJANGO, probe, prove, source

NAME = "security.session_vary"
CODE = (
    DJANGO
    + """
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpResponse
from django.test import RequestFactory

settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
settings.SESSION_SAVE_EVERY_REQUEST = %s
middleware = SessionMiddleware()

def answer(data=None, status=200, flush=False):
    request = RequestFactory().get("/")
    if data is not None:
        store = middleware.SessionStore()
        store.update(data)
        request.COOKIES["sessionid"] = store.session_key or store._get_session_key()
    middleware.process_request(request)
    if flush:
        request.session.flush()
        request.session.accessed = False
    response = middleware.process_response(request, HttpResponse(status=status))
    return response.get("Vary"), "sessionid" in response.cookies
"""
)


def test_a_renewed_cookie_varies():
    code = CODE % True + "print(answer({'user': 1}), answer(), answer({'user': 1}, 500))"
    prove(
        NAME,
        code,
        good="('Cookie', True) (None, False) (None, False)",
        bad="(None, True) (None, False) (None, False)",
    )


def test_a_deleted_cookie_varies():
    prove(
        NAME,
        CODE % False + "print(answer({'user': 1}, flush=True))",
        good="('Cookie', True)",
        bad="(None, True)",
    )


def test_pages_without_a_cookie_do_not():
    for disable in ("", NAME):
        result = probe(CODE % False + "print(answer({'user': 1}), answer())", disable=disable)
        assert result.said == "(None, False) (None, False)", result.error


CACHED = """
from django.views.decorators.cache import cache_page

settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
settings.SESSION_SAVE_EVERY_REQUEST = True
settings.MIDDLEWARE = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
urlpatterns = [url("page", lambda request: HttpResponse("public"))]

from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client

store = SessionStore()
store["user"] = 1
member, stranger = Client(), Client()
member.cookies["sessionid"] = store._get_session_key()
print("sessionid" in member.get("/page").cookies, "sessionid" in stranger.get("/page").cookies)
"""


@pytest.mark.parametrize("disable", ["", "security.cached_pages"])
def test_no_stranger_gets_the_session_from_the_cache(disable):
    @source(DJANGO)
    def start():
        global HttpResponse, url
        from django.conf.urls import url
        from django.http import HttpResponse

    assert probe(start + CACHED, disable=disable).said == "True False"
    stock = probe(start + CACHED, disable=NAME)
    assert stock.said == "True True", stock.error


def test_a_page_that_renews_a_session_is_cached_for_its_owner_alone():
    """The cookie is the one that came, and part of the key."""
    code = CACHED[: CACHED.index("from django.contrib.sessions.backends")].replace(
        "backends.signed_cookies", "backends.cache"
    )

    @source
    def body(HttpResponse, url):
        global _, urlpatterns
        from django.contrib.sessions.backends.cache import SessionStore
        from django.test import Client

        runs = []

        def view(request):
            runs.append(1)
            return HttpResponse(str(len(runs)))

        urlpatterns = [url("page", view)]
        keys = []
        for _ in range(2):
            store = SessionStore()
            store["user"] = 1
            store.save()
            keys.append(store.session_key)
        for key in keys + keys + [None]:
            client = Client()
            if key:
                client.cookies["sessionid"] = key
            page = client.get("/page")
            print(page.content.decode(), "sessionid" in page.cookies, end=" ")

    code += body

    @source(DJANGO)
    def start():
        global HttpResponse, url
        from django.conf.urls import url
        from django.http import HttpResponse

    result = probe(start + code)
    assert result.said == "1 True 2 True 1 True 2 True 3 False", result.error
