"""A real nginx in front of nodes, from what `render --only front` writes."""

import getpass
import os
import shutil

from tests.support import commands, shared
from tests.support.nginx import nginx_or_skip
from tests.support.servers import Server, free_port


class Front(object):
    """`nodes` are ADDRESS:PORT; .port, .host and .url are its own, .log() what it logged."""

    def __init__(self, folder, nodes, *options):
        self.folder = os.path.join(str(folder), "front")
        self.port = free_port()
        self.host = "127.0.0.1:%d" % self.port
        self.url = "http://" + self.host
        os.makedirs(os.path.join(self.folder, "log"))
        # A path of its own, since render refuses one that is too long for a Unix socket.
        self.run = shared.open_folder("front-")
        words = ["--output", self.folder, "--domain", "127.0.0.1", "--listen", "127.0.0.1"]
        words += ["--port", str(self.port), "--nginx-user", getpass.getuser()]
        words += ["--run-dir", self.run]
        words += ["--log-dir", os.path.join(self.folder, "log")]
        for node in nodes:
            words += ["--node", node]
        words = ["render", "--only", "front"] + words + list(options)
        done = commands.run("-m", "deploy_conf", *words, load=())
        assert done.returncode == 0, done.stderr
        command = [nginx_or_skip(), "-p", self.run, "-e", "stderr"]
        command += ["-c", os.path.join(self.folder, "nginx.conf")]
        self.server = Server(command, self.port, os.path.join(self.folder, "nginx.out"))

    def log(self):
        """The lines of its access log."""
        with open(os.path.join(self.folder, "log", "nginx-access.log")) as log:
            return log.read().splitlines()

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.run)
