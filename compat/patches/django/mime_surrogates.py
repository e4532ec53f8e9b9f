"""
Let a message with text beyond ASCII be written as a string.

Python's generator now hands the body's bytes to set_payload() in its own str notation.
https://github.com/python/cpython/issues/118643
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions="<2.0",
    python=">=3.13",
    symptom="EmailMessage.message().as_string() fails with UnicodeEncodeError: surrogates",
)


@patch.when_imported("django.core.mail.message")
def repair(message):
    text = message.SafeMIMEText
    stock = text.set_payload

    @functools.wraps(stock)
    def set_payload(self, payload, charset=None):
        if charset == "utf-8" and isinstance(payload, str):
            payload = payload.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        stock(self, payload, charset=charset)

    patch.replace(text, "set_payload", set_payload)
