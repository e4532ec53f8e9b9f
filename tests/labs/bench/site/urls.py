"""One view that does nothing, so that what surrounds it is what costs."""

from django.http import HttpResponse

from .routing import url


def nothing(request):
    return HttpResponse(b"ok\n", content_type="text/plain")


urlpatterns = [url(r"^$", nothing)]
