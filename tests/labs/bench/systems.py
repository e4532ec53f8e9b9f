"""What is compared with --peers: the pinned stack, with the bridge and without, and today's."""

import collections
import copy
import os

from . import peers
from .sites import Site

PUBSUB = "compat.channel_layer.pubsub.RedisPubSubChannelLayer"
CORE4 = "channels_redis.core.RedisChannelLayer"
PUBSUB4 = "channels_redis.pubsub.RedisPubSubChannelLayer"
LABELS = collections.OrderedDict(
    [
        ("ours", "the bridge, ordinary consumers, pub/sub layer"),
        ("streams", "the bridge, `compat.streams`"),
        ("ours-uvloop", "the bridge, ordinary consumers, on uvloop"),
        ("streams-uvloop", "the bridge, `compat.streams`, on uvloop"),
        ("stock", "pinned stack without the bridge"),
        ("daphne4", "channels 4, daphne 4, core layer"),
        ("daphne4ps", "channels 4, daphne 4, pub/sub layer"),
        ("uvicorn", "channels 4, uvicorn, pub/sub layer"),
    ]
)
MINE = ("ours", "streams")
THEIRS = ("daphne4", "daphne4ps", "uvicorn")

# Each its own session and user, as in life: who comes back is not one person 1,000 times.
SIGN_IN = """
import json
from django.core.management import call_command
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
call_command("migrate", interactive=False, verbosity=0)
keys = []
with transaction.atomic():
    for number in range(int(sys.argv[1])):
        user = get_user_model()(username="reader%d" % number, password="!")
        user.save()
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        keys.append(session.session_key)
print(json.dumps(keys))
"""


def make_systems(sites, folder, options, say, note):
    """{name: Site} of those in LABELS; each has a database of its own with USERS sessions."""
    found = {"stock": _own(sites["stock"], "stock"), "ours": _own(sites["ours"], "ours")}
    found["ours"] = found["ours"].with_layer(PUBSUB)
    found["streams"] = copy.copy(found["ours"])
    if options.peers:
        python = peers.interpreter(say)
        note("peers: " + peers.versions(python))
        for name, layer in zip(THEIRS, (CORE4, PUBSUB4, PUBSUB4)):
            url = "sqlite:///%s/%s.sqlite3" % (folder, name)
            site = Site(name, folder, url, "*").with_layer(layer)
            site.python, site.server = python, "uvicorn" if name == "uvicorn" else "daphne"
            found[name] = site
    for name, site in found.items():
        if name != "streams":
            site.cookies = os.path.join(site.folder, "cookies.json")
            with open(site.cookies, "w") as file:
                file.write(site.python_code(SIGN_IN, str(USERS)))
    found["streams"].cookies = found["ours"].cookies
    if options.uvloop:
        import uvloop

        note("uvloop %s" % uvloop.__version__)
        for name in MINE:
            found[name + "-uvloop"] = site = copy.copy(found[name])
            site.env = dict(site.env, COMPAT_EVENT_LOOP="uvloop")
    return collections.OrderedDict((name, found[name]) for name in LABELS if name in found)


USERS = 1000


def _own(site, name):
    """The same site with a database of its own, in which anything may be made."""
    found = copy.copy(site)
    url = "sqlite:///%s/own.sqlite3" % site.folder
    found.database_url, found.env = url, dict(site.env, BENCH_DATABASE_URL=url)
    return found
