"""
What a process of the site sees: run by the doctor with that process's interpreter, variables and
folder, as a program of its own. It imports nothing of the bridge, which may not be active there.

Prints its facts as one line of JSON. Asked to `listen` to a group, it prints a second line:
whether a message came before its standard input ended (and a moment after).
"""

import asyncio
import importlib
import json
import os
import runpy
import select
import sys
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
REDIS = runpy.run_path(os.path.join(HERE, "seen_redis.py"))  # its functions, by their names
TABLES = runpy.run_path(os.path.join(HERE, "seen_tables.py"))
PATIENCE = 4.0  # seconds that a message may take once it has been sent
LIMIT = 6.0  # seconds that a database or Redis may take to answer; firewalls keep silent


def main(asked):
    """Print the facts; the process ends here, whatever threads somebody has left."""
    facts = {"settings": None, "errors": {}, "encoding": sys.getfilesystemencoding()}
    facts["bridge"], facts["python"] = bridge(asked["bridges"]), list(sys.version_info[:3])
    if asked.get("application"):
        attempt(facts, "application", lambda: load(asked["application"]))
    facts["bridge"] = facts["bridge"] or bridge(asked["bridges"])
    facts["settings"] = os.environ.get("DJANGO_SETTINGS_MODULE")
    attempt(facts, "settings", lambda: site(facts))
    attempt(facts, "packages", lambda: facts.update(packages=packages()))
    if "settings" not in facts["errors"]:
        attempt(facts, "copies", lambda: facts.update(copies=copies(asked["bridges"])))
        attempt(facts, "urls", lambda: within(urls))
        attempt(facts, "newest", lambda: newest(facts))
        say(dict(facts, partly=True))  # what follows may hang
        attempt(facts, "databases", lambda: databases(facts))
        attempt(facts, "migrations", lambda: within(TABLES["migrations"], facts))
        attempt(facts, "folders", lambda: folders(facts))
        if facts.get("notifications") == "postgresql":
            attempt(facts, "notifications", lambda: within(notify, facts))
        if facts.get("layer"):
            attempt(facts, "layer", lambda: run(talk(facts, asked)))
    if "received" in facts:
        say({"received": facts["received"]})
    else:
        say(facts)
    os._exit(0)


def say(facts):
    print(json.dumps(facts), flush=True)


def attempt(facts, name, function):
    """Note the exception under a name; whatever a site raises."""
    try:
        function()
    except (Exception, SystemExit) as error:
        cause = error.__cause__ or error.__context__
        facts["errors"][name] = line(error) + (" (%s)" % line(cause) if cause else "")


def line(error):
    return "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:300])


def bridge(names):
    """The name under which the bridge is active here, or None."""
    for name in names:
        patches = sys.modules.get(name + ".patches")
        if patches is not None and patches.is_installed():
            return name


def copies(names):
    """Each copy of the bridge that is imported here; the one that repairs the process first."""
    from django.conf import settings

    found = list(vars(sys).get("_bridge_copies", ()))
    found += [name for name in names if name not in found]
    folders = [(name, os.path.dirname(path_of(sys.modules.get(name)))) for name in found]
    return [
        {"name": name, "folder": folder, "listed": is_listed(name, settings.INSTALLED_APPS)}
        for name, folder in folders
        if folder and os.path.isdir(os.path.join(folder, "patching"))
    ]


def path_of(module):
    return getattr(module, "__file__", None) or ""


def is_listed(name, listed):
    return any((one + ".").startswith(name + ".") for one in listed)


def load(application):
    module, _, attribute = application.partition(":")
    getattr(importlib.import_module(module), attribute)


def site(facts):
    import django
    from django.conf import settings

    django.setup()
    facts["allowed_hosts"] = list(settings.ALLOWED_HOSTS)
    facts["debug"] = settings.DEBUG
    layers = getattr(settings, "CHANNEL_LAYERS", None) or {}
    facts["layer"] = layers.get("default", {}).get("BACKEND")
    facts["notifications"] = str(getattr(settings, "STREAMS_NOTIFICATIONS", "layer")).lower()
    facts["proxy_ssl_header"] = getattr(settings, "SECURE_PROXY_SSL_HEADER", None)
    facts["ssl_redirect"] = getattr(settings, "SECURE_SSL_REDIRECT", False)
    told = getattr(settings, "SOCKETS_ORIGINS", None)
    facts["origins"] = [str(one) for one in told] if isinstance(told, (list, tuple, set)) else None
    facts["cookies"] = [cookie(settings, kind) for kind in ("SESSION", "CSRF")]


def urls():
    """Import the site's pages, as the first request does."""
    from django.conf import settings

    importlib.import_module(settings.ROOT_URLCONF)


def packages():
    """{import name: version} of what is installed here, the first that would be imported."""
    found = {}
    for folder in sys.path:
        for name in os.listdir(folder or ".") if os.path.isdir(folder or ".") else ():
            stem, _, kind = name.rpartition(".")
            if kind in ("dist-info", "egg-info") and "-" in stem:
                package, version = stem.split("-")[:2]
                found.setdefault(package.lower().replace("-", "_").replace(".", "_"), version)
    return found


def cookie(settings, kind):
    """The settings of a cookie; SameSite only where something writes it."""
    found = {"kind": kind}
    for name in ("NAME", "DOMAIN", "SECURE", "PATH"):
        found[name.lower()] = getattr(settings, "%s_COOKIE_%s" % (kind, name), None)
    listed = getattr(settings, "MIDDLEWARE", None) or ()
    if any(one.endswith(".same_site.SameSiteMiddleware") for one in listed):
        found["same_site"] = getattr(settings, kind + "_COOKIE_SAMESITE", None)
    return found


def newest(facts):
    """The newest file of the site's that was imported, and when it was changed."""
    here, found = os.path.join(os.getcwd(), ""), ("", 0)
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None) or ""
        if path.startswith(here) and path.endswith(".py") and os.path.exists(path):
            found = max(found, (path, os.stat(path).st_mtime), key=lambda one: one[1])
    facts["newest"] = found


def databases(facts):
    from django.db import connections

    facts["threads"], facts["connections"] = threads(), {}
    facts["places"] = [place(connections[alias].settings_dict) for alias in connections]
    used = [one for one in connections if connections[one].vendor != "unknown"]  # no ENGINE
    asked = [(alias, begin(connect, alias, facts)) for alias in used]
    deadline = time.monotonic() + LIMIT  # for all of them together
    for alias, wait in asked:
        attempt(facts, "database " + alias, lambda: wait(deadline))  # noqa: B023


def place(told):
    """Which database it is, to compare."""
    return [str(told.get(name) or "") for name in ("ENGINE", "HOST", "PORT", "NAME")]


def threads():
    """How many threads a daphne with these variables has for queries."""
    from concurrent.futures import ThreadPoolExecutor

    told = os.environ.get("ASGI_THREADS", "")
    return int(told) if told.isdigit() and int(told) else ThreadPoolExecutor()._max_workers


# Connections to the whole server, how many it takes from such accounts, and the port it has itself.
USED = {
    "postgresql": (
        "SELECT sum(numbackends), current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int, inet_server_port()"
        " FROM pg_stat_database"
    ),
    "mysql": "SHOW GLOBAL STATUS LIKE 'Threads_connected'",
}


def connect(alias, facts):
    from django.db import connections

    one = connections[alias]  # each thread has connections of its own
    if TABLES["would_make"](one):
        return
    one.ensure_connection()
    if one.vendor not in USED:
        return
    try:
        with one.cursor() as cursor:
            cursor.execute(USED[one.vendor])
            row = cursor.fetchone()
            if one.vendor == "mysql":
                cursor.execute("SELECT @@max_connections, @@port")
                row = [row[1]] + list(cursor.fetchone())
    except Exception:  # an account, or a pooler, that may not be asked
        return
    told = one.settings_dict
    server = [str(told.get("HOST") or ""), str(told.get("PORT") or "")]
    used, limit, port = int(row[0]), int(row[1]), row[2]
    # With a pooler in between, the server has another port than we were told.
    direct = not server[1] or port is None or server[1] == str(port)
    age = told.get("CONN_MAX_AGE")
    facts["connections"][alias] = {
        "server": server, "used": used, "limit": limit, "direct": direct, "max_age": age
    }  # fmt: skip


def notify(facts):
    """Whether PostgreSQL tells one connection what is notified on another."""
    from django.apps import apps
    from django.conf import settings
    from django.db import connections, router

    found = apps.get_app_configs()
    streams = [one for one in found if one.label == "streams"]
    alias = router.db_for_write(streams[0].get_model("Stream")) if streams else "default"
    place = getattr(settings, "STREAMS_NOTIFICATIONS_DATABASE", None) or alias
    hearing, site = connections[place], connections[alias]
    for one in (site, hearing):
        if one.vendor != "postgresql":
            raise ValueError("the database %s is no PostgreSQL" % one.alias)
    saying = type(site)(site.settings_dict, alias)
    name = "doctor_%s" % uuid.uuid4().hex
    with hearing.cursor() as cursor:
        cursor.execute('LISTEN "%s"' % name)
    with saying.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [name])
    saying.close()
    deadline = time.monotonic() + PATIENCE
    while not hearing.connection.notifies and time.monotonic() < deadline:
        select.select([hearing.connection], [], [], 0.1)
        hearing.connection.poll()
    facts["heard"] = bool(hearing.connection.notifies)
    hearing.close()


def within(function, *arguments):
    """Call it in a thread, which is left alone where it does not come back in time."""
    begin(function, *arguments)(time.monotonic() + LIMIT)


def begin(function, *arguments):
    """Call it in a thread; a function that waits for it until a moment, and raises what it did."""
    raised = []

    def run():
        try:
            function(*arguments)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def wait(deadline):
        thread.join(max(0, deadline - time.monotonic()))
        if thread.is_alive():
            raise TimeoutError("no answer within %d s" % LIMIT)
        if raised:
            raise raised[0]

    return wait


def folders(facts):
    """The paths that this account cannot write, and how much is free where the site writes."""
    import tempfile

    from django.conf import settings
    from django.db import connections

    paths = {"MEDIA_ROOT": settings.MEDIA_ROOT, "the temporary folder": tempfile.gettempdir()}
    for alias in connections:
        name = str(connections[alias].settings_dict.get("NAME") or "")
        if connections[alias].vendor == "sqlite" and ":memory:" not in name:
            paths["the database " + alias] = name
            paths["the folder of the database " + alias] = os.path.dirname(os.path.abspath(name))
    facts["unwritable"], facts["free"] = [], []
    for what, path in sorted(paths.items()):
        place = path and os.path.abspath(path)
        while place and not os.path.exists(place):
            place = os.path.dirname(place)
        if not place:
            continue
        folder = place == path or os.path.isdir(place)
        if not folder or not os.access(place, os.W_OK):
            facts["unwritable"].append("%s, %s" % (path, what))
        disk = os.statvfs(place)
        if disk.f_blocks:
            nodes = disk.f_favail / disk.f_files if disk.f_files else 1
            free = disk.f_bavail * disk.f_frsize
            facts["free"].append([path, free, min(disk.f_bavail / disk.f_blocks, nodes)])


def run(coroutine):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(coroutine)


async def talk(facts, asked):
    from channels.layers import get_channel_layer

    layer = get_channel_layer()
    for name in ("prefix", "group_expiry"):
        facts[name] = getattr(layer, name, None)
    try:
        channel = await asyncio.wait_for(join(layer, facts, asked), LIMIT)
    except Exception as error:
        facts["speaks"] = REDIS["speaks"](layer)
        if "NOPERM" in str(error):
            await REDIS["lacking"](layer, facts, "default")
        if isinstance(error, asyncio.TimeoutError):
            raise TimeoutError("no answer within %d s" % LIMIT)
        raise
    if channel:
        say(facts)
        facts["received"] = False  # the facts are told
        facts["received"] = await heard(layer, channel)
        try:  # or the group stays in Redis for a day
            await asyncio.wait_for(layer.group_discard(asked["listen"], channel), LIMIT)
        except Exception:
            return


async def join(layer, facts, asked):
    """Send to the group, or join it; then the name of our channel."""
    channel = None
    if asked.get("send"):
        await layer.group_send(asked["send"], {"type": "doctor"})
    if asked.get("listen"):
        channel = await layer.new_channel()
        await layer.group_add(asked["listen"], channel)
    if hasattr(layer, "connection"):
        facts["eviction"] = await REDIS["eviction"](layer)
        facts["redis"] = await REDIS["server"](layer)
        try:
            facts["full"] = await REDIS["full"](layer)
        except Exception:  # an account that may not look
            facts["full"] = []
        await REDIS["lacking"](layer, facts)
    return channel


async def heard(layer, channel):
    """Whether a message comes until the one who asked has closed our standard input."""
    loop = asyncio.get_event_loop()
    message = asyncio.ensure_future(layer.receive(channel))
    ended = loop.run_in_executor(None, sys.stdin.read)
    await asyncio.wait([message, ended], return_when=asyncio.FIRST_COMPLETED)
    if not message.done():
        await asyncio.wait([message], timeout=PATIENCE)
    return message.done() and not message.exception()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
