from tests.support.probe import DJANGO, prove
from tests.support.probe_parts import GROWTH, like_the_pin, same

NAME = "security.html_truncation"
CODE = (
    DJANGO
    + GROWTH
    + """
from django.utils.text import Truncator
words = lambda text: Truncator(text).words(500000, html=True)
chars = lambda text: Truncator(text).chars(5000000, html=True)
"""
)


def test_it_takes_linear_time():
    code = (
        CODE
        + """
unclosed = lambda n: "<" * n
after_one = lambda n: "<>" + "<" * n
unmatched = lambda n: "<a>" * n + "</b>" * n + "x"
print(*[linear(work, make, size, large) for work in (words, chars) for make, size, large in
        ((unclosed, 3000, 250000), (after_one, 3000, 250000), (unmatched, 3000, 100000))])
"""
    )
    prove(NAME, code, good=" ".join(["done"] * 6), bad=" ".join(["quadratic"] * 6))


@like_the_pin
def test_the_result_is_as_before():
    code = (
        CODE
        + """
import random
random.seed(3)
pieces = ["<a>", "</a>", "<b x=1>", "</b>", "<br>", "<br/>", "<p />", "<hr >", "word", " ", "<",
          ">", "<>", "</>", "< a>", "&amp;", "\\n", "\\u0301", "\\u00e9", "</A>", "<i",
          "<!-- c -->", "..."]
for _ in range(2000):
    text = "".join(random.choice(pieces) for _ in range(random.randrange(14)))
    for number in (-1, 0, 1, 2, 3, 4, 7):
        for end in (None, "", "...", "[%(truncated_text)s]"):
            for function in ("words", "chars"):
                print(ascii(getattr(Truncator(text), function)(number, truncate=end, html=True)))
"""
    )
    same(NAME, code)
