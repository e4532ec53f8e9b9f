import email.utils

import pytest

from tests.support.probe import DJANGO, prove, source

NAME = "django.mail_addresses"
STRICT = email.utils.parseaddr("a@x.org <a@x.org>") == ("", "")


# A mail goes to a real SMTP server, which the probe runs in a thread.
@source(DJANGO)
def code():
    import socketserver
    import threading

    from django.core.mail import EmailMessage
    from django.core.mail.backends.smtp import EmailBackend

    got = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 ready\r\n")
            for line in iter(self.rfile.readline, b""):
                command = line.strip().decode()
                if command == "data":
                    self.wfile.write(b"354 go\r\n")
                    for line in iter(self.rfile.readline, b".\r\n"):
                        if line.startswith((b"From:", b"To:")):
                            got.append(line.strip().decode())
                elif command == "quit":
                    self.wfile.write(b"221 bye\r\n")
                    return
                elif "<" in command:
                    got.append(
                        command[:4].lower() + command[command.index("<") :].partition(" ")[0]
                    )
                self.wfile.write(b"250 ok\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def send(sender, *recipients):
        backend = EmailBackend(host="127.0.0.1", port=server.server_address[1], timeout=30)
        backend.send_messages([EmailMessage("s", "b", sender, list(recipients))])
        print(*got, sep="\n")
        del got[:]


REFUSED = "Error: "  # HeaderParseError, or IndexError


strict = pytest.mark.skipif(not STRICT, reason="this Python takes what stands first")


@strict
def test_the_address_is_what_stands_in_the_brackets():
    prove(
        NAME,
        code + 'send("site@x.org <site@x.org>", "J@x.org <j@y.org>")',
        good="mail<site@x.org>\nrcpt<j@y.org>\n"
        "From: site@x.org <site@x.org>\nTo: J@x.org <j@y.org>",
        bad=REFUSED,
    )


def test_a_comma_at_the_end_does_no_harm():
    prove(
        NAME,
        code + 'send("a@x.org, ", "b@[127.0.0.1]", "B <b@x.org>,")',
        good="mail<a@x.org>\nrcpt<b@[127.0.0.1]>\nrcpt<b@x.org>\n"
        "From: a@x.org,\nTo: b@[127.0.0.1], B <b@x.org>,",
        bad=REFUSED,
        needed=STRICT,
    )


@strict
def test_the_header_of_a_name_that_is_not_ascii_is_encoded():
    prove(
        NAME,
        code + 'send("\\u00e9@x.org <a@x.org>", "b@x.org")',
        good="mail<a@x.org>\nrcpt<b@x.org>\nFrom: =?utf-8?b?w6k=?=@x.org, a@x.org\nTo: b@x.org",
        bad=REFUSED,
    )
