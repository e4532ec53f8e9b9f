import sys

from tests.support.probe import DJANGO, probe, prove, source
from tests.support.probe_parts import BOUNDED, COPIED, like_the_pin, same

NAME = "security.urlize"


@source(DJANGO, COPIED)
def code_probe():
    global urlize, urlize_filter
    from django.template.defaultfilters import urlize as urlize_filter
    from django.utils.html import urlize


def test_it_takes_linear_time():
    @source(code_probe)
    def code(copies, urlize_filter):
        import os

        def make(n):
            return "(" * n + ":" + ")" * n

        print(copies(urlize_filter, make, 1000))
        if not os.environ["COMPAT_DISABLE"]:
            print(len(urlize_filter(make(100000))))

    prove(NAME, code, good="linear\n200001", bad="quadratic")


def test_long_addresses_are_no_links():
    @source(code_probe)
    def code(urlize):
        def linked(text, **more):
            return "<a " in urlize(text, **more)

        def url(length):
            return "http://a.com/".ljust(length, "x")

        print(
            linked(url(2048)),
            linked(url(2049)),
            linked("www.a.com/".ljust(2048, "x")),
            linked("www.a.com/".ljust(2049, "x")),
            linked("a" * 314 + "@b.com"),
            linked("a" * 315 + "@b.com"),
            linked("(" * 5000 + url(2048) + ")." * 5000),
            urlize("&" + url(2049), autoescape=True)[:6],
            urlize("<&>" + url(2049))[:3],
        )

    prove(
        NAME,
        code,
        good="True False True False True False True &amp;h <&>",
        bad="True True True True True True True",
    )


@like_the_pin  # the widget links whatever there is before 1.11.21
def test_the_widget_of_the_admin():
    @source(DJANGO)
    def code(settings):
        settings.INSTALLED_APPS += ["django.contrib.admin"]
        from django.contrib.admin.widgets import AdminURLFieldWidget

        def linked(length):
            url = "http://example.com/".ljust(length, "x")
            context = AdminURLFieldWidget().get_context("url", url, {})
            assert context["widget"]["value"] == url
            return context["url_valid"], bool(context["widget"]["href"])

        print(
            linked(2048),
            linked(2049),
            AdminURLFieldWidget().get_context("url", None, {})["url_valid"],
        )

    # Its validator has a patch of its own.
    validator = "security.validator_lengths"
    patched, stock = probe(code, disable=validator), probe(code, disable=validator + "," + NAME)
    assert patched.said == "(True, True) (False, False) False", patched.error
    assert stock.said == "(True, True) (True, True) False", stock.error


def test_a_long_host_is_quoted_without_its_codec():
    """Stock has it, and answers what it answers for a host that is none, but later."""

    @source(DJANGO, BOUNDED)
    def code(bounded):
        from django.utils.html import smart_urlquote

        url = "http://" + "é." * 20000 + "com/"
        print(bounded(300000, lambda: smart_urlquote(url).count("%C3%A9")))

    prove(NAME, code, good="20000", bad="endless")


def test_a_name_that_is_too_long_does_not_reach_its_codec():
    """Of Python 3.6, which is quadratic in the length of a label; it refuses one in the end."""

    @source(code_probe, BOUNDED)
    def code(bounded, urlize):
        label = "ا" * 300

        def quoted(text, found):
            return bounded(100000, lambda: urlize(text).count(found))

        print(
            quoted("http://" + label * 6, "%D8%A7"),
            quoted("http://a.b。" + label, "%D8%A7"),
            quoted("a@" + label + ".com", "href"),
            quoted("http://" + label[:50], "xn--"),
        )

    old = sys.version_info < (3, 7)
    bad = "endless endless endless 1" if old else "1800 300 0 1"
    prove(NAME, code, good="1800 300 0 1", bad=bad)


def test_other_urls_are_quoted_as_before():
    code = (
        DJANGO
        + """
from django.utils.html import smart_urlquote
print(smart_urlquote("http://\u00e9.com/\u00e9?a=\u00e9&b=%26"))
print(smart_urlquote("http://\u00e9.com/?a=%26&b=" + "x" * 4000))
print(smart_urlquote("http://[\u00e9.com/?a=%26&b=" + "x" * 4000))
"""
    )
    same(NAME, code)


@like_the_pin
def test_the_result_is_as_before():
    code = (
        code_probe
        + """
import random
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
random.seed(3)
pieces = ["http://", "https://", "www.", "a.com", "b.org", "/x", "?a=1&amp;b=2", "&lt;", "&gt;",
          "<", ">", "(", ")", "[", "]", ".", ",", ":", ";", "!", '"', "'", "@", "c@d.com", " ",
          "\\u00e9", "&#39;", "&quot;", "%20", "\\n", "_", "(a)", "[::1]"]
for _ in range(2000):
    text = "".join(random.choice(pieces) for _ in range(random.randrange(12)))
    for more in ({}, {"nofollow": True}, {"trim_url_limit": 7}, {"autoescape": True}):
        for kind in (str, mark_safe):
            try:
                found = urlize(kind(text), **more)
            except Exception as error:
                found = type(error).__name__
            print(ascii(found), type(found).__name__)
print(urlize(lazystr("see www.a.com.")), urlize_filter("see www.a.com", False))
"""
    )
    same(NAME, code)
