from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import GROWTH, like_the_pin, same

NAME = "security.html_truncation"


@source(DJANGO, GROWTH)
def code_probe():
    global chars, words
    from django.utils.text import Truncator

    def words(text):
        return Truncator(text).words(500000, html=True)

    def chars(text):
        return Truncator(text).chars(5000000, html=True)


def test_it_takes_linear_time():
    @source(code_probe)
    def code(chars, linear, words):
        def unclosed(n):
            return "<" * n

        def after_one(n):
            return "<>" + "<" * n

        def unmatched(n):
            return "<a>" * n + "</b>" * n + "x"

        print(
            *[
                linear(work, make, size, large)
                for work in (words, chars)
                for make, size, large in (
                    (unclosed, 3000, 250000),
                    (after_one, 3000, 250000),
                    (unmatched, 3000, 100000),
                )
            ]
        )

    prove(NAME, code, good=" ".join(["done"] * 6), bad=" ".join(["quadratic"] * 6))


@like_the_pin
def test_the_result_is_as_before():
    code = (
        code_probe
        + """
import random
random.seed(3)
pieces = ["<a>", "</a>", "<b x=1>", "</b>", "<br>", "<br/>", "<p />", "<hr >", "word", " ", "<",
          ">", "<>", "</>", "< a>", "&amp;", "\\n", "\\u0301", "\\u00e9", "</A>", "<i",
          "<!-- c -->", "..."]
for _ in range(600):
    text = "".join(random.choice(pieces) for _ in range(random.randrange(14)))
    for number in (-1, 0, 1, 2, 3, 4, 7):
        for end in (None, "", "...", "[%(truncated_text)s]"):
            for function in ("words", "chars"):
                print(ascii(getattr(Truncator(text), function)(number, truncate=end, html=True)))
"""
    )
    same(NAME, code)
