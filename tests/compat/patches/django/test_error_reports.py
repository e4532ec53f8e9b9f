"""Errors of requests that cannot be read, reported by the handler that Django sets up."""

from tests.support.probe import prove, source
from tests.support.probe_parts import WSGI

NAME = "django.error_reports"


@source(WSGI)
def code(HttpResponse, served, settings, url):
    global override_settings, urlpatterns
    from django.core import mail
    from django.test.utils import override_settings

    def view(request):
        if "fail" in request.META["QUERY_STRING"]:
            raise LookupError("on purpose")
        return HttpResponse("%d %d" % (len(request.GET), len(request.POST)))

    urlpatterns = [url("^$", view)]
    settings.ADMINS = [("admin", "admin@example.org")]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"] * 3
    mail.outbox = []

    def status(query, body=b""):
        return served(
            b"POST /?" + query + b" HTTP/1.0\r\nContent-Length: %d\r\nContent-Type: "
            b"application/x-www-form-urlencoded\r\n\r\n" % len(body) + body
        )[0]

    many = b"a&" * 1001
    found = [
        status(b"a"),
        status(many),
        status(b"a", many),
        status(b"fail"),
        status(many + b"fail"),
    ]
    print(*found, len(mail.outbox))


def test_there_is_an_answer_and_one_report():
    prove(NAME, code, good="200 400 400 500 500 4", bad="200 500")
