from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import COPIED, same

NAME = "security.text_wrap"


def test_it_takes_linear_time():
    """Stock copies what is left for each line."""

    @source(DJANGO, COPIED)
    def code(copies):
        import os

        from django.template.defaultfilters import wordwrap

        print(copies(lambda text: wordwrap(text, "1"), lambda n: "a " * n, 1000))
        if not os.environ["COMPAT_DISABLE"]:
            print(len(wordwrap("a " * 1000000, "1")))

    prove(NAME, code, good="linear\n2000000", bad="quadratic")


def test_the_result_is_as_before():
    code = (
        DJANGO
        + """
import random
from django.utils.functional import lazystr
from django.utils.text import wrap
random.seed(3)
for _ in range(4000):
    text = "".join(random.choice("ab  \\n\\t\\u00e9\\x0b\\r") for _ in range(random.randrange(30)))
    print(*[ascii(wrap(text, width)) for width in (-3, -1, 0, 1, 2, 3, 5, 9, 40)])
print(type(wrap(lazystr("a b"), 1)).__name__, wrap(lazystr("a b"), 1))
"""
    )
    same(NAME, code)
