"""Rendered files: nginx accepts them, and nobody else reads their secrets."""

import configparser
import getpass
import http.client
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig

import pytest

from deploy_conf import probe
from tests.support.nginx import check
from tests.support.servers import free_port
from tests.support.sites import tiny
from tests.support.wait import wait_until


@pytest.fixture
def folder(tmp_path):
    """A site in a path with a space and signs that are special to supervisor and uWSGI."""
    folder = tmp_path / "my 100% site (1)"
    tiny.write(str(folder))
    return folder


@pytest.fixture
def render(folder, tmp_path):
    """render(*options) → the output folder; fails when the command does."""
    site = tiny.Site(folder)
    for name in ("run", "run-root", "log"):
        (tmp_path / name).mkdir()
    # Sockets need a plain path, and a port that anybody may open keeps the test out of root.
    (tmp_path / "run").chmod(0o700)

    def run(*words):
        code, out, err = site.run(
            "render",
            "--output",
            "conf",
            "--user",
            getpass.getuser(),
            "--listen",
            "127.0.0.1",
            "--run-dir",
            str(tmp_path / "run"),
            "--log-dir",
            str(tmp_path / "log"),
            *words,
        )
        assert (code, err) == (0, "")
        assert sorted(out.splitlines()) == sorted(str(path) for path in (folder / "conf").iterdir())
        return folder / "conf"

    return run


@pytest.mark.parametrize("variant", ["plain", "tls", "tls-only", "no-limits", "media", "nested"])
def test_nginx_accepts_the_site(render, nginx, variant, certificate, tmp_path, folder):
    port, other = str(free_port()), str(free_port())  # nginx -t binds them
    pair = ["--tls-cert", certificate[0], "--tls-key", certificate[1]]
    words = {
        "plain": ["--port", port],
        "tls": pair + ["--port", port, "--redirect-port", other],
        "tls-only": pair + ["--port", port, "--no-redirect"],
        "no-limits": [
            "--port",
            port,
            "--request-rate",
            "0",
            "--login-rate",
            "0",
            "--http-connections",
            "0",
            "--websocket-connections",
            "0",
            "--unlimited",
            "none",
        ],
        "media": ["--port", port, "--media-url", "/media/", "--media-root", str(folder)],
        "nested": ["--port", port, "--media-url", "/ws/a/b/", "--media-root", str(folder)]
        + ["--static-url", "/ws/a/"],
    }[variant]
    conf = render("--domain", "example.org", "--domain", "*.example.org", *words)
    assert check(nginx, conf / "nginx.conf", tmp_path) == ""
    text = (conf / "nginx-site.conf").read_text(encoding="utf-8")
    assert ("ssl_certificate" in text) == variant.startswith("tls")
    assert ("Strict-Transport-Security" in text) == variant.startswith("tls")
    assert ("return 301 https://$host:%s$request_uri;" % port in text) == (variant == "tls")
    assert ("limit_req" in text) == (variant != "no-limits")
    assert "@{" not in text and "None" not in text


def test_nginx_accepts_the_websocket_pieces_in_a_site_of_its_own(render, nginx, tmp_path):
    conf = render("--only", "websocket")
    assert sorted(os.listdir(str(conf))) == [
        "README.txt",
        "logrotate.conf",
        "nginx-websocket-http.conf",
        "nginx-websocket-location.conf",
        "supervisor-daphne.conf",
    ]
    own = tmp_path / "own.conf"
    own.write_text(
        'pid "%s/x.pid";\nevents {}\nhttp {\n  access_log off;\n'
        '  include "%s/nginx-websocket-http.conf";\n  server {\n    listen 127.0.0.1:%d;\n'
        '    location / { return 204; }\n    include "%s/nginx-websocket-location.conf";\n  }\n}\n'
        % (tmp_path, conf, free_port(), conf)
    )
    assert check(nginx, own, tmp_path) == ""


def test_the_websocket_timeouts_outlast_daphnes_pings(render):
    conf = render("--only", "websocket")
    location = (conf / "nginx-websocket-location.conf").read_text()
    daphne = (conf / "supervisor-daphne.conf").read_text()
    interval = int(re.search(r"--ping-interval (\d+)", daphne).group(1))
    timeout = int(re.search(r"--ping-timeout (\d+)", daphne).group(1))
    for name in ("proxy_read_timeout", "proxy_send_timeout", "send_timeout"):
        assert int(re.search(r"\s%s +(\d+)s;" % name, location).group(1)) > interval + timeout
    # Longer lived sockets would fall out of their groups (group_expiry is 86400 s).
    assert int(re.search(r"--websocket_timeout (\d+)", daphne).group(1)) < 86400


def test_secrets_are_private_and_stay_the_same(render):
    conf = render("--domain", "example.org")
    password = re.search(r"^requirepass ([0-9a-f]{64})$", (conf / "redis.conf").read_text(), re.M)
    before = (conf / "redis.conf").read_text()
    holders = [path.name for path in conf.iterdir() if password.group(1) in path.read_text()]
    assert sorted(holders) == ["redis.conf", "supervisor-programs.conf"]
    for name in holders:
        assert stat.S_IMODE((conf / name).stat().st_mode) == 0o600
    render("--domain", "example.org")
    assert (conf / "redis.conf").read_text() == before


def test_root_writes_nothing_where_the_account_could_put_a_link(render, tmp_path):
    conf = render("--domain", "example.org")
    nginx = (conf / "nginx.conf").read_text()
    supervisord = (conf / "supervisord.conf").read_text()
    written = re.findall(r'^ *(?:pid|\w+_temp_path) +"([^"]+)"', nginx, re.M)
    written += re.findall(r"^(?:pidfile|file) = (.*)", supervisord, re.M)
    assert len(written) == 8
    assert {os.path.dirname(path) for path in written} == {str(tmp_path / "run-root")}
    notes = (conf / "README.txt").read_text()
    assert "install -d -o root -g root -m 0755 %s\n" % (tmp_path / "run-root") in notes
    assert re.search(r"install -d -o root -g \S+ -m 0750 %s\n" % (tmp_path / "log"), notes)


def test_root_writes_the_websocket_pieces_logs_into_its_own_folder(render, tmp_path):
    notes = (render("--only", "websocket") / "README.txt").read_text()
    assert re.search(r"install -d -o root -g \S+ -m 0750 %s\n" % (tmp_path / "log"), notes)


def test_the_websocket_notes_can_be_followed_from_the_top(render, nginx, tmp_path):
    """The folder for the logs comes before `nginx -t`, which opens them."""
    conf = render("--only", "websocket")
    (tmp_path / "log").rmdir()
    http = '  include "%s/nginx-websocket-http.conf";\n  access_log off;\n' % conf
    server = "    listen 127.0.0.1:%d;\n" % free_port()
    notes = (conf / "README.txt").read_text()
    server += re.findall(r"server block: +(include .*;\n)", notes)[0]
    own = tmp_path / "own.conf"
    own.write_text(
        'pid "%s/x.pid";\nevents {}\nhttp {\n%s  server {\n%s  }\n}\n' % (tmp_path, http, server)
    )
    refused = check(nginx, own, tmp_path)
    assert "No such file" in refused and str(tmp_path / "log") in refused
    (made,) = re.findall(r"^ +install -d .* (/\S+)$", notes, re.M)
    assert notes.index("install -d") < notes.index("nginx -t")
    os.mkdir(made)
    assert check(nginx, own, tmp_path) == ""


@pytest.mark.parametrize(
    "url", ["redis://:secret@10.0.0.9:6379/0", "sentinel://:secret@10.0.0.8,[::1]:26380/main/0"]
)
def test_another_redis_is_used_as_given(render, url):
    conf = render("--domain", "example.org", "--redis-url", url)
    assert not (conf / "redis.conf").exists()
    text = (conf / "supervisor-programs.conf").read_text(encoding="utf-8")
    assert 'REDIS_URL="%s"' % url in text
    assert "redis-server" not in text


def test_supervisor_reads_what_was_meant(render, folder, tmp_path):
    """supervisor's own parser finds the programs, with `%` and spaces as in the real paths."""
    from supervisor.datatypes import RestartUnconditionally
    from supervisor.options import ServerOptions

    conf = render("--domain", "example.org", "--daphne-processes", "3", "--env", "COLOUR=100% red")
    options = ServerOptions()
    options.realize(["-c", str(conf / "supervisord.conf"), "-n"], doc="")
    programs = {
        process.name: process
        for group in options.process_group_configs
        for process in group.process_configs
    }
    assert sorted(programs) == [
        "nginx",
        "tiny-daphne_0",
        "tiny-daphne_1",
        "tiny-daphne_2",
        "tiny-redis",
        "tiny-ticker",
        "tiny-uwsgi",
    ]
    for name in ("tiny-daphne_0", "tiny-uwsgi", "tiny-ticker"):
        assert programs[name].directory == str(folder)
        assert programs[name].autorestart is RestartUnconditionally
        assert programs[name].environment["COLOUR"] == "100% red"
        assert programs[name].environment["ALLOWED_HOSTS"] == "example.org"
    assert programs["tiny-daphne_1"].stdout_logfile == str(tmp_path / "log" / "daphne_1.log")
    assert str(conf / "uwsgi.ini") in programs["tiny-uwsgi"].command
    priorities = {group.name: group.priority for group in options.process_group_configs}
    assert priorities["tiny-redis"] < priorities["tiny"] < priorities["nginx"]
    # Stopped first: nginx is still there to hand on the close frames.
    assert priorities["nginx"] < priorities["tiny-daphne"]


def test_uwsgi_file_has_what_public_layouts_miss(render):
    conf = render("--domain", "example.org")
    # log-format has %( ), and pythonpath %%: no interpolation.
    parser = configparser.RawConfigParser()
    parser.read(str(conf / "uwsgi.ini"), encoding="utf-8")
    values = dict(parser.items("uwsgi"))
    for name in ("strict", "master", "need-app", "die-on-term", "vacuum", "lazy-apps"):
        assert values[name] == "true", name
    assert int(values["harakiri"]) > 0
    if sys.version_info >= (3, 7):  # pyuwsgi 2.0.20 knows no delta
        assert int(values["max-requests-delta"]) < int(values["max-requests"])
    assert values["chmod-socket"] == "660"
    assert "100%%" in values["chdir"]


def test_each_waits_a_little_longer_than_the_one_behind_it(render):
    conf = render("--domain", "example.org", "--harakiri", "90")
    site = (conf / "nginx-site.conf").read_text(encoding="utf-8")
    for name in ("uwsgi_read_timeout", "uwsgi_send_timeout"):
        assert int(re.search(r" %s +(\d+)s;" % name, site).group(1)) > 90
    programs = (conf / "supervisor-programs.conf").read_text(encoding="utf-8")
    uwsgi, daphne = programs[programs.index("-uwsgi]") :].split("-daphne]")
    assert int(re.search(r"stopwaitsecs = (\d+)", uwsgi).group(1)) > 90
    wait = int(re.search(r"stopwaitsecs = (\d+)", daphne).group(1))
    assert 0 < int(re.search(r'COMPAT_DRAIN_SECONDS="(\d+)"', daphne).group(1)) < wait
    nginx = (conf / "nginx.conf").read_text(encoding="utf-8")
    shutdown = int(re.search(r"worker_shutdown_timeout (\d+)s;", nginx).group(1))
    supervisord = (conf / "supervisord.conf").read_text(encoding="utf-8")
    assert int(re.search(r"stopwaitsecs = (\d+)", supervisord).group(1)) > shutdown


def test_what_protects_the_servers_is_there(render):
    """One line of a template each; that they work is shown under load elsewhere."""
    conf = render("--domain", "example.org")
    site = (conf / "nginx-site.conf").read_text(encoding="utf-8")
    for name in ("client_header_timeout", "client_body_timeout", "send_timeout"):
        assert re.search(r"^ *%s +\d+s;$" % name, site, re.M), name
    redis = (conf / "redis.conf").read_text(encoding="utf-8")
    assert "\nmaxmemory-policy noeviction\n" in redis and "\nmaxmemory 256mb\n" in redis
    uwsgi = (conf / "uwsgi.ini").read_text(encoding="utf-8")
    for line in ("no-orphans = true", "need-app = true", "lazy-apps = true", "vacuum = true"):
        assert "\n%s\n" % line in uwsgi


def test_settings_that_raise_are_one_line(folder):
    (folder / "tiny" / "settings.py").write_text("import nothing_of_this_name\n")
    code, _, err = tiny.Site(folder).run(
        "render", "--domain", "example.org", "--user", getpass.getuser()
    )
    assert code == 2
    assert len(err.splitlines()) == 1 and "nothing_of_this_name" in err


def test_a_url_of_the_settings_that_is_served_twice_is_one_line(folder):
    code, _, err = tiny.Site(folder).run(
        "render",
        "--domain",
        "example.org",
        "--user",
        getpass.getuser(),
        "--websocket-path",
        "/static/",
    )
    assert (code, err) == (2, "deploy_conf: --websocket-path, STATIC_URL: both are /static/\n")


@pytest.mark.parametrize("bridge", ["bridge_compat", None])
def test_a_compat_of_the_sites_own_is_left_alone(folder, bridge):
    (folder / "compat.py").write_text("def install(app):\n    raise RuntimeError\n")
    active = "import sys\nassert %r + '.patches' in sys.modules\n" % bridge if bridge else ""
    imported = "import sys\nassert 'compat' not in sys.modules\n"
    settings = (folder / "tiny" / "settings.py").read_text()
    (folder / "tiny" / "settings.py").write_text(active + imported + settings)
    packages = folder / "packages"
    packages.mkdir()
    for name in ["deploy_conf"] + ([bridge] if bridge else []):
        source = os.path.join(tiny.CHECKOUT, name.replace("bridge_", ""))
        shutil.copytree(source, str(packages / name))
    if not bridge and sys.version_info >= (3, 12):
        pytest.skip("without the bridge Django 1.11 cannot be imported")
    done = subprocess.run(
        # -S: no .pth of this environment brings the bridge in.
        [sys.executable, "-S", "-W", "ignore", "-m", "deploy_conf", "render", "--user"]
        + [getpass.getuser(), "--domain", "example.org"],
        cwd=str(folder),
        env=tiny.environment(
            PYTHONPATH=os.pathsep.join([str(packages), sysconfig.get_paths()["purelib"]])
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unwritable_output_is_one_line(folder):
    (folder / "conf").write_text("a file")
    code, _, err = tiny.Site(folder).run(
        "render", "--domain", "example.org", "--user", getpass.getuser()
    )
    assert code == 1
    assert len(err.splitlines()) == 1 and "conf" in err


def test_requests_beyond_the_rate_get_429(render, nginx, tmp_path):
    port = tiny.free_port()
    conf = render(
        "--domain",
        "localhost",
        "--port",
        str(port),
        "--unlimited",
        "none",
        "--request-rate",
        "1",
        "--request-burst",
        "2",
    )
    process = subprocess.Popen(
        [nginx, "-p", str(tmp_path), "-e", "stderr", "-c", str(conf / "nginx.conf")],
        stderr=subprocess.DEVNULL,
    )
    try:
        # No uWSGI runs here: what is let through is answered with 502.
        host = ("Host: localhost",)
        ask = lambda: probe.http("127.0.0.1", port, headers=host)  # noqa: E731
        codes = [wait_until(ask)] + [ask() for _ in range(9)]
    finally:
        process.terminate()
        process.wait()
    assert set(codes) == {502, 429}
    assert 2 <= codes.count(502) <= 4


def asked(port, method, path):
    """The status of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, headers={"Host": "localhost"})
        return connection.getresponse().status
    finally:
        connection.close()


LONG = "/" + "long-" * 30 + "enter.html"


@pytest.mark.parametrize(
    "words, limited, free",
    [
        ([], ["/accounts/login/", "/admin/login/", "/sign-in/"], "/other/"),
        (["--login-path", LONG], [LONG], LONG.replace(".", "-")),
        (["--request-rate", "0"], ["/sign-in/"], "/other/"),
        (["--login-rate", "0"], [], "/sign-in/"),
    ],
)
def test_attempts_to_log_in_beyond_their_rate_get_429(
    render, nginx, tmp_path, folder, words, limited, free
):
    with (folder / "tiny" / "settings.py").open("a") as settings:
        settings.write("\nLOGIN_URL = '/sign-in/'\n")
    port = tiny.free_port()
    words = ["--domain", "localhost", "--port", str(port), "--unlimited", "none"] + words
    conf = render("--login-rate", "4", *words) if "--login-rate" not in words else render(*words)
    process = subprocess.Popen(
        [nginx, "-p", str(tmp_path), "-e", "stderr", "-c", str(conf / "nginx.conf")],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: probe.http("127.0.0.1", port, headers=("Host: localhost",)))
        # No uWSGI runs here: what is let through is answered with 502.
        passed = [asked(port, "GET", path) for path in limited + [free] for _ in range(6)]
        codes = [asked(port, "POST", path) for path in (limited or [free]) for _ in range(6)]
        others = [asked(port, "POST", free) for _ in range(6)]
    finally:
        process.terminate()
        process.wait()
    # All paths together, and only what is posted.
    expected = [502] * 3 + [429] * (len(codes) - 3) if limited else [502] * 6
    assert (codes, set(passed + others)) == (expected, {502})
