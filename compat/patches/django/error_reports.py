"""
Report an error of a request whose parameters cannot be read, without them.

The report for the administrators reads GET and POST. Where these raise (too many fields, say) that
came out of the logger, and in place of the error's page: each layer of middleware reported the
next exception in full, and in the end there was no answer, for the price of a dozen reports.
https://github.com/django/django/blob/1.11.29/django/utils/log.py#L87
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a query string with too many fields gets no answer but a dozen error reports",
)


@patch.when_imported("django.utils.log")
def repair(log):
    handler = log.AdminEmailHandler
    stock = vars(handler).get("emit")
    patch.expect(stock is not None, "errors are reported differently")

    @functools.wraps(stock)
    def emit(self, record):
        request = getattr(record, "request", None)
        if request is not None:
            make_readable(request)
        return stock(self, record)

    patch.replace(handler, "emit", emit)


def make_readable(request):
    """Make GET and POST of a request empty where reading them raises."""
    try:
        request.GET  # noqa: B018
    except Exception:
        from django.http import QueryDict

        vars(request)["GET"] = QueryDict()  # it is a cached property
    try:
        request.POST  # noqa: B018
    except Exception:
        request._mark_post_parse_error()
