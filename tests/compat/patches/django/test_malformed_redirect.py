from urllib.parse import urlsplit

import pytest

from tests.support.probe import DJANGO, prove

CODE = (
    DJANGO
    + """
from django.conf.urls import url
from django.shortcuts import redirect
from django.test import Client

urlpatterns = [url("", lambda request: redirect(request.GET["to"]))]
for to in (%r, "http://[::1]/", "javascript://x/"):
    print(Client().get("/", {"to": to}).status_code)
"""
)


def refused(url):
    try:
        return not urlsplit(url)
    except ValueError:
        return True


@pytest.mark.parametrize("url", ["http://[::1", "http://[a]/", "//x[::1]/"])
def test_it_is_refused_as_unsafe(url):
    good = "400\n302\n400" if refused(url) else "302\n302\n400"
    bad = "ValueError" if refused(url) else "302\n302\n400"
    prove("django.malformed_redirect", CODE % url, good=good, bad=bad)
