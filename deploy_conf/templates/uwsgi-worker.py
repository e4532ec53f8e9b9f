# Each worker of uWSGI runs this before it imports @{name}. Rendered by deploy_conf.
#
# A site that cannot be imported ends the whole uWSGI (need-app): right when it starts, but not
# while workers with the old code answer. Then the new one alone ends, and uWSGI tries once more.
import importlib
import os
import time
import traceback

import uwsgi

if any(one["apps"] for one in uwsgi.workers() if one["id"] != uwsgi.worker_id()):
    try:
        importlib.import_module("@{wsgi_module}")
    except BaseException:
        traceback.print_exc()
        time.sleep(1)
        os._exit(1)
