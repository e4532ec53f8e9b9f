import re
import sys

import pytest

from compat.patches.python.regex_flags import without_flags
from tests.support.probe import DJANGO, probe, prove, source

NAME = "python.regex_flags"
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


@source
def anywhere():
    import re
    import warnings

    warnings.simplefilter("error")
    for pattern, text in [
        ("(?:a)(?i)b", "AB"),
        (b"^(?i)ab$", b"AB"),
        ("a(?s)*.", "aa\n"),
        ("((?i)a)\\1", "aA"),
        ("[(?i)]a(?x) b # (?i) [", "?ab"),
        ("a # (?i)\n(?x) b", "AB"),
    ]:
        try:
            re.compile(pattern)
        except DeprecationWarning as warning:
            print(str(warning)[:32], end=" ")
        warnings.simplefilter("ignore")
        compiled = re.compile(pattern)
        print(compiled.pattern == pattern, compiled.search(text) is not None, compiled.flags)
        warnings.simplefilter("error")
    warnings.simplefilter("ignore")
    for wrong in ("(?:a)(?i)b(", "a(?L)b", "a(?i", "a(?-i)b"):
        try:
            re.compile(wrong)
        except (re.error, ValueError) as error:  # the second on Python 3.6
            print(error)


def test_any_code_may_have_flags_anywhere_and_is_warned():
    """Of the same meaning as on the last Python that took them."""
    patched = probe(anywhere, patch=NAME)
    said = patched.said.splitlines()
    assert said[:6] == [
        "Flags not at the start of the ex True True 34",
        "Flags not at the start of the ex True True 2",
        "Flags not at the start of the ex True True 48",
        "Flags not at the start of the ex True True 34",
        "Flags not at the start of the ex True True 96",
        "Flags not at the start of the ex True False 96",
    ], patched.error
    assert len(said) == 10 and "unterminated subpattern at position 10" in said[6]
    if NEEDED:
        stock = probe(anywhere, patch=NAME, disable=NAME)
        assert "global flags not at the start" in stock.error
    elif sys.version_info >= (3, 7):
        assert patched.states[NAME] == "not needed"


@pytest.mark.parametrize(
    "pattern, position, expected",
    [
        ("a(?i)b", 1, ("a(?#)b", re.I)),
        (b"a(?is)b", 1, (b"a(?##)b", re.I | re.S)),
    ],
)
def test_a_comment_of_the_same_length_takes_their_place(pattern, position, expected):
    known = {"i": re.I, "s": re.S}
    assert without_flags(pattern, position, known) == expected
    assert len(expected[0]) == len(pattern)
