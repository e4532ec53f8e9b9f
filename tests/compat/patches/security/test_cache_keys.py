import pytest

from tests.support.probe import probe, prove, source

from .cached_site import SITE

NAME = "security.cache_keys"


@pytest.mark.parametrize(
    "vary, one, two",
    [
        ("X-Role", ["X-Role:"], []),
        ("X-Role", [], ["X-Role:"]),
        ("X-A, X-B", ["X-A: a", "X-B: bc"], ["X-A: ab", "X-B: c"]),
        ("X-A, X-B", ["X-A: a"], ["X-B: a"]),
        ("X-A, X-B", ["X-A: a", "X-B:"], ["X-A: a"]),
    ],
)
def test_headers_that_differ_have_pages_of_their_own(vary, one, two):
    asked = ", ".join("ask(*%r)" % head for head in (one, two, one, two))
    code = SITE + "headers['Vary'] = %r\nprint(%s)" % (vary, asked)
    prove(NAME, code, good="1 2 1 2", bad="1 1 1 1")


def test_requests_without_the_header_keep_their_key():
    @source(SITE)
    def code(HttpResponse):
        from django.test import RequestFactory
        from django.utils.cache import get_cache_key, learn_cache_key

        request, response = RequestFactory().get("/a"), HttpResponse()
        response["Vary"] = "X-Role"
        request.LANGUAGE_CODE = "xx"
        learned = learn_cache_key(request, response)
        print(learned == get_cache_key(request), learned)

    said = {probe(code, disable=disable).said for disable in ("", NAME)}
    assert len(said) == 1
    assert said.pop().startswith("True views.decorators.cache.cache_page..GET.")


def test_a_header_may_be_a_number_in_a_test():
    @source(SITE)
    def code(headers):
        from django.test import Client

        headers["Vary"] = "X-Number"
        client = Client()
        print(*[client.get("/page", HTTP_X_NUMBER=n).content.decode() for n in (1, 2, 1)])

    for disable in ("", NAME):
        result = probe(code, disable=disable)
        assert result.said == "1 2 1", result.error
