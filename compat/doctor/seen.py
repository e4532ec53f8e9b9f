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
import select
import sys
import threading
import time
import uuid

PATIENCE = 4.0  # seconds that a message may take once it has been sent
LIMIT = 6.0  # seconds that a database or Redis may take to answer; firewalls keep silent


def main(asked):
    """Print the facts; the process ends here, whatever threads somebody has left."""
    facts = {"settings": None, "errors": {}, "encoding": sys.getfilesystemencoding()}
    facts["bridge"] = bridge(asked["bridges"])
    if asked.get("application"):
        attempt(facts, "application", lambda: load(asked["application"]))
    facts["bridge"] = facts["bridge"] or bridge(asked["bridges"])
    facts["settings"] = os.environ.get("DJANGO_SETTINGS_MODULE")
    attempt(facts, "settings", lambda: site(facts))
    if "settings" not in facts["errors"]:
        attempt(facts, "databases", lambda: databases(facts))
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


def databases(facts):
    from django.db import connections

    used = [one for one in connections if connections[one].vendor != "unknown"]  # no ENGINE
    for alias in used:
        attempt(facts, "database " + alias, lambda: within(connect, alias))  # noqa: B023


def connect(alias):
    from django.db import connections

    connections[alias].ensure_connection()  # each thread has connections of its own


def notify(facts):
    """Whether PostgreSQL tells one connection what is notified on another."""
    from django.apps import apps
    from django.db import connections, router

    found = apps.get_app_configs()
    streams = [one for one in found if one.label == "streams"]
    alias = router.db_for_write(streams[0].get_model("Stream")) if streams else "default"
    hearing = connections[alias]
    if hearing.vendor != "postgresql":
        raise ValueError("the database %s is no PostgreSQL" % alias)
    saying = type(hearing)(hearing.settings_dict, alias)
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


def within(function, argument):
    """Call it in a thread, which is left alone where it does not come back in time."""
    raised = []

    def run():
        try:
            function(argument)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LIMIT)
    if thread.is_alive():
        raise TimeoutError("no answer within %d s" % LIMIT)
    if raised:
        raise raised[0]


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
    try:
        channel = await asyncio.wait_for(join(layer, facts, asked), LIMIT)
    except asyncio.TimeoutError:
        raise TimeoutError("no answer within %d s" % LIMIT)
    if channel:
        say(facts)
        facts["received"] = False  # the facts are told
        facts["received"] = await heard(layer, channel)


async def join(layer, facts, asked):
    """Send to the group, or join it; then the name of our channel."""
    channel = None
    if asked.get("send"):
        await layer.group_send(asked["send"], {"type": "doctor"})
    if asked.get("listen"):
        channel = await layer.new_channel()
        await layer.group_add(asked["listen"], channel)
    if hasattr(layer, "connection"):
        facts["eviction"] = await eviction(layer)
    return channel


async def eviction(layer):
    """Redis' maxmemory-policy; None where there is no limit, or it may not be asked."""
    try:
        async with layer.connection(0) as connection:
            found = []
            for name in ("maxmemory", "maxmemory-policy"):
                pair = await connection.execute("CONFIG", "GET", name)
                found.append(pair[1].decode())
    except Exception:  # a Redis that somebody else runs may refuse CONFIG
        return None
    return found[1] if found[0] != "0" else None


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
