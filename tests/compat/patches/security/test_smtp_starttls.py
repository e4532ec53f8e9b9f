"""Mail goes to a real SMTP server, run by the probe in a thread, that fails at one command."""

import pytest

from tests.support.probe import DJANGO, probe, prove, source

CODE = (
    DJANGO
    + """
import smtplib, socketserver, threading
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

got, failing, answer = [], [%r], b"454 not now\\r\\n"

class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 ready\\r\\n")
        for line in iter(self.rfile.readline, b""):
            command = line.strip().upper()
            if failing and command.startswith(failing[0]):
                self.wfile.write(answer)
            elif command.startswith(b"EHLO"):
                self.wfile.write(b"250-here\\r\\n250-AUTH PLAIN\\r\\n250 STARTTLS\\r\\n")
            elif command == b"DATA":
                self.wfile.write(b"354 go\\r\\n")
                for line in iter(self.rfile.readline, b".\\r\\n"):
                    got.append(line)
                self.wfile.write(b"250 ok\\r\\n")
            elif command == b"QUIT":
                self.wfile.write(b"221 bye\\r\\n")
                return
            else:
                self.wfile.write(b"235 ok\\r\\n" if b"AUTH" in command else b"250 ok\\r\\n")

class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

server = Server(("127.0.0.1", 0), Session)
threading.Thread(target=server.serve_forever, daemon=True).start()

def backend(**options):
    return EmailBackend(host="127.0.0.1", port=server.server_address[1], timeout=30, **options)

message = EmailMessage("s", "secret", "a@example.com", ["b@example.com"])
"""
)
STARTTLS, AUTH = b"STARTTLS", b"AUTH"
TWICE = """
mail = backend(fail_silently=%s, **%r)
for _ in range(2):
    try:
        mail.send_messages([message])
    except smtplib.SMTPException as error:
        print(type(error).__name__, end=" ")
print(b"secret\\r\\n" in got, mail.connection is None)
"""


@pytest.mark.parametrize(
    "fails, options",
    [
        (STARTTLS, {"use_tls": True}),
        (AUTH, {"use_tls": False, "username": "u", "password": "p"}),
    ],
    ids=["starttls", "login"],
)
def test_nothing_is_sent_over_a_half_open_connection(fails, options):
    error = "SMTPResponseException" if fails == STARTTLS else "SMTPAuthenticationError"
    name = "security.smtp_starttls"
    code = CODE % fails
    prove(name, code + TWICE % (True, options), good="False True", bad="True False")
    good = "%s %s False True" % (error, error)
    prove(name, code + TWICE % (False, options), good=good, bad="%s True False" % error)


def test_nor_over_one_where_the_handshake_failed():
    """The server says that it is ready for TLS, and does not speak it."""
    code = CODE % STARTTLS + "answer = b'220 go\\r\\nnot TLS\\r\\n'\n"
    prove(
        "security.smtp_starttls",
        code + TWICE % (True, {"use_tls": True}),
        good="False True",
        bad="False False",  # a socket that is gone, for every mail to come
    )


def test_a_connection_that_works_is_kept_until_closed():
    code = CODE % b"NOTHING"

    @source
    def body(backend, got, message):
        mail = backend()
        print(
            mail.open(),
            mail.open(),
            mail.send_messages([message, message]),
            mail.connection is None,
        )
        mail.close()
        print(mail.connection, mail.send_messages([message]), got.count(b"secret\r\n"))

    code += body
    result = probe(code)
    assert result.said == "True False 2 False\nNone 1 3", result.error
