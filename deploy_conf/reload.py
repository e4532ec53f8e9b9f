"""
reload: a running site takes up new code, and no request fails and no reader misses anything.

uWSGI's workers one after the other, nginx, then daphne one process at a time: each closes its
WebSockets with 1012, spread over a while, and their pages come back to the others, which share its
listening socket. What runs is asked (supervisord, /proc), so it works for `up` and for a site
that an administrator installed from `render`.
"""

import fcntl
import os
import subprocess
import time
import xmlrpc.client

from . import health, processes
from .errors import ConfError
from .running import NO_ANSWER

RENDERED = "Rendered by deploy_conf."  # in the first line of uwsgi.ini
IMPORT = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
PAUSE = 0.05  # seconds between two looks


class Reload(object):
    """
    One reload. supervisor: its XML-RPC interface; prefix: of the site's programs ("mysite-");
    signals: {program: signal} for those that renew themselves; say: takes a line for the user;
    log: a function, program → path; patience: seconds that one step may take.
    """

    def __init__(self, supervisor, prefix, signals, say, log, patience):
        self.supervisor = supervisor
        self.prefix = prefix
        self.signals = signals
        self.say = say
        self.log = log
        self.patience = patience

    def run(self):
        """Do it; ConfError tells what failed, and what had been done was said before."""
        programs = self.programs()
        uwsgi = [one for one in programs if one["short"] == "uwsgi"]
        daphnes = [one for one in programs if one["short"].startswith("daphne")]
        others = [one for one in programs if one not in uwsgi + daphnes]
        if not uwsgi + daphnes:
            raise ConfError("supervisord has no program called %suwsgi or -daphne" % self.prefix)
        down = [one["short"] for one in uwsgi + daphnes if one["statename"] != "RUNNING"]
        if down:
            raise ConfError("%s does not run: nothing was reloaded" % ", ".join(down))
        inis = {one["pid"]: rendered_ini(one["pid"]) for one in uwsgi}
        self.try_imports([ini for ini in inis.values() if ini], daphnes)
        if not uwsgi:
            self.say("uwsgi: left as it is; supervisord has none called %suwsgi" % self.prefix)
        for one in uwsgi:
            if inis[one["pid"]] is not None:
                self.reload_uwsgi(one, inis[one["pid"]])
            else:
                self.say("uwsgi: left as it is; deploy_conf rendered no ini file for it")
        for one in others:
            if one["short"] == "nginx":
                # Just before daphne: its old workers keep their WebSockets for a limited time, and
                # while that lasts daphne closes them in good form.
                self.reload_nginx(one)
        if len(daphnes) == 1:
            self.say("there is one daphne only: WebSockets are refused until it is back")
        for one in daphnes:
            self.roll_daphne(one)
        for one in others:
            if one["short"] in self.signals:
                self.renew(one, self.signals[one["short"]])
            elif one["short"] not in ("nginx", "redis"):
                self.say("%s: left as it is; see DEPLOY_CONF_RELOAD_SIGNALS" % one["short"])

    def programs(self):
        """supervisord's records of the site's programs, in the order of their names."""
        try:
            found = self.supervisor.getAllProcessInfo()
        except NO_ANSWER as error:
            raise ConfError("supervisord does not answer: %s" % error)
        mine = []
        for one in found:
            one["full"] = "%s:%s" % (one["group"], one["name"])
            if one["name"].startswith(self.prefix) or one["name"] == "nginx":
                one["short"] = one["name"].replace(self.prefix, "", 1)
                mine.append(one)
        return sorted(mine, key=lambda one: one["short"])

    # Before anything is touched ----------------------------------------------------------

    def try_imports(self, inis, daphnes):
        """Import the new code in a process of its own: a release that cannot start stays out."""
        for one in daphnes[:1]:
            words, environment, folder = process(one["pid"])
            modules = [words[-1].partition(":")[0]]
            modules += [ini["module"].partition(":")[0] for ini in inis if "module" in ini]
            try:
                done = subprocess.run(
                    [words[0], "-c", IMPORT] + modules,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    timeout=self.patience,
                )
            except subprocess.TimeoutExpired:
                raise ConfError(
                    "%s not imported within %g s, nothing was reloaded"
                    % (" or ".join(modules), self.patience)
                )
            if done.returncode:
                lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
                raise ConfError(
                    "%s cannot be imported, nothing was reloaded: %s"
                    % (" or ".join(modules), (lines or ["no reason given"])[-1])
                )

    # Step by step ------------------------------------------------------------------------

    def reload_nginx(self, one):
        """New workers; the old ones end when their connections have."""
        old = processes.children(one["pid"])
        self.call("signalProcess", one["full"], "HUP")
        self.wait(
            lambda: set(processes.children(one["pid"])) - set(old),
            "nginx keeps its old configuration: %s" % health.reason(self.log("nginx")),
        )
        self.say("nginx: reloaded")

    def reload_uwsgi(self, one, ini):
        """A chain reload: a worker finishes its request, and the next waits for its successor."""
        fifo = ini.get("master-fifo")
        if not fifo:
            raise ConfError("uwsgi.ini has no master-fifo: render it again, and restart uWSGI once")
        old = processes.children(one["pid"])
        try:
            handle = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            raise ConfError("uWSGI cannot be told: %s: %s" % (fifo, error.strerror))
        with os.fdopen(handle, "wb") as file:
            file.write(b"c")

        def renewed():
            now = processes.children(one["pid"])
            return len(now) >= len(old) and not same(now, old)

        self.wait(renewed, "uWSGI has not renewed its workers: %s" % self.reason("uwsgi"))
        self.say("uwsgi: %d workers renewed" % len(old))

    def roll_daphne(self, one):
        """Stop one, which drains it, start it again, and wait until it accepts connections."""
        started = time.monotonic()
        self.call("stopProcess", one["full"])
        drained = time.monotonic() - started
        try:
            self.call("startProcess", one["full"])
        except ConfError as error:
            raise ConfError("%s; %s" % (error, self.reason(one["short"])))

        def ready():
            now = self.call("getProcessInfo", one["full"])
            return now["statename"] == "RUNNING" and accepts(now["pid"])

        self.wait(ready, "%s does not come back: %s" % (one["short"], self.reason(one["short"])))
        self.say("%s: drained in %.1f s, back" % (one["short"], drained))

    def renew(self, one, signal):
        """A program that ends by itself when it may; supervisord starts it again."""
        if one["statename"] == "RUNNING":
            self.call("signalProcess", one["full"], signal)
            self.say("%s: told to renew itself (%s)" % (one["short"], signal))

    # Helpers -----------------------------------------------------------------------------

    def call(self, method, *arguments):
        try:
            return getattr(self.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as error:
            raise ConfError("supervisord: %s" % error.faultString)
        except NO_ANSWER as error:
            raise ConfError("supervisord does not answer: %s" % error)

    def wait(self, condition, complaint):
        """Look until the condition holds; ConfError after `patience` seconds."""
        deadline = time.monotonic() + self.patience
        while not condition():
            if time.monotonic() > deadline:
                raise ConfError(complaint)
            time.sleep(PAUSE)

    def reason(self, program):
        return health.reason(self.log(program))


def lock(folder):
    """An open file that holds the lock against a second reload; ConfError while there is one."""
    file = open(os.path.join(folder, "reload.lock"), "a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ConfError("another reload is at work")
    return file


def process(pid):
    """(words, environment, folder) of a running process; ConfError for somebody else's."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            words = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
        with open("/proc/%d/environ" % pid, "rb") as file:
            pairs = [os.fsdecode(pair).partition("=") for pair in file.read().split(b"\0") if pair]
        return words, {name: value for name, _, value in pairs}, os.readlink("/proc/%d/cwd" % pid)
    except OSError as error:
        raise ConfError("process %d cannot be looked at: %s" % (pid, error.strerror))


def rendered_ini(pid):
    """The options in the rendered file that a uWSGI was started with; None: it is not ours."""
    words = process(pid)[0]
    for before, word in zip(words, words[1:]):
        path = word.partition("--ini=")[2] or word
        # A relative one is not looked for: uWSGI may have changed its folder since.
        if not os.path.isabs(path) or not (before == "--ini" or path.endswith(".ini")):
            continue
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except OSError:
            continue
        if RENDERED in text:
            return ini_options(text)
    return None


def ini_options(text):
    """{name: value} as uWSGI reads an ini file: of a name that is repeated the last counts."""
    options, section = {}, None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line[1:].partition("]")[0]
        elif section == "uwsgi" and line and line[0] not in "#;":
            name, _, value = line.partition("=")  # a name alone is a switch
            options[name.strip()] = value.strip().replace("%%", "%")
    return options


def same(now, before):
    """Processes that are in both."""
    return {pid for pid, start in now.items() if before.get(pid) == start}


def accepts(pid):
    """
    Whether a process waits for connections on the listening socket that is its descriptor 0.

    It has it from supervisord before it has imported a line; what counts is that its event loop
    watches it.
    """
    folder = "/proc/%d/fd" % pid
    try:
        socket = os.readlink(os.path.join(folder, "0"))
        links = {name: os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)}
        sockets = {name for name, link in links.items() if link == socket}
        for name, link in links.items():
            if link == "anon_inode:[eventpoll]":
                with open("/proc/%d/fdinfo/%s" % (pid, name)) as file:
                    watched = {line.split()[1] for line in file if line.startswith("tfd:")}
                if sockets & watched:
                    return True
    except OSError:
        pass  # it has ended, or a descriptor was closed meanwhile
    return False
