from tests.support.probe import DJANGO, prove, source

NAME = "security.mail_line_breaks"


@source(DJANGO)
def code_probe(settings):
    global BadHeaderError
    from django.core import mail
    from django.core.mail import BadHeaderError, EmailMessage

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []

    def sent(subject, **headers):
        EmailMessage(subject, "body", "a@x.org", ["b@x.org"], headers=headers).send()
        return mail.outbox.pop().message()


def test_a_subject_pushes_no_header_into_the_body():
    @source(code_probe)
    def code(sent):
        import email

        for mark in "\x0b\x0c\x1c\x1d\x1e":
            read = email.message_from_bytes(sent("Hello" + mark + "you").as_bytes())
            print(read["Subject"], "from", read["From"])

    prove(
        NAME,
        code,
        good="\n".join(["Hello you from a@x.org"] * 5),
        bad="HeaderWriteError" if refuses() else "Hello from None",
    )


def test_a_subject_that_looks_like_a_header_is_sent_as_one_line():
    code = code_probe + 'print(sent("Hello\\x0bReply-To: evil@y.org")["Subject"])'
    prove(NAME, code, good="Hello Reply-To: evil@y.org", bad="HeaderParseError")


def refuses():
    """Whether this Python refuses to write such a header."""
    from email.errors import MessageError
    from email.message import Message

    message = Message()
    message["Subject"] = "a\x0bb"
    try:
        message.as_bytes()
    except MessageError:
        return True
    return False


def test_other_headers_and_stock_s_refusal():
    @source(code_probe)
    def code(BadHeaderError, sent):
        print(repr(sent("\u00e9\x0bb", **{"X-A": "a\x0cb"})["X-A"]))
        for breaker in "\r\n":
            try:
                sent("a" + breaker + "b")
            except BadHeaderError:
                print("refused")

    prove(NAME, code, good="'a b'\nrefused\nrefused", bad="'a\\x0cb'")
