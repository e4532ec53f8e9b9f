import sys

from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def code():
    import email

    from django.core.mail import EmailMessage

    for body in ["Grüße 你好", "long " * 300 + "ü", "plain"]:
        text = EmailMessage("s", body, "a@example.com", ["b@example.com"]).message().as_string()
        parsed = email.message_from_bytes(text.encode())
        print(parsed.get_payload(decode=True).decode("utf-8").strip() == body.strip())


def test_a_message_beyond_ascii_as_a_string():
    prove(
        "django.mime_surrogates",
        code,
        good="True\nTrue\nTrue",
        bad="surrogates not allowed",
        needed=sys.version_info >= (3, 13),
    )
