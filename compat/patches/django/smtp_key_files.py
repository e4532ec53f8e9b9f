"""
Give smtplib a TLS context where Django gives it the names of key and certificate files.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

from ...patching.patch import Patch
from ...patching.stand_in import StandIn

patch = Patch(
    __name__,
    package="django",
    versions="<4.2",
    python=">=3.12",
    symptom="mail over TLS fails: starttls() got an unexpected keyword argument 'keyfile'",
)


@patch.when_imported("django.core.mail.backends.smtp")
def repair(backend):
    smtplib = backend.smtplib

    def with_context(options, keyfile, certfile):
        """The options of a smtplib call, with a context made of the files if any is named."""
        if keyfile and not certfile:
            raise ValueError("EMAIL_SSL_KEYFILE needs EMAIL_SSL_CERTFILE")
        if certfile and options.get("context") is None:
            import ssl

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False  # as smtplib does by itself
            context.verify_mode = ssl.CERT_NONE
            context.load_cert_chain(certfile, keyfile)
            options["context"] = context
        return options

    class SMTP(smtplib.SMTP):
        def starttls(self, keyfile=None, certfile=None, **options):
            return super(SMTP, self).starttls(**with_context(options, keyfile, certfile))

    class SMTP_SSL(smtplib.SMTP_SSL):
        def __init__(self, *args, keyfile=None, certfile=None, **options):
            super(SMTP_SSL, self).__init__(*args, **with_context(options, keyfile, certfile))

    ours = {"SMTP": (smtplib.SMTP, SMTP), "SMTP_SSL": (smtplib.SMTP_SSL, SMTP_SSL)}

    class Smtplib(StandIn):
        def __getattr__(self, name):
            current = getattr(smtplib, name)
            stock, adapted = ours.get(name, (None, None))
            return adapted if current is stock else current  # a test may have put its own there

    patch.replace(backend, "smtplib", Smtplib(smtplib))
