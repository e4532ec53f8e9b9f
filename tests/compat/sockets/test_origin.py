"""Which pages may open a socket: handshakes with a real daphne."""

import pytest

ALLOWED = {"ALLOWED_HOSTS": ["127.0.0.1", "[::1]", ".example.com", "other.example.net"]}

# Hosts are asked for as here; OWN is the address of the daphne.
HANDSHAKES = [
    (101, ["Origin: http://OWN"]),
    (101, ["Origin: HTTP://OWN"]),
    (101, ["Origin: http://www.example.com", "Host: www.example.com"]),
    (101, ["Origin: https://www.example.com", "Host: www.example.com"]),
    (101, ["Origin: https://www.example.com:443", "Host: WWW.example.com"]),
    (101, ["Origin: http://[::1]:8000", "Host: [::1]:8000"]),
    # Listed by name, from another host than the one that was asked for.
    (101, ["Origin: https://pages.example.com:8443", "Host: www.example.com"]),
    (101, ["Origin: https://other.example.net", "Host: www.example.com"]),
    # Foreign.
    (403, ["Origin: http://evil.example.org"]),
    (403, ["Origin: http://example.com.evil.org"]),
    (403, ["Origin: http://evilexample.com"]),
    (403, ["Origin: http://evil.example.org", "Host: evil.example.org"]),
    # Another program on the same host gets the site's cookies from the browser.
    (403, ["Origin: http://127.0.0.1:1"]),
    (403, ["Origin: http://127.0.0.1"]),
    (403, ["Origin: https://www.example.com:8443", "Host: www.example.com"]),
    # Missing, or not of a page.
    (403, []),
    (403, ["Origin: "]),
    (403, ["Origin: null"]),
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


def test_a_star_knows_no_host_so_the_page_must_be_of_the_host_asked_for(serve):
    handshakes = [
        (101, ["Origin: http://OWN"]),
        (101, ["Origin: https://any.example.org", "Host: any.example.org"]),
        (403, ["Origin: http://evil.example.org"]),
        (403, ["Origin: https://any.example.org:8443", "Host: any.example.org"]),
        (403, ["Origin: null"]),
        (403, []),
    ]
    with serve(CHANNEL_LAYERS={}, ALLOWED_HOSTS=["*"]) as server:
        assert answers(server, handshakes) == []


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
