"""Where everything lies and which programs run it: what the options of `render` come to."""

import getpass
import os
import sys

import pytest
from django.test import RequestFactory

from deploy_conf import binaries, health, layout, options, project, site
from deploy_conf.commands import parser
from deploy_conf.errors import BadValue, ConfError

ME = getpass.getuser()
GROUP = options.primary_group(ME)


def arguments(*words):
    words = ["--user", ME, "--listen", "127.0.0.1", "--domain", "example.org", *words]
    return parser().parse_args(["render", *words])


def a_site(args, **changes):
    made = dict(name="shop", python=sys.executable, environment={"LANG": "C.UTF-8"})
    return site.Site(**dict(made, **site.limits(args), **changes))


def test_as_a_distribution_lays_files_out(tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "_uwsgi", lambda given, python: binaries.Uwsgi([given, python]))
    args = arguments(
        "--redis-url", "redis://10.0.0.9", "--uwsgi", "/usr/bin/uwsgi", "--nginx-user", ME
    )
    args.nginx = None
    args.output = "conf"
    found = layout.for_administrator(args, a_site(args), str(tmp_path))
    assert found._asdict() == dict(
        layout.Layout._field_defaults,
        conf=os.path.abspath("conf"),
        run="/run/shop",
        log="/var/log/shop",
        # Root's alone: the account could put a link in the way.
        master="/run/shop-root",
        tmp="/run/shop-root",
        nginx="/usr/sbin/nginx",
        nginx_version=found.nginx_version,
        nginx_user="%s %s" % (ME, GROUP),
        addresses=["127.0.0.1"],
        port=80,
        domains=["example.org"],
        health_host="example.org",
        uwsgi=binaries.Uwsgi(["/usr/bin/uwsgi", sys.executable]),
        uwsgi_socket="/run/shop/uwsgi.sock",
        supervisor_socket="/run/shop-root/supervisor.sock",
        daphne_port=8001,
        user=ME,
        environment={"ALLOWED_HOSTS": "example.org"},
        redis_url="redis://10.0.0.9",
        minfds=4096,
        # It is a server's: whatever it takes, and ten times.
        retries=10,
        steady=5,
    )


@pytest.mark.parametrize(
    "domains, hosts, asked",
    [
        (["*.example.org"], ".example.org", "example.org"),
        (["www.example.org", "*.example.org"], "www.example.org,.example.org", "www.example.org"),
        (["*.example.org", "other.net"], ".example.org,other.net", "example.org"),
    ],
)
def test_all_names_below_one_are_written_as_django_reads_them(
    tmp_path, settings, domains, hosts, asked
):
    """nginx's `*.example.org` would be no host of ALLOWED_HOSTS: every page would be 400."""
    args = arguments("--redis-url", "redis://10.0.0.9", "--uwsgi", "none")
    args.domain, args.output, args.nginx, args.uwsgi = domains, "conf", None, None
    found = layout.for_administrator(args, a_site(args), str(tmp_path))
    assert found.domains == domains and found.health_host == asked
    assert found.environment["ALLOWED_HOSTS"] == hosts
    settings.ALLOWED_HOSTS = hosts.split(",")
    for host in (asked, "www.example.org"):
        request = RequestFactory().get("/", HTTP_HOST=host)
        assert request.get_host() == host


def test_a_front(tmp_path):
    args = arguments("--only", "front", "--node", "10.0.0.2", "--conf-dir", "/conf")
    found = layout.for_front(args, a_site(args))
    assert found._asdict() == dict(
        layout.Layout._field_defaults,
        conf="/conf",
        log="/var/log/shop",
        master="/run/shop",
        tmp="/run/shop",
        nginx="/usr/sbin/nginx",
        nginx_version=found.nginx_version,
        nginx_user="%s %s" % (ME, GROUP),
        addresses=["127.0.0.1"],
        port=80,
        domains=["example.org"],
        health_host="example.org",
        nodes=["10.0.0.2:80"],
        minfds=4096,
    )


def test_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(binaries, "nginx", lambda: "/nginx")
    monkeypatch.setattr(binaries, "nginx_version", lambda program: (1, 19, 5))
    monkeypatch.setattr(binaries, "uwsgi", lambda: binaries.Uwsgi(["/uwsgi"]))
    monkeypatch.setattr(layout.machine, "root_user", lambda: None)
    monkeypatch.setattr(layout.resource, "getrlimit", lambda which: (10, 1000))
    args = arguments()
    here = a_site(args, allowed_hosts=["*", ".example.org"])
    found = layout.for_this_machine(here, "/var", "/s", "127.0.0.1", 8000, 20001, "redis://x")
    assert found._asdict() == dict(
        layout.Layout._field_defaults,
        conf="/var/conf",
        run="/var/run",
        log="/var/log",
        master="/var/run",
        tmp="/var/tmp",  # noqa: S108
        nginx="/nginx",
        nginx_version=(1, 19, 5),
        nginx_user=None,
        addresses=["127.0.0.1"],
        port=8000,
        daphne_port=20001,
        health_host="example.org",
        uwsgi=binaries.Uwsgi(["/uwsgi"]),
        uwsgi_socket="/s/uwsgi.sock",
        supervisor_socket="/s/supervisor.sock",
        environment={
            "DEVOPS_VAR": "/var",
            "PYTHONUNBUFFERED": "1",
            "PROMETHEUS_MULTIPROC_DIR": "/var/run/metrics",
        },
        logs_to_supervisor=True,
        redis_url="redis://x",
        minfds=1000,
        hurry=8,
    )
    assert found.patience(5) == 5 and found.patience(90) == 8
    monkeypatch.setattr(layout.resource, "getrlimit", lambda which: (10, 10**6))
    monkeypatch.setattr(layout.machine, "root_user", lambda: ME)
    found = layout.for_this_machine(here, "/var", "/s", "127.0.0.1", 8000, 20001, "redis://x")
    assert (found.minfds, found.supervisord_user) == (4096, ME)
    assert found.nginx_user == "%s %s" % (ME, GROUP)


# The uWSGI that suits a Python


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """programs.of({program: {plugin: version}}): what each says to --python-version."""
    said = {}

    def output(words):
        if words[0] not in said:
            raise OSError("no such program")
        plugin = words[2] if words[1] == "--plugin" else ""
        return "*** a warning ***\n%s\n" % said[words[0]].get(plugin, "unknown option")

    monkeypatch.setattr(binaries, "_output", output)
    monkeypatch.setattr(binaries, "on_path", lambda program, besides=None: "/usr/bin/uwsgi")
    monkeypatch.setattr(binaries, "UWSGI_BIN", lambda: None)
    monkeypatch.setattr(binaries.importlib.util, "find_spec", lambda name: None)
    return said


MINE = "%d.%d.%d" % sys.version_info[:3]
NEAR = "%d.%d.99" % sys.version_info[:2]
FAR = "%d.%d.0" % (sys.version_info[0], sys.version_info[1] + 1)
PLUGIN = "python%d%d" % sys.version_info[:2]


@pytest.mark.parametrize("plugin", ["", PLUGIN, "python3"])
def test_the_python_in_a_uwsgi(programs, plugin):
    programs["/uwsgi"] = {plugin: "3.7.16"}
    assert binaries.embedded_python("/uwsgi") == ("3.7.16", plugin)
    assert binaries.embedded_python("/none") == (None, "")
    programs["/uwsgi"] = {"python36": "3.6.15"}
    assert binaries.embedded_python("/uwsgi", "3.6.1") == ("3.6.15", "python36")
    programs["/uwsgi"] = {}
    assert binaries.embedded_python("/uwsgi") == (None, "")


@pytest.mark.parametrize(
    "version, named, pyuwsgi, taken",
    [
        (MINE, False, True, "system"),
        (NEAR, False, True, "pyuwsgi"),
        (NEAR, False, False, "system"),
        (FAR, False, True, "pyuwsgi"),
        (FAR, False, False, "no uWSGI for Python"),
        (NEAR, True, True, "system"),
        (MINE, True, False, "system"),
        (FAR, True, True, "does not run Python"),
        ("", True, True, "does not run Python"),
        ("", False, False, "no uWSGI for Python"),
    ],
)
def test_which_uwsgi_is_taken(programs, monkeypatch, version, named, pyuwsgi, taken):
    programs["/usr/bin/uwsgi"] = {"python3": version} if version else {}
    isfile = os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda path: path.endswith("/uwsgi") or isfile(path))
    if named:
        monkeypatch.setattr(binaries, "UWSGI_BIN", lambda: "/usr/bin/uwsgi")
    if pyuwsgi:
        monkeypatch.setattr(binaries.importlib.util, "find_spec", lambda name: object())
    if taken in ("system", "pyuwsgi"):
        found = binaries.uwsgi()
        assert (found.command[0] == "/usr/bin/uwsgi") == (taken == "system")
        assert found.plugin == ("python3" if taken == "system" else "")
    else:
        with pytest.raises(ConfError, match=taken):
            binaries.uwsgi()


def test_a_uwsgi_that_was_named(programs, tmp_path):
    """The environment is told where the interpreter is in one."""
    program, bin = tmp_path / "uwsgi", tmp_path / "env" / "bin"
    program.write_text("")
    program.chmod(0o755)
    bin.mkdir(parents=True)
    python = str(bin / "python")
    programs[str(program)] = {"python3": NEAR}
    programs[python] = {}
    binaries_output = binaries._output
    binaries._output = lambda words: MINE if words[0] == python else binaries_output(words)
    try:
        assert layout._uwsgi(str(program), python) == ([str(program)], "python3", "")
        (tmp_path / "env" / "pyvenv.cfg").write_text("")
        found = layout._uwsgi(str(program), python)
        assert found == ([str(program)], "python3", str(tmp_path / "env"))
        programs[str(program)] = {"python3": FAR}
        with pytest.raises(BadValue, match="does not run Python " + MINE):
            layout._uwsgi(str(program), python)
    finally:
        binaries._output = binaries_output
    with pytest.raises(BadValue, match="pyuwsgi is not installed in the environment of"):
        layout._uwsgi(None, python)
    (bin / "uwsgi").write_text("")
    assert layout._uwsgi(None, python) == ([python, str(bin / "uwsgi")], "", "")


def test_without_supervisor_it_is_said(monkeypatch):
    monkeypatch.setattr(binaries.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfError, match="supervisor is not installed in the environment of"):
        binaries.supervisord()


def test_no_programs_is_a_supervisord_that_does_not_answer():
    class Run:
        @staticmethod
        def log(name):
            return "/log/%s.log" % name

    for programs in (None, []):
        assert health.problems(Run, {}, programs) == [
            "supervisord does not answer: /log/supervisord.log"
        ]


NO_ROOT, RUN = "no STATIC_ROOT in the settings", "run manage.py collectstatic"


@pytest.mark.parametrize(
    "found, url, root, said",
    [
        ({}, None, None, ""),
        ({"static_url": "/static/"}, "/static/", None, NO_ROOT),
        ({"static_url": "https://cdn.example"}, None, None, ""),
        ({"static_url": "/static/", "static_root": "/x"}, None, "/x", ""),
        ({}, "/static/", "none", "no static files in none yet: " + RUN),
        ({}, "/static/", "there", ""),
        ({"installed_apps": ["shop"]}, "/static/", "there", ""),
        ({"installed_apps": ["compat.streams"]}, "/static/", "there", "there: " + RUN),
    ],
)
def test_what_is_said_of_static_files(tmp_path, monkeypatch, found, url, root, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    remark = project.static_remark(found, url, root)
    assert said in remark and bool(said) == bool(remark)
    if remark.endswith("there: " + RUN):
        (tmp_path / "there" / "streams").mkdir()
        (tmp_path / "there" / "streams" / "streams.js").write_text("")
        assert project.static_remark(found, url, root) == ""
