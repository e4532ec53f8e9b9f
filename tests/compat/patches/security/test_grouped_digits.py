from tests.support.probe import DJANGO, probe, prove, source
from tests.support.probe_parts import COPIED, same

NAME = "security.grouped_digits"
CODE = (
    DJANGO
    + COPIED
    + """
from django.contrib.humanize.templatetags.humanize import intcomma, register
"""
)


def test_it_takes_linear_time_and_does_not_fail():
    @source(CODE)
    def code(copies, intcomma, register):
        print(copies(intcomma, lambda n: "1" * n + ".", 1000))
        for function in (intcomma, register.filters["intcomma"]):
            try:
                print(len(function("1" * 9000 + "x")))
            except RecursionError:
                print("RecursionError")

    bad = "quadratic\nRecursionError\nRecursionError"

    prove(NAME, code, good="linear\n12000\n12000", bad=bad)


def test_a_long_number_is_not_read():
    """int() has a limit of its own, but in old releases of Python."""

    @source(CODE)
    def code(intcomma, settings):
        import sys

        settings.USE_L10N, settings.LANGUAGE_CODE = True, "de"  # which has points
        if hasattr(sys, "set_int_max_str_digits"):
            sys.set_int_max_str_digits(0)  # as before there was one
        print(
            *[intcomma("1" * digits)[:3] for digits in (4300, 4303)], len(intcomma("1" * 3000000))
        )

    result = probe(code)
    assert result.said == "1.1 1,1 3999999", result.error


def test_in_a_template():
    @source(DJANGO)
    def code():
        from django.template import Context, Engine

        engine = Engine(libraries={"humanize": "django.contrib.humanize.templatetags.humanize"})
        template = engine.from_string("{% load humanize %}{{ number|intcomma }}")
        print(
            template.render(Context({"number": 1234567})),
            template.render(Context({"number": "1234x"})),
        )
        try:
            print(len(template.render(Context({"number": "1" * 9000 + "x"}))))
        except RecursionError:
            print("RecursionError")

    prove(NAME, code, good="1,234,567 1,234x\n12000", bad="1,234,567 1,234x\nRecursionError")


def test_the_result_is_as_before():
    code = (
        CODE
        + """
import random
from decimal import Decimal
random.seed(3)
values = ["".join(random.choice("1234567890-., x\\u0661") for _ in range(random.randrange(12)))
          for _ in range(2000)]
values += ["1" * n + end for n in range(12) for end in ("", "x", ".5")]
values += [1, 1000, -1000, 123456789, 1234.5, -1234.5, Decimal("1234567.25"), None, True, b"1234",
           float("inf"), float("nan"), [1]]
for settings.USE_L10N in (False, True):
    for value in values:
        for use_l10n in (True, False):
            try:
                print(ascii(intcomma(value, use_l10n)))
            except Exception as error:
                print(type(error).__name__)
print(register.filters["intcomma"].is_safe)
"""
    )
    same(NAME, code)
