"""
`python -m tests.labs.version_matrix.later`: streams, the guard and a logout on what comes after
Django 1.11, in an environment for each. docs/guide/migrate.md has the way there.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys

import websocket

from tests.labs.django_suite.environment import CHECKOUT, Unready, call, say
from tests.support import binaries, pythons
from tests.support.chromium import Browser
from tests.support.daphne import listening
from tests.support.redis import Redis
from tests.support.servers import stop
from tests.support.sites import projects
from tests.support.wait import wait_for_line
from tests.support.websockets import close_code

# Stage → what pip installs. Twisted 22 and autobahn 22: what daphne of that time works with.
OLD = ["Twisted==22.10.0", "autobahn==22.12.1", "setuptools==65.5.1"]
# redis 8 gives up reading after the 5 s for which channels-redis 4.3 has Redis wait.
NEW = ["channels==4.3.2", "channels-redis==4.3.0", "daphne==4.2.3", "redis==5.3.1"]
STAGES = {
    "2.2": ["Django==2.2.28", "channels==2.4.0", "channels-redis==2.4.2", "daphne==2.5.0"] + OLD,
    "3.2": ["Django==3.2.25", "channels==3.0.5", "channels-redis==3.4.1", "daphne==3.0.2"] + OLD,
    "4.2": ["Django==4.2.30"] + NEW,
    "5.2": ["Django==5.2.19"] + NEW,
}
STAGES["2.2"].append("asgiref==3.2.10")
# On these nothing is left to repair but what upstream's daphne has still, and old libraries' names.
DONE = ("4.2", "5.2")
# ... but for what a Django wants on a Python that is newer than it knows: 4.2 on 3.13.
NEWER = {"4.2": ("django.cache_glob", "django.crypt_hasher")}
FILES = {
    "manage.py": """
    import os, sys
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
    """,
    "shop/__init__.py": "",
    "shop/settings.py": """
    import os
    SECRET_KEY = "of a test" * 5
    ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
    INSTALLED_APPS += ["django.contrib.sessions", "django.contrib.staticfiles"]
    INSTALLED_APPS += ["compat", "compat.streams", "channels"]
    MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
    MIDDLEWARE += ["django.contrib.auth.middleware.AuthenticationMiddleware"]
    ROOT_URLCONF = "shop.urls"
    ASGI_APPLICATION = "shop.asgi.application"
    STATIC_URL = "/static/"
    STREAMS_POLL_SECONDS = 60  # what is announced does not wait for that
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
    CHANNEL_LAYERS = {"default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
    }}
    """,
    "shop/urls.py": """
    from django.contrib.staticfiles.views import serve
    from django.http import HttpResponse
    from django.urls import include, path

    PAGE = '''<!doctype html><link rel="icon" href="data:,">
    <script src="/static/streams/streams.js"></script>
    <script>
    var got = [], state, code;
    Streams.follow({
      url: "/ws/news/", since: 0,
      onEntries: function (first, bodies) { got = got.concat(bodies); },
      onState: function (word, number) { state = word; code = number; }
    });
    </script>'''

    def page(request):
        return HttpResponse(PAGE)

    urlpatterns = [
        path("page/", page),
        path("static/<path:path>", serve, {"insecure": True}),
        path("", include("compat.health.urls")),
    ]
    """,
    "shop/asgi.py": """
    import os
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    import django
    django.setup()
    from channels.routing import ProtocolTypeRouter, URLRouter
    from django.urls import path
    from compat.sockets import guard
    from compat.streams.consumer import StreamConsumer

    class News(StreamConsumer):
        stream = "news"

    later = hasattr(News, "as_asgi")
    news = News.as_asgi() if later else News
    routes = {"websocket": guard(URLRouter([path("ws/news/", news)]))}
    if later:
        from django.core.asgi import get_asgi_application
        routes["http"] = get_asgi_application()
    application = ProtocolTypeRouter(routes)
    """,
}
START = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from compat.streams import publish
call_command("migrate", verbosity=0)
call_command("makemigrations", "streams", check=True, dry_run=True, verbosity=0)
client = Client()
client.force_login(get_user_model().objects.create_user("reader"))
print("sessionid=" + client.cookies["sessionid"].value, flush=True)
sys.stdin.readline()
print(publish("news", {"n": 1}), client.get("/healthz").status_code, flush=True)
sys.stdin.readline()
client.logout()
"""


def main(arguments=None):
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.labs.version_matrix.later", description=__doc__
    )
    parser.add_argument(
        "stages", nargs="*", metavar="stage", help="only these: " + ", ".join(STAGES)
    )
    parser.add_argument("--python", help="another one, such as 3.13; default this one")
    parser.add_argument("--var", default=os.path.join(CHECKOUT, "var", "lanes"))
    options = parser.parse_args(arguments)
    for name in options.stages:
        if name not in STAGES:
            parser.error("%s is not one of %s" % (name, ", ".join(STAGES)))
    python = pythons.find(options.python) if options.python else os.path.realpath(sys.executable)
    if python is None:
        parser.error("python%s is not installed" % options.python)
    try:
        for name in options.stages or sorted(STAGES):
            run(name, prepare(os.path.abspath(options.var), name, python), options.var)
    except (Unready, OSError) as error:
        say("later: %s" % error)
        return 2
    return 0


def prepare(folder, stage, python):
    """The folder of programs of the stage's environment."""
    version = ".".join(pythons.version(python).split(".")[:2])
    home = os.path.join(os.path.abspath(folder), "later-%s-python%s" % (stage, version))
    stamp = os.path.join(home, "made")
    if not os.path.exists(stamp) or open(stamp).read() != "\n".join(STAGES[stage]):
        say("installing Django %s, some minutes" % stage)
        shutil.rmtree(home, ignore_errors=True)
        call([python, "-m", "venv", home], "no virtual environment")
        pip = [os.path.join(home, "bin", "python"), "-m", "pip", "install", "--quiet"]
        call(pip + ["--disable-pip-version-check"] + STAGES[stage], "Django " + stage)
        with open(stamp, "w") as file:
            file.write("\n".join(STAGES[stage]))
    return os.path.join(home, "bin")


def run(stage, programs, var):
    """A push is seen, foreign pages are refused, a logout closes; what is repaired is printed."""
    folder = os.path.join(os.path.abspath(var), "later-site")
    shutil.rmtree(folder, ignore_errors=True)
    projects.write(folder, FILES)
    redis = Redis(folder)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO_")}
    environ.update(REDIS_URL=redis.url, PYTHONPATH=CHECKOUT, PYTHONWARNINGS="ignore")
    python = os.path.join(programs, "python")
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True)
    try:
        with subprocess.Popen([python, "-c", START], cwd=folder, env=environ, **pipes) as site:
            cookie = site.stdout.readline().strip()
            assert cookie.startswith("sessionid="), cookie
            serve(folder, programs, environ, site, cookie)
        said = call([python, "manage.py", "check"], "check", cwd=folder, env=environ)
        assert "no issues" in said, said
        render = ["-m", "deploy_conf", "render", "--only", "websocket", "--user", "nobody"]
        call([python] + render, "render", cwd=folder, env=environ)
        said = call([python, "manage.py", "compat", "--json"], "compat", cwd=folder, env=environ)
        records = json.loads(said)
    finally:
        redis.stop()
    left = [one for one in records if one["state"] in ("applied", "refused")]
    left = sorted(one["name"] for one in left if one["library"] != "python")
    assert not [one for one in records if one["state"] == "refused"]
    if stage in DONE:
        rest = {name for name in left if name not in NEWER.get(stage, ())}
        assert {name.partition(".")[0] for name in rest} == {"daphne"}, left
    say("Django %s: streams, guard and logout work; repaired: %s" % (stage, ", ".join(left)))


def serve(folder, programs, environ, site, cookie):
    """A reader on daphne, while the process `site` publishes and logs out."""
    log = os.path.join(folder, "daphne.log")
    with listening() as listener, open(log, "ab") as output:
        host = "127.0.0.1:%d" % listener.getsockname()[1]
        command = [os.path.join(programs, "daphne"), "--fd", str(listener.fileno())]
        server = subprocess.Popen(
            command + ["shop.asgi:application"],
            cwd=folder,
            env=environ,
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_line(server, log, "Listening on")
            url = "ws://%s/ws/news/?since=0" % host
            for origin, who in (("http://" + host, None), ("http://evil.example", cookie)):
                try:
                    websocket.create_connection(url, origin=origin, cookie=who, timeout=30)
                    raise AssertionError("%s, %s: nobody refused" % (origin, who))
                except websocket.WebSocketBadStatusException as error:
                    assert error.status_code == 403, error
            reader = websocket.create_connection(
                url, origin="http://" + host, cookie=cookie, timeout=30
            )
            with paged(host, cookie) as page:
                tell(site)
                bodies = []
                while not bodies:
                    bodies += json.loads(reader.recv()).get("bodies", [])
                assert bodies == [{"n": 1}]
                assert site.stdout.readline().split() == ["1", "200"]
                if page:
                    page.wait_for("got.length === 1 && got[0].n === 1")
                tell(site)
                assert close_code(reader) == 4501
                if page:
                    page.wait_for("state === 'closed' && code === 4501")
        finally:
            stop(server)
    with open(log, errors="replace") as file:
        text = file.read()
    assert "Traceback" not in text and "WARNING  channel layer" not in text, text


@contextlib.contextmanager
def paged(host, cookie):
    """A page in Chromium that follows the news by streams.js; None where there is no Chromium."""
    if not binaries.is_here(binaries.chromium):
        say("there is no Chromium: without a page")
        yield None
        return
    with Browser() as browser:
        page = browser.page()
        name, _, value = cookie.partition("=")
        page.call("Network.setCookie", name=name, value=value, url="http://%s/" % host)
        page.goto("http://%s/page/" % host)
        page.wait_for("state === 'open'")
        yield page


def tell(process):
    process.stdin.write("\n")
    process.stdin.flush()


if __name__ == "__main__":
    sys.exit(main())
