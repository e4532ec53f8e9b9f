"""What is handed to `unicodedata.normalize()` is counted: it is slow on Windows only."""

from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import WSGI, same

NAME = "security.long_text"


@source
def count():
    import sys

    def handed(function, *arguments):
        "(Result or error's name, whether one was handed over to normalize())."
        found = [False]

        def look(frame, event, argument):
            if event == "c_call" and argument.__name__ == "normalize":
                found[0] = True

        sys.setprofile(look)
        try:
            result = function(*arguments)
        except Exception as error:
            result = type(error).__name__
        finally:
            sys.setprofile(None)
        return result, found[0]


def test_long_names_are_not_normalised():
    @source(DJANGO, count)
    def code(handed):
        from django.contrib.auth.forms import UsernameField

        field = UsernameField(max_length=10)
        name = "\u00bd" * 5
        print(ascii(handed(field.to_python, name)), ascii(handed(UsernameField().to_python, name)))
        result, normalised = handed(field.to_python, "\u00bd" * 11)
        print(len(result), normalised, handed(field.clean, "\u00bd" * 11)[0])

    same_line = "(%s, True) (%s, True)" % ((ascii("1\u20442" * 5),) * 2)
    prove(
        NAME,
        code,
        good=same_line + "\n11 False ValidationError",
        bad=same_line + "\n33 True ValidationError",
    )


def test_long_urls_are_not_split():
    @source(DJANGO, count)
    def code(handed):
        from django import forms

        field = forms.URLField()
        long = handed(field.to_python, "\u00e9.com/" + "x" * 2100)[0]
        print(
            field.clean("example.com/x"),
            long[:6] == "\u00e9.com/",
            handed(field.clean, "http://" + "\u00bd" * 2100 + ".com")[0],
        )

    prove(
        NAME,
        code,
        good="http://example.com/x True ValidationError",
        bad="http://example.com/x False ValidationError",
    )


def test_long_redirects_are_refused():
    @source(WSGI)
    def code(served, url):
        global urlpatterns
        from django.http import HttpResponsePermanentRedirect, HttpResponseRedirect

        def view(request):
            kind = HttpResponseRedirect if "now" in request.GET else HttpResponsePermanentRedirect
            return kind("/".ljust(int(request.GET["n"]), "x"))

        urlpatterns = [url("^$", view)]
        for n in (16384, 16385):
            for kind in ("now&", ""):
                print(served(("GET /?%sn=%d HTTP/1.0\r\n\r\n" % (kind, n)).encode())[0], end=" ")

    prove(NAME, code, good="302 301 400 400", bad="302 301 302 301")


def test_others_are_as_before():
    code = (
        DJANGO
        + """
from django import forms
from django.contrib.auth.forms import UsernameField
from django.http import HttpResponseRedirect
from django.utils.functional import lazystr
for value in ("", None, " a ", "\\u00bd", "x" * 200):
    for field in (UsernameField(max_length=150, required=False), forms.URLField(required=False),
                  UsernameField(required=False, strip=False, empty_value="\\u00bd")):
        try:
            print(ascii(field.clean(value)))
        except Exception as error:
            print(type(error).__name__)
for target in ("/a", lazystr("/b"), "javascript:x", "//h/\\u00e9", ""):
    try:
        print(HttpResponseRedirect(target).url)
    except Exception as error:
        print(type(error).__name__)
"""
    )
    same(NAME, code)
