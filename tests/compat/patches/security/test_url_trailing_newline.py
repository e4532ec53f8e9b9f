import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client
from tests.support.probe import DJANGO, probe, prove, source
from tests.support.probe_parts import WSGI


@source(WSGI)
def site(HttpResponse, served, url):
    global urlpatterns
    from django.conf.urls import include

    def view(request, **kwargs):
        return HttpResponse("served %r" % sorted(kwargs.items()))

    urlpatterns = [
        url(r"^admin/$", view),
        url(r"^in/", include([url(r"^(?P<pk>\d+)/$", view), url(r"^$", view)])),
        url(r"^prefix", view),
        url(r"^all/(?P<rest>[^/]+)$", view),
        url(r"tail/$", view),
    ]

    def ask(path):
        status, body = served(("GET %s HTTP/1.0\r\n\r\n" % path).encode())
        return body if status == 200 else status


@pytest.mark.parametrize("path", ["/admin/", "/in/1/", "/in/", "/x/tail/"])
def test_a_newline_at_the_end_is_part_of_the_path(path):
    served = "[('pk', '1')]" if "1" in path else "[]"
    prove(
        "security.url_trailing_newline",
        site + "print(ask(%r), ask(%r))" % (path, path + "%0A"),
        good="served %s 404" % served,
        bad="served %s served %s" % (served, served),
    )


@source
def rest_code(ask):
    print(ask("/prefix%0A"), ask("/all/a%0A"), ask("/prefixed"), ask("/all/a"))


def test_patterns_that_take_the_newline_keep_it():
    good = r"served [] served [('rest', 'a\n')] served [] served [('rest', 'a')]"
    for disable in ("", "security.url_trailing_newline"):
        result = probe(site + rest_code, disable=disable)
        assert result.said == good, result.error


def test_reverse_is_as_before():
    @source
    def rest():
        from django.conf.urls import url
        from django.urls import RegexURLResolver, Resolver404

        resolver = RegexURLResolver(r"^/", [url(r"^a/$", print, name="a")])
        try:
            found = resolver.resolve("/a/\n").url_name
        except Resolver404:
            found = None
        print(resolver.reverse("a"), resolver.resolve("/a/").url_name, found)

    prove(
        "security.url_trailing_newline",
        DJANGO + rest,
        good="a/ a None",
        bad="a/ a a",
    )


@source
def sockets():
    global application
    import compat

    compat.install()
    from django.conf import settings

    settings.configure(SECRET_KEY="probe", ALLOWED_HOSTS=["*"])
    import django

    django.setup()
    from channels.generic.websocket import WebsocketConsumer
    from channels.routing import ProtocolTypeRouter, URLRouter
    from django.conf.urls import url

    class Tells(WebsocketConsumer):
        def connect(self):
            self.accept()
            self.send(text_data=repr(self.scope["url_route"]["kwargs"]))

    inner = URLRouter([url(r"^(?P<pk>[0-9]+)/$", Tells)])
    application = ProtocolTypeRouter(
        {
            "websocket": URLRouter(
                [
                    url(r"^ws/admin/$", Tells),
                    url(r"^ws/all/(?P<rest>[^/]+)$", Tells),
                    url(r"^ws/in/", inner),
                ]
            )
        }
    )


def test_routes_of_channels_match_no_newline_either(tmp_path):
    (tmp_path / "sockets_site.py").write_text(sockets)

    def told(address, path):
        with Client(address, path) as client:
            return client.receive()[1] if client.status == 101 else client.status

    paths = ["/ws/admin/", "/ws/in/1/", "/ws/all/a"]
    kwargs = ["{}", "{'pk': '1'}", "{'rest': 'a'}"]
    with daphne(tmp_path, "sockets_site:application") as address:
        assert [told(address, path) for path in paths] == kwargs
        ends = [told(address, path + "%0A") for path in paths]
    assert ends[2] == "{'rest': 'a\\n'}"
    assert not any(isinstance(end, str) for end in ends[:2]), ends
    name = "security.url_trailing_newline"
    with daphne(tmp_path, "sockets_site:application", COMPAT_DISABLE=name) as address:
        assert [told(address, path + "%0A") for path in paths[:2]] == kwargs[:2]
