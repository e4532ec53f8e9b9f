import copy
import re
import sys

import pytest

from compat.patches.django.regex_flags import Regex, compile, flags_first
from tests.support.probe import DJANGO, prove, source

NAME = "django.regex_flags"
NEEDED = sys.version_info >= (3, 11)


@source(DJANGO)
def urls():
    from django.conf.urls import include, url
    from django.urls import resolve, reverse

    def view(request, word):
        pass

    inner = [url(r"(?i)item/(?P<word>[a-z]+)/$", view, name="inner")]
    urlpatterns = [
        url(r"^(?i)page/(?P<word>[a-z]+)/$", view, name="page"),
        url(r"^shop/", include(inner)),
    ]
    print(resolve("/PAGE/Abc/").kwargs, reverse("page", kwargs={"word": "ABC"}))
    print(resolve("/shop/Item/x/").url_name, reverse("inner", args=["X"]))
    print(urlpatterns[0].regex.pattern)


@source(DJANGO)
def validator():
    from django.core.validators import RegexValidator

    RegexValidator("^(?i)abc$")("ABC")
    print(RegexValidator("^(?i)abc$") == RegexValidator("^(?i)abc$"))


@source(DJANGO)
def sqlite():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 'ABC' REGEXP '^(?i)abc$'")
        print(cursor.fetchone()[0])


def test_urls_with_flags_resolve_and_reverse():
    good = (
        "{'word': 'Abc'} /page/ABC/\ninner /shop/item/X/\n"
        "^(?i)page/(?P<word>[a-z]+)/$"  # as it was written
    )
    prove(NAME, urls, good, bad="is not a valid regular expression", needed=NEEDED)


def test_validators_take_flags_anywhere():
    prove(NAME, validator, good="True", bad="global flags not at the start", needed=NEEDED)


def test_sqlite_searches_with_flags_anywhere():
    bad = "user-defined function raised exception"
    prove(NAME, sqlite, good="1", bad=bad, needed=NEEDED)


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("^(?i)a$", "(?i)^(?:)a$"),
        ("(?s)a(?i)b", "(?is)(?:)a(?:)b"),
        (r"(a)\1(?i)2", r"(?i)(a)\1(?:)2"),
        ("[(?i)]", "[(?i)]"),
        ("[](?i)]x", "[](?i)]x"),
        (r"[^]\](?i)]x", r"[^]\](?i)]x"),
        (r"\(?i)", r"\(?i)"),
        ("(?i:a)", "(?i:a)"),
        ("(?#(?i)a", "(?#(?i)a"),
        ("(?P<i>a)(?=b)", "(?P<i>a)(?=b)"),
    ],
)
def test_only_flags_that_hold_everywhere_are_moved(pattern, expected):
    assert flags_first(pattern) == expected


def test_an_expression_looks_as_it_was_written():
    regex = Regex("(a)(?i)b", re.UNICODE, re.compile("(?i)(a)(?:)b"))
    assert regex.match("AB").group(1) == "A" and regex.groups == 1
    assert (regex.pattern, repr(regex)) == ("(a)(?i)b", "re.compile('(a)(?i)b')")
    assert copy.deepcopy(regex) is regex
    assert regex.__reduce__() == (compile, ("(a)(?i)b", re.UNICODE))
    with pytest.raises(AttributeError):
        regex._no_such_name
