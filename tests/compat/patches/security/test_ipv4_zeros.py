from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import same

NAME = "security.ipv4_zeros"


@source(DJANGO)
def code_probe():
    from django import forms
    from django.core import validators
    from django.core.exceptions import ValidationError

    url = validators.URLValidator()
    checks = [
        validators.validate_ipv4_address,
        validators.validate_ipv46_address,
        lambda value: url("http://%s/" % value),
        lambda value: url("http://%s:80" % value),
        lambda value: validators.validate_ipv6_address("::ffff:" + value),
        lambda value: validators.validate_email("a@[%s]" % value),
        forms.GenericIPAddressField(protocol="ipv4").clean,
    ]

    def said(value):
        found = ""
        for check in checks:
            try:
                check(value)
                found += "v"
            except ValidationError:
                found += "-"
        return found


def test_leading_zeros_are_refused():
    code = code_probe + 'print(*map(said, ["127.0.0.01", "00.0.0.0", "010.1.1.1", "1.000.1.1"]))'
    prove(NAME, code, good=" ".join(["-------"] * 4), bad=" ".join(["vvvvvvv"] * 4))


def test_other_addresses_are_as_before():
    code = (
        code_probe
        + """
numbers = [str(n) for n in range(0, 302)]
for value in numbers:
    print(said(value + ".0.10.100"), said("1.2.3." + value))
for value in ("", "1.2.3", "1.2.3.4.5", "1.2.3.4 ", "1.2.3.4\\n", "a.b.c.d",
              "1.2.3.-4", "1.2..4", "localhost"):
    print(value, said(value))
for value in ("http://a.com", "ftp://u:p@1.2.3.4:21/x?y#z", "http://[::1]/",
              "http://1.2.3.256/", "x"):
    try:
        print(url(value))
    except ValidationError as error:
        print(error)
"""
    )
    same(NAME, code)
