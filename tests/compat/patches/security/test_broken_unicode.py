from tests.support.probe import DJANGO, probe, prove, source
from tests.support.probe_parts import COPIED, WSGI, same

NAME = "security.broken_unicode"


def test_it_takes_linear_time():
    @source(DJANGO, COPIED)
    def code(copies):
        from django.core.handlers import wsgi

        def path(environ):
            return wsgi.get_path_info(environ)

        import os

        def make(n):
            return {"PATH_INFO": "/" + "\xff" * n}

        print(copies(path, make, 100))
        if not os.environ["COMPAT_DISABLE"]:
            print(len(path(make(300000))))

    prove(NAME, code, good="linear\n900001", bad="quadratic")


def test_the_result_is_as_before():
    code = (
        DJANGO
        + """
import random
from django.utils.encoding import repercent_broken_unicode, uri_to_iri
random.seed(3)
pieces = ["\\u00e9".encode(), "\\u20ac".encode(), "\\U0001f600".encode(), b"/", b"a", b"%20", b" "]
for _ in range(6000):
    text = b"".join(random.choice(pieces) for _ in range(random.randrange(6)))
    broken = bytearray(text)
    for _ in range(random.randrange(4)):
        broken.insert(random.randrange(len(broken) + 1), random.randrange(128, 256))
    print(repercent_broken_unicode(bytes(broken)), repercent_broken_unicode(text[:-1]))
print(repercent_broken_unicode(b"\\xed\\xa0\\x80"))
"""
    )
    same(NAME, code)


def test_a_request():
    code = (
        WSGI
        + """
def view(request):
    return HttpResponse(ascii(request.path_info))

urlpatterns = [url("", view)]

def ask(broken):
    print(served(b"GET /%%C3%%A9%%FFa%s HTTP/1.0\\r\\n\\r\\n" % (b"%FE" * broken))[1][:17])

ask(100)
"""
    )
    same(NAME, code)
    # Releases before 1.11.23 end in a RecursionError here.
    assert probe(code + "ask(15000)").said == "\n".join(["'/\\xe9%FFa%FE%FE%"] * 2)
