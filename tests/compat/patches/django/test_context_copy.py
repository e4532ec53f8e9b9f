import sys

from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def code():
    global Engine, Template
    from copy import copy

    from django.template import Context, Engine, RequestContext, Template
    from django.test import RequestFactory

    request = RequestContext(RequestFactory().get("/"), {"a": 1}, use_l10n=False)
    for context in (Context({"a": 1}, autoescape=False), request):
        context.render_context["r"] = 1
        same = copy(context)
        same.push(a=2)
        same.render_context.push(r=2)
        print(
            type(same) is type(context),
            same.flatten()["a"],
            same.get("b"),
            context["a"],
            context.render_context["r"],
            same.autoescape is context.autoescape,
        )
    print(copy(request).request is request.request, request.new({"b": 1}).flatten().get("a"))


def test_a_copy_is_a_context_of_its_own():
    prove(
        "django.context_copy",
        code,
        good="True 2 None 1 1 True\nTrue 2 None 1 1 True\nTrue None",
        bad="has no attribute 'dicts'",
        needed=sys.version_info >= (3, 14),
    )
