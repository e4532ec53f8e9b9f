from http.cookies import CookieError, Morsel

from tests.support.probe import DJANGO, prove, source

NAME = "django.cookie_characters"


@source(DJANGO)
def code_probe():
    global SimpleCookie, WSGIHandler, copy, http, parse_cookie, pickle, urlpatterns
    import copy
    import http.cookies
    import pickle

    from django.conf.urls import url
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse, SimpleCookie, parse_cookie

    TEXT = "one\ttwo\nthree \x7f"

    def page(request):
        response = HttpResponse(request.COOKIES.get("k", "no cookie"))
        response.set_cookie("k", TEXT)
        response.set_signed_cookie("signed", TEXT)
        return response

    urlpatterns = [url("", page)]


def refused():
    try:
        Morsel().set("k", "\t", '"\\011"')
    except CookieError:
        return True
    return False


def test_a_text_with_newlines_goes_to_the_browser_and_back():
    @source(code_probe)
    def code(TEXT):
        from django.test import Client

        client = Client()
        print(client.get("/").status_code, client.cookies["k"].coded_value)
        response = client.get("/")
        print(response.content == TEXT.encode(), response.cookies["k"].value == TEXT)

    prove(
        NAME,
        code,
        good='200 "one\\011two\\012three \\177"\nTrue True',
        bad="CookieError: Control characters",
        needed=refused(),
    )


def test_cookies_are_loaded_changed_copied_and_cached():
    @source(code_probe)
    def code(SimpleCookie, copy, http, pickle):
        jar = SimpleCookie('k="a\\012b"; l=2')
        jar["k"]["path"] = "/p"
        jar["k"] = "c\nd"
        jar["l"] = "x\ty"
        jar["l"] = "plain"
        print(jar.output(sep=" "))
        same = [pickle.loads(pickle.dumps(jar)), copy.deepcopy(jar)]
        print(
            [
                (
                    type(s) is SimpleCookie,
                    s == jar,
                    s["k"].value == "c\nd",
                    s.output() == jar.output(),
                )
                for s in same
            ]
        )
        plain = pickle.dumps(SimpleCookie("l=2"))
        print(
            isinstance(jar, http.cookies.SimpleCookie), b"compat" in plain, b"http.cookies" in plain
        )

    good = 'Set-Cookie: k="c\\012d"; Path=/p Set-Cookie: l=plain\n'
    good += "[(True, True, True, True), (True, True, True, True)]\nTrue False True"
    prove(NAME, code, good=good, bad="CookieError: Control characters", needed=refused())


def test_what_would_be_sent_with_such_a_character_is_still_refused():
    """And Python's own class is left as it is."""

    @source(code_probe)
    def code(HttpResponse, TEXT, http):
        def refused(call):
            try:
                call()
            except http.cookies.CookieError:
                return True
            return False

        response = HttpResponse()
        response.set_cookie("k", TEXT)
        print(
            refused(lambda: response.set_cookie("a\nb", "x")),
            refused(lambda: response.set_cookie("a", "x", path="/\nb")),
            refused(lambda: response.cookies["k"].set("k", "x", "x\nb")),
            refused(lambda: http.cookies.SimpleCookie().__setitem__("k", "x\ny")),
        )

    if refused():
        prove(NAME, code, good="True True True True", bad="CookieError: Control characters")
