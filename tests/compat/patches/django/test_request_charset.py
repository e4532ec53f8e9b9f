"""Forms with charsets that are none, sent to a real server of Django's and to a real daphne."""

import json

import pytest

from tests.support.daphne import daphne
from tests.support.probe import prove, source
from tests.support.probe_parts import WSGI, same
from tests.support.uploads import copy_bodies, send

NAME = "django.request_charset"


@source(WSGI)
def served(HttpResponse, served, url):
    global urlpatterns
    import logging

    logging.disable(logging.CRITICAL)

    def view(request):
        return HttpResponse(ascii(sorted(request.POST.items())))

    urlpatterns = [url("^$", view)]

    def post(charset, body=b"a=b%c3%a9"):
        return served(
            b"POST / HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded; charset="
            + charset
            + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body
        )


@pytest.mark.parametrize("charset", ["zlib", "idna", "undefined", "hex", "rot13", "bz2"])
def test_what_is_no_charset_is_not_taken(charset):
    code = served + "print(*post(b'%s'))" % charset
    prove(NAME, code, good=r"200 [('a', 'b\xe9')]", bad="500")


def test_charsets_are_what_they_were():
    code = (
        served
        + """
for charset in (b"utf-8", b"latin-1", b"koi8-r", b"shift_jis", b"utf-16", b"utf-7", b"iso-2022-jp",
                b"big5", b"unknown", b"", b"caf\\xe9", b'"utf-8"', b"UTF8"):
    print(charset, post(charset), post(charset, b"a=\\xe9&b=%e9"))
"""
    )
    same(NAME, code)


@source(served)
def kept(post):
    import encodings

    post(b"first")
    before = len(encodings._cache)
    for number in range(30):
        assert post(b"made-up-%d" % number)[0] == 200
    print(len(encodings._cache) - before)


def test_names_that_are_none_are_not_kept():
    prove(NAME, kept, good="0", bad="30")


def test_in_daphne(tmp_path):
    form = "application/x-www-form-urlencoded; charset="
    site = copy_bodies(tmp_path)

    def post(address):
        return send(address, "/steps/post/", b"a=%c3%a9", form + "idna")

    with daphne(site, "bodies:application") as address:
        status, text = post(address)
        assert status == 200 and json.loads(text)["found"] == [{"a": ["\xe9"]}]
    with daphne(site, "bodies:application", COMPAT_DISABLE=NAME) as address:
        assert post(address)[0] == 500
