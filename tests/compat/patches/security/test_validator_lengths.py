from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import same

NAME = "security.validator_lengths"


@source(DJANGO)
def code_probe():
    global EmailValidator, URLValidator, forms, validate_email
    from django import forms
    from django.core.exceptions import ValidationError
    from django.core.validators import EmailValidator, URLValidator, validate_email

    def said(function, value):
        try:
            function(value)
            return "valid"
        except ValidationError as error:
            return "%s %s" % (error.code, error.messages[0])

    def url(length):
        return "http://a.com/".ljust(length, "x")

    def mail(length):
        return "@b.com".rjust(length, "a")


def test_long_ones_are_invalid():
    @source(code_probe)
    def code(EmailValidator, URLValidator, forms, said, validate_email):
        class Form(forms.Form):
            mail = forms.EmailField()
            url = forms.URLField()

        def form(mail, url):
            return sorted(Form({"mail": mail, "url": url}).errors)

        class Longer(URLValidator):
            max_length = 3000

        print(
            said(URLValidator(), url(2048)),
            said(validate_email, mail(320)),
            form(mail(320), url(2048)),
        )
        print(said(Longer(), url(3000)))
        print(
            said(URLValidator(), url(2049)),
            said(validate_email, mail(321)),
            form(mail(321), url(2049)),
        )
        print(said(Longer(), url(3001)))
        print(said(EmailValidator("no", "bad"), mail(321)))

    url, mail = "invalid Enter a valid URL.", "invalid Enter a valid email address."
    prove(
        NAME,
        code,
        good="valid valid []\nvalid\n%s %s ['mail', 'url']\n%s\nbad no" % (url, mail, url),
        bad="valid valid []\nvalid\nvalid valid []\nvalid\nvalid",
    )


def test_other_values_are_as_before():
    code = (
        code_probe
        + """
from django.utils.functional import lazystr
for value in ("", None, 7, b"http://a.com", "http://a.com", "a@b.com",
              lazystr("a@b.com"), "@", "x"):
    for validator in (URLValidator(), validate_email):
        try:
            print(said(validator, value))
        except Exception as error:
            print(type(error).__name__)
print(URLValidator() == URLValidator(), EmailValidator() == validate_email)
print(URLValidator(schemes=["x"]).deconstruct())
"""
    )
    same(NAME, code)
