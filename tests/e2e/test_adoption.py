"""An existing site follows the README's section word for word, and its pages become live."""

import json
import os
import re

import pytest
import websocket

from tests.support import CHECKOUT, documents
from tests.support.servers import free_port
from tests.support.sites.adopter import Adopter
from tests.support.sites.tiny import SMALL

README = os.path.join(CHECKOUT, "README.md")


def blocks():
    """The code blocks of the README's section on adoption, as (language, code)."""
    with open(README, encoding="utf-8") as file:
        section = file.read().split("## Adopt it in your site")[1].split("\n## ")[0]
    return documents.blocks(section)


def block(text):
    """The one block that contains a text."""
    (code,) = [code for _, code in blocks() if text in code]
    return code


def test_the_readme_is_enough(tmp_path):
    mysite = Adopter(tmp_path)
    mysite.make()

    # The .pth is active before anything of the site was touched.
    assert mysite.python_prints("import sys; print('django_bridge' in sys.modules)") == "True"

    (call,) = [
        code for _, code in blocks() if code == "import django_bridge\ndjango_bridge.install()\n"
    ]
    mysite.insert("manage.py", "import os", call)
    mysite.insert("mysite/wsgi.py", "import os", call)
    mysite.write("mysite/asgi.py", block("# mysite/asgi.py"))
    mysite.write("mysite/routing.py", block("# mysite/routing.py"))
    mysite.write("mysite/settings.py", block("INSTALLED_APPS +="), mode="a")
    port = free_port()
    # What any site has in production, and where this Redis is.
    mysite.write(
        "mysite/settings.py",
        "STATIC_ROOT = os.path.join(BASE_DIR, 'static')\nALLOWED_HOSTS = ['127.0.0.1']\n"
        "CHANNEL_LAYERS['default']['CONFIG']['hosts'] = [os.environ.get('REDIS_URL', 'redis://')]\n",
        mode="a",
    )

    mysite.run("manage.py", "migrate", "--verbosity", "0")
    assert "no issues" in mysite.run("manage.py", "check")
    assert re.search(r"applied +channels.request_finish", mysite.run("manage.py", "compat"))
    mysite.run("-m", "deploy_conf", "render", "--only", "websocket", "--user", "nobody")
    assert len(os.listdir(os.path.join(mysite.folder, "conf"))) >= 2

    mysite.run("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    mysite.run("-m", "deploy_conf", "up", "--port", str(port), *SMALL)
    try:
        code = (
            "from django.contrib.auth.models import User; from django.test import Client\n"
            "client = Client(); client.force_login(User.objects.create_user('reader'))\n"
            "print(client.cookies['sessionid'].value)"
        )
        cookie = "sessionid=" + mysite.run("manage.py", "shell", "-c", code).split()[-1]
        address = "127.0.0.1:%d" % port
        url = "ws://%s/ws/news/?since=0" % address
        with pytest.raises(websocket.WebSocketBadStatusException):
            websocket.create_connection(url, origin="http://" + address, timeout=20)
        reader = websocket.create_connection(
            url, origin="http://" + address, cookie=cookie, timeout=20
        )
        publish = "from django_bridge.streams import publish; publish('news', {'n': %d})"
        mysite.run("manage.py", "shell", "-c", publish % 1)
        received = []
        while not received:
            frame = json.loads(reader.recv())
            received += frame.get("bodies", [])
        assert received == [{"n": 1}]
        reader.close()
        words = ["doctor", "--url", "http://" + address, "--path", "/ws/news/"]
        assert "nothing is wrong" in mysite.run("manage.py", *words)
        mysite.run("manage.py", "shell", "-c", publish % 2)
        resumed = websocket.create_connection(
            url.replace("since=0", "since=1"),
            origin="http://" + address,
            cookie=cookie,
            timeout=20,
        )
        frame = json.loads(resumed.recv())
        assert (frame["first"], frame["bodies"]) == (2, [{"n": 2}])
        resumed.close()
    finally:
        mysite.run("-m", "deploy_conf", "down")
