"""The site of tests/compat/streams on one database: its scenarios and its daphnes."""

import json
import os
import subprocess
import sys

import websocket

from tests.support import CHECKOUT, commands, warm
from tests.support.daphne import Daphne
from tests.support.servers import HOST

POOL_OF_3_6 = (
    "Exception ignored in: <function ThreadPoolExecutor._adjust_thread_count.<locals>.weakref_cb"
)


class Steps:
    """A process of the site that does one thing after another; see stepping.py."""

    def __init__(self, site):
        self.process = subprocess.Popen(
            site.command("steps"),
            env=site.env,
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            universal_newlines=True,
        )

    def __call__(self, *what):
        print(json.dumps(what), file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "done\n"

    def publish(self, stream, body):
        self("publish", stream, body)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Site:
    """The test site on one database, with or without a channel layer."""

    def __init__(self, database, folder, layer="", **settings):
        self.database, self.folder, self.layer = database, str(folder), layer
        self.env = dict(
            os.environ,
            DJANGO_SETTINGS_MODULE="tests.compat.streams.site.settings",
            STREAMS_SITE_DATABASE=json.dumps(database),
            STREAMS_SITE_LAYER=layer,
            PYTHONPATH=CHECKOUT,
            PYTHONWARNINGS="ignore",
            PYTHONASYNCIODEBUG="",
        )
        for name, value in settings.items():
            self.env[f"STREAMS_SITE_{name.upper()}"] = str(value)
        self.servers = []

    def command(self, name, *args):
        return [sys.executable, "-m", "tests.compat.streams.site.run", name] + list(
            map(json.dumps, args)
        )

    def run(self, name, *args, **options):
        """Run a scenario to its end; returns its result. asyncio must have had no complaint."""
        done = commands.run(*self.command(name, *args)[1:], env=self.env, **options)
        assert done.returncode == 0, done.stderr[-4000:]
        # Python 3.6 itself says so at the exit of a process that used a pool of threads.
        said = done.stderr.replace(POOL_OF_3_6, "")
        for noise in ("was destroyed", "never awaited", "never retrieved", "Exception ignored"):
            assert noise not in said, done.stderr[-4000:]
        self.stderr = done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    def spawn(self, name, *args):
        """Start a scenario in the background; returns the process, its output is text."""
        return warm.spawn(self.command(name, *args), warm.STACK, self.env, CHECKOUT)

    def daphne(self):
        """Start one more daphne; returns the server."""
        server = Daphne(
            self.folder,
            "tests.compat.streams.site.asgi:application",
            name="daphne-%d" % len(self.servers),
            **self.env,
        )
        self.servers.append(server)
        return server

    def close(self):
        for server in self.servers:
            server.stop()


class ManyStreams:
    """A client of /ws/streams/; beats are not shown."""

    def __init__(self, server):
        url = f"ws://{HOST}:{server.port}/ws/streams/"
        self.connection = websocket.create_connection(url, timeout=20, skip_utf8_validation=True)
        self.hello = self.frame()

    def send(self, frame):
        self.connection.send(frame if isinstance(frame, str) else json.dumps(frame))

    def subscribe(self, streams):
        self.send({"type": "subscribe", "streams": streams})

    def frame(self):
        """The next frame; an int when the server closes."""
        while True:
            opcode, data = self.connection.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big")
            frame = json.loads(data.decode())
            if frame != {"type": "beat"}:
                return frame

    def said(self, frame):
        """The code that a frame is answered with."""
        self.send(frame)
        return self.frame()["code"]

    def is_well(self):
        """It still follows what it is told to, and nothing else was said before."""
        self.send({"type": "unsubscribe", "streams": ["well"]})
        return self.frame() == {"type": "unsubscribed", "stream": "well"}
