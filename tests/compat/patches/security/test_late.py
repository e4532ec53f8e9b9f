"""What other modules took by value is repaired where Django was imported before the bridge."""

import pytest

from tests.support.probe import DJANGO, probe, source
from tests.support.probe_parts import COPIED, LATE


# Everything that took something by value, and a URLValidator of a site's own.
@source(DJANGO, COPIED, LATE)
def code_probe(settings):
    global \
        Context, \
        Engine, \
        SuspiciousOperation, \
        by_value, \
        defaultfilters, \
        defaulttags, \
        early, \
        form_url, \
        html, \
        html_url, \
        humanize, \
        ipv6, \
        other, \
        text, \
        widgets
    settings.INSTALLED_APPS += ["django.contrib.admin"]
    from django import forms
    from django.contrib.admin import widgets
    from django.contrib.humanize.templatetags import humanize
    from django.core import validators
    from django.core.exceptions import SuspiciousOperation, ValidationError
    from django.db import models
    from django.template import Context, Engine, defaultfilters, defaulttags
    from django.utils import html, ipv6, text

    class Own(validators.URLValidator):
        pass

    class Other(validators.URLValidator):
        regex = validators._lazy_re_compile("^x://")
        schemes = ["x"]

    early, form_url, model_url = Own(), forms.URLField(), models.URLField()
    other = Other()
    by_value = validators.validate_ipv4_address
    html_url = validators.URLValidator(schemes=["https"])

    def valid(check, *values):
        found = ""
        for value in values:
            try:
                check(value, *([None] if check == model_url.clean else []))
                found += "v"
            except ValidationError:
                found += "-"
        return found

    class Called(object):
        count = 0

        def method(self):
            Called.count += 1
            return Called.count


@source
def zeros(by_value, early, form_url, html_url, model_url, other, valid):
    urls = ["http://127.0.0.01/", "http://127.0.0.1/"]
    print(
        *[valid(check, *urls) for check in (early, form_url.clean, model_url.clean)],
        valid(html_url, "https://1.1.1.01/"),
        valid(by_value, "1.1.1.01"),
        valid(other, "x://1.1.1.01"),
    )


@source
def lengths(early, form_url, forms, valid, validators):
    urls = ["http://a.com/".ljust(length, "x") for length in (2048, 2049)]
    mails = ["@b.com".rjust(length, "a") for length in (320, 321)]
    print(
        *[valid(check, *urls) for check in (early, form_url.clean)],
        valid(validators.validate_email, *mails),
        valid(forms.EmailField().clean, *mails),
    )


CASES = {
    "ipv4_zeros": (zeros, "-v -v -v - - v", "vv vv vv v v v"),
    "validator_lengths": (lengths, "v- v- v- v-", "vv vv vv vv"),
    "ipv6_length": (
        "print(valid(forms.GenericIPAddressField().clean, '::', '::' + '0' * 39))",
        "v-",
        "vv",
    ),
    "urlize": (
        """
long = "http://a.com/".ljust(2049, "x")
template = Engine().from_string("{{ text|urlize }}")
print("<a" in template.render(Context({"text": long})),
      widgets.smart_urlquote is html.smart_urlquote,
      bool(widgets.AdminURLFieldWidget().get_context("url", long, {})["widget"]["href"]))
""",
        "False True False",
        "True True True",
    ),
    "strip_tags": (
        """
try:
    print(len(defaultfilters.striptags("<" * 60 + "a>" * 60)))
except SuspiciousOperation:
    print("refused")
""",
        "refused",
        "0",
    ),
    "text_wrap": (
        "print(copies(lambda text: defaultfilters.wordwrap(text, 1), lambda n: 'a ' * n, 1000))",
        "linear",
        "quadratic",
    ),
    "grouped_digits": (
        """
try:
    print(len(humanize.register.filters["intcomma"]("1" * 9000 + "x")))
except RecursionError:
    print("failed")
""",
        "12000",
        "failed",
    ),
    "dictsort_keys": (
        """
defaultfilters.dictsort([Called(), Called()], "method")
print(Called.count)
""",
        "0",
        "2",
    ),
    "debug_tag": (
        "print(bool(Engine().from_string('{% debug %}').render(Context())))",
        "False",
        "True",
    ),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_it_is_not_too_late(name):
    code, good, bad = CASES[name]
    name = "security." + name
    patched = probe(code_probe + "print(late(%r))\n" % name + code, disable=name)
    assert patched.said.split("\n") == ["applied", good], patched.error
    stock = probe(code_probe + code, disable=name)
    assert stock.said == bad, stock.error
