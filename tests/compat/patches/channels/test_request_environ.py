"""A view under a real daphne reads `request.environ`, as views under WSGI may."""

import json

import pytest

from tests.compat.patches.channels.clients import get
from tests.support.daphne import daphne
from tests.support.probe import source

NAME = "channels.request_environ"


@source
def site_code():
    global application, urlpatterns
    import compat

    compat.install()
    from django.conf import settings

    settings.configure(
        SECRET_KEY="test",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="environ_site",
        INSTALLED_APPS=["channels"],
        MIDDLEWARE=["environ_site.writes"],
    )
    import django

    django.setup()
    from channels.http import AsgiHandler
    from django.conf.urls import url
    from django.http import JsonResponse

    def writes(get_response):
        def middleware(request):
            request.environ["REMOTE_USER"] = "ann"
            return get_response(request)

        return middleware

    def view(request):
        environ = request.environ
        names = ["REMOTE_ADDR", "REQUEST_METHOD", "QUERY_STRING", "wsgi.url_scheme"]
        return JsonResponse(
            [environ[name] for name in names] + [request.META["REMOTE_USER"]], safe=False
        )

    urlpatterns = [url("^environ/", view)]
    application = AsgiHandler


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "environ_site.py").write_text(site_code)
    return folder


def test_it_is_meta(site):
    with daphne(site, "environ_site:application") as address:
        status, body = get(address, "/environ/?a=b")
    assert status == 200, body
    assert json.loads(body.decode()) == ["127.0.0.1", "GET", "a=b", "http", "ann"]


def test_without_the_patch_there_is_none(site):
    with daphne(site, "environ_site:application", COMPAT_DISABLE=NAME) as address:
        assert get(address, "/environ/?a=b")[0] == 500
    log = (site / "daphne.log").read_text()
    assert "'AsgiRequest' object has no attribute 'environ'" in log
