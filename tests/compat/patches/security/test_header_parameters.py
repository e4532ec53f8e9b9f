"""The growth is that of stock; with the patch a header is parsed that stock takes minutes for."""

from tests.support.probe import DJANGO, probe, prove, source
from tests.support.probe_parts import COPIED, GROWTH, WSGI, same

NAME = "security.header_parameters"


@source(DJANGO, GROWTH, COPIED)
def code_probe():
    global functions
    import cgi

    from django.http.multipartparser import parse_header

    functions = [lambda text: cgi.parse_header(text), lambda text: parse_header(text.encode())]


def test_many_semicolons_take_linear_time():
    code = code_probe + "make = lambda n: 'a; b=\"' + ';' * n\n"
    code += "print(*[linear(function, make, 16000, 1000000) for function in functions])"
    prove(NAME, code, good="done done", bad="quadratic quadratic")


def test_many_parameters_take_linear_time():
    """Stock copies what is left for each."""
    code = code_probe + "make = lambda n: 'a' + ';' * n\n"
    code += "print(*[copies(function, make, 1000) for function in functions])"
    prove(NAME, code, good="linear linear", bad="quadratic quadratic")


def test_headers_are_parsed_as_before():
    code = (
        code_probe
        + r"""
import random
random.seed(7)
texts = ["".join(random.choice(';;""\\= ab*\'') for _ in range(random.randrange(24)))
         for _ in range(3000)]
texts += ["", "text/plain", "form-data; name=\"files\"; filename=\"fo\\\"o;bar\"", ";", "a;",
          "a;;b"]

def said(function, text):
    try:
        key, parameters = function(text)
        return repr((key, sorted(parameters.items())))
    except Exception as error:
        return repr(error)

print("\n".join(said(function, text) for text in texts for function in functions))
"""
    )
    same(NAME, code)


def test_a_request_with_such_a_content_type_is_answered():
    @source(WSGI)
    def code(HttpResponse, served, url):
        global urlpatterns

        def view(request):
            return HttpResponse("%s %d" % (request.content_type, len(request.content_params["b"])))

        urlpatterns = [url("^$", view)]
        head = b'GET / HTTP/1.0\r\nContent-Type: text/plain; b="' + b";" * 60000 + b'"\r\n\r\n'
        print(*served(head))

    found = probe(code)
    assert found.said == "200 text/plain 60000", found.error
