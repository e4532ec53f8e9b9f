from urllib.parse import urlsplit

import pytest

from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def code_probe(settings):
    global urlpatterns
    from django.conf.urls import url
    from django.core import mail
    from django.http import Http404, HttpResponse
    from django.test import Client

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MANAGERS = [("M", "m@x.org")]
    settings.MIDDLEWARE = [
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.common.BrokenLinkEmailsMiddleware",
    ]
    mail.outbox = []

    def page(request):
        if request.method == "POST":
            return HttpResponse("posted")
        raise Http404

    urlpatterns = [url("", page)]
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 64


REFERERS = ["https://[a]/", "https://[::1", "https://x[::1]/", "https://\u2100.com/"]


def refused(referer):
    try:
        return not urlsplit(referer)
    except ValueError:
        return True


@pytest.mark.parametrize("referer", REFERERS)
def test_a_post_with_it_is_a_403(referer):
    code = """
for referer in (%r, "https://testserver/"):
    answer = client.post("/", secure=True, HTTP_REFERER=referer, HTTP_X_CSRFTOKEN="a" * 64)
    print(answer.status_code)
"""
    bad = "ValueError" if refused(referer) else "403\n200"
    prove("django.malformed_referer", code_probe + code % referer, good="403\n200", bad=bad)


@pytest.mark.parametrize("referer", REFERERS)
def test_a_broken_link_is_still_reported(referer):
    code = """
print(client.get("/", HTTP_REFERER=%r).status_code, len(mail.outbox))
"""
    bad = "ValueError" if refused(referer) else "404 1"
    prove("django.malformed_referer", code_probe + code % referer, good="404 1", bad=bad)
