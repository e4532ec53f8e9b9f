"""
Log it when the mail of a password reset fails, and answer as if it had gone (CVE-2024-45231).

An error page for known addresses only told which addresses are known.
https://www.djangoproject.com/weblog/2024/sep/03/security-releases/
"""

import functools

from ...patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a failing mail server makes the password reset tell who exists",
    cves=("CVE-2024-45231",),
)


class MailFailed(Exception):
    """From send() to send_mail(): the error is its cause."""


@patch.when_imported("django.contrib.auth.forms")
def repair(forms):
    import logging

    stock = vars(forms.PasswordResetForm).get("send_mail")
    patch.expect(
        stock and "EmailMultiAlternatives" in vars(forms), "PasswordResetForm sends otherwise"
    )
    logger = logging.getLogger("django.contrib.auth")

    class ResetMail(forms.EmailMultiAlternatives):
        def send(self, fail_silently=False):
            try:
                return super(ResetMail, self).send(fail_silently)
            except Exception as error:
                raise MailFailed() from error

    @functools.wraps(stock)
    def send_mail(self, subject_template_name, email_template_name, context, *args, **kwargs):
        try:
            stock(self, subject_template_name, email_template_name, context, *args, **kwargs)
        except MailFailed as failed:
            user = context.get("user")
            logger.error(
                "The mail of a password reset was not sent, user %s",
                getattr(user, "pk", None),
                exc_info=failed.__cause__,
            )

    patch.replace(forms, "EmailMultiAlternatives", ResetMail)
    patch.replace(forms.PasswordResetForm, "send_mail", send_mail)
