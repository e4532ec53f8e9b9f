# Each worker of uWSGI runs this before it imports @{name}. Rendered by deploy_conf.
#
# A site that cannot be imported ends the whole uWSGI (need-app): right when it starts, but not
# while workers with the old code answer. Then the new one alone ends, and uWSGI tries once more.
import importlib
import os
import sys
import time
import traceback

import uwsgi


# Now, not with the first request: by then the files on disk may be newer than the worker is. What
# fails here is said, and left to that request, which tries again.
def load_urls():
    try:
        from django.conf import settings
        from django.urls import get_resolver

        if getattr(settings, "ROOT_URLCONF", None):
            list(get_resolver().url_patterns)
    except BaseException as error:
        said = " ".join(("%s: %s" % (type(error).__name__, error)).split())[:500]
        sys.stderr.write("worker %d has not loaded the URLs: %s\n" % (uwsgi.worker_id(), said))


try:
    importlib.import_module("@{wsgi_module}")
except BaseException:
    if any(one["apps"] for one in uwsgi.workers() if one["id"] != uwsgi.worker_id()):
        traceback.print_exc()
        time.sleep(1)
        os._exit(1)
    # uWSGI is about to import it again, says what is wrong, and ends.
else:
    if "django" in sys.modules:
        load_urls()
