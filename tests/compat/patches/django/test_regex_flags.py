import sys

import pytest

from compat.patches.django.regex_flags import flags_first
from tests.compat.patches.probe import DJANGO, prove

NAME = "django.regex_flags"
NEEDED = sys.version_info >= (3, 11)
URLS = (
    DJANGO
    + """
import copy, pickle
from django.conf.urls import include, url
from django.urls import resolve, reverse

def view(request, word): pass

inner = [url(r"(?i)item/(?P<word>[a-z]+)/$", view, name="inner")]
urlpatterns = [
    url(r"^(?i)page/(?P<word>[a-z]+)/$", view, name="page"),
    url(r"^shop/", include(inner)),
]
print(resolve("/PAGE/Abc/").kwargs, reverse("page", kwargs={"word": "ABC"}))
print(resolve("/shop/Item/x/").url_name, reverse("inner", args=["X"]))
regex = urlpatterns[0].regex
print(regex.pattern, copy.deepcopy(regex).pattern, pickle.loads(pickle.dumps(regex)).pattern)
"""
)
VALIDATOR = (
    DJANGO
    + """
from django.core.validators import RegexValidator
RegexValidator("^(?i)abc$")("ABC")
print(RegexValidator("^(?i)abc$") == RegexValidator("^(?i)abc$"))
"""
)
SQLITE = (
    DJANGO
    + """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT 'ABC' REGEXP '^(?i)abc$'")
    print(cursor.fetchone()[0])
"""
)


def test_urls_with_flags_resolve_and_reverse():
    good = (
        "{'word': 'Abc'} /page/ABC/\ninner /shop/item/X/\n"
        + "^(?i)page/(?P<word>[a-z]+)/$ " * 2
        + "^(?i)page/(?P<word>[a-z]+)/$"
    )
    prove(NAME, URLS, good, bad="is not a valid regular expression", needed=NEEDED)


def test_validators_take_flags_anywhere():
    prove(NAME, VALIDATOR, good="True", bad="global flags not at the start", needed=NEEDED)


def test_sqlite_searches_with_flags_anywhere():
    bad = "user-defined function raised exception"
    prove(NAME, SQLITE, good="1", bad=bad, needed=NEEDED)


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
