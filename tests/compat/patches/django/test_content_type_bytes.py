from tests.compat.patches.probe import prove
from tests.compat.patches.security.probes import WSGI

NAME = "django.content_type_bytes"
CODE = (
    WSGI
    + """
import logging
logging.disable(logging.CRITICAL)

def view(request):
    return HttpResponse(",".join(request.POST))

urlpatterns = [url("^$", view)]
whole = form(b'name="a"\\r\\n\\r\\n1')
print(served(whole)[1], served(whole.replace(b"boundary=", b"x=\\xff; boundary="))[0])
"""
)


def test_it_is_a_bad_request():
    prove(NAME, CODE, good="a 400", bad="a 500")
