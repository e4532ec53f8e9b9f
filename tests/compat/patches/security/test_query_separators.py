from tests.support.probe import probe, prove, source
from tests.support.probe_parts import WSGI

NAME = "security.query_separators"


@source(WSGI)
def code_probe(HttpResponse, served, url):
    global urlpatterns

    def view(request):
        found = [sorted(data.items()) for data in (request.GET, request.POST)]
        return HttpResponse("&".join("%s=%s" % pair for data in found for pair in data))

    urlpatterns = [url("^$", view)]

    def get(query):
        return served(b"GET /?" + query + b" HTTP/1.0\r\n\r\n")[1]

    def post(body):
        return served(
            b"POST / HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )


def test_a_semicolon_separates_nothing():
    code = code_probe + 'print(get(b"a=1;b=2"), get(b"a=1&b=2;c&d=%3B"), *post(b"a=1;b=2"))'
    prove(NAME, code, good="a=1;b=2 a=1&b=2;c&d=; 200 a=1;b=2", bad="a=1&b=2 a=1&b=2&c=&d=; 200")


def test_the_site_can_have_it_back():
    @source
    def last(get, settings):
        settings.COMPAT_SEMICOLON_SEPARATOR = True
        print(get(b"a=1;b=2&c=3"), end=" ")

    code = code_probe + last

    @source
    def rest(get, settings):
        settings.COMPAT_SEMICOLON_SEPARATOR = False
        print(get(b"a=1;b=2&c=3"))

    code += rest
    prove(NAME, code, good="a=1&b=2&c=3 a=1;b=2&c=3", bad="a=1&b=2&c=3 a=1&b=2&c=3")


def test_limits_and_empty_parameters_are_as_before():
    @source(code_probe)
    def code(get, post, settings):
        settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
        print(post(b"a=1&b=2&c=3")[0], post(b"a=1&b=2&c=3&d=4")[0], get(b"&&a=1"), get(b"") == "")
        settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = None
        print(len(get(b"&".join(b"a%d=1" % n for n in range(9))).split("&")), get(b"a=1;b=2"))

    same = "200 400 a=1 True\n9 "
    prove(NAME, code, good=same + "a=1;b=2", bad=same + "a=1&b=2")


def test_without_settings():
    @source
    def code():
        from django.utils.http import limited_parse_qsl

        print(limited_parse_qsl("a=1;b=2&c=3"))

    prove(NAME, code, good="[('a', '1;b=2'), ('c', '3')]", bad="[('a', '1'), ('b', '2')")


def test_the_environment_is_over_the_setting():
    code = 'settings.COMPAT_SEMICOLON_SEPARATOR = %s\nprint(get(b"a=1;b=2"))'
    for variable, setting, said in [("1", False, "a=1&b=2"), ("0", True, "a=1;b=2")]:
        result = probe(code_probe + code % setting, env={"COMPAT_SEMICOLON_SEPARATOR": variable})
        assert result.said == said, result.error
