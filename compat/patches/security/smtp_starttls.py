"""
Close a connection to the mail server that could not be set up: none is used (CVE-2026-7666).

After a failed STARTTLS or login the connection stayed, and the next mail went out over it in the
clear.
https://www.djangoproject.com/weblog/2026/jun/03/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="mail goes out without TLS after STARTTLS failed",
    cves=("CVE-2026-7666",),
)


@patch.when_imported("django.core.mail.backends.smtp")
def repair(smtp):
    stock = vars(smtp.EmailBackend).get("open")
    patch.expect(stock, "EmailBackend is opened elsewhere")

    @functools.wraps(stock)
    def open(self):
        opened = None
        try:
            opened = stock(self)
        finally:
            if opened is None and self.connection is not None:
                connection, self.connection = self.connection, None
                connection.close()  # no QUIT: who knows what the other side awaits
        return opened

    patch.replace(smtp.EmailBackend, "open", open)
