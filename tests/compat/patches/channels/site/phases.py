"""A site whose middleware leaves a trace of every phase, in the new and in the legacy style."""

import os
import threading

import compat

compat.install()

from django.conf import settings  # noqa: E402

LEGACY = os.environ.get("STYLE") == "legacy"
MIDDLEWARE = ["phases.Traced", "phases.Early"]

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="only for tests",
    ROOT_URLCONF="phases",
    MIDDLEWARE_CLASSES=MIDDLEWARE,
    MIDDLEWARE=None if LEGACY else MIDDLEWARE,
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    INSTALLED_APPS=["channels"],
    ASGI_APPLICATION="phases.application",
)

import django  # noqa: E402

django.setup()

from channels.http import AsgiHandler  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf.urls import url  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.template.response import TemplateResponse  # noqa: E402
from django.utils.deprecation import MiddlewareMixin  # noqa: E402

lock = threading.Lock()
counts = {"views": 0, "constructed": 0}


def count(name):
    with lock:
        counts[name] += 1


class Base(object if LEGACY else MiddlewareMixin):
    pass


class Traced(Base):
    """Every phase appends its letter; the response carries them in X-Phases."""

    def __init__(self, *args):
        super(Traced, self).__init__(*args)
        count("constructed")

    def process_request(self, request):
        request.phases = "q"

    def process_view(self, request, view, args, kwargs):
        request.phases += "v"

    def process_template_response(self, request, response):
        request.phases += "t"
        return response

    def process_exception(self, request, exception):
        request.phases += "e"
        return HttpResponse(str(exception), status=418)

    def process_response(self, request, response):
        response["X-Phases"] = getattr(request, "phases", "") + "r"
        return response


class Early(Base):
    """Answers /early/ itself, before any view."""

    def process_request(self, request):
        if request.path == "/early/":
            return HttpResponse("early")


def plain(request):
    count("views")
    return HttpResponse(request.GET.get("id", ""))


def templated(request):
    count("views")
    template = engines["django"].from_string("{{ id }}")
    return TemplateResponse(request, template, {"id": request.GET.get("id", "")})


def failing(request):
    count("views")
    raise ValueError("on purpose")


urlpatterns = [
    url(r"^plain/$", plain),
    url(r"^templated/$", templated),
    url(r"^failing/$", failing),
    url(r"^counts/$", lambda request: JsonResponse(counts)),
]


class Tagged(AsgiHandler):
    """A subclass as sites write them: its own step, which reads its own scope."""

    def _get_response(self, request):
        response = super(Tagged, self)._get_response(request)
        response["X-Scope"] = self.scope["query_string"].decode()
        return response

    def _legacy_get_response(self, request):
        response = super(Tagged, self)._legacy_get_response(request)
        response["X-Scope"] = self.scope["query_string"].decode()
        return response


application = ProtocolTypeRouter({"http": AsgiHandler})
tagged = ProtocolTypeRouter({"http": Tagged})


def either(scope):
    """The plain handler and its subclass in one process."""
    return (Tagged if b"tagged" in scope["query_string"] else AsgiHandler)(scope)
