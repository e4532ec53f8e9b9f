from tests.compat.patches.probe import DJANGO, prove

from .probes import WSGI, like_the_pin, same

NAME = "security.strip_tags"
CODE = (
    DJANGO
    + """
from django.core.exceptions import SuspiciousOperation
from django.template import defaultfilters
from django.utils import html

def said(text):
    found = []
    for function in (html.strip_tags, defaultfilters.striptags):
        try:
            found.append("taken" if "<" not in function(text) else "kept")
        except SuspiciousOperation:
            found.append("refused")
    return found[0] if found[0] == found[1] else found
"""
)


def test_more_than_50_rounds_are_refused():
    code = CODE + 'print(*[said("<" * depth + "a>" * depth) for depth in (1, 49, 50, 51, 5000)])'
    prove(
        NAME,
        code.replace(", 5000", ", 500"),
        good="taken taken taken refused refused",
        bad="taken taken taken taken taken",
    )


def test_many_starts_in_a_tag_without_an_end_are_refused():
    code = (
        CODE + 'print(*[said("<a" * n + "a" * 1000) for n in (1, 49, 50, 1000)], said("<a" * 499))'
    )
    prove(NAME, code, good="kept kept refused refused kept", bad="kept kept kept kept kept")


def test_many_comments_without_an_end_are_refused():
    code = (
        CODE
        + """
print(said(">" + "<!--x" * 49), said(">" + "<!--x" * 50), said("<!--x>" * 500),
      said("<!--x>" * 50 + "-->"), said("<!--x-->" * 500), said("<!--" + "a < b " * 500 + "-->"))
print(*[said(">" + start * 300 + "a" * 1000) for start in ("</", "<?", "<!")])
"""
    )
    prove(
        NAME,
        code,
        good="kept refused refused taken taken taken\nrefused refused refused",
        bad="kept kept kept taken taken taken\nkept kept kept",
    )


def test_a_page_answers_400():
    code = (
        WSGI
        + """
from django.template import Context, Engine

def view(request):
    template = Engine().from_string("{{ text|striptags }}")
    return HttpResponse(template.render(Context({"text": request.GET["q"]})))

urlpatterns = [url("^$", view)]
for query in (b"%3Ca%3Eb", b"%3C" * 60 + b"a%3E" * 60):
    print(served(b"GET /?q=" + query + b" HTTP/1.0\\r\\n\\r\\n")[0], end=" ")
"""
    )
    prove(NAME, code, good="200 400", bad="200 200")


@like_the_pin
def test_the_result_is_as_before():
    code = (
        DJANGO
        + """
import random
from django.utils.functional import lazystr
from django.utils.html import strip_tags
random.seed(3)
pieces = ["<a>", "</a>", "<", ">", "a", " ", "&amp;", "&#39;", "<!--", "-->", "<b x='>'>", "<>",
          "</",
          "<script>", "</script>", "\\n", "&"]
for _ in range(3000):
    print(ascii(strip_tags("".join(random.choice(pieces) for _ in range(random.randrange(16))))))
print(strip_tags(lazystr("<b>a</b>")), strip_tags(7))
"""
    )
    same(NAME, code)
