"""What every finding has, whom the doctor takes for the site's processes, and what it refuses."""

import os
import re
import signal
import subprocess
import sys

import pytest

from compat.doctor import child, examined, findings, processes, report, wire
from tests.compat.doctor.kinds import rows
from tests.support import CHECKOUT
from tests.support.commands import manage
from tests.support.wait import wait_until

PAGES = ("docs/guide/troubleshoot.md", "docs/guide/troubleshoot.zh-CN.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_finding_has_its_paragraph(page):
    with open(os.path.join(CHECKOUT, page), encoding="utf-8") as file:
        headings = set(re.findall(r"^### ([a-z]+-[a-z0-9-]+)$", file.read(), re.M))
    assert headings == {findings.id_of(module) for module in findings.every()}
    assert report.GUIDE == PAGES[0]


def test_every_finding_was_broken():
    """docs/records/doctor.md has a row for each, whose test is there and sees that finding."""
    names = [findings.id_of(module) for module in findings.every()]
    told = [one.id for one in rows()]
    assert [one for one in names if one not in told] == []
    assert told == sorted(told, key=names.index), "causes come first, as in the doctor"
    folder = os.path.dirname(os.path.abspath(__file__))
    for row in rows():
        with open(os.path.join(folder, row.file), encoding="utf-8") as file:
            parts = re.split(r"\n(?=def |class |@)", file.read())
        (text,) = [one for one in parts if one.startswith("def %s(" % row.test)] or [""]
        assert re.search(r'first\(.*?"%s"\)' % row.id, text, re.S), row
    assert {row.on for row in rows()} <= {"stack", "servers", "told"}


def test_every_finding_says_why_and_what_to_change():
    modules = findings.every()
    for module in modules:
        assert module.__doc__.splitlines()[0].endswith("."), module.__name__
        assert len(module.WHY) > 30 and len(module.CHANGE) > 20, module.__name__
    orders = [module.ORDER for module in modules]
    assert len(set(orders)) == len(orders)


@pytest.mark.parametrize(
    "words, said",
    [
        (["--url", "www.example.org"], "--url: 'www.example.org' is not http://host"),
        (["--url", "ftp://www.example.org"], "--url: 'ftp://www.example.org' is not"),
        (["--url", "http://[::1"], "--url: "),
        (["--url", "http://me:secret@example.org"], "--url: "),
        (["--url", "http://example.org:port"], "--url: "),
        (["--health", "10.0.0.2"], "--health: '10.0.0.2' is not"),
        (["--path", "ws/news/"], "--path: 'ws/news/' does not begin with /"),
        (["--path", "/ws/\r\nX: 1"], "--path: "),
        (["--directory", "/none/such"], "--directory: there is no /none/such"),
    ],
)
def test_a_bad_value_is_one_line(words, said):
    done = manage("doctor", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "url, address, host, origin",
    [
        ("https://a.example/app/", ("a.example", 443), "a.example", "https://a.example"),
        ("https://a.example:443", ("a.example", 443), "a.example", "https://a.example"),
        ("http://a.example:8000", ("a.example", 8000), "a.example:8000", "http://a.example:8000"),
        ("http://[::1]:8000/", ("::1", 8000), "[::1]:8000", "http://[::1]:8000"),
        ("https://\u00fc.example", ("xn--tda.example", 443), "xn--tda.example", "https://xn--tda.example"),
    ],
)  # fmt: skip
def test_what_a_browser_would_say_for_a_url(url, address, host, origin):
    target = wire.of_url(url)
    assert (target.address, target.host, wire.origin(target)) == (address, host, origin)


def process(folder, *argv, **environ):
    kind = "daphne" if "daphne" in argv[0] + argv[-2] else "uwsgi"
    return processes.Process(1, kind, list(argv), environ, str(folder), 0)


def test_what_a_daphne_is_started_with(tmp_path):
    python = "/srv/venv/bin/python3"
    one = process(tmp_path, python, "-I", "/srv/venv/bin/daphne", "mysite.asgi:application", A="1")
    assert one.python() == [python, "-I"]
    assert one.application() == "mysite.asgi:application"
    assert one.variables() == {"A": "1"}


def test_what_a_uwsgi_is_started_with(tmp_path):
    home = tmp_path / "venv" / "bin"
    home.mkdir(parents=True)
    (home / "python").symlink_to(sys.executable)
    ini = tmp_path / "uwsgi.ini"
    ini.write_text(
        "[uwsgi]\nvirtualenv = venv\nwsgi-file = mysite/wsgi.py\n"
        "env = DJANGO_SETTINGS_MODULE=mysite.live\nenv = LOG=%d/log\n"
    )
    for word in ("uwsgi.ini", "--ini=uwsgi.ini", str(ini)):
        one = process(tmp_path, "/usr/bin/uwsgi", "--ini", word)
        assert one.python() == [str(home / "python")] or one.python() == [
            os.path.join(str(tmp_path), "venv", "bin", "python")
        ]
        assert one.application() == "mysite.wsgi:application"
        assert one.variables() == {"DJANGO_SETTINGS_MODULE": "mysite.live"}


@pytest.mark.parametrize(
    "words, ini, application",
    [
        (["--module", "mysite.wsgi"], "", "mysite.wsgi:application"),
        (["--module=mysite.wsgi:app"], "", "mysite.wsgi:app"),
        (["-w", "mysite.wsgi", "--callable", "app"], "", "mysite.wsgi:app"),
        (["--wsgi-file", "mysite/wsgi.py"], "", "mysite.wsgi:application"),
        ([], "module = mysite.wsgi\ncallable = app\n", "mysite.wsgi:app"),
        ([], "module = mysite.wsgi:app\n", "mysite.wsgi:app"),
        ([], "mount = /shop=mysite.wsgi:app\n", "mysite.wsgi:app"),
        (["--mount", "/shop=mysite.wsgi"], "", "mysite.wsgi:application"),
        (["--mount=/shop=mysite/wsgi.py"], "callable = app\n", "mysite.wsgi:app"),
        (["--master"], "", None),
    ],
)
def test_how_a_uwsgi_is_told_its_application(tmp_path, words, ini, application):
    (tmp_path / "uwsgi.ini").write_text("[uwsgi]\n" + ini)
    one = process(tmp_path, "/usr/bin/uwsgi", "--ini", "uwsgi.ini")
    one = one._replace(argv=one.argv + words)
    assert one.application() == application


def test_an_ini_that_lies_where_uwsgi_was_before_its_chdir(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "uwsgi.ini").write_text("[uwsgi]\nmodule = mysite.wsgi\n")
    words = ["/usr/bin/uwsgi", "--ini", "uwsgi.ini"]
    assert process(tmp_path, *words).application() is None
    one = process(tmp_path, *words, PWD=str(tmp_path / "etc"))
    assert one.application() == "mysite.wsgi:application"


def test_a_vassal_is_a_master_and_its_emperor_is_none(tmp_path):
    """
    Started by an emperor it has a relative ini on its command line, and another folder.

    The emperor is a stand-in with uWSGI's way to start one: pyuwsgi's own cannot.
    """
    site, vassals = tmp_path / "site", tmp_path / "site" / "vassals"
    vassals.mkdir(parents=True)
    body = "[uwsgi]\nchdir = %s\nmaster = true\nmodule = mysite.wsgi\nsocket = x.sock\n" % site
    (vassals / "shop.ini").write_text(body)
    code = "import os, sys, time\nif sys.argv[1] == '--emperor':\n    os.chdir(sys.argv[2])\n"
    code += "    if not os.fork():\n        os.environ['UWSGI_EMPEROR_FD'] = '6'\n"
    code += "        os.execv(sys.executable, sys.orig + ['--ini', 'shop.ini'])\n"
    code += "else:\n    os.chdir('..')\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n"
    program = tmp_path / "uwsgi"
    program.write_text(code.replace("sys.orig", repr([sys.executable, str(program)])))
    words = [sys.executable, str(program), "--emperor", str(vassals)]
    emperor = subprocess.Popen(words, stdout=subprocess.PIPE)
    pids = []
    try:
        pids = [int(emperor.stdout.readline()) for _ in range(2)]
        (one,) = processes.of_site(str(site)).found
        assert one.pid == (set(pids) - {emperor.pid}).pop()
        assert one.application() == "mysite.wsgi:application"
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        emperor.wait()
        emperor.stdout.close()


def test_a_process_whose_application_nobody_names_is_a_remark_and_no_finding(tmp_path):
    one = process(tmp_path, sys.executable, "/usr/bin/uwsgi", "--yaml", "x.yaml")
    assert child.Child(one).first() == {"errors": {}, "unseen": child.UNNAMED}


@pytest.mark.parametrize(
    "argv, environ, start",
    [
        ([], {}, "--root-path /shop on daphne's command line (render: --daphne-arg=--root-pa"),
        (["--root-path=/shop"], {}, "The route in routing.py"),
        (["--root-path", "/shop"], {}, "The route in routing.py"),
        ([], {"COMPAT_TRUST_ROOT_PATH": "1"}, "The route in routing.py"),
    ],
)
def test_a_daphne_that_was_told_no_prefix(tmp_path, argv, environ, start):
    one = process(tmp_path, "daphne", *argv, "mysite.asgi:application", **environ)
    site = examined.Site(examined.Options(str(tmp_path), "https://a.org/shop/", "/ws/x/"))
    site.kept.update(processes=processes.Processes([one._replace(kind="daphne")], []), views=[])
    site.kept.update(hung=[], unresolved="", direct=wire.Answer(404, {}))
    (module,) = [one for one in findings.every() if findings.id_of(one) == "handshake-fails"]
    ((text, change),) = module.look(site)
    assert text.startswith("/shop/ws/x/ gets 404") and change.startswith(start)


def test_a_process_that_cannot_be_asked_is_a_remark_and_no_finding(tmp_path):
    one = process(tmp_path, str(tmp_path / "python3"), "/bin/daphne", "mysite.asgi:application")
    site = examined.Site(examined.Options(str(tmp_path), "http://127.0.0.1:1"))
    site.kept["processes"] = processes.Processes([one], [])
    seen = report.examine(site)
    ids = {one.id for one in seen.found}
    assert not ids & {"bridge-not-active", "application-not-importable", "redis-databases-differ"}
    assert [line.partition(" does not start")[0] for line in seen.remarks] == [
        "daphne (pid 1) could not be asked: %s" % (tmp_path / "python3")
    ]


def test_processes_of_other_sites_are_left_alone(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manage.py").write_text("")
    program = tmp_path / "one" / "daphne"  # both sites use it
    program.write_text("import time\ntime.sleep(600)\n")
    here = {}
    try:
        for name in ("one", "two"):
            command = [sys.executable, str(program), name]
            here[name] = subprocess.Popen(command, cwd=str(tmp_path / name))
        for name in ("one", "two"):
            found = wait_until(lambda: processes.of_site(str(tmp_path / name)).found)  # noqa: B023
            assert [one.pid for one in found] == [here[name].pid]
        assert processes.of_site(str(tmp_path / "on")).found == []
    finally:
        for one in here.values():
            one.kill()
            one.wait()


def test_a_unix_socket_is_asked_too(tmp_path):
    import socket
    import threading

    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(1)
        assert path in processes.listening(os.getpid())

        def answer():
            connection = server.accept()[0]
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nA: b\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        said = wire.handshake(wire.Target(path, "example.org"), "/ws/", "http://example.org")
        thread.join()
    assert (said.status, said.headers) == (403, {"a": "b"})


def test_a_manage_py_without_the_bridge(monkeypatch):
    from compat import patches

    site = examined.Site(examined.Options("/site"))
    site.kept["views"] = []
    (module,) = [one for one in findings.every() if findings.id_of(one) == "bridge-not-active"]
    assert list(module.look(site)) == []
    monkeypatch.setattr(patches, "is_installed", lambda: False)
    assert list(module.look(site)) == ["manage.py starts without the bridge"]
