from tests.support.probe import DJANGO, probe, prove, source

NAME = "security.password_reset_mail"


@source(DJANGO)
def code(settings):
    global TemplateDoesNotExist
    import logging

    from django.contrib.auth.forms import PasswordResetForm
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.template import TemplateDoesNotExist

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1  # nothing listens
    settings.EMAIL_TIMEOUT = 10
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"t": "a mail"})]},
        }
    ]
    lines = []

    class Lines(logging.Handler):
        def emit(self, record):
            lines.append((record.name, record.levelname, record.getMessage(), record.exc_info[0]))

    logging.getLogger("django").handlers[:] = [Lines()]
    call_command("migrate", verbosity=0)
    User.objects.create_user("u", "known@example.com", "password")

    def reset(email, template="t", form=PasswordResetForm):
        form = form({"email": email})
        assert form.is_valid(), form.errors
        try:
            return form.save(
                domain_override="example.com",
                subject_template_name="t",
                email_template_name="t",
                html_email_template_name=template,
            )
        except Exception as error:
            return type(error).__name__


def test_a_known_address_answers_as_an_unknown_one():
    prove(
        NAME,
        code + "print(reset('other@example.com'), reset('known@example.com'), lines)",
        good="None None [('django.contrib.auth', 'ERROR', 'The mail of a password reset was not "
        "sent, user 1', <class 'ConnectionRefusedError'>)]",
        bad="None ConnectionRefusedError []",
    )


@source
def others(PasswordResetForm, reset, settings):
    class Own(PasswordResetForm):
        def send_mail(self, *args, **kwargs):
            raise KeyError("own")

    print(reset("known@example.com", "absent"), reset("known@example.com", form=Own))
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    from django.core import mail

    mail.outbox = []
    print(reset("known@example.com"), [(m.to, m.body, len(m.alternatives)) for m in mail.outbox])


@source
def taken(lines):
    from django.contrib.auth.forms import EmailMultiAlternatives

    try:
        EmailMultiAlternatives("s", "b", "a@example.com", ["b@example.com"]).send()
    except OSError as error:
        print(type(error).__name__, lines)


def test_who_took_the_class_from_there_gets_the_error():
    for disable in ("", NAME):

        @source
        def body(lines, reset):
            reset("known@example.com")
            lines.clear()

        result = probe(code + body + taken, disable=disable)
        assert result.said == "ConnectionRefusedError []", result.error


def test_other_errors_are_raised_and_mail_that_goes_goes():
    for disable in ("", NAME):
        result = probe(code + others, disable=disable)
        good = "TemplateDoesNotExist KeyError\nNone [(['known@example.com'], 'a mail', 1)]"
        assert result.said == good, result.error
