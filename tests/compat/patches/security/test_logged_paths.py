import pytest

from tests.support.probe import prove, source
from tests.support.probe_parts import WSGI


@source(WSGI)
def site(HttpResponse, error, served, settings, url):
    global PermissionDenied, urlpatterns
    import logging

    from django.core.exceptions import PermissionDenied
    from django.utils.cache import get_conditional_response
    from django.views.decorators.csrf import csrf_protect
    from django.views.decorators.http import require_POST
    from django.views.generic import RedirectView, View

    lines = []

    class Lines(logging.Handler):
        def emit(self, record):
            lines.append((record.name, record.getMessage(), record.funcName))

    def fails(request):
        raise error

    urlpatterns = [
        url("denied", fails),
        url("csrf", csrf_protect(lambda request: HttpResponse())),
        url("method", require_POST(lambda request: HttpResponse())),
        url("class", View.as_view()),
        url("gone", RedirectView.as_view(url=None)),
        url("etag", lambda request: get_conditional_response(request, etag='"a"')),
    ]
    settings.LOGGING = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"lines": {"()": Lines}},
        "loggers": {
            "django": {"handlers": ["lines"], "level": "WARNING"},
            "django.request": {"handlers": [], "level": "WARNING"},
        },
    }

    def ask(path, method="GET", head=""):
        served(
            (
                "%s /%s%%0AERROR%%1B[2J\\n\xc3\xa9%%e2%%80%%a8 HTTP/1.0\r\n%s\r\n"
                % (method, path, head)
            ).encode("latin-1")
        )
        ((name, line, function),) = lines
        print(name, function, line.encode("unicode_escape").decode())


GOOD = r"\\nERROR\\x1b[2J\\\\n\xe9\\u2028"
BAD = r"\nERROR\x1b[2J\\n\xe9\u2028"


@pytest.mark.parametrize(
    "ask, said",
    [
        ("'nothing'", "django.request get_response Not Found: /nothing"),
        (
            "'denied'",
            "django.request response_for_exception Forbidden (Permission denied): /denied",
        ),
        ("'csrf', 'POST'", "django.security.csrf _reject Forbidden (CSRF cookie not set.): /csrf"),
        ("'method'", "django.request inner Method Not Allowed (GET): /method"),
        ("'class'", "django.request http_method_not_allowed Method Not Allowed (GET): /class"),
        ("'gone'", "django.request get Gone: /gone"),
        (
            "'etag', head='If-Match: \"b\"\\r\\n'",
            "django.request _precondition_failed Precondition Failed: /etag",
        ),
    ],
)
def test_a_path_stays_on_its_line(ask, said):
    code = site + "error = PermissionDenied()\nask(%s)" % ask
    prove("security.logged_paths", code, good=said + GOOD, bad=said + BAD)


def test_a_failed_view_keeps_its_traceback():
    said = "django.request handle_uncaught_exception Internal Server Error: /denied"

    @source(site)
    def code(ask):
        global error
        error = ValueError(1)
        ask("denied")

    prove("security.logged_paths", code, good=said + GOOD, bad=said + BAD)


def test_lines_of_the_development_server():
    @source
    def code():
        import logging

        from django.conf import settings

        settings.configure()
        from django.core.servers.basehttp import WSGIRequestHandler

        class Lines(logging.Handler):
            def emit(self, record):
                print(record.getMessage().encode("unicode_escape").decode())

        logger = logging.getLogger("django.server")
        logger.addHandler(Lines())
        logger.setLevel("INFO")
        handler = WSGIRequestHandler.__new__(WSGIRequestHandler)
        handler.request = handler.client_address = None
        handler.requestline = "GET /\x1b[2J\r HTTP/1.1"
        handler.log_request(200, 3)

    prove(
        "security.logged_paths",
        code,
        good=r'"GET /\\x1b[2J\\r HTTP/1.1" 200 3',
        bad=r'"GET /\x1b[2J\r HTTP/1.1" 200 3',
    )


def test_lines_that_the_site_logs_itself_are_its_own():
    @source
    def code():
        global django
        import logging

        from django.conf import settings

        settings.configure()
        import django.core.handlers.base

        class Lines(logging.Handler):
            def emit(self, record):
                print(record.getMessage())

        logger = logging.getLogger("django.request")
        logger.addHandler(Lines())
        logger.error("of several lines: %s", "a\nC:\\b")
        logger.error("of a request: %s", "a\nb", extra={"request": None})

    text = "of several lines: a\nC:\\b\nof a request: a"
    prove("security.logged_paths", code, good=text + "\\nb", bad=text + "\nb")
