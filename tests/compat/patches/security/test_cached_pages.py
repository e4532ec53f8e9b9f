import pytest

from tests.support.probe import probe, prove, source

from .cached_site import SITE

NAME = "security.cached_pages"


@source
def middleware(settings):
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]


@pytest.mark.parametrize(
    "header, value",
    [
        ("Cache-Control", "private"),
        ("Cache-Control", "Private"),
        ("Cache-Control", 'max-age=60, PRIVATE="X-A, X-B"'),
        ("Cache-Control", 'PRIVATE="X-A", max-age=60'),
        ("Cache-Control", "no-store"),
        ("Cache-Control", "No-Cache"),
        ("Vary", "*"),
        ("Vary", " * "),
        ("Vary", "Accept, *\t"),
    ],
)
def test_a_private_page_is_not_stored(header, value):
    code = SITE + "headers[%r] = %r\nprint(ask(), ask())" % (header, value)
    prove(NAME, code, good="1 2", bad="1 1")


def test_nor_by_the_middleware():
    code = SITE + middleware + "headers['Cache-Control'] = 'Private'\n"
    prove(NAME, code + "print(ask(path='site'), ask(path='site'))", good="1 2", bad="1 1")


@pytest.mark.parametrize("vary, bad", [("Cookie", "1 1"), (" Cookie ", "1 1")])
def test_a_page_that_sets_a_cookie_and_varies_on_it_is_not_stored(vary, bad):
    code = SITE + "headers['Vary'] = %r\ncookies['token'] = 'secret'\n" % vary
    code += "print(ask('Cookie: a=1'), ask('Cookie: a=1'))"
    prove(NAME, code, good="1 2", bad=bad)


@pytest.mark.parametrize("old", ["other", "secre", ""])
def test_nor_is_one_that_gives_a_visitor_another_value(old):
    @source
    def body(cookies, headers):
        headers["Vary"] = "Cookie"
        cookies["token"] = "secret"

    code = SITE + body
    code += "print(ask('Cookie: token=%s'), ask('Cookie: token=%s'))" % (old, old)
    prove(NAME, code, good="1 2", bad="1 1")


# A form of 1.11 sends its cookie with every page, also to those who have it.
@source
def form(HttpResponse, runs, settings, url):
    global urlpatterns
    from django.middleware.csrf import get_token

    def view(request):
        runs.append(1)
        get_token(request)
        return HttpResponse(str(len(runs)))

    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    urlpatterns = [url("page", view)]


def test_a_token_is_not_shared_by_those_who_have_none():
    code = SITE + form + "print(ask('Cookie: theme=dark'), ask('Cookie: theme=dark'))"
    prove(NAME, code, good="1 2", bad="1 1")


def test_a_form_is_cached_for_who_has_the_token():
    code = SITE + form + "one, two = ['Cookie: csrftoken=' + 64 * c for c in 'xy']\n"
    code += "print(ask(one), ask(one), ask(two), ask(one), ask(two), ask(), ask())"
    for disable in ("", NAME):
        result = probe(code, disable=disable)
        assert result.said == "1 1 2 1 2 3 4", result.error


def test_the_key_goes_by_the_header_not_by_what_code_makes_of_it():
    @source(SITE)
    def code(HttpResponse, ask, cache_page, runs, url):
        global urlpatterns

        def view(request):
            runs.append(1)
            request.COOKIES["token"] = "secret"
            response = HttpResponse(str(len(runs)))
            response["Vary"] = "Cookie"
            response.set_cookie("token", "secret")
            return response

        urlpatterns = [url("page", cache_page(60)(view))]
        print(ask("Cookie: a=1"), ask("Cookie: a=1"))

    prove(NAME, code, good="1 2", bad="1 1")


def test_whitespace_in_vary_does_not_hide_a_header():
    @source(SITE)
    def code(ask, headers):
        headers["Vary"] = " X-User "
        print(ask("X-User: a"), ask("X-User: b"))

    prove(NAME, code, good="1 2", bad="1 1")


def test_credentials_have_pages_of_their_own():
    one, two = "Authorization: Token a", "Authorization: Token b"
    code = SITE + "print(ask(%r), ask(%r), ask(%r), ask())" % (one, two, one)
    prove(NAME, code, good="1 2 1 3", bad="1 1 1 1")


def test_what_is_not_stored_does_not_vary_on_them():
    @source(SITE)
    def code(HttpResponse, cache_page, url):
        global urlpatterns
        from django.test import Client

        for max_age, status in ((60, 200), (0, 200), (60, 404)):

            def view(request):
                response = HttpResponse(status=status)
                response["Cache-Control"] = "max-age=%d" % max_age
                return response

            name = "%d-%d" % (max_age, status)
            urlpatterns = [url(name, cache_page(60)(view))]
            from django.urls import clear_url_caches

            clear_url_caches()
            print(Client().get("/" + name, HTTP_AUTHORIZATION="Token a").get("Vary"), end=" ")

    prove(NAME, code, good="Authorization None None", bad="None None None")


@pytest.mark.parametrize("control", ["Public", "max-age=60, public"])
def test_a_public_page_is_for_all_credentials(control):
    one, two = "Authorization: Token a", "Authorization: Token b"
    code = SITE + "headers['Cache-Control'] = %r\n" % control
    for disable in ("", NAME):
        result = probe(code + "print(ask(%r), ask(%r), ask())" % (one, two), disable=disable)
        assert result.said == "1 1 1", result.error


@pytest.mark.parametrize(
    "prepare",
    [
        "",
        "cookies['a'] = 'b'",
        "headers['Vary'] = 'Accept'",
        "headers['Cache-Control'] = 'max-age=9'",
        "headers['Cache-Control'] = 'max-age=9, extension=\"a, private, b\"'",
        "headers['Vary'] = 'Cookie, X-Private'",
    ],
)
def test_other_pages_are_stored_as_before(prepare):
    code = SITE + prepare + "\nprint(ask(), ask())"
    for disable in ("", NAME):
        result = probe(code, disable=disable)
        assert result.said == "1 1", result.error


def test_names_taken_by_value_are_ours():
    @source
    def code():
        from django.http import HttpResponse
        from django.middleware.cache import has_vary_header

        response = HttpResponse()
        print(has_vary_header(response, "*"), end=" ")
        response["Vary"] = " accept , * "
        print(has_vary_header(response, "*"), has_vary_header(response, "Accept "))

    @source
    def body():
        from django.conf import settings

        settings.configure()

    prove(
        NAME,
        body + code,
        good="False True True",
        bad="False False False",
    )
