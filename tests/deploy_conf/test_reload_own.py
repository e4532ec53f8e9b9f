"""A reload leaves a uWSGI alone that deploy_conf did not render, and reloads the daphnes it did."""

import getpass
import os
import subprocess
import sys

import pytest

from deploy_conf import binaries, processes, uwsgi_ini
from deploy_conf.running import NO_ANSWER, supervisor_at
from tests.support.wait import wait_until

OWN_INI = """
[uwsgi]
master
die-on-term
    ; uWSGI takes all of this
    env = DJANGO_SETTINGS_MODULE=tiny.settings
env = SHARE=100%
need-app
chdir = {folder}
pythonpath = {folder}
wsgi-file = {folder}/tiny/wsgi.py
socket = {folder}/own.sock
logto = {folder}/own.log
log-format = %(addr) %(method)
"""
OWN_SUPERVISOR = """
[unix_http_server]
file = {folder}/sup.sock
[supervisord]
logfile = {folder}/supervisord.log
pidfile = {folder}/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[program:{program}]
command = {command}
stopsignal = TERM
startsecs = 1
[include]
files = {folder}/conf/supervisor-daphne.conf
"""


class Own(object):
    """An administrator's own supervisor and uWSGI, and daphne of `render --only websocket`."""

    def __init__(self, site, program):
        self.folder = site.folder
        words = ["--user", getpass.getuser(), "--daphne-port", str(site.port), "--log-dir"]
        # One daphne will do, and be told of.
        words = ["--output", "conf", "--only", "websocket", "--daphne-processes", "1"] + words
        words += [site.folder]
        code, out, err = site.run("render", *words)
        assert code == 0, out + err
        daphne = os.path.join(site.folder, "conf", "supervisor-daphne.conf")
        with open(daphne) as file:
            text = file.read()
        assert "startsecs = 5" in text
        with open(daphne, "w") as file:
            file.write(text.replace("startsecs = 5", "startsecs = 1"))
        ini = os.path.join(site.folder, "own.ini")
        uwsgi = binaries.uwsgi()
        command = uwsgi.command + ["--ini", ini]
        chosen = [("plugin", uwsgi.plugin), ("virtualenv", uwsgi.virtualenv)]
        self.write("own.ini", OWN_INI + "".join("%s = %s\n" % one for one in chosen if one[1]))
        self.write("sup.conf", OWN_SUPERVISOR, program=program, command=" ".join(command))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-s", "-c", "sup.conf"],
            cwd=site.folder,
            env=site.environment,
        )
        self.socket = os.path.join(site.folder, "sup.sock")

    def write(self, name, text, **values):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            for key, value in dict(values, folder=self.folder).items():
                text = text.replace("{%s}" % key, value)
            file.write(text)

    def log(self):
        """What uWSGI has said."""
        with open(os.path.join(self.folder, "own.log")) as file:
            return file.read()

    def pids(self):
        """Program → process id, once all of them run; {} until then."""
        try:
            found = supervisor_at(self.socket).getAllProcessInfo()
        except NO_ANSWER:
            return {}
        running = all(one["statename"] == "RUNNING" for one in found)
        return {one["name"]: one["pid"] for one in found} if running else {}


@pytest.mark.parametrize(
    "program, line",
    [
        ("tiny-uwsgi", "deploy_conf rendered no ini file for it"),
        ("uwsgi", "supervisord has none called tiny-uwsgi"),
    ],
)
def test_a_uwsgi_of_the_administrators_is_left_as_it_is(site, program, line):
    own = Own(site, program)
    try:
        before = wait_until(own.pids, 30)
        # On Python 3.6 `import uuid` starts others before them.
        wait_until(lambda: "spawned uWSGI worker 1 " in own.log())
        workers = wait_until(lambda: processes.children(before[program]))
        assert sorted(before) == sorted([program, "tiny-daphne_0"])
        code, out, err = site.run("reload", "--supervisor", own.socket, "--name", "tiny")
        assert (code, err) == (0, "")
        # The site's Redis is not there: that is no reason to refuse.
        refused, *lines = out.splitlines()
        assert refused.startswith("WebSocket /ws/echo/: ConnectionRefusedError: ")
        assert lines[0] == "uwsgi: left as it is; " + line
        alone = "there is one daphne only"
        assert [line.split(":")[0] for line in lines[1:-1]] == [alone, "daphne_0"]
        left = "reloaded, except uwsgi: its pages have the old code until you reload it"
        assert lines[-1] == left
        after = wait_until(own.pids)
        assert after[program] == before[program]
        assert processes.children(before[program]) == workers
        assert before["tiny-daphne_0"] not in after.values()
    finally:
        own.process.terminate()
        own.process.wait(60)


@pytest.mark.parametrize(
    "words, ours",
    [
        (["--ini", "{folder}/uwsgi.ini"], True),
        (["--ini={folder}/uwsgi.ini"], True),
        (["{folder}/uwsgi.ini"], True),
        (["--ini", "{folder}/of its own"], True),
        (["--ini", "uwsgi.ini"], False),
        (["--ini", "{folder}/foreign.ini"], False),
        (["{folder}/foreign.ini"], False),
        (["--ini", "{folder}/none.ini"], False),
        (["--ini"], False),
    ],
)
def test_a_rendered_ini_is_known_by_what_it_says(tmp_path, words, ours):
    text = (
        "[uwsgi]\nmaster\n  module = first:app\n; x\nmodule=tiny.wsgi:application\nchdir = /50%%\n"
    )
    for name in ("uwsgi.ini", "of its own"):
        (tmp_path / name).write_text("# uWSGI for tiny. Rendered by deploy_conf.\n" + text)
    (tmp_path / "foreign.ini").write_text(text)
    code = "import sys; print(flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code] + [word.format(folder=tmp_path) for word in words],
        cwd=str(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        process.stdout.readline()
        found = uwsgi_ini.of_process(process.pid)
        process.stdin.close()
    wanted = {"master": "", "module": "tiny.wsgi:application", "chdir": "/50%"}
    assert found == (wanted if ours else None)
