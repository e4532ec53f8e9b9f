from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import same

NAME = "security.ipv6_length"


@source(DJANGO)
def code_probe():
    global clean_ipv6_address, forms, is_valid_ipv6_address, models, validate_ipv6_address
    from django import forms
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_ipv6_address
    from django.db import models
    from django.utils.ipv6 import clean_ipv6_address, is_valid_ipv6_address

    def said(function, value, *more):
        try:
            return function(value, *more)
        except ValidationError as error:
            return "%s: %s" % (getattr(error, "code", None), error.messages[0])


def test_a_long_one_is_refused_unread():
    @source(code_probe)
    def code(clean_ipv6_address, forms, is_valid_ipv6_address, models, said, validate_ipv6_address):
        class Counts(str):
            reads = 0

            def split(self, *arguments):
                Counts.reads += 1
                return super(Counts, self).split(*arguments)

            def count(self, *arguments):
                Counts.reads += 1
                return super(Counts, self).count(*arguments)

        long = Counts("f:" * 100000 + ":1")
        for function in (is_valid_ipv6_address, clean_ipv6_address, validate_ipv6_address):
            print(said(function, long))
        print(said(clean_ipv6_address, long, False, "mine"), Counts.reads > 0)
        for field in (forms.GenericIPAddressField(), models.GenericIPAddressField()):
            print(said(field.to_python, "1:" * 100000))

    words = (
        "False\ninvalid: This is not a valid IPv6 address.\ninvalid: Enter a valid IPv6 address."
    )
    words += "\ninvalid: mine %s"
    prove(
        NAME,
        code,
        good=words % "False"
        + "\ninvalid: This is not a valid IPv6 address."
        + "\ninvalid: Enter a valid IPv4 or IPv6 address.",
        bad=words % "True",
    )


def test_a_long_one_that_was_taken():
    code = (
        code_probe
        + """
print(is_valid_ipv6_address("0" * 20000 + "1::"), said(clean_ipv6_address, "::" + "0" * 39))
"""
    )
    prove(
        NAME,
        code,
        good="False invalid: This is not a valid IPv6 address.",
        bad=" ::",
    )


def test_other_addresses_are_as_before():
    code = (
        code_probe
        + """
for value in ("::", "::1", "1:2:3:4:5:6:7:8", "FFFF:" * 7 + "FFFF", "::ffff:1.2.3.4", "x", "",
              "1::2::3",
              "::ffff:0a0a:0a0a", "2001:0db8:0000:0000:0000:ff00:0042:8329", "1:2", "12345::"):
    print(is_valid_ipv6_address(value), said(clean_ipv6_address, value),
          said(clean_ipv6_address, value, True), said(forms.GenericIPAddressField().clean, value))
"""
    )
    same(NAME, code)
