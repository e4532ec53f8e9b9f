"""Consumers of a real daphne log in and out, and receivers of the signals look at the request."""

import json

import pytest

from tests.support.daphne import daphne
from tests.support.frames import Client, frame
from tests.support.probe import source

NAME = "channels.login_request"


@source
def site_code():
    global application
    import compat

    compat.install()
    import json

    from django.conf import settings

    settings.configure(
        SECRET_KEY="test",
        ALLOWED_HOSTS=["a"],
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "channels"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}},
    )
    import django

    django.setup()
    from channels import auth
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.sessions import SessionMiddlewareStack
    from django.contrib.auth import user_logged_in, user_logged_out
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    ann, _ = User.objects.get_or_create(username="ann")
    told = []

    def tell(sender, request, user, **kwargs):
        told.append(
            [
                request.META["REMOTE_ADDR"],
                request.META["HTTP_USER_AGENT"],
                request.COOKIES["a"],
                request.get_host(),
                request.is_secure(),
                request.get_full_path(),
                request.GET["x"],
                request.method,
                request.user == user,
                "_auth_user_id" in request.session,
            ]
        )

    user_logged_in.connect(tell)
    user_logged_out.connect(tell)

    class Logs(AsyncWebsocketConsumer):
        async def receive(self, text_data=None, bytes_data=None):
            try:
                if text_data == "in":
                    await auth.login(self.scope, ann)
                else:
                    await auth.logout(self.scope)
            except AttributeError as error:
                told.append(str(error))
            await self.send(json.dumps([told.pop(), str(self.scope["user"])]))

    application = SessionMiddlewareStack(Logs)


LINES = [b"User-Agent: test", b"Cookie: a=b"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "login_site.py").write_text(site_code)
    return folder


def told(address, *words):
    """For each word: what the receiver saw, and who is logged in then."""
    with Client(address, "/in/?x=%FF1", LINES) as client:
        for word in words:
            client.send(frame(word.encode(), 1))
            yield json.loads(client.receive()[1])


def test_receivers_see_how_the_socket_was_opened(site):
    seen = ["127.0.0.1", "test", "b", "a", False, "/in/?x=%FF1", "\ufffd1", "GET", True, True]
    with daphne(site, "login_site:application") as address:
        answers = list(told(address, "in", "out"))
    assert answers == [[seen, "ann"], [seen, "AnonymousUser"]]


def test_without_the_patch_they_fail(site):
    missing = "'NoneType' object has no attribute 'META'"
    with daphne(site, "login_site:application", COMPAT_DISABLE=NAME) as address:
        answers = list(told(address, "in", "out"))
    assert answers == [[missing, "ann"], [missing, "ann"]]  # logged out it is not
