"""
A site on channels 1 goes through its section of docs/guide/migrate.md: who could connect, say and
hear something over a WebSocket before can do so with what the guide puts in its place. Before,
channels 1.1, asgi-redis and daphne 1 are really there, and in the same environment afterwards not.
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
from tests.support.servers import free_port
from tests.support.sites.channels1 import IMPORT, PACKAGES, SEND, ChannelsOneSite
from tests.support.wait import wait_until

SECTION = r"^## From channels 1 and asgi-redis\n(.*?)^## "
PAGE = os.path.join(CHECKOUT, "docs", "guide", "migrate.md")
IMPORTS = """
from channels.generic.websocket import AsyncWebsocketConsumer
"""
SHELL = """
import sys
import mysite.wsgi, mysite.asgi, mysite.urls
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
%s
print(type(get_channel_layer()).__name__, get_channel_layer().prefix)
print([name for name in sys.modules if "asgi_redis" in name])
"""


class Guide(object):
    """The section: .steps, a text for each; .rows of its table; .checks, and its consumer."""

    def __init__(self):
        with open(PAGE, encoding="utf-8") as file:
            (text,) = re.findall(SECTION, file.read(), re.M | re.S)
        self.text = text
        self.steps = [" ".join(one.split()) for one in re.split(r"^\d\. ", text, flags=re.M)]
        found = re.findall(r"^ *\| (.+?) \| (.+) \|$", text, re.M)
        self.rows = {old: re.findall("`(.+?)`", new) for old, new in found}
        ((_, self.consumer),) = [one for one in documents.blocks(text) if one[0] == "python"]
        ((_, checks),) = [one for one in documents.blocks(text) if one[0] == "sh"]
        self.checks = [re.sub(r"\s+# .*", "", line) for line in checks.splitlines()]

    def codes(self, old):
        """What the guide has in the place of something of channels 1."""
        (codes,) = [codes for key, codes in self.rows.items() if key.startswith("`%s" % old)]
        return codes

    def command(self, step, start):
        """The words of a command that a step tells, after `python` or the like."""
        (line,) = re.findall("`%s(.*?)`" % re.escape(start), self.steps[step])
        return line.split()


@pytest.fixture
def mysite(tmp_path, redis):
    nginx_or_skip()
    mysite = ChannelsOneSite(tmp_path, redis)
    yield mysite
    mysite.down()


def connect(mysite, path, who=None):
    cookie = who and "; ".join("%s=%s" % (one.name, one.value) for one in who.jar)
    url = mysite.url.replace("http", "ws", 1) + path
    return websocket.create_connection(url, origin=mysite.url, cookie=cookie, timeout=60)


def refused(mysite, path):
    with pytest.raises(websocket.WebSocketBadStatusException) as error:
        connect(mysite, path)
    return error.value.status_code


def bodies(one):
    """Of a stream, what comes next."""
    found = []
    while not found:
        found = json.loads(one.recv()).get("bodies", [])
    return found


def groups(mysite, name):
    """Whether somebody listens to that group; publish and subscribe know no databases."""
    return [one for one in mysite.redis.say("PUBSUB", "CHANNELS", "*") if name in str(one)]


def before(mysite):
    """What the site could do."""
    mysite.up_before()
    ann = Visitor(mysite.url)
    assert ann.post("/admin/login/", username="ann", password="of a test")[0] == 302
    assert refused(mysite, "/chat/") == refused(mysite, "/news/") == 403
    news, chat, other = (connect(mysite, path, ann) for path in ("/news/", "/chat/", "/chat/"))
    assert ann.post("/announce/", page="/admin/", text="one")[0] == 302
    assert news.recv() == "one"
    chat.send("hello")
    assert chat.recv() == other.recv() == "ann: hello"
    chat.close()
    assert other.recv() == "ann has left, having said 1"
    return ann


def found(mysite, guide):
    """The files that the guide's grep names."""
    (grep,) = [line for line in guide.checks if line.startswith("grep")]
    done = subprocess.run(grep, shell=True, cwd=mysite.folder, stdout=subprocess.PIPE)
    return sorted({line.partition(":")[0] for line in done.stdout.decode().splitlines()})


def install(mysite, guide):
    """Step 1; the pins come back into sight where channels 1 is taken away."""
    others = [one.partition("==")[0] for one in PACKAGES if not one.startswith(("asgi-", "six"))]
    mysite.run("-m", "pip", "uninstall", "-q", "-y", *(guide.command(1, "pip uninstall") + others))
    mysite.script("daphne")
    mysite.install_bridge()


def adopt(mysite, guide):
    """Steps 2 and 3."""
    kept = {name: mysite.text("mysite/%s.py" % name) for name in ("routing", "consumers")}
    mysite.run(*guide.command(2, "python"))
    assert '11: route("websocket.connect", consumers.news_connect' in mysite.said
    assert kept == {name: mysite.text("mysite/%s.py" % name) for name in kept}
    assert "ROUTING" not in mysite.text("mysite/settings.py")
    assert "get_channel_layer" not in mysite.text("mysite/asgi.py")
    assert "channels==2.1.4\ndaphne==2.2.5\n" in mysite.text("requirements.txt")
    assert "another database number in `REDIS_URL`" in guide.steps[3]
    mysite.move_redis(re.sub(r"/0$", "/5", mysite.redis_url))


def write_again(mysite, guide):
    """Step 4: the consumer of the guide and its route beside what `init` wrote; and the view."""
    for old in ("message.reply_channel.send({", "message.content["):
        for key, codes in guide.rows.items():
            if key.startswith("`" + old):
                assert codes[0] in guide.consumer, key
    (route,) = guide.codes("route(")[:1]

    def routes(text):
        head, tail = text.split("application = ")
        tail = tail.replace("News)]", "News), %s]" % route)
        return head + IMPORTS + guide.consumer + "\n\napplication = " + tail

    mysite.edit("mysite/websockets.py", routes)
    assert "django_bridge.streams" in guide.codes('Group("news").send(')
    publish = guide.codes('Group("news").send(')[0].replace("…", 'request.POST["text"]')
    imports = "from django_bridge.streams import publish\n"
    mysite.edit(
        "mysite/views.py", lambda text: text.replace(IMPORT, imports).replace(SEND, publish)
    )


def start(mysite):
    """Step 5: by what `render` writes."""
    mysite.daphne_port = free_port()  # not before: others may listen there meanwhile
    mysite.prepare("call_command('check')")
    assert "no issues" in mysite.said
    words = ["render", "--only", "websocket", "--output", "conf", "--user", getpass.getuser()]
    words += ["--log-dir", mysite.folder, "--daphne-processes", "1"]
    words += ["--daphne-port", str(mysite.daphne_port), "--redis-url", mysite.redis_url]
    mysite.run("-m", "deploy_conf", *words)
    place = '"%s"' % os.path.join(mysite.folder, "conf", "nginx-websocket-%s.conf")
    mysite.write_nginx(*("include %s;" % (place % part) for part in ("http", "location")))
    mysite.up()


def after(mysite, guide, ann):
    """What the site can do now, for who was logged in before."""
    assert refused(mysite, "/ws/chat/") == refused(mysite, "/ws/news/") == 403
    news, chat, other = (
        connect(mysite, path, ann) for path in ("/ws/news/?since=0", "/ws/chat/", "/ws/chat/")
    )
    assert ann.post("/announce/", page="/", text="two")[0] == 302
    assert bodies(news) == bodies(connect(mysite, "/ws/news/?since=0", ann)) == ["two"]
    chat.send("hello")
    assert chat.recv() == other.recv() == "ann: hello"
    chat.close()
    assert groups(mysite, "chat")
    send = guide.codes('Group("chat").send(')[0].replace("…", "'from a shell'")
    printed = mysite.run("manage.py", "shell", "-c", SHELL % send)
    assert printed.splitlines()[-2:] == ["RedisPubSubChannelLayer mysite:", "[]"]
    assert other.recv() == "from a shell"
    other.close()
    wait_until(lambda: not groups(mysite, "chat"), what="the group without its members")
    assert refused(mysite, "/ws/old/") == 404


def checks(mysite, guide):
    """The commands at the section's end."""
    packages, deploy, _, doctor = guide.checks
    unwanted = re.findall(r"compat\.W\d+", guide.text)
    assert "packages that cannot work together\n  none\n" in mysite.run(*packages.split()[1:])
    mysite.run(*deploy.split()[1:])
    assert len(unwanted) == 2 and not [one for one in unwanted if one in mysite.said]
    mysite.run(*doctor.replace("https://www.example.org", mysite.url).split()[1:])
    assert "nothing is wrong" in mysite.said


def test_the_guide_moves_a_site_off_channels_1(mysite):
    guide = Guide()
    mysite.make_before()
    ann = before(mysite)
    assert found(mysite, guide) == [
        "./mysite/%s.py" % name for name in ("consumers", "routing", "settings", "views")
    ]
    install(mysite, guide)
    adopt(mysite, guide)
    write_again(mysite, guide)
    mysite.down()
    start(mysite)
    after(mysite, guide, ann)
    assert found(mysite, guide) == ["./mysite/consumers.py", "./mysite/routing.py"]
    for name in ("consumers", "routing"):
        os.remove(os.path.join(mysite.folder, "mysite", name + ".py"))
    assert found(mysite, guide) == []
    checks(mysite, guide)
    mysite.down()
    assert "Traceback" not in mysite.text("daphne_0.log")
