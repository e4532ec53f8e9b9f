"""Which pages may open a socket: handshakes with a real daphne."""

import pytest

from compat.checks.settings import check_settings
from compat.sockets.origin import OriginRequired

ALLOWED = {"ALLOWED_HOSTS": ["127.0.0.1", "[::1]", ".example.com", "other.example.net"]}

HTTPS, HTTP = "X-Forwarded-Proto: https", "X-Forwarded-Proto: http"

# Hosts are asked for as here; OWN is the address of the daphne.
HANDSHAKES = [
    (101, ["Origin: http://OWN"]),
    (101, ["Origin: HTTP://OWN"]),
    (101, ["Origin: http://www.example.com", "Host: www.example.com"]),
    (101, ["Origin: https://www.example.com", "Host: www.example.com"]),
    (101, ["Origin: https://www.example.com:443", "Host: WWW.example.com"]),
    (101, ["Origin: http://[::1]:8000", "Host: [::1]:8000"]),
    (101, ["Origin: http://www.example.com.", "Host: www.example.com."]),
    # Listed by name, from another host than the one that was asked for.
    (101, ["Origin: https://other.example.net", "Host: www.example.com"]),
    (101, ["Origin: https://other.example.net:8443", "Host: www.example.com:8443"]),
    (403, ["Origin: https://pages.example.com:8443", "Host: www.example.com"]),
    (403, ["Origin: http://pages.example.com:8080", "Host: www.example.com"]),
    (403, ["Origin: https://pages.example.com:8443", "Host: www.example.com:9443"]),
    # Proxies that ask for a host of their own.
    (101, ["Origin: https://www.example.com"]),
    (101, ["Origin: https://www.example.com:8443", "Host: daphne:8001"]),
    # A page of http, and a site that is https for sure, or is not.
    (403, ["Origin: http://other.example.net", "Host: www.example.com", HTTPS]),
    (403, ["Origin: http://www.example.com", "Host: www.example.com", HTTPS]),
    (101, ["Origin: https://other.example.net", "Host: www.example.com", HTTPS]),
    (101, ["Origin: http://other.example.net", "Host: www.example.com"]),
    (101, ["Origin: http://other.example.net", "Host: www.example.com", HTTP]),
    # Behind another proxy that ends TLS and does not say so.
    (101, ["Origin: https://other.example.net", "Host: www.example.com", HTTP]),
    # Foreign.
    (403, ["Origin: http://evil.example.org"]),
    (403, ["Origin: http://example.com.evil.org"]),
    (403, ["Origin: http://evilexample.com"]),
    (403, ["Origin: http://evil.example.org", "Host: evil.example.org"]),
    # Another program on the same host gets the site's cookies from the browser.
    (403, ["Origin: http://127.0.0.1:1"]),
    (403, ["Origin: http://127.0.0.1"]),
    (403, ["Origin: https://www.example.com:8443", "Host: www.example.com"]),
    (403, ["Origin: https://www.example.com:8443", "Host: WWW.example.com"]),
    # Missing, or not of a page.
    (403, []),
    (403, ["Origin: "]),
    (403, ["Origin: null"]),
    (403, ["Origin: none"]),
    (403, ["Origin: file://"]),
    (403, ["Origin: OWN"]),
    (403, ["Origin: ws://OWN"]),
    (403, ["Origin: http://["]),
    (403, ["Origin: http://[::1"]),
    (403, ["Origin: http://OWN:x"]),
    (403, ["Origin: http://OWN/"]),
    (403, ["Origin: http://OWN@evil.example.org"]),
    (403, ["Origin: http://evil.example.org@OWN"]),
    (403, ["Origin: http://\xe4.example.com"]),
    (403, ["Origin: http://www.example.com\\@OWN"]),
    (403, ["Origin: http://OWN, http://evil.example.org"]),
    (403, ["Origin: http://OWN http://OWN"]),
]


def answers(server, handshakes):
    """Those of [(expected, headers)] whose answer is another one."""
    found = []
    for expected, headers in handshakes:
        status = server.status(*[line.replace("OWN", server.host) for line in headers])
        # Most of what is malformed autobahn refuses, with 400.
        if status != expected and (expected, status) != (403, 400):
            found.append((status, headers))
    return found


def test_hosts_of_the_site(serve):
    with serve(CHANNEL_LAYERS={}, **ALLOWED) as server:
        assert answers(server, HANDSHAKES) == []
        # daphne makes one of two headers, or refuses them.
        two = ["Origin: http://" + server.host, "Origin: http://evil.example.org"]
        assert server.status(*two) in (400, 403)


OWN = "127.0.0.1:8000"


def disagreeing(handshakes):
    """Those of [(expected, headers)] that OriginRequired decides otherwise, without a server."""
    found = []
    for expected, headers in handshakes:
        if not any(line.startswith("Host") for line in headers):
            headers = ["Host: OWN"] + headers
        pairs = [line.replace("OWN", OWN).split(": ", 1) for line in headers]
        scope = {
            "type": "websocket",
            "headers": [(name.lower().encode(), text.encode("latin-1")) for name, text in pairs],
        }
        inner = object()
        passed = OriginRequired(lambda scope, inner=inner: inner)(scope) is inner
        if passed != (expected == 101):
            found.append((expected, headers))
    return found


@pytest.fixture
def here(settings):
    """The settings of the server, here."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.DEBUG = False
    return settings


def test_hosts_of_the_site_without_a_server(here):
    for name, value in ALLOWED.items():
        setattr(here, name, value)
    assert disagreeing(HANDSHAKES) == []
    two = ["Origin: http://OWN", "Origin: http://OWN"]
    assert disagreeing([(403, two)]) == []
    with pytest.raises(ValueError, match="for WebSockets, not for 'http'"):
        OriginRequired(None)({"type": "http"})


def test_a_header_that_is_trusted_under_another_name(here):
    here.SECURE_PROXY_SSL_HEADER = ("X_SCHEME", "on")
    page = ["Origin: http://OWN"]
    assert disagreeing([(403, page + ["X-Scheme: on"]), (101, page + ["X-Scheme: off"])]) == []
    here.SECURE_PROXY_SSL_HEADER = None
    assert disagreeing([(101, page + [HTTPS])]) == []


@pytest.mark.parametrize("debug, local", [(False, 403), (True, 101)])
def test_no_hosts_without_a_server(here, debug, local):
    here.ALLOWED_HOSTS, here.DEBUG = [], debug
    other = ["Origin: http://example.com", "Host: example.com"]
    assert disagreeing([(local, ["Origin: http://OWN"]), (403, other)]) == []
    here.ALLOWED_HOSTS = ["example.com"]
    assert disagreeing([(403, ["Origin: http://OWN"]), (101, other)]) == []


def test_origins_by_name_without_a_server(here):
    here.SOCKETS_ORIGINS = [said for said, _ in NAMED]
    assert disagreeing([(101, ["Origin: " + sent]) for _, sent in NAMED]) == []
    others = ["https://example.com", "http://www.example.com:443", "none", "file", "nulls", ""]
    assert disagreeing([(403, ["Origin: " + other]) for other in others] + [(403, [])]) == []
    assert disagreeing([(101, ["Origin: HTTPS://www.example.com"])]) == []


def test_a_star_without_a_server(here):
    here.ALLOWED_HOSTS = ["*"]
    assert disagreeing(STAR) == []


STAR = [
    (101, ["Origin: http://OWN"]),
    (101, ["Origin: https://any.example.org", "Host: any.example.org"]),
    (403, ["Origin: http://evil.example.org"]),
    (403, ["Origin: https://any.example.org:8443", "Host: any.example.org"]),
    (403, ["Origin: null"]),
    (403, []),
]


def test_a_star_knows_no_host_so_the_page_must_be_of_the_host_asked_for(serve):
    with serve(CHANNEL_LAYERS={}, ALLOWED_HOSTS=["*"]) as server:
        assert answers(server, STAR) == []


@pytest.mark.parametrize("debug, local", [(False, 403), (True, 101)])
def test_no_hosts_are_local_ones_for_a_developer_and_none_for_others(serve, debug, local):
    with serve(CHANNEL_LAYERS={}, ALLOWED_HOSTS=[], DEBUG=debug) as server:
        assert server.status("Origin: http://" + server.host) == local
        assert server.status("Origin: http://example.com", "Host: example.com") == 403


def test_origins_by_name(serve):
    changes = {"SOCKETS_ORIGINS": ["https://www.example.com", "capacitor://localhost/"]}
    handshakes = [
        (101, ["Origin: https://www.example.com"]),
        (101, ["Origin: capacitor://localhost"]),
        (403, ["Origin: http://www.example.com"]),
        (403, ["Origin: https://www.example.com:8443"]),
        (403, ["Origin: http://OWN"]),
        (403, []),
    ]
    with serve(CHANNEL_LAYERS={}, **changes) as server:
        assert answers(server, handshakes) == []


NAMED = [
    ("https://www.example.com", "https://www.example.com"),
    ("https://www.example.com", "https://www.example.com:443"),
    ("https://www.example.com:443", "https://www.example.com"),
    ("HTTP://www.example.com:80/", "http://www.example.com"),
    ("https://www.example.com:08443", "https://www.example.com:8443"),
    ("https://b\xfccher.example", "https://xn--bcher-kva.example"),
    ("https://b\xfccher.example:8443", "https://xn--bcher-kva.example:8443"),
    ("http://[0:0::1]:8000", "http://[::1]:8000"),
    ("https://www.example.com:65535", "https://www.example.com:65535"),
    ("file://", "file://"),
    ("file:///", "file://"),
    ("null", "null"),
    ("capacitor://localhost/", "capacitor://localhost"),
    ("app://.", "app://."),
    ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
]


def test_each_origin_that_is_taken_matches_what_browsers_send(serve):
    with serve(CHANNEL_LAYERS={}, SOCKETS_ORIGINS=[said for said, _ in NAMED]) as server:
        assert answers(server, [(101, ["Origin: " + sent]) for _, sent in NAMED]) == []
        others = ["https://example.com", "http://www.example.com:443", "none", "file", "nulls", ""]
        assert (
            answers(server, [(403, ["Origin: " + other]) for other in others] + [(403, [])]) == []
        )


def test_clients_without_an_origin_are_let_in_by_name(serve):
    with serve(CHANNEL_LAYERS={}, SOCKETS_ORIGINS=["https://a.example", "none"]) as server:
        handshakes = [
            (101, []),
            (101, ["Origin: https://a.example"]),
            (403, ["Origin: none"]),
            (403, ["Origin: null"]),
            (403, ["Origin: "]),
            (403, ["Origin: http://OWN"]),
        ]
        assert answers(server, handshakes) == []


def test_the_word_for_no_origin_is_not_an_origin(settings):
    """daphne refuses this one before us."""
    settings.SOCKETS_ORIGINS = ["none"]
    required = OriginRequired(None)
    assert required.allows({"headers": []})
    assert not required.allows({"headers": [(b"origin", b"none")]})
    assert not required.allows({"headers": [(b"origin", b"")]})


def test_a_refusal_says_what_the_site_was_asked_by(serve, tmp_path):
    with serve(CHANNEL_LAYERS={}, ALLOWED_HOSTS=["a.example"]) as server:
        assert server.status("Origin: http://a.example", "Host: a.example", HTTPS) == 403
    log = (tmp_path / "daphne.log").read_text()
    assert "Origin 'http://a.example', Host 'a.example', by https; ALLOWED_HOSTS or" in log


@pytest.mark.parametrize(
    "wrong, why",
    [
        ("https://a.example/path", "an origin is only https://a.example"),
        ("https://a.example?x", "an origin is only https://a.example"),
        ("https://user@a.example/x", "an origin is only https://a.example"),
        ("app://x/index.html", "an origin is only app://x"),
        ("https://*.a.example", "there are no wildcards; name each"),
        ("https://fa\xdf.example", "write its host as browsers send it, in ASCII: xn--"),
        ("https://a.example:0", "there is no port 0"),
        ("https://a.example:65536", "there is no port 65536"),
        ("https://a.example:port", "is not one"),
        ("https://", "is not one"),
        ("https:a.example", "is not one"),
        ("a.example", "is not one"),
        ("*", "is not one"),
        ("https://a..example\xfc", "write its host as browsers send it, in ASCII: xn--"),
        ("https://\x80.example", "write its host as browsers send it, in ASCII: xn--"),
        ("http://[::1", "is not one"),
        ("http://[1.2]", "'http://[1.2]': "),
        ("https://127.1", "'https://127.1': "),
        ("https://0x7f000001:8000", "'https://0x7f000001:8000': "),
        ("https://2130706433/", "'https://2130706433/': "),
        ("wss://a.example", "an origin is a page's: https://a.example"),
        ("ws://a.example:8000", "an origin is a page's: http://a.example:8000"),
        (" https://a.example", "is not one"),
        (None, "is not one"),
        (b"null", "is not one"),
    ],
)
def test_an_origin_that_could_never_match_is_refused(wrong, why, settings):
    settings.SOCKETS_ORIGINS = ["https://b.example", wrong]
    (error,) = [each for each in check_settings(None) if "SOCKETS_ORIGINS" in each.msg]
    assert error.id == "compat.E001"
    assert why in error.msg and 'such as ["https://www.example.com"' in error.msg
