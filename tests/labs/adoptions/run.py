"""One adoption from its first command to its last, and what is looked at in between."""

import hashlib
import json
import os
import subprocess
import sys
import time

import websocket

from tests.labs.django_suite.environment import CHECKOUT, Unready, call
from tests.support import pythons
from tests.support.crawl import Visitor, differences, without_streams
from tests.support.servers import Server, free_port
from tests.support.wheel import clean

from . import document

# Not the site's own: what its commands, and ours, make beside it.
MADE = ("env", "wheels", "var", "static", "media", "__pycache__", "db.sqlite3", "dev.db")
LOGIN = """
from django.contrib.auth import get_user_model
from django.test import Client
users = get_user_model().objects.filter(username="reader")
user = users.first() or get_user_model().objects.create_superuser("reader", "a@x.org", "of a lab")
client = Client()
client.force_login(user)
print(client.cookies["sessionid"].value)
"""
PUBLISH = "from django_bridge.streams import publish; print(publish('news', {'n': 1}))"
STARTS = ("/", "/admin/", "/nowhere/")


class Wrong(Exception):
    """The adoption did not do what the page says; the message says what."""


class Site(object):
    """The folder of an adoption; .said is what the commands printed."""

    def __init__(self, folder, one):
        python = pythons.find(one.python)
        if python is None:
            raise Unready("python%s is not installed" % one.python)
        os.makedirs(folder)
        self.folder, self.one, self.python = folder, one, os.path.join(folder, "env/bin/python")
        self.environ = clean()
        for name in ("REDIS_URL", "VIRTUAL_ENV", "PYTHONHOME"):
            self.environ.pop(name, None)
        places = [os.path.dirname(os.path.realpath(python)), self.environ["PATH"]]
        self.environ["PATH"] = os.pathsep.join(places)
        wheels = os.path.join(folder, "wheels")
        words = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, CHECKOUT]
        call(words, "the wheel", env=clean())
        self.said = os.path.join(folder, "wheels", "said.txt")

    def run(self, words):
        """Runs a command of the page to its end; Wrong, with the end of what it said."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        with open(self.said, "a") as file:
            file.write("$ %s\n%s\n" % (" ".join(words), done.stdout))
        if done.returncode:
            lines = "\n    ".join(done.stdout.strip().splitlines()[-8:])
            raise Wrong("%s ended with %d:\n    %s" % (" ".join(words), done.returncode, lines))
        return done.stdout

    def shell(self, code):
        return self.run([self.python, "manage.py", "shell", "-c", code]).split()[-1]

    def files(self):
        """{path: a hash} of what is the site's own."""
        found = {}
        for parent, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if name not in MADE]
            for name in names:
                path = os.path.join(parent, name)
                if name not in MADE:
                    with open(path, "rb") as file:
                        digest = hashlib.sha256(file.read()).hexdigest()
                    found[os.path.relpath(path, self.folder)] = digest
        return found


def pages(url, cookie):
    """What a passer-by gets, and what the administrator does; not what the front adds to it."""
    found = []
    for session in (None, cookie):
        who = Visitor(url)
        if session:
            who.opener.addheaders.append(("Cookie", "sessionid=" + session))
        crawled = who.crawl(*STARTS, leave=["logout", "?", "/vendor/jquery/"])
        here = url.partition("//")[2]
        found.append(
            {
                path: (status, [], body.replace(here, "this site"))
                for path, (status, _, body) in without_streams(crawled).items()
            }
        )
    return found


def follow(one, folder):
    """Runs it all; returns (pages compared, seconds of making, adopting, and looking)."""
    site, times = Site(folder, one), [time.monotonic()]
    for words in one.make:
        site.run(words)
    times.append(time.monotonic())
    cookie, files = site.shell(LOGIN), site.files()
    port = free_port()
    words = [site.python, "manage.py", "runserver", "--noreload", "127.0.0.1:%d" % port]
    log = os.path.join(folder, "wheels", "runserver.log")
    server = Server(words, port, log, cwd=folder, env=site.environ)
    try:
        before = pages("http://127.0.0.1:%d" % port, cookie)
    finally:
        server.stop()
    begun = time.monotonic()
    try:
        for words in one.adopt:
            site.run(words)
        times.append(time.monotonic())
        url = "http://127.0.0.1:%d" % document.port(one)
        told = []
        for old, new in zip(before, pages(url, cookie)):
            told += differences(old, new)
        if told:
            raise Wrong("pages are not as they were:\n    " + "\n    ".join(told[:20]))
        push(site, url, cookie)
    finally:
        for words in one.leave:
            site.run(words)
    if site.files() != files:
        raise Wrong("not as before: %s" % sorted(set(site.files().items()) ^ set(files.items())))
    times.append(time.monotonic())
    seconds = times[1] - times[0], times[2] - begun, times[3] - times[2]
    return sum(map(len, before)), seconds


def push(site, url, cookie):
    """What another process publishes is seen by a client with a session, and by none without."""
    address = url.replace("http", "ws", 1) + "/ws/news/?since=0"
    try:
        websocket.create_connection(address, origin=url, timeout=30)
    except websocket.WebSocketBadStatusException as error:
        if error.status_code != 403:
            raise Wrong("a client without a session: %s" % error)
    else:
        raise Wrong("a client without a session may follow")
    reader = websocket.create_connection(
        address, origin=url, cookie="sessionid=" + cookie, timeout=60
    )
    with open(os.path.join(site.folder, "var", "site.env")) as file:
        rows = [row.strip().partition("=") for row in file]
    redis = {name: value.strip("'\"") for name, _, value in rows if name == "REDIS_URL"}
    site.environ.update(redis)
    number = site.shell(PUBLISH)
    if number != "1":
        raise Wrong("publish() printed %s" % number)
    bodies = []
    while not bodies:
        bodies = json.loads(reader.recv()).get("bodies", [])
    reader.close()
    if bodies != [{"n": 1}]:
        raise Wrong("the push was %s" % bodies)
