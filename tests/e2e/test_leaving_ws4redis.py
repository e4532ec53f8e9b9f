"""
A site on django-websocket-redis goes through its section of docs/guide/migrate.md: what arrived
there before arrives at the addresses of the guide, for whom it promises, and the package is gone.
"""

import getpass
import json
import os
import re
import subprocess

import pytest
import websocket

from tests.support import CHECKOUT, documents
from tests.support.crawl import Visitor
from tests.support.nginx import nginx_or_skip
from tests.support.sites.ws4redis import HEARTBEAT, LOCATION, PACKAGES, Ws4redisSite
from tests.support.wait import wait_until

pytest.importorskip("gevent")
SECTION = r"^## From django-websocket-redis\n(.*?)^## "
PAGE = os.path.join(CHECKOUT, "docs", "guide", "migrate.md")
PUSHED = ("all", "ann", "staff")
PEOPLE = """
from django.contrib.auth.models import Group, User
ann = User.objects.create_superuser("ann", "", "of a test")
ann.groups.add(Group.objects.create(name="staff"))
User.objects.create_superuser("eve", "", "of a test")
"""
VIEW = """
from django.contrib.auth.models import User


def comment(request):
    user = User.objects.get(username="ann")
%s    return redirect("/")
"""
OLD = (
    "from ws4redis.publisher import RedisPublisher\nfrom ws4redis.redis_store import RedisMessage\n"
)
NEW = "from django_bridge.streams import publish\n"
NEW_PATHS = "/live/news/", "/live/news/mine/", "/live/news/group/staff/"
WHOLE = ["--output", "whole", "--domain", "example.org", "--user", getpass.getuser()]
IMPORTED = """
import sys
from django.test import Client
import mysite.wsgi, mysite.asgi, mysite.urls
from channels.routing import get_default_application
get_default_application()
assert Client(HTTP_HOST="127.0.0.1").get("/news/").status_code == 200
print([name for name in sys.modules if "ws4redis" in name])
"""


class Guide(object):
    """The section: .steps, a text for each; .rows of its table; .blocks of code."""

    def __init__(self):
        with open(PAGE, encoding="utf-8") as file:
            (text,) = re.findall(SECTION, file.read(), re.M | re.S)
        self.steps = [" ".join(one.split()) for one in re.split(r"^\d\. ", text, flags=re.M)]
        found = re.findall(r"^ *\| (.+?) \| (.+) \|$", text, re.M)
        self.rows = {old.strip("`"): new for old, new in found}
        self.blocks = documents.blocks(text)
        self.checks = [
            re.sub(r"\s+# .*", "", line) for line in self.block("sh", "grep").splitlines()
        ]

    def block(self, language, text):
        (code,) = [code for kind, code in self.blocks if kind == language and text in code]
        return code

    def code(self, old):
        """What the guide has in the place of a line of ws4redis."""
        (code,) = re.findall("`(.+?)`", self.rows[old])
        return code

    def says(self, step, *words):
        """Whether a step says these words, in this order."""
        assert re.search(".*?".join(map(re.escape, words)), self.steps[step]), words


@pytest.fixture
def mysite(tmp_path, redis):
    nginx_or_skip()
    mysite = Ws4redisSite(tmp_path, redis)
    mysite.make_before()
    yield mysite
    mysite.down()


def comment(old=(), new=()):
    """The view: each audience is pushed to by a line of ws4redis, of the bridge, or both."""
    lines = []
    for number, who in enumerate(PUSHED):
        lines.append('text = body = "%s: " + request.POST["text"]' % who)
        pair = slice(number, number + 1)
        lines += ["%s.publish_message(RedisMessage(text))" % one for one in old[pair]]
        lines += new[pair]
    return VIEW % "".join("    %s\n" % line for line in lines)


def with_view(text, imports, view):
    """views.py with other imports and another view."""
    return imports + text.replace(OLD, "").partition("def comment")[0] + view


def reader(mysite, path, who=None):
    """A socket of a visitor's."""
    cookie = who and "; ".join("%s=%s" % (one.name, one.value) for one in who.jar)
    url = mysite.url.replace("http", "ws", 1) + path
    return websocket.create_connection(url, origin=mysite.url, cookie=cookie, timeout=60)


def refused(mysite, path, who=None):
    with pytest.raises(websocket.WebSocketBadStatusException) as error:
        reader(mysite, path, who)
    return error.value.status_code


def old_message(mysite, one):
    """What ws4redis sends next, but for its heartbeats."""
    while True:
        mysite.nudge()
        text = one.recv()
        if text != HEARTBEAT:
            return text


def bodies(one, count):
    found = []
    while len(found) < count:
        found += json.loads(one.recv()).get("bodies", [])
    return found


def login(mysite, name):
    who = Visitor(mysite.url)
    assert who.post("/admin/login/", username=name, password="of a test")[0] == 302
    return who


def say(mysite, text):
    assert Visitor(mysite.url).post("/comment/", page="/", text=text)[0] == 302


def shows(mysite, page, **lists):
    """Waits until the page's lists are these texts."""

    def right():
        if lists["old"]:
            mysite.nudge()
        return page.evaluate(" && ".join(conditions))

    conditions = []
    for name, texts in lists.items():
        wanted = sorted("%s: %s" % (who, text) for text in texts for who in PUSHED)
        shown = "[...document.querySelectorAll('#%s li')].map(e => e.textContent).sort()" % name
        conditions.append("%s.join('|') === %s" % (shown, json.dumps("|".join(wanted))))
    wait_until(right, what="the page with %s" % lists, pause=0.1)


def adopt_beside(mysite, guide):
    """Step 1: the bridge has a path of its own, and ws4redis does not notice."""
    (option,) = re.findall("--websocket-path /live/", guide.steps[1])
    moved = re.search(r"`(\^\S+)`, as `init` writes it, becomes `(\^\S+)`", guide.steps[1])
    before, after = moved.groups()
    guide.says(1, "leaves `WSGI_APPLICATION`", "two wsgi files", "but for the two lines")
    guide.says(1, "`runserver --noasgi` is ws4redis' own")
    wsgi = "mysite/wsgi.py", "mysite/wsgi_websocket.py"
    texts, redis = [mysite.text(name) for name in wsgi], version(mysite, "redis")
    mysite.install_bridge()
    mysite.run("-m", "django_bridge", "init", "--write")
    assert "docs/guide/migrate.md" in mysite.said
    lines = "import django_bridge\n", "django_bridge.install()\n"
    for name, text in zip(wsgi, texts):
        left = "".join(one for one in mysite.text(name).splitlines(True) if one not in lines)
        assert left.split() == text.split(), name
    assert 'WSGI_APPLICATION = "ws4redis' in mysite.text("mysite/settings.py")
    assert version(mysite, "redis") == redis
    mysite.edit("mysite/routing.py", lambda text: text.replace(before, after))
    mysite.run("manage.py", "migrate", "--verbosity", "0")
    mysite.run("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    words = ["render", "--only", "websocket", "--output", "conf"] + option.split()
    words += ["--user", getpass.getuser(), "--log-dir", mysite.folder, "--daphne-processes", "1"]
    words += ["--daphne-port", str(mysite.daphne_port), "--redis-url", mysite.redis_url]
    mysite.run("-m", "deploy_conf", *words)
    mysite.options, mysite.with_daphne = ["--noasgi"], True
    front(mysite, LOCATION % mysite.second)


def front(mysite, location=""):
    """nginx with the rendered files, as conf/README.txt has it, beside the site's own location."""
    place = '"%s"' % os.path.join(mysite.folder, "conf", "nginx-websocket-%s.conf")
    http, server = ("include %s;" % (place % part) for part in ("http", "location"))
    mysite.write_nginx(http, location + server)


def version(mysite, package):
    code = "import %s; print(%s.__version__)" % (package, package)
    return mysite.python_prints(code).splitlines()[-1]


def write_consumers(mysite, guide):
    """Step 2: the consumers of the guide in the place of what `init` wrote, below its imports."""
    code = guide.block("python", "class News")
    mysite.edit("mysite/routing.py", lambda text: text[: text.index("class News")] + code)


def scripts(guide):
    """Step 2, in the page: what the guide says for ann's three audiences."""
    (row,) = [new for old, new in guide.rows.items() if old.startswith("WS4Redis(")]
    call, tags = re.findall("`(.+?)`", row)
    calls = [call.replace("/live/news/", path) for path in NEW_PATHS]
    code = "function f(text) { show('new', text); }\n" + ";\n".join(calls)
    return "%s<script>\n%s\n</script>\n" % (tags, code)


def permissions(mysite, ann, eve):
    """Who is let in where; the streams have been pushed to before, and since=0 is all of it."""
    everybody, mine, staff = (path + "?since=0" for path in NEW_PATHS)
    for who in (None, ann, eve):
        assert bodies(reader(mysite, everybody, who), 1)[0] == "all: two"
    assert refused(mysite, mine) == refused(mysite, staff) == refused(mysite, staff, eve) == 403
    assert bodies(reader(mysite, mine, ann), 1)[0] == "ann: two"
    assert bodies(reader(mysite, staff, ann), 1)[0] == "staff: two"
    hers = reader(mysite, mine, eve)
    assert json.loads(hers.recv()).get("bodies", []) == []


def remove(mysite, guide, new):
    """Step 4, in its order."""
    grep = guide.checks[0]
    assert subprocess.call(grep, shell=True, cwd=mysite.folder, stdout=subprocess.DEVNULL) == 0
    guide.says(4, "old script", "`publish_message()`", "`wsgi_websocket.py`", "location in nginx")
    guide.says(4, "`ws4redis` in `INSTALLED_APPS`", "context processor", "`WS4REDIS_*`")
    guide.says(4, "`WEBSOCKET_URL`", "`WSGI_APPLICATION", "render again", "then the package")
    mysite.run("-m", "deploy_conf", "render", *WHOLE)
    assert "ws4redis.django_runserver" in mysite.text("whole/uwsgi.ini")
    mysite.edit("mysite/templates/news.html", without_the_old_script)
    mysite.edit("mysite/views.py", lambda text: with_view(text, "", comment(new=new)))
    mysite.down()
    os.remove(os.path.join(mysite.folder, "mysite", "wsgi_websocket.py"))
    mysite.holds = False
    front(mysite)
    settings = re.compile("^.*(ws4redis|WS4REDIS_|WEBSOCKET_URL).*\n", re.M)
    mysite.edit("mysite/settings.py", lambda text: settings.sub("", text))
    mysite.run("-m", "deploy_conf", "render", *WHOLE)
    assert "ws4redis" not in mysite.text("whole/uwsgi.ini")
    mysite.run("-m", "pip", "uninstall", "-q", "-y", PACKAGES[0].partition("==")[0])


def without_the_old_script(text):
    first, last = text.index("<script src=\"{% static 'admin"), text.index("{% load bridge_streams")
    return text[:first] + text[last:]


def checks(mysite, guide):
    """The commands at the section's end, each from the guide."""
    grep, deploy, doctor = guide.checks
    done = subprocess.run(grep, shell=True, cwd=mysite.folder, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (1, b"")
    mysite.run(*deploy.split()[1:])
    assert "ws4redis" not in mysite.said
    mysite.run(*doctor.replace("https://www.example.org", mysite.url).split()[1:])
    assert "nothing is wrong" in mysite.said


def test_the_guide_moves_a_site_off_ws4redis(mysite, browser):
    guide = Guide()
    old = [key for key in guide.rows if key.startswith("RedisPublisher(")][: len(PUSHED)]
    mysite.edit("mysite/views.py", lambda text: with_view(text, OLD, comment(old)))
    mysite.run("manage.py", "shell", "-c", PEOPLE)
    mysite.up()
    ann, eve = login(mysite, "ann"), login(mysite, "eve")
    page = browser.page()
    page.goto(mysite.url + "/admin/login/?next=/news/")
    page.fill("#id_username", "ann")
    page.fill("#id_password", "of a test")
    page.click("input[type=submit]")
    page.wait_for("location.pathname === '/news/'")
    anybody = reader(mysite, "/ws/news?subscribe-broadcast")
    mysite.await_subscribers(2)
    say(mysite, "one")
    shows(mysite, page, old=["one"])
    assert old_message(mysite, anybody) == "all: one"
    mysite.down()

    adopt_beside(mysite, guide)
    write_consumers(mysite, guide)
    new = [guide.code(key) for key in old]
    mysite.edit("mysite/views.py", lambda text: with_view(text, OLD + NEW, comment(old, new)))
    mysite.edit("mysite/templates/news.html", lambda text: text + scripts(guide))
    mysite.up()
    page.goto(mysite.url + "/news/")
    anybody = reader(mysite, "/ws/news?subscribe-broadcast")
    mysite.await_subscribers(2)
    say(mysite, "two")
    shows(mysite, page, old=["two"], new=["two"])
    assert old_message(mysite, anybody) == "all: two"
    permissions(mysite, ann, eve)

    remove(mysite, guide, new)
    mysite.up()
    page.close()
    page = browser.page()
    page.goto(mysite.url + "/news/")
    say(mysite, "three")
    shows(mysite, page, old=[], new=["two", "three"])
    assert page.errors() == []
    page.close()
    permissions(mysite, ann, eve)
    assert mysite.python_prints(IMPORTED).splitlines()[-1] == "[]"
    checks(mysite, guide)
