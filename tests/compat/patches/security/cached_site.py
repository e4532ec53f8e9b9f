"""A probe of a site whose page is cached."""

from tests.support.probe_parts import WSGI

# `ask(path, head)`: how often the view had run for the page that came.
SITE = (
    WSGI
    + """
from django.views.decorators.cache import cache_page

runs = []
headers, cookies = {}, {}

def view(request):
    runs.append(1)
    response = HttpResponse(str(len(runs)))
    for name, value in headers.items():
        response[name] = value
    for name, value in cookies.items():
        response.set_cookie(name, value)
    return response

urlpatterns = [url("page", cache_page(60)(view)), url("site", view)]

def ask(*head, path="page"):
    lines = "".join(line + "\\r\\n" for line in head)
    status, body = served(("GET /%s HTTP/1.0\\r\\nHost: a\\r\\n%s\\r\\n" % (path, lines)).encode())
    assert status == 200, body
    return body
"""
)
