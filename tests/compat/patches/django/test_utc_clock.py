import sys

import pytest

from tests.support.probe import DJANGO, probe, prove, source

NAME = "django.utc_clock"
NEEDED = sys.version_info >= (3, 12)


@source(DJANGO)
def start():
    global datetime, override_settings, tempfile, timezone
    import datetime
    import tempfile
    import time
    import warnings

    from django.test.utils import override_settings
    from django.utils import timezone

    warnings.simplefilter("error", DeprecationWarning)

    def recent(moment, zone=None):
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone) if zone else moment.astimezone()
        return abs(moment.timestamp() - time.time()) < 60


PROBES = {
    "now": (
        """
from django.db.migrations.writer import MigrationWriter
print(recent(timezone.now()), timezone.now().tzinfo is timezone.utc)
with override_settings(USE_TZ=False):
    print(recent(timezone.now()), timezone.now().tzinfo)
print(MigrationWriter.serialize(timezone.now)[0])
""",
        "True True\nTrue None\ndjango.utils.timezone.now",
    ),
    "cache": (
        """
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
with override_settings(CACHES={
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cached"}
}):
    call_command("createcachetable")
cache = DatabaseCache("cached", {})
for use_tz in [True, False]:
    with override_settings(USE_TZ=use_tz):
        cache.set("kept", 1, 60)
        cache.set("for ever", 2, None)
        cache.set("gone", 3, -60)
        print(cache.get("kept"), cache.get("for ever"), cache.get("gone"), "kept" in cache,
              cache.add("kept", 4), "gone" in cache)
""",
        "1 2 None True False False\n" * 2,
    ),
    "storage": (
        """
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
with tempfile.TemporaryDirectory() as folder:
    storage = FileSystemStorage(folder)
    name = storage.save("file", ContentFile(b""))
    for use_tz in [True, False]:
        with override_settings(USE_TZ=use_tz):
            moment = storage.get_modified_time(name)
            print(recent(moment), recent(storage.get_created_time(name)), moment.tzinfo)
""",
        "True True UTC\nTrue True None",
    ),
    "sessions": (
        """
from django.contrib.sessions.backends.file import SessionStore
with tempfile.TemporaryDirectory() as folder:
    for use_tz in [True, False]:
        with override_settings(USE_TZ=use_tz, SESSION_FILE_PATH=folder):
            session = SessionStore()
            session["a"] = use_tz
            session.save()
            print(SessionStore(session.session_key).load(), recent(session._last_modification()))
""",
        "{'a': True} True\n{'a': False} True",
    ),
    "feeds": (
        """
from django.utils.feedgenerator import Rss201rev2Feed
feed = Rss201rev2Feed("title", "/", "text")
print(recent(feed.latest_post_date()), feed.latest_post_date().tzinfo is timezone.utc)
days = [datetime.datetime(2018, 1, day) for day in (2, 3, 1)]
for day in days:
    feed.add_item("item", "/", "text", pubdate=day, updateddate=None)
print(feed.latest_post_date() == days[1])
""",
        "True True\nTrue",
    ),
    "cookies": (
        """
from django.http import HttpResponse
response = HttpResponse()
later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=100)
for expires in [later, later.replace(tzinfo=None), later - datetime.timedelta(1)]:
    response.set_cookie("a", "b", expires=expires, path="/x", httponly=True)
    cookie = response.cookies["a"]
    print(cookie["max-age"] in (0, 99, 100), bool(cookie["max-age"]), cookie["path"],
          cookie["httponly"], cookie["expires"].endswith("GMT"))
response.set_cookie("a", "b", 5)
response.set_cookie("c", expires="Thu, 01 Jan 2037 00:00:00 GMT")
print(response.cookies["a"]["max-age"], response.cookies["c"]["expires"])
""",
        "True True /x True True\n" * 2 + "True False /x True True\n5 Thu, 01 Jan 2037 00:00:00 GMT",
    ),
}


@pytest.mark.parametrize("what", sorted(PROBES))
def test_times_without_a_warning(what):
    code, good = PROBES[what]
    prove(NAME, start + code, good.strip(), bad="DeprecationWarning: datetime", needed=NEEDED)


def test_the_stamp_of_a_development_version():
    @source
    def code():
        import subprocess
        from unittest import mock

        from django.utils import version

        with mock.patch.object(subprocess, "Popen") as git:
            git.return_value.communicate.return_value = ("1500000000", "")
            print(version.get_git_changeset())

    assert probe(start + code).said == "20170714024000"
