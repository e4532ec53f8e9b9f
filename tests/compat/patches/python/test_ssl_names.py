import sys

import pytest

from tests.support.probe import prove, source

NEEDED = sys.version_info >= (3, 12)


@source
def code():
    import os
    import socket
    import ssl
    import threading

    ours, theirs = socket.socketpair()

    def serve():
        peer = ssl.wrap_socket(
            theirs, server_side=True, certfile=os.environ["CERT"], keyfile=os.environ["KEY"]
        )
        peer.sendall(peer.recv(10).upper())
        peer.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    client = ssl.wrap_socket(ours, cert_reqs=ssl.CERT_REQUIRED, ca_certs=os.environ["CERT"])
    client.sendall(b"over tls")
    print(client.recv(10), type(client).__name__)
    ssl.match_hostname(client.getpeercert(), "localhost")
    thread.join(10)

    for arguments in [dict(server_side=True), dict(keyfile="key.pem")]:
        try:
            ssl.wrap_socket(socket.socket(), **arguments)
        except ValueError as error:
            print(error)


@source
def names():
    import ssl

    def names(*values, subject="other.example"):
        return {
            "subject": ((("commonName", subject),),),
            "subjectAltName": tuple(v if isinstance(v, tuple) else ("DNS", v) for v in values),
        }

    for cert, host in [
        (names("a.example", "b.example"), "B.Example"),
        (names("*.a.example"), "www.a.example"),
        (names("*.a.example"), "a.example"),
        (names("*.a.example"), "x.www.a.example"),
        (names("*.example"), "www.test"),
        (names("*"), "localhost"),
        (names("w*.a.example"), "www.b.example"),
        (names("a.example", subject="b.example"), "b.example"),
        (names(subject="b.example"), "b.example"),
        (names(("IP Address", "127.0.0.1")), "127.0.0.1"),
        (names(("IP Address", "::1")), "0:0:0:0:0:0:0:1"),
        (names("127.0.0.2"), "127.0.0.2"),
    ]:
        try:
            ssl.match_hostname(cert, host)
            print("yes", end=" ")
        except ssl.CertificateError:
            print("no", end=" ")
    try:
        ssl.match_hostname({}, "a.example")
    except ValueError:
        print("ValueError")


def test_sockets_over_tls(certificate):
    prove(
        "python.ssl_names",
        code,
        good="b'OVER TLS' SSLSocket\n"
        "certfile must be specified for server-side operations\ncertfile must be specified",
        bad="no attribute 'wrap_socket'",
        needed=NEEDED,
        env=certificate,
    )


@pytest.mark.skipif(sys.version_info < (3, 7), reason="OpenSSL's rules came with Python 3.7")
def test_hosts_that_a_certificate_is_for():
    prove(
        "python.ssl_names",
        names,
        good="yes yes no no no no no no yes yes yes no ValueError",
        bad="no attribute 'match_hostname'",
        needed=NEEDED,
    )
