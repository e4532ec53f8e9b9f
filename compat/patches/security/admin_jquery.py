"""
Serve the admin a jQuery without known vulnerabilities, from the package XStatic-jQuery.

Its own is 2.2.3 (CVE-2015-9251, CVE-2019-11358, CVE-2020-11022, CVE-2020-11023). The finder of
apps' files finds that of the package in its place, under the same name, so that collectstatic,
runserver and storages with hashes need no setting; a copy in STATICFILES_DIRS still goes first.
https://blog.jquery.com/2020/04/10/jquery-3-5-0-released/
"""

import datetime
import functools
import os

from ...patching.patch import Patch, Refused
from ...patching.versions import release
from ._jquery import FOLDER, NAMES, complaint, is_sound, version_in

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="the admin runs on jQuery 2.2.3, which has published vulnerabilities",
    cves=("CVE-2015-9251", "CVE-2019-11358", "CVE-2020-11022", "CVE-2020-11023"),
)
patch.complaint = complaint


def replacements():
    """Name of a static file of the admin → the path of the file to serve."""
    try:
        from xstatic.pkg import jquery
    except ImportError:
        raise Refused("XStatic-jQuery is not installed: pip install XStatic-jQuery==3.7.1.1")
    paths = {FOLDER + name: os.path.join(jquery.BASE_DIR, name) for name in NAMES}
    for path in paths.values():
        version = version_in(path)
        # The admin's scripts have been tried with 3.
        if not is_sound(version) or release(version) >= (4,):
            raise Refused("%s is jQuery %s, needed is 3.5 or newer, below 4" % (path, version))
    return paths


@patch.when_imported("django.contrib.staticfiles.finders")
def repair(finders):
    cls = finders.AppDirectoriesFinder
    stock = vars(cls).get("__init__")
    patch.expect(
        stock and hasattr(finders.get_finder, "cache_clear"), "apps' files are found differently"
    )
    files = replacements()
    from django.utils import timezone

    @functools.wraps(stock)
    def __init__(self, *args, **kwargs):
        stock(self, *args, **kwargs)
        storage = self.storages.get("django.contrib.admin")
        if storage is not None:
            replace(storage)

    def replace(storage):
        path, modified = storage.path, storage.get_modified_time

        def get_modified_time(name):
            # collectstatic keeps a copy that is newer than this, also one of the old file.
            late = datetime.timedelta(seconds=1) if name in files else None
            return timezone.now() + late if late else modified(name)

        storage.path = lambda name: files.get(name) or path(name)
        storage.get_modified_time = get_modified_time

    patch.replace(cls, "__init__", __init__)
    finders.get_finder.cache_clear()  # those that were made too early
