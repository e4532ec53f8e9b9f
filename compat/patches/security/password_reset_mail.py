"""
Log it when the mail of a password reset fails, and answer as if it had gone (CVE-2024-45231).

An error page for known addresses only told which addresses are known.
https://www.djangoproject.com/weblog/2024/sep/03/security-releases/
"""

import functools

from ...patching.patch import Patch
from ...patching.signature import called_like

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="when the mail server fails, the password reset reveals who exists",
    cves=("CVE-2024-45231",),
)


@patch.when_imported("django.contrib.auth.forms")
def repair(forms):
    import logging
    import threading

    stock = vars(forms.PasswordResetForm).get("send_mail")
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect(
        {"EmailMultiAlternatives", "send"} <= set(names)
        and "EmailMultiAlternatives" in vars(forms),
        "PasswordResetForm sends differently",
    )
    logger = logging.getLogger("django.contrib.auth")
    reset = threading.local()  # .user: whose password is being reset by this thread

    mail = forms.EmailMultiAlternatives

    class ResetMail(mail):
        def send(self, fail_silently=False):
            try:
                return super(ResetMail, self).send(fail_silently)
            except Exception:
                if not hasattr(reset, "user"):
                    raise  # somebody else took the name from this module
                logger.error(
                    "The mail of a password reset was not sent, user %s",
                    getattr(reset.user, "pk", None),
                    exc_info=True,
                )
                return 0

        def __reduce_ex__(self, protocol):
            # Queues of mail pickle it, for a process that has no use for our class.
            plain = object.__new__(mail)
            vars(plain).update(vars(self))
            return plain.__reduce_ex__(1)  # later forms want the class of what is pickled

    @functools.wraps(stock)
    def send_mail(self, subject_template_name, email_template_name, context, *args, **kwargs):
        reset.user = context.get("user")
        try:
            stock(self, subject_template_name, email_template_name, context, *args, **kwargs)
        finally:
            del reset.user

    patch.replace(forms, "EmailMultiAlternatives", called_like(mail, ResetMail))
    patch.replace(forms.PasswordResetForm, "send_mail", send_mail)
