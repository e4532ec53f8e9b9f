import pytest

from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import WSGI, like_the_pin, same

NAME = "security.strip_tags"


@source(DJANGO)
def code_probe():
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


def test_more_than_50_rounds_are_refused():
    code = (
        code_probe + 'print(*[said("<" * depth + "a>" * depth) for depth in (1, 49, 50, 51, 5000)])'
    )
    prove(
        NAME,
        code.replace(", 5000", ", 500"),
        good="taken taken taken refused refused",
        bad="taken taken taken taken taken",
    )


def test_many_starts_in_a_tag_without_an_end_are_refused():
    code = (
        code_probe
        + 'print(*[said("<a" * n + "a" * 1000) for n in (1, 49, 50, 1000)], said("<a" * 499))'
    )
    prove(NAME, code, good="kept kept refused refused kept", bad="kept kept kept kept kept")


def test_many_comments_without_an_end_are_refused():
    @source(code_probe)
    def code(said):
        print(
            said(">" + "<!--x" * 49),
            said(">" + "<!--x" * 50),
            said("<!--x>" * 500),
            said("<!--x>" * 50 + "-->"),
            said("<!--x-->" * 500),
            said("<!--" + "a < b " * 500 + "-->"),
        )
        print(*[said(">" + start * 300 + "a" * 1000) for start in ("</", "<?", "<!")])

    prove(
        NAME,
        code,
        good="kept refused refused taken taken taken\nrefused refused refused",
        bad="kept kept kept taken taken taken\nkept kept kept",
    )


def test_many_starts_whose_end_is_in_quotes_are_refused():
    """Counted: how many characters are looked through for the end of a start tag."""

    @source(code_probe)
    def code(said):
        from html.parser import HTMLParser

        stock = HTMLParser.check_for_whole_start_tag

        def looked_through(text):
            total = [0]

            def counted(self, start):
                end = stock(self, start)
                total[0] += (end if end >= 0 else len(self.rawdata)) - start
                return end

            HTMLParser.check_for_whole_start_tag = counted
            said(text)
            HTMLParser.check_for_whole_start_tag = stock
            return total[0]

        for start in ("<a b='>'", '<a b=">" c', "<a b='>'>"):
            few, many = [looked_through(start * times) for times in (300, 600)]
            growth = "quadratic" if many > 3 * few else "linear"
            print(said(start * 100), said(start * 300), growth, end=" ")

    prove(
        NAME,
        code,
        good="kept refused linear kept refused linear taken taken linear",
        bad="kept kept quadratic kept kept quadratic taken taken linear",
    )


SECTIONS = ["<![CDATA[", "<![temp[", "<![Ignore[", "<![include[", "<![RCDATA[", "<![if", "<![endif"]


@pytest.mark.parametrize("start", SECTIONS)
def test_many_marked_sections_without_an_end_are_refused(start):
    code = (
        code_probe
        + """
start = %r
end, wrong = ("]>", " ") if start in ("<![if", "<![endif") else ("]]>", "]")
print(said((start + wrong + ">") * 49), said((start + wrong + ">") * 50),
      said(start + wrong + end + ">" + (start + wrong + ">") * 50),
      said((start + wrong + ">") * 50 + end), said((start + end) * 500))
"""
        % start
    )
    prove(NAME, code, good="kept refused refused taken taken", bad="kept kept kept taken taken")


def test_marked_sections_take_linear_time():
    """Counted: how many characters are looked through for an end."""

    @source(code_probe)
    def code(said):
        import _markupbase

        class Counted(object):
            def __init__(self, pattern):
                self.pattern, self.characters = pattern, 0

            def search(self, text, start):
                match = self.pattern.search(text, start)
                self.characters += (match.end() if match else len(text)) - start
                return match

        def looked_through(text):
            ends = [
                Counted(_markupbase._markedsectionclose),
                Counted(_markupbase._msmarkedsectionclose),
            ]
            kept = _markupbase._markedsectionclose, _markupbase._msmarkedsectionclose
            _markupbase._markedsectionclose, _markupbase._msmarkedsectionclose = ends
            said(text)
            _markupbase._markedsectionclose, _markupbase._msmarkedsectionclose = kept
            return sum(end.characters for end in ends)

        for start in ("<![CDATA[]>", "<![CDATA[>", "<![if>", "<![if]>", "<![CDATA[]]>"):
            few, many = [looked_through(start * times) for times in (1000, 2000)]
            print("quadratic" if many > 3 * few else "linear", end=" ")

    prove(
        NAME,
        code,
        good="linear linear linear linear linear",
        bad="quadratic quadratic quadratic linear linear",
    )


def test_starts_that_only_stripping_makes_are_refused():
    @source(code_probe)
    def code(said):
        for start in ("<<a>!--x>", "<<a>![CDATA[]>", "<<a>![if>"):
            print(said(start * 49), said(start * 50), end=" ")

    prove(
        NAME,
        code,
        good="kept refused kept refused kept refused",
        bad="kept kept kept kept kept kept",
    )


def test_what_word_writes_is_stripped_as_before():
    code = (
        code_probe
        + """
item = "<p><![if !supportLists]><span>1.</span><![endif]>One &lt;</p>"
head = "<!--[if gte mso 9]><xml><![CDATA[x]]></xml><![endif]-->"
print(len(html.strip_tags(head * 60 + item * 500 + head)), html.strip_tags(head + item))
print(html.strip_tags("<![CDATA[a]]>" * 60 + item * 500 + "<![if x]><![endif]>")[:14])
"""
    )
    same(NAME, code)


def test_a_page_answers_400():
    @source(WSGI)
    def code(HttpResponse, served, url):
        global urlpatterns
        from django.template import Context, Engine

        def view(request):
            template = Engine().from_string("{{ text|striptags }}")
            return HttpResponse(template.render(Context({"text": request.GET["q"]})))

        urlpatterns = [url("^$", view)]
        for query in (b"%3Ca%3Eb", b"%3C" * 60 + b"a%3E" * 60):
            print(served(b"GET /?q=" + query + b" HTTP/1.0\r\n\r\n")[0], end=" ")

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
