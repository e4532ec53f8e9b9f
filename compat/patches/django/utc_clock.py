"""
Ask for the time in UTC without `utcnow()` and `utcfromtimestamp()`.
https://docs.python.org/3/whatsnew/3.12.html#deprecated
"""

import datetime
import functools

from ...patching.patch import Patch
from ...patching.stand_in import StandIn

patch = Patch(
    __name__,
    package="django",
    versions="<4.1",
    python=">=3.12",
    symptom="DeprecationWarning: datetime.datetime.utcnow() is deprecated, with every timestamp",
)
UTC = datetime.timezone.utc


@patch.when_imported("django.utils.timezone")
def repair_timezone(timezone):
    @functools.wraps(timezone.now)
    def now():
        if timezone.settings.USE_TZ:
            return timezone.datetime.now(UTC).replace(tzinfo=timezone.utc)
        return timezone.datetime.now()

    patch.replace(timezone, "now", now)


@patch.when_imported("django.core.cache.backends.db")
def repair_cache(db):
    # Of the class it only calls methods and reads `max`.
    stock = db.datetime

    class Datetime(object):
        def __getattr__(self, name):
            return getattr(stock, name)

        def utcnow(self):
            return stock.now(UTC).replace(tzinfo=None)

        def utcfromtimestamp(self, timestamp):
            return stock.fromtimestamp(timestamp, UTC).replace(tzinfo=None)

    patch.replace(db, "datetime", Datetime())


@patch.when_imported("django.core.files.storage")
def repair_storage(storage):
    def _datetime_from_timestamp(self, ts):
        if storage.settings.USE_TZ:
            return storage.datetime.fromtimestamp(ts, UTC).replace(tzinfo=storage.timezone.utc)
        return storage.datetime.fromtimestamp(ts)

    patch.replace(storage.FileSystemStorage, "_datetime_from_timestamp", _datetime_from_timestamp)


@patch.when_imported("django.contrib.sessions.backends.file")
def repair_sessions(file):
    def _last_modification(self):
        modified = file.os.stat(self._key_to_file()).st_mtime
        if file.settings.USE_TZ:
            moment = file.datetime.datetime.fromtimestamp(modified, UTC)
            return moment.replace(tzinfo=file.timezone.utc)
        return file.datetime.datetime.fromtimestamp(modified)

    patch.replace(file.SessionStore, "_last_modification", _last_modification)


@patch.when_imported("django.utils.feedgenerator")
def repair_feeds(feedgenerator):
    def latest_post_date(self):
        """The latest of the items' `updateddate` and `pubdate`; now, when there is none."""
        keys = ("updateddate", "pubdate")
        dates = [item[key] for item in self.items for key in keys if item.get(key)]
        if dates:
            return max(dates)
        return feedgenerator.datetime.datetime.now(UTC).replace(tzinfo=feedgenerator.utc)

    patch.replace(feedgenerator.SyndicationFeed, "latest_post_date", latest_post_date)


@patch.when_imported("django.http.response")
def repair_cookies(response):
    from .._clock import until

    base = response.HttpResponseBase
    stock = base.set_cookie

    @functools.wraps(stock)
    def set_cookie(self, key, value="", max_age=None, expires=None, *args, **kwargs):
        if isinstance(expires, response.datetime.datetime):
            max_age, expires = until(expires, response.timezone), None
        return stock(self, key, value, max_age, expires, *args, **kwargs)

    patch.replace(base, "set_cookie", set_cookie)


@patch.when_imported("django.utils.version")
def repair_version(version):
    class Datetime(version.datetime.datetime):
        @classmethod
        def utcfromtimestamp(cls, timestamp):
            return cls.fromtimestamp(timestamp, UTC).replace(tzinfo=None)

    patch.replace(version, "datetime", StandIn(version.datetime, datetime=Datetime))
