"""A site that tells what it can read of a request: for ASGI, and the same for WSGI."""

import os
import tempfile
import threading

import compat

compat.install()

from django.conf import settings  # noqa: E402

FOLDER = os.path.abspath("uploads")
if not os.path.isdir(FOLDER):
    os.mkdir(FOLDER)
LIMITS = {"FILE_UPLOAD_MAX_MEMORY_SIZE": 1000, "DATA_UPLOAD_MAX_MEMORY_SIZE": 5000}

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="only for tests",
    ROOT_URLCONF="bodies",
    MIDDLEWARE=[],
    INSTALLED_APPS=["channels"],
    ASGI_APPLICATION="bodies.application",
    FILE_UPLOAD_TEMP_DIR=FOLDER,
    # uploads stay where the tests count nothing else
    FILE_UPLOAD_HANDLERS=["bodies.Counter"],
    **({} if os.environ.get("LIMITS") == "django" else LIMITS),
)

import django  # noqa: E402

django.setup()

from channels.http import AsgiHandler as application  # noqa: E402,F401
from django.conf.urls import url  # noqa: E402
from django.core.files.uploadhandler import FileUploadHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.http.request import RawPostDataException  # noqa: E402

release = threading.Event()


class Counter(FileUploadHandler):
    """Makes of a file its name and length."""

    def receive_data_chunk(self, data, start):
        return None

    def file_complete(self, size):
        file = tempfile.SpooledTemporaryFile()
        file.told = "%s %d" % (self.file_name, size)
        return file


def told(value):
    """What a view read, short enough to compare."""
    if isinstance(value, bytes):
        return "%d %r %r" % (len(value), value[:20], value[-20:])
    if hasattr(value, "told"):
        return value.told
    return value if len(value) < 50 else "%d %s" % (len(value), value[:20])


def post(request):
    return {name: [told(value) for value in values] for name, values in request.POST.lists()}


def files(request):
    return {name: [told(value) for value in values] for name, values in request.FILES.lists()}


STEPS = {
    "body": lambda request: told(request.body),
    "post": post,
    "files": files,
    "read": lambda request: told(request.read()),
    "some": lambda request: told(request.read(7)),
    "line": lambda request: told(request.readline()),
    "lines": lambda request: [told(line) for line in request],
    "loop": lambda request: sum(len(part) for part in iter(lambda: request.read(65536), b"")),
    "length": lambda request: request.META.get("CONTENT_LENGTH") or "",
    "fail": lambda request: 1 // 0,
    "wait": lambda request: release.wait(20) and release.clear(),
}


def steps(request, names):
    """Does one thing after the other with the request: /steps/some+post/."""
    found = []
    for name in names.split("+"):
        try:
            found.append(STEPS[name](request))
        except RawPostDataException as error:
            found.append(type(error).__name__)
    return JsonResponse({"found": found})


def peak(request):
    """The most memory this process has had, in bytes."""
    with open("/proc/self/status") as file:
        (line,) = [line for line in file if line.startswith("VmHWM")]
    return JsonResponse({"peak": int(line.split()[1]) * 1024})


def spooled(request):
    """How many files of this process are in the folder for uploads."""
    names = [os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return JsonResponse({"open": sum(os.path.realpath(n).startswith(FOLDER) for n in names)})


def let_go(request):
    release.set()
    return HttpResponse()


urlpatterns = [
    url(r"^steps/(.+)/$", steps),
    url(r"^peak/$", peak),
    url(r"^spooled/$", spooled),
    url(r"^release/$", let_go),
]


def serve():
    """The same site by Django's own WSGI handler."""
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIServer, make_server

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server)
    print("Listening on", server.server_port, flush=True)
    server.serve_forever()
