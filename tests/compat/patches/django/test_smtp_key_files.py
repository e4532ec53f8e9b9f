"""Mail is sent over TLS to a real SMTP server, which the probe runs in a thread."""

import sys

import pytest

from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def code():
    global smtplib
    import os
    import smtplib
    import socket
    import ssl
    import threading
    from unittest import mock

    from django.core.mail import EmailMessage
    from django.core.mail.backends import smtp

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["CERT"], os.environ["KEY"])
    context.load_verify_locations(os.environ["CERT"])
    context.verify_mode = ssl.CERT_REQUIRED  # the client must show the certificate it was given
    implicit = os.environ["MODE"] == "ssl"
    got = []

    def serve():
        peer = listener.accept()[0]
        if implicit:
            peer = context.wrap_socket(peer, server_side=True)
        peer.sendall(b"220 ready\r\n")
        lines = peer.makefile("rb")
        while True:
            line = lines.readline()
            command = line[:4].upper()
            if command == b"STAR":
                peer.sendall(b"220 go\r\n")
                peer = context.wrap_socket(peer, server_side=True)
                lines = peer.makefile("rb")
            elif command == b"EHLO":
                peer.sendall(b"250-here\r\n250 STARTTLS\r\n")
            elif command == b"DATA":
                peer.sendall(b"354 go\r\n")
                while line != b".\r\n":
                    line = lines.readline()
                    got.append(line)
                peer.sendall(b"250 ok\r\n")
            elif command == b"QUIT":
                peer.sendall(b"221 bye\r\n")
                break
            else:
                peer.sendall(b"250 ok\r\n")

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    backend = smtp.EmailBackend(
        host="127.0.0.1",
        port=listener.getsockname()[1],
        use_ssl=implicit,
        use_tls=not implicit,
        ssl_certfile=os.environ["CERT"],
        ssl_keyfile=os.environ["KEY"],
        timeout=10,
    )
    backend.send_messages([EmailMessage("s", "over TLS", "a@example.com", ["b@example.com"])])
    server.join(10)
    with mock.patch("smtplib.SMTP") as stub:
        stubbed = smtp.EmailBackend(use_tls=False).connection_class is stub
    print(b"over TLS\r\n" in got, stubbed)


@pytest.mark.parametrize("mode", ["ssl", "starttls"])
def test_mail_over_tls_with_a_client_certificate(certificate, mode):
    prove(
        "django.smtp_key_files",
        code,
        good="True True",
        bad="unexpected keyword argument 'keyfile'",
        needed=sys.version_info >= (3, 12),
        env=dict(certificate, MODE=mode),
    )
